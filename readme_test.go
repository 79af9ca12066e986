package llmeter_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	goBlock  = regexp.MustCompile("(?s)```go\n(.*?)```")
	testFunc = regexp.MustCompile(`(?m)^func (Test|Benchmark)`)
)

// TestTheCodeOfTheDocumentsCompiles vets every block of Go in README.md and docs: each is a whole file. They are written into
// the module, in a folder that ./... passes over.
func TestTheCodeOfTheDocumentsCompiles(t *testing.T) {
	documents, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	root, err := os.MkdirTemp(".", "_documents")
	require.NoError(t, err)
	defer os.RemoveAll(root)
	var packages []string
	for _, document := range append(documents, "README.md") {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for i, block := range goBlock.FindAllSubmatch(text, -1) {
			name := "block.go"
			if testFunc.Match(block[1]) {
				name = "block_test.go"
			}
			dir := filepath.Join(root, fmt.Sprintf("%s_%d", filepath.Base(document), i))
			require.NoError(t, os.Mkdir(dir, 0o777))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), block[1], 0o666))
			packages = append(packages, "./"+dir)
		}
	}
	require.NotEmpty(t, packages)
	out, err := exec.Command("go", append([]string{"vet"}, packages...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
