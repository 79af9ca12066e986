package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// commented is a line of the example that holds a flag which is not set.
var commented = regexp.MustCompile(`(?m)^  # ( *[A-Za-z-]+:( .*)?)$`)

func TestTheExampleHoldsOnlyFlagsThatThereAre(t *testing.T) {
	all := commented.ReplaceAll(exampleSettings, []byte("  $1"))
	require.Greater(t, bytes.Count(all, []byte("\n  source:")), 0, "what is commented out is checked too")
	for _, text := range [][]byte{exampleSettings, all} {
		settings, err := parseSettings("llmeter.yaml", text)
		require.NoError(t, err)
		require.NoError(t, settings.check(model(t)))
		for _, name := range []string{"run", "load", "heatmap", "capacity", "compare", "sweep", "soak", "mock"} {
			require.NotEmpty(t, settings.commands[name], name)
		}
	}
}

func TestEveryCommandOfTheExampleCanRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "llmeter.yaml")
	require.NoError(t, os.WriteFile(file, exampleSettings, 0o600))
	for _, name := range []string{"run", "load", "heatmap", "capacity", "compare", "sweep", "soak"} {
		var out, errs bytes.Buffer
		require.Zero(t, command(t.Context(), []string{name, "--config", file, "--dry-run"}, &out, &errs), errs.String())
		require.Contains(t, out.String(), "Nothing was sent.")
	}
}

func FuzzSettings(f *testing.F) {
	f.Add(exampleSettings)
	for _, text := range []string{"", "run:", "run: {a: [1, {b: c}]}", "<<: *a", "a: &a {<<: *a}", "run: &r {x: *r}", "- 1", "run:\n  a: ${X}\n  <<: {b: 1}", "? [a]\n: b"} {
		f.Add([]byte(text))
	}
	app := model(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		settings, err := parseSettings("f.yaml", data)
		if err != nil {
			require.Nil(t, settings)
			return
		}
		_ = settings.check(app)
	})
}
