package llmeter_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/result"
)

// TestTheExamplesRun builds each example and runs it as a user would, in a folder of its own.
func TestTheExamplesRun(t *testing.T) {
	bin := t.TempDir()
	out, err := exec.Command("go", "build", "-o", bin, "./examples/...").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for name, says := range map[string]string{
		"quickstart":     `120 requests in .*, 10 clients[\s\S]*requests    120 ok, 0 failed[\s\S]*saved in runs/[\s\S]*report in runs/`,
		"customendpoint": `100 requests in .*, 4 clients[\s\S]*requests    100 ok, 0 failed`,
		"harness":        `6 of 6 runs[\s\S]*tokens      cold      warm`,
		"agent":          `LLM 'writer'[\s\S]*4 questions, 1 failed call; the profile is in runs/agent[\s\S]*its page is runs/agent/profile.html`,
		"callbacks":      `spent \$0\.05\d* in \d+ of 2,000 requests`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(filepath.Join(bin, name))
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Regexp(t, says, string(out))
			if name == "quickstart" {
				folders, err := filepath.Glob(filepath.Join(cmd.Dir, "runs", "*"))
				require.NoError(t, err)
				require.Len(t, folders, 1)
				res, err := result.Load(t.Context(), folders[0], result.LoadOptions{})
				require.NoError(t, err)
				require.Equal(t, 120, res.TotalRequests)
				require.FileExists(t, filepath.Join(folders[0], "report.html"))
			}
		})
	}
}
