package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// An ended process is what runUntil leaves.
type ended struct {
	code                   int
	stdout, stderr, folder string
	at                     time.Time     // when it was sent the signal
	records                []mock.Record // of the server
}

// runUntil starts a process that keeps 100 streams busy, most of them for longer than the test, sends it a signal when many
// have ended, and waits for its end.
func runUntil(t *testing.T, signal os.Signal) (p ended) {
	server, err := mock.Start(mock.Options{
		TTFT: mock.Fixed(5 * time.Millisecond), ITL: mock.Fixed(5 * time.Millisecond), Tokens: mock.Uniform(2, 2000),
	})
	require.NoError(t, err)
	defer server.Close()
	p.folder = filepath.Join(t.TempDir(), "run")
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "llmeter", "run", "--url", server.URL+"/v1", "--model", "m", "--prompt", "hi",
		"--max-tokens", "2000", "--clients", strconv.Itoa(streams), "--duration", "1h", "--output", p.folder)
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Start())
	for tick := time.Tick(20 * time.Millisecond); len(server.Records()) < streams+10; {
		<-tick
	}
	if signal == os.Kill {
		<-time.After(time.Second)
	}
	p.at = time.Now()
	require.NoError(t, cmd.Process.Signal(signal))
	_ = cmd.Wait()
	t.Logf("ended %v after the signal", time.Since(p.at).Round(time.Millisecond))
	p.code, p.stdout, p.stderr, p.records = cmd.ProcessState.ExitCode(), out.String(), errs.String(), server.Records()
	return p
}

func TestInterruptShowsAndSavesWhatWasMeasured(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p := runUntil(t, signal)
		require.Equal(t, exitInterrupted, p.code)
		require.Contains(t, p.stdout, "100 clients (interrupted)")
		require.Contains(t, p.stderr, "interrupted: this is the partial result")

		res, err := result.Load(t.Context(), p.folder, result.LoadOptions{})
		require.NoError(t, err)
		require.True(t, res.Interrupted)
		require.GreaterOrEqual(t, res.TotalRequests, 10)
		require.LessOrEqual(t, res.CancelledRequests, streams)
		require.Greater(t, res.CancelledRequests, streams*3/4, "all but those of clients that were between two requests")
		require.Contains(t, p.stdout, fmt.Sprintf("%d cancelled", res.CancelledRequests))
		require.Empty(t, res.FailedRequests())
	}
}

func TestAKilledRunLeavesAFolderThatLoads(t *testing.T) {
	p := runUntil(t, os.Kill)
	_, err := os.Stat(filepath.Join(p.folder, "summary.json"))
	require.ErrorIs(t, err, os.ErrNotExist)

	res, err := result.Load(t.Context(), p.folder, result.LoadOptions{})
	require.NoError(t, err)
	require.GreaterOrEqual(t, res.TotalRequests, 10, "all but the last second is there")
	require.Equal(t, "m", res.ModelID)
	require.Equal(t, streams, res.Clients)
	ttft, ok := res.Stats().Lookup("ttft-p50")
	require.True(t, ok)
	require.Positive(t, ttft)
	requireStreamsUntil(t, p)
}

// requireStreamsUntil checks that of the streams in flight, all but the last second is in the event log.
func requireStreamsUntil(t *testing.T, p ended) {
	t.Helper()
	inFlight := 0
	for _, r := range p.records {
		over := r.Done && !r.Gone && r.Received.Add(r.Ended).Before(p.at)
		if !over && p.at.Sub(r.Received) > time.Second {
			inFlight++
		}
	}
	require.Greater(t, inFlight, streams/2)
	unfinished := 0
	for r, err := range result.Events(t.Context(), nil, p.folder) {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			break // killed in the middle of a write
		}
		require.NoError(t, err)
		if r.State != result.Unfinished {
			continue
		}
		unfinished++
		last := r.Dispatched
		if n := len(r.Events); n > 0 {
			last = last.Add(r.Events[n-1].At)
		}
		require.LessOrEqual(t, p.at.Sub(last), time.Second)
	}
	require.GreaterOrEqual(t, unfinished, inFlight)
	t.Logf("%d of %d streams had been in flight for more than a second", inFlight, unfinished)
}
