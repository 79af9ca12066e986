package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/mock"
)

func TestAnExperimentThatWasKilledGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	server, err := mock.Start(mock.Options{TTFT: mock.Fixed(time.Millisecond), Tokens: mock.Fixed(8)})
	require.NoError(t, err)
	defer server.Close()
	folder := filepath.Join(t.TempDir(), "test")
	start := func() (*exec.Cmd, *bytes.Buffer) {
		var out bytes.Buffer
		cmd := exec.CommandContext(t.Context(), "llmeter", "load", "--url", server.URL+"/v1", "--model", "m", "--prompt", "hi",
			"--clients", "1,2,3,4,5", "--duration", "300ms", "--output", folder)
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		return cmd, &out
	}

	killed, _ := start()
	third := filepath.Join(folder, "00003-clients")
	for tick := time.Tick(5 * time.Millisecond); ; <-tick {
		if _, err := os.Stat(filepath.Join(third, "run_config.json")); err == nil {
			break
		}
	}
	require.NoError(t, killed.Process.Kill())
	require.Error(t, killed.Wait())
	before := files(t, folder)
	require.NoFileExists(t, filepath.Join(third, "summary.json"), "the third run had not come to its end")

	again, out := start()
	require.NoError(t, again.Wait(), out)
	after := files(t, folder)
	for path, file := range before {
		if run := filepath.Dir(path); run == "00001-clients" || run == "00002-clients" {
			require.True(t, file == after[path], "%s is another one", path)
		}
	}
	test, err := experiments.LoadLoadTest(t.Context(), folder, experiments.LoadTestOptions{})
	require.NoError(t, err)
	require.Empty(t, test.Warnings)
	require.Len(t, test.Levels, 5)
	for i, level := range test.Levels {
		require.Equal(t, i+1, level.Clients)
		require.False(t, level.Result.Interrupted)
		require.GreaterOrEqual(t, level.Result.TotalTestTime, 300*time.Millisecond)
	}
	require.Contains(t, out.String(), "load test, 5 levels")
}

func TestAnInterruptedExperimentShowsWhatItHas(t *testing.T) {
	t.Parallel()
	server, err := mock.Start(mock.Options{TTFT: mock.Fixed(time.Millisecond), Tokens: mock.Fixed(8)})
	require.NoError(t, err)
	defer server.Close()
	folder := filepath.Join(t.TempDir(), "test")
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "llmeter", "load", "--url", server.URL+"/v1", "--model", "m", "--prompt", "hi",
		"--clients", "1,2,3", "--min-requests-per-run", "100000", "--stop-on-error", "--output", folder)
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Start())
	for tick := time.Tick(5 * time.Millisecond); len(server.Records()) < 20; {
		<-tick
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Error(t, cmd.Wait())
	require.Equal(t, exitInterrupted, cmd.ProcessState.ExitCode())
	require.Contains(t, out.String(), "load test, 1 level")
	require.Contains(t, errs.String(), "interrupted: this is the partial result")
	require.FileExists(t, filepath.Join(folder, "00001-clients", "summary.json"))
}

// A saved is a file as it stands on disk.
type saved struct {
	modified time.Time
	content  string
}

func files(t *testing.T, folder string) map[string]saved {
	t.Helper()
	all := map[string]saved{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		require.NoError(t, err)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		name, err := filepath.Rel(folder, path)
		require.NoError(t, err)
		all[name] = saved{info.ModTime(), string(data)}
		return nil
	}))
	return all
}
