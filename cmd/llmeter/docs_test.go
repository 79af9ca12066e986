package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/mock"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// prelude lets a soak print its plan, which takes less than four hours. There is a server already, and calibrate has a test of its
// own: of both the flags are checked.
const prelude = `set -e
llmeter() {
	case $1 in
	soak) command llmeter "$@" --dry-run ;;
	mock | calibrate) command llmeter "$@" --help ;;
	*) command llmeter "$@" ;;
	esac
}
`

func TestTheExamplesOfTheCommandsRun(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
	doc, err := os.ReadFile("../../docs/commands.md")
	require.NoError(t, err)
	server, err := mock.Start(mock.Options{TTFT: mock.Fixed(time.Millisecond), Tokens: mock.Fixed(8)})
	require.NoError(t, err)
	defer server.Close()

	var script strings.Builder
	script.WriteString(prelude)
	for _, block := range shellBlock.FindAllStringSubmatch(string(doc), -1) {
		script.WriteString(strings.ReplaceAll(block[1], "http://127.0.0.1:8000", server.URL))
	}
	for _, c := range model(t).Children {
		require.Contains(t, string(doc), "llmeter "+c.Name, "every command is told of")
	}
	dir := t.TempDir()
	prompts := `{"messages": [{"role": "user", "content": "one"}], "max_tokens": 4}`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prompts.jsonl"), []byte(prompts), 0o600))
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script.String())
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, path := range []string{"first.html", "both.html", "runs/load/00004-clients/stats.json", "runs/compare/004-a/stats.json", "llmeter.yaml"} {
		require.FileExists(t, filepath.Join(dir, path))
	}
	require.NoDirExists(t, filepath.Join(dir, "runs/soak"))
}
