package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/result"
)

const streams = 100

// runUntil starts a process that keeps 100 streams busy, most of them for longer than the test, sends it a signal when many
// have ended, and waits for its end.
func runUntil(t *testing.T, signal os.Signal) (code int, stdout, stderr, folder string) {
	server, err := mock.Start(mock.Options{
		TTFT: mock.Fixed(5 * time.Millisecond), ITL: mock.Fixed(5 * time.Millisecond), Tokens: mock.Uniform(2, 2000),
	})
	require.NoError(t, err)
	defer server.Close()
	folder = filepath.Join(t.TempDir(), "run")
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "llmeter", "run", "--url", server.URL+"/v1", "--model", "m", "--prompt", "hi",
		"--max-tokens", "2000", "--clients", strconv.Itoa(streams), "--duration", "1h", "--output", folder)
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Start())
	for tick := time.Tick(20 * time.Millisecond); len(server.Records()) < streams+10; {
		<-tick
	}
	if signal == os.Kill {
		time.AfterFunc(time.Second, func() { _ = cmd.Process.Signal(signal) })
	} else {
		require.NoError(t, cmd.Process.Signal(signal))
	}
	start := time.Now()
	_ = cmd.Wait()
	t.Logf("ended %v after the signal", time.Since(start).Round(time.Millisecond))
	return cmd.ProcessState.ExitCode(), out.String(), errs.String(), folder
}

func TestInterruptShowsAndSavesWhatWasMeasured(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		code, stdout, stderr, folder := runUntil(t, signal)
		require.Equal(t, exitInterrupted, code)
		require.Contains(t, stdout, "100 clients (interrupted)")
		require.Contains(t, stdout, "100 cancelled")
		require.Contains(t, stderr, "interrupted: this is the partial result")

		res, err := result.Load(t.Context(), folder, result.LoadOptions{})
		require.NoError(t, err)
		require.True(t, res.Interrupted)
		require.GreaterOrEqual(t, res.TotalRequests, 10)
		require.Equal(t, streams, res.CancelledRequests)
		require.Empty(t, res.FailedRequests())
	}
}

func TestAKilledRunLeavesAFolderThatLoads(t *testing.T) {
	_, _, _, folder := runUntil(t, os.Kill)
	_, err := os.Stat(filepath.Join(folder, "summary.json"))
	require.ErrorIs(t, err, os.ErrNotExist)

	res, err := result.Load(t.Context(), folder, result.LoadOptions{})
	require.NoError(t, err)
	require.GreaterOrEqual(t, res.TotalRequests, 10, "all but the last second is there")
	require.Equal(t, "m", res.ModelID)
	require.Equal(t, streams, res.Clients)
	ttft, ok := res.Stats().Lookup("ttft-p50")
	require.True(t, ok)
	require.Positive(t, ttft)
}
