package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/store"
	"github.com/llmeter-go/llmeter/store/storetest"
)

func TestLocalKeepsThePromisesOfAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (store.Store, string) {
		return store.Local{}, filepath.ToSlash(t.TempDir())
	})
}

func TestLocalTakesPathsRelativeToTheWorkingDirectory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (store.Store, string) {
		t.Chdir(t.TempDir())
		return store.Local{}, ""
	})
}

func TestMemoryKeepsThePromisesOfAStore(t *testing.T) {
	for _, root := range []string{"", "/", "/tmp", "runs/2026"} {
		storetest.Run(t, func(*testing.T) (store.Store, string) { return new(store.Memory), root })
	}
}

func TestWhatALocalFileWasGivenIsThereBeforeItIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	w, err := store.Local{}.Create(t.Context(), path)
	require.NoError(t, err)
	defer w.Close()
	_, err = w.Write([]byte("line\n"))
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "line\n", string(data))
}

func TestLocalSaysWhatIsInTheWay(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o666))
	_, err := store.Local{}.Create(t.Context(), dir+"/file/run/summary.json")
	require.ErrorContains(t, err, "file")
	require.ErrorContains(t, err, "not a directory")
	require.ErrorContains(t, store.Local{}.WriteFile(t.Context(), dir+"/file/x", nil), "not a directory")
}

func TestLocalRefusesPathsOfOtherStores(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := store.Local{}.Create(t.Context(), "s3://bucket/run/summary.json")
	require.EqualError(t, err, "s3://bucket/run/summary.json is not on the local disk: it needs a Store for s3")
	_, err = store.Local{}.List(t.Context(), "s3:/bucket") // what path.Join makes of it
	require.ErrorContains(t, err, "needs a Store for s3")
	require.NoDirExists(t, "s3:")
	require.NoError(t, store.Local{}.WriteFile(t.Context(), "a/b:/c", nil))
}

func TestJoinKeepsTheSlashesOfAScheme(t *testing.T) {
	for _, c := range []struct{ want, folder, name string }{
		{"s3://bucket/runs/a/responses.jsonl", "s3://bucket/runs/a", "responses.jsonl"},
		{"s3://bucket/runs/a", "s3://bucket/runs/", "a"},
		{"s3://bucket/a/b", "s3://bucket", "a/b"},
		{"s3://bucket", "s3://bucket", ""},
		{"s3://bucket//odd/../key/a", "s3://bucket//odd/../key", "a"},
		{"runs/a", "runs/", "a"}, {"runs/a", "./runs", "a"}, {"/runs/a", "/runs", "a"}, {"a", "", "a"}, {"/a", "/", "a"}, {"runs", "runs", ""},
	} {
		require.Equal(t, c.want, store.Join(c.folder, c.name))
	}
	require.Equal(t, "s3://bucket/a/b/c", store.Join("s3://bucket", "a", "b", "c"))
}
