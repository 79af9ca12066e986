package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// model is the command line as kong knows it.
func model(t testing.TB) *kong.Application {
	t.Helper()
	parser, err := newParser(t.Context(), &terminal{new(bytes.Buffer), new(bytes.Buffer)})
	require.NoError(t, err)
	return parser.Model
}

func script(t *testing.T, shell string) string {
	t.Helper()
	var out, errs bytes.Buffer
	require.Zero(t, command(t.Context(), []string{"completion", shell}, &out, &errs), errs.String())
	return out.String()
}

// completedBy gives what bash would complete the last word with.
func completedBy(t *testing.T, dir string, words ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--norc", "-c", `source ./llmeter.bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _llmeter; printf '%s\n' "${COMPREPLY[@]}"`, "bash")
	cmd.Args, cmd.Dir = append(cmd.Args, words...), dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.Fields(string(out))
}

func TestBashCompletesCommandsFlagsValuesAndFiles(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "llmeter.bash"), []byte(script(t, "bash")), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "runs"), 0o700))
	for _, tc := range []struct {
		words []string
		want  []string
	}{
		{[]string{"llmeter", "ca"}, []string{"capacity", "calibrate"}},
		{[]string{"llmeter", "run", "--pro"}, []string{"--prompt", "--proxy", "--progress"}},
		{[]string{"llmeter", "run", "--no-pre"}, []string{"--no-prewarm"}},
		{[]string{"llmeter", "run", "--api", ""}, []string{"chat", "completions", "responses", "embeddings"}},
		{[]string{"llmeter", "run", "--api", "=", "re"}, []string{"responses"}},
		{[]string{"llmeter", "run", "--api", "="}, []string{"chat", "completions", "responses", "embeddings"}},
		{[]string{"llmeter", "run", "--output", "ru"}, []string{"runs"}},
		{[]string{"llmeter", "run", "--model", "ru"}, nil},
		{[]string{"llmeter", "run", "--stream", "--outp"}, []string{"--output"}},
		{[]string{"llmeter", "report", "r"}, []string{"runs"}},
		{[]string{"llmeter", "compare", "runs", "r"}, []string{"runs"}},
		{[]string{"llmeter", "completion", "z"}, []string{"zsh"}},
		{[]string{"llmeter", "nonsense", "--"}, nil},
	} {
		require.ElementsMatch(t, tc.want, completedBy(t, dir, tc.words...), strings.Join(tc.words, " "))
	}
}

func TestEveryShellKnowsEveryCommandAndFlag(t *testing.T) {
	app := model(t)
	for shell, flag := range map[string]string{"bash": "--", "zsh": "--", "fish": "-l "} {
		text := script(t, shell)
		for _, c := range completions(app) {
			require.Contains(t, text, c.Name)
			for _, f := range c.Flags {
				require.Contains(t, text, flag+f.Name, shell)
			}
		}
		if path, err := exec.LookPath(shell); err == nil {
			cmd := exec.CommandContext(t.Context(), path, "-n", "/dev/stdin")
			cmd.Stdin = strings.NewReader(text)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		var out bytes.Buffer
		if command(b.Context(), []string{"version"}, &out, &out) != 0 {
			b.Fatal(out.String())
		}
	}
}
