package llmeter_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestTheCodeOfTheDocumentsCompiles vets every block of Go in README.md and docs: each is a whole file.
func TestTheCodeOfTheDocumentsCompiles(t *testing.T) {
	documents, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	root, err := os.Getwd()
	require.NoError(t, err)
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	var packages []string
	for _, document := range append(documents, "README.md") {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for i, block := range goBlock.FindAllSubmatch(text, -1) {
			real := filepath.Join(t.TempDir(), "block.go")
			require.NoError(t, os.WriteFile(real, block[1], 0o666))
			name := fmt.Sprintf("documents/%s_%d", filepath.Base(document), i)
			file := "block.go"
			if regexp.MustCompile(`(?m)^func (Test|Benchmark)`).Match(block[1]) {
				file = "block_test.go"
			}
			overlay.Replace[filepath.Join(root, name, file)] = real
			packages = append(packages, "./"+name)
		}
	}
	require.NotEmpty(t, packages)
	data, err := json.Marshal(overlay)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(path, data, 0o666))
	out, err := exec.Command("go", append([]string{"vet", "-overlay", path}, packages...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
