package llmeter_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

func TestARunFolderLoadsWithEveryNumberOfTheRun(t *testing.T) {
	for _, lowMemory := range []bool{false, true} {
		base := t.TempDir()
		flaky := func(_ context.Context, p endpoint.Payload) (*endpoint.Response, error) {
			if n := number(t, p); n%3 == 0 {
				return nil, &endpoint.Error{Kind: endpoint.KindServerStatus, Status: 500, Message: "broken"}
			}
			return &endpoint.Response{Text: "fine", OutputTokens: endpoint.Counted(7)}, nil
		}
		res := run(t, llmeter.Runner{
			Endpoint: endpoint.New(endpoint.Info{Name: "n", Model: "m", Provider: "p"}, flaky), Payloads: numbered(10), Clients: 3,
			OutputPath: base, RunName: "a", RunDescription: "b", LowMemory: lowMemory,
			Callbacks: []llmeter.Callback{llmeter.Hooks{
				AfterInvokeFunc: func(_ context.Context, r *llmeter.Response) error {
					r.Annotations = map[string]any{"cost": 0.5}
					return nil
				},
				AfterRunFunc: func(_ context.Context, res *llmeter.Result) error {
					require.Len(t, responses(t, res), 30)
					return res.Contribute("cost_total", 15)
				},
			}},
		})
		require.Equal(t, filepath.Join(base, "a"), res.OutputPath)
		require.Len(t, responses(t, res), 30)

		loaded, err := result.Load(t.Context(), res.OutputPath, result.LoadOptions{})
		require.NoError(t, err)
		want, err := json.Marshal(res.Stats())
		require.NoError(t, err)
		got, err := json.Marshal(loaded.Stats())
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
		require.Equal(t, "b", loaded.RunDescription)
		require.Equal(t, res.Verdict.Level, loaded.Verdict.Level)
		require.Equal(t, res.Health, loaded.Health)
		require.Equal(t, 0.5, responses(t, loaded)[0].Annotations["cost"])
	}
}

func TestAFolderThatHoldsARunIsNotTouchedUnlessToldSo(t *testing.T) {
	r := llmeter.Runner{Endpoint: slow(0), Payloads: numbered(1), Folder: t.TempDir(), RunDescription: "first"}
	run(t, r)
	r.RunDescription = "second"
	_, err := r.Run(t.Context())
	require.ErrorIs(t, err, result.ErrExists)
	require.ErrorContains(t, err, r.Folder)
	loaded, err := result.Load(t.Context(), r.Folder, result.LoadOptions{})
	require.NoError(t, err)
	require.Equal(t, "first", loaded.RunDescription)

	r.Overwrite = true
	run(t, r)
	loaded, err = result.Load(t.Context(), r.Folder, result.LoadOptions{})
	require.NoError(t, err)
	require.Equal(t, "second", loaded.RunDescription)
}

func TestRunsWithoutANameDoNotMeetInOneFolder(t *testing.T) {
	r := llmeter.Runner{Endpoint: slow(2 * time.Millisecond), Payloads: numbered(1), OutputPath: t.TempDir()}
	a, b := run(t, r), run(t, r)
	require.NotEqual(t, a.OutputPath, b.OutputPath)
}

// full is a store whose disk is full after some bytes of responses.
type full struct {
	store.Memory
	room int
}

func (f *full) Create(ctx context.Context, path string) (io.WriteCloser, error) {
	w, err := f.Memory.Create(ctx, path)
	if filepath.Base(path) == "responses.jsonl" {
		return &fullFile{w, f.room}, err
	}
	return w, err
}

type fullFile struct {
	io.WriteCloser
	room int
}

func (f *fullFile) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, syscall.ENOSPC
	}
	f.room -= len(p)
	return f.WriteCloser.Write(p)
}

