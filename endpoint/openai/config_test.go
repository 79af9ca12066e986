package openai_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/transport"
)

// recorded gives the request that an endpoint of that kind sends with the configuration; its BaseURL is a path.
func recorded(t *testing.T, k kind, c *openai.Config) (r *http.Request, body string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, got *http.Request) {
		b, _ := io.ReadAll(got.Body)
		r, body = got, string(b)
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	c.BaseURL = server.URL + c.BaseURL
	e := k(c)
	p, err := e.(endpoint.PayloadCreator).CreatePayload(8, endpoint.Text("hello"))
	require.NoError(t, err)
	_, err = e.Invoke(t.Context(), p)
	require.Error(t, err)
	require.NoError(t, endpoint.Close(e))
	return r, body
}

func TestRequestAsItIsSent(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "")
	r, body := recorded(t, chatStream, &openai.Config{
		Model: "m", BaseURL: "/v1/?api-version=2", APIKey: " " + key + "\n", Organization: "org", Project: "proj",
		Header: http.Header{"x-team": {"perf"}, "User-Agent": {"mine"}},
	})
	require.Equal(t, "POST /v1/chat/completions?api-version=2", r.Method+" "+r.URL.String())
	require.Equal(t, `{"messages":[{"role":"user","content":"hello"}],"max_tokens":8, "model": "m", "stream": true, "stream_options": {"include_usage":true}}`, body)
	r.Header.Del("Content-Length")
	require.Equal(t, http.Header{
		"Authorization": {"Bearer " + key}, "Content-Type": {"application/json"}, "Openai-Organization": {"org"}, "Openai-Project": {"proj"},
		"X-Team": {"perf"}, "User-Agent": {"mine"},
	}, r.Header)
}

func TestPaths(t *testing.T) {
	for path, k := range map[string]kind{"/v1/chat/completions": chat, "/v1/completions": textStream, "/v1/responses": response, "/v1/embeddings": embeddings} {
		for _, base := range []string{"/v1", "/v1/"} {
			r, _ := recorded(t, k, &openai.Config{Model: "m", BaseURL: base})
			require.Equal(t, path, r.URL.Path)
		}
	}
}

func TestKeyComesFromTheEnvironment(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-environment")
	r, _ := recorded(t, chat, &openai.Config{Model: "m"})
	require.Equal(t, "Bearer sk-environment", r.Header.Get("Authorization"))
	r, _ = recorded(t, chat, &openai.Config{Model: "m", APIKey: "sk-own"})
	require.Equal(t, "Bearer sk-own", r.Header.Get("Authorization"))
	r, _ = recorded(t, chat, &openai.Config{Model: "m", Header: http.Header{"Authorization": {"Basic abc"}}})
	require.Equal(t, "Basic abc", r.Header.Get("Authorization"))
	t.Setenv("OPENAI_API_KEY", "")
	r, _ = recorded(t, chat, &openai.Config{Model: "m"})
	require.Empty(t, r.Header["Authorization"])
}

func TestBaseURLComesFromTheEnvironment(t *testing.T) {
	server := httptest.NewServer(answer{kind: "application/json", body: `{"id":"env","choices":[{"message":{"content":"Hi"}}]}`})
	defer server.Close()
	t.Setenv("OPENAI_BASE_URL", server.URL)
	e := &openai.CompletionEndpoint{Model: "m"}
	defer e.Close()
	r, err := invoke(t, e, time.Minute)
	require.NoError(t, err)
	require.Equal(t, "env", r.ID)
}

func TestWrongBaseURL(t *testing.T) {
	for _, url := range []string{"localhost:8000/v1", "ftp://host/" + key, "http://", "http://[" + key, "/v1"} {
		for _, k := range []kind{chat, chatStream} {
			e := k(&openai.Config{Model: "m", BaseURL: url})
			r, err := invoke(t, e, time.Minute)
			require.EqualError(t, err, "payload: the base URL is not an http or https URL with a host", url)
			require.Empty(t, r.Attempts)
			require.NoError(t, endpoint.Close(e))
			require.Error(t, e.(endpoint.Prewarmer).Prewarm(t.Context(), 1))
		}
	}
}

