package prompt

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

func payloadsOf(texts ...string) (all []endpoint.Payload) {
	for _, text := range texts {
		all = append(all, endpoint.Payload{Body: []byte(text)})
	}
	return all
}

func TestSaveWritesBytesAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"payload.jsonl", "bytes.jsonl"} {
		payloads, err := LoadPayloads("testdata/llmeter/" + name)
		require.NoError(t, err)
		file, err := SavePayloads(filepath.Join(dir, name), payloads)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, name), file)
		want, err := os.ReadFile("testdata/llmeter/" + name)
		require.NoError(t, err)
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

func TestSavePlaces(t *testing.T) {
	dir := t.TempDir()
	check := func(path, want, content string, payloads ...string) {
		t.Helper()
		file, err := SavePayloads(filepath.Join(dir, path), payloadsOf(payloads...))
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, want), file)
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, content, string(got))
	}
	check("new/folder", "new/folder/payload.jsonl", "{\"a\": 1}\n{}\n", `{"a": 1}`, " {}\n")
	check("new/folder", "new/folder/payload.jsonl", "{\"b\":[1,2]}\n", "{\n \"b\": [1,\r\n2]}")
	check("other/x.ndjson", "other/x.ndjson", "{}\n", "{}")
	require.NoError(t, os.Mkdir(dir+"/odd.jsonl", 0o755))
	check("odd.jsonl", "odd.jsonl/payload.jsonl", "{}\n", "{}")
}

func TestSaveRefusesAndLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	file, err := SavePayloads(dir, payloadsOf(`{"old": 1}`))
	require.NoError(t, err)
	_, err = SavePayloads(dir, payloadsOf(`{}`, `[]`, `{}`, ``))
	require.ErrorContains(t, err, "payloads[1]: ")
	require.ErrorContains(t, err, "payloads[3]: payload is empty")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "{\"old\": 1}\n", string(content))

	_, err = SavePayloads(dir+"/x.json", payloadsOf(`{}`))
	require.ErrorContains(t, err, "JSON Lines")
	require.NoFileExists(t, dir+"/x.json")
	_, err = SavePayloads(file+"/below", payloadsOf(`{}`))
	require.Error(t, err)
}