func TestAFullDiskCostsTheFilesAndNotTheResult(t *testing.T) {
	res, err := llmeter.Runner{
		Endpoint: slow(time.Millisecond), Payloads: numbered(50), Store: &full{room: 100}, Folder: "run",
	}.Run(t.Context())
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "run/responses.jsonl")
	require.ErrorContains(t, err, "50")
	require.Equal(t, 50, res.TotalRequests)
	require.Len(t, responses(t, res), 50)
}

func TestAFolderThatCannotBeMadeIsSaidBeforeAnythingIsSent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	sent := 0
	ep := endpoint.New(endpoint.Info{}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		sent++
		return nil, errors.New("never")
	})
	res, err := llmeter.Runner{Endpoint: ep, Payloads: numbered(1), Folder: filepath.Join(file, "run")}.Run(t.Context())
	require.ErrorContains(t, err, file)
	require.Nil(t, res)
	require.Zero(t, sent)
}

func TestNoSecretReachesAFile(t *testing.T) {
	const secret = "sk-0123456789abcdef"
	folder := t.TempDir()
	ep := &openai.CompletionStreamEndpoint{
		Model: "m", BaseURL: "http://user:" + secret + "@127.0.0.1:1/v1?key=" + secret, APIKey: secret,
		Header: map[string][]string{"X-Api-Key": {secret}, "Cookie": {secret}, "X-Team": {"blue"}},
	}
	payload, err := ep.CreatePayload(1, endpoint.Text("hi"))
	require.NoError(t, err)
	_, err = llmeter.Runner{Endpoint: ep, Payloads: []llmeter.Payload{payload}, Folder: folder}.Run(t.Context())
	require.ErrorIs(t, err, llmeter.ErrUnreachable)
	require.NotContains(t, err.Error(), secret)
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	require.NoError(t, err)
	require.Len(t, files, 7)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.False(t, strings.Contains(string(data), secret), file)
	}
}

func TestSaveToFileWritesWhatLLMeterReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "endpoint.json")
	ep := &openai.ResponseEndpoint{Model: "m", BaseURL: "http://127.0.0.1:1/v1", APIKey: "sk-secret"}
	require.NoError(t, llmeter.SaveToFile(path, ep))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var e struct {
		Class string         `json:"__llmeter_class__"`
		State map[string]any `json:"__llmeter_state__"`
	}
	require.NoError(t, json.Unmarshal(data, &e))
	require.Equal(t, "llmeter.endpoints.openai_response.OpenAIResponseEndpoint", e.Class)
	require.Equal(t, "m", e.State["model_id"])
	require.NotContains(t, string(data), "secret")
}

// schemed is a store whose paths are URLs: it takes no others.
type schemed struct {
	store.Memory
	t *testing.T
}

func (s *schemed) Create(ctx context.Context, path string) (io.WriteCloser, error) {
	require.True(s.t, strings.HasPrefix(path, "s3://bucket/runs/a/"), path)
	return s.Memory.Create(ctx, path)
}

func (s *schemed) WriteFile(ctx context.Context, path string, data []byte) error {
	require.True(s.t, strings.HasPrefix(path, "s3://bucket/runs/a/"), path)
	return s.Memory.WriteFile(ctx, path, data)
}

func TestPathsOfAStoreWithASchemeStayURLs(t *testing.T) {
	st := &schemed{t: t}
	res := run(t, llmeter.Runner{Endpoint: slow(0), Payloads: numbered(2), OutputPath: "s3://bucket/runs", RunName: "a", Store: st})
	require.Equal(t, "s3://bucket/runs/a", res.OutputPath)
	data, err := store.ReadFile(t.Context(), st, "s3://bucket/runs/a/run_config.json")
	require.NoError(t, err)
	require.Contains(t, string(data), `"payload": "s3://bucket/runs/a/payload.jsonl"`)
	loaded, err := result.Load(t.Context(), res.OutputPath, result.LoadOptions{Store: st})
	require.NoError(t, err)
	require.Len(t, responses(t, loaded), 2)
}