func TestCredentialsInTheURLAreNotShown(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "refused: "+r.URL.String()+" "+r.Header.Get("Authorization"))
	}))
	base := strings.Replace(server.URL, "http://", "http://user:pass-word@", 1) + "/v1?api-key=" + key
	e := &openai.CompletionEndpoint{Model: "m", BaseURL: base}
	defer e.Close()
	r, err := invoke(t, e, time.Minute)
	require.ErrorContains(t, err, "refused: /v1/chat/completions?api-key=[redacted]")
	require.NotContains(t, err.Error(), "pass-word")
	require.Equal(t, server.URL+"/v1", r.Attempts[0].URL)
	server.Close()
	_, err = invoke(t, e, time.Minute)
	for ; err != nil; err = unwrap(err) {
		require.NotContains(t, err.Error(), key)
		require.NotContains(t, err.Error(), "pass-word")
	}
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

func TestInfo(t *testing.T) {
	for name, k := range map[string]kind{
		"openai": chatStream, "openai-response": response, "openai-response-stream": responseStream,
		"openai-text": text, "openai-text-stream": textStream, "openai-embeddings": embeddings,
	} {
		require.Equal(t, endpoint.Info{Name: name, Model: "m", Provider: "openai"}, of(k).Info())
	}
	require.Equal(t, endpoint.Info{Name: "gateway", Model: "m", Provider: "self-hosted"},
		(&openai.CompletionEndpoint{Model: "m", Name: "gateway", Provider: "self-hosted"}).Info())
}

func TestPrewarm(t *testing.T) {
	server := httptest.NewServer(events(delta(`{"content":"Hi"}`), stop, done))
	defer server.Close()
	e := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: server.URL}
	defer e.Close()
	require.NoError(t, e.Prewarm(t.Context(), 2))
	r, err := invoke(t, e, time.Minute)
	require.NoError(t, err)
	require.True(t, r.Attempts[0].Reused)
	require.Zero(t, r.Attempts[0].Connect)

	own := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: server.URL, Client: server.Client()}
	require.ErrorIs(t, own.Prewarm(t.Context(), 2), transport.ErrForeignClient)
}

func TestClock(t *testing.T) {
	server := httptest.NewServer(events(delta(`{"content":"Hi"}`), stop, done))
	defer server.Close()
	client, err := transport.New(transport.Options{UserClock: true})
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	user := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: server.URL, Client: client}
	_, err = invoke(t, user, time.Minute)
	require.NoError(t, err)
	require.Equal(t, "user", user.Clock())
	e := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: server.URL}
	defer e.Close()
	require.Equal(t, "user", e.Clock())
	_, err = invoke(t, e, time.Minute)
	require.NoError(t, err)
	require.Contains(t, []string{"kernel", "user"}, e.Clock(), "as the system allows")
}

// The states are those that LLMeter has written for the same endpoints, but for the retries: they are off here.
func TestStateIsThatOfLLMeter(t *testing.T) {
	gateway := openai.Config{Model: "ref-model", BaseURL: "http://127.0.0.1:18801/v1?v=2&api-key=secret", Name: "my gateway", Provider: "self-hosted",
		Organization: "org-1", Project: "proj-1", APIKey: key, Client: &http.Client{Timeout: 30 * time.Second},
		Header: http.Header{"x-team": {"perf"}, "Authorization": {"Bearer " + key}, "X-Api-Key": {key}, "Cookie": {"session=1"}}}
	plain := func() *openai.Config {
		return &openai.Config{Model: "ref-model", BaseURL: "http://user:secret@127.0.0.1:18801/v1", APIKey: key}
	}
	for file, e := range map[string]full{
		"openai_completion.json":        (*openai.CompletionEndpoint)(plain()),
		"openai_completion_stream.json": (*openai.CompletionStreamEndpoint)(&gateway),
		"openai_response.json":          (*openai.ResponseEndpoint)(plain()),
		"openai_response_stream.json":   (*openai.ResponseStreamEndpoint)(plain()),
	} {
		want, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(t, err)
		got, err := json.MarshalIndent(struct {
			Class string `json:"__llmeter_class__"`
			State any    `json:"__llmeter_state__"`
		}{e.Class(), e.State()}, "", "    ")
		require.NoError(t, err)
		expected := strings.NewReplacer(`"max_retries": 2`, `"max_retries": 0`, `"timeout": 30.0`, `"timeout": 30`).Replace(string(want))
		require.Equal(t, expected, string(got), file)
	}
}

func TestClassesWithoutCounterpartAreNamedAsOurs(t *testing.T) {
	for _, k := range []kind{text, textStream, embeddings} {
		require.True(t, strings.HasPrefix(of(k).Class(), "github.com/llmeter-go/llmeter/endpoint/openai."))
		encoded, err := json.Marshal(of(k).State())
		require.NoError(t, err)
		require.Contains(t, string(encoded), `"model_id":"m"`)
	}
}
