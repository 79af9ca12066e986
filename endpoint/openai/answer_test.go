package openai_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/endpointtest"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/transport"
)

// An answer is what a server sends for any request.
type answer struct {
	status int // 0 = 200
	header http.Header
	kind   string // the content type; "" = an event stream
	body   string
}

func (a answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = io.WriteString(w, a.body)
}

type kind func(*openai.Config) endpoint.Endpoint

func chat(c *openai.Config) endpoint.Endpoint           { return (*openai.CompletionEndpoint)(c) }
func chatStream(c *openai.Config) endpoint.Endpoint     { return (*openai.CompletionStreamEndpoint)(c) }
func text(c *openai.Config) endpoint.Endpoint           { return (*openai.TextCompletionEndpoint)(c) }
func textStream(c *openai.Config) endpoint.Endpoint     { return (*openai.TextCompletionStreamEndpoint)(c) }
func response(c *openai.Config) endpoint.Endpoint       { return (*openai.ResponseEndpoint)(c) }
func responseStream(c *openai.Config) endpoint.Endpoint { return (*openai.ResponseStreamEndpoint)(c) }
func embeddings(c *openai.Config) endpoint.Endpoint     { return (*openai.EmbeddingsEndpoint)(c) }

const key = "sk-test-0123456789"

// configure gives a configuration that reaches h in memory.
func configure(t *testing.T, h http.Handler) *openai.Config {
	client, err := transport.New(transport.Options{DialContext: endpointtest.Serve(t, h)})
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return &openai.Config{Model: "m", BaseURL: "http://llm.test/v1", APIKey: key, Client: client}
}

// ask gives the response of an endpoint of that kind to what h answers.
func ask(t *testing.T, k kind, h http.Handler) (r *endpoint.Response, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := k(configure(t, h))
		p, createErr := e.(endpoint.PayloadCreator).CreatePayload(8, endpoint.Text("hello"))
		require.NoError(t, createErr)
		r, err = e.Invoke(context.Background(), p)
		require.NotNil(t, r)
	})
	return r, err
}

// events are the lines of data of an event stream.
func events(data ...string) answer {
	return answer{body: "data: " + strings.Join(data, "\n\ndata: ") + "\n\n"}
}

func delta(d string) string {
	return `{"id":"c","choices":[{"index":0,"delta":` + d + `,"finish_reason":null}]}`
}

const (
	stop = `{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	done = `[DONE]`
)

func TestChatStreamReads(t *testing.T) {
	check := func(name string, a answer, want endpoint.Response) {
		t.Run(name, func(t *testing.T) {
			r, err := ask(t, chatStream, a)
			require.NoError(t, err)
			require.Equal(t, want.Text, r.Text)
			require.Equal(t, want.Reasoning, r.Reasoning)
			require.Equal(t, want.Refusal, r.Refusal)
			require.Equal(t, want.ToolCalls, r.ToolCalls)
			require.Equal(t, want.FinishReason, r.FinishReason)
			require.Equal(t, [4]endpoint.Count{want.InputTokens, want.OutputTokens, want.CachedTokens, want.ReasoningTokens},
				[4]endpoint.Count{r.InputTokens, r.OutputTokens, r.CachedTokens, r.ReasoningTokens})
			if want.ID != "" {
				require.Equal(t, want.ID, r.ID)
			}
			if want.Events != nil {
				require.Equal(t, len(want.Events), len(r.Events), "%+v", r.Events)
				for i, e := range want.Events {
					require.Equal(t, [3]any{e.Text, e.Tokens, e.Channel}, [3]any{r.Events[i].Text, r.Events[i].Tokens, r.Events[i].Channel}, "event %d", i)
				}
			}
		})
	}
	ok := endpoint.Response{ID: "c", Text: "Hi", FinishReason: "stop"}

	check("role, content, finish, usage, done", events(delta(`{"role":"assistant","content":""}`), delta(`{"content":"H"}`), delta(`{"content":"i"}`), stop,
		`{"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}}}`, done),
		endpoint.Response{ID: "c", Text: "Hi", FinishReason: "stop", InputTokens: endpoint.Counted(9), OutputTokens: endpoint.Counted(5),
			CachedTokens: endpoint.Counted(4), ReasoningTokens: endpoint.Counted(3),
			Events: []endpoint.Event{{}, {Text: 1, Tokens: 1}, {Text: 1, Tokens: 1}, {}, {}, {}}})
	check("usage in any chunk, the last one counts", events(
		`{"id":"c","choices":[{"index":0,"delta":{"content":"Hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`,
		`{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":0,"completion_tokens":2}}`, `{"choices":[],"usage":null}`, done),
		endpoint.Response{Text: "Hi", FinishReason: "stop", InputTokens: endpoint.Counted(0), OutputTokens: endpoint.Counted(2)})
	check("no [DONE] after the finish reason", events(delta(`{"content":"Hi"}`), stop), ok)
	check("[DONE] without a finish reason", events(delta(`{"content":"Hi"}`), done), endpoint.Response{Text: "Hi"})
	check("no final blank line", answer{body: "data: " + delta(`{"content":"Hi"}`) + "\n\ndata: " + stop + "\n\ndata: [DONE]"}, ok)
	check("CRLF, comments, other fields, no content type", answer{kind: "text/plain", body: ": ping\r\n\r\nid: 1\r\nretry: 5\r\nevent: message\r\ndata:" + delta(`{"content":"Hi"}`) + "\r\n\r\ndata: " + stop + "\r\n\r\n"}, ok)
	check("data over several lines", answer{body: "data: {\"id\":\"c\",\ndata: \"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n"}, ok)
	check("escapes", events(delta(`{"content":"\u65e5\n\"\ud83c\udf38\""}`), stop), endpoint.Response{Text: "日\n\"🌸\"", FinishReason: "stop"})
	check("reasoning_content", events(delta(`{"reasoning_content":"Hm","content":null}`), delta(`{"reasoning_content":null,"content":"Hi"}`), stop),
		endpoint.Response{Text: "Hi", Reasoning: "Hm", FinishReason: "stop", Events: []endpoint.Event{{Text: 2, Tokens: 1, Channel: endpoint.Reasoning}, {Text: 2, Tokens: 1}, {}}})
	check("reasoning, under both names", events(delta(`{"reasoning":"Hm","reasoning_content":"Hm"}`), delta(`{"reasoning":".","reasoning_content":null}`), stop),
		endpoint.Response{Reasoning: "Hm.", FinishReason: "stop"})
	check("reasoning and content in one event", events(delta(`{"content":"Hi","reasoning":"Hm"}`), stop),
		endpoint.Response{Text: "Hi", Reasoning: "Hm", FinishReason: "stop",
			Events: []endpoint.Event{{Text: 2, Tokens: 1, Channel: endpoint.Reasoning}, {Text: 2, Tokens: 1}, {}}})
	check("content in parts", events(delta(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]},{"type":"text","text":"Hi"}]}`), stop),
		endpoint.Response{Text: "Hi", Reasoning: "Hm", FinishReason: "stop"})
	check("tool calls", events(
		delta(`{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"get","arguments":""}}]}`),
		delta(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}`),
		delta(`{"tool_calls":[{"index":1,"id":"call_b","function":{"name":"put","arguments":"{}"}},{"index":0,"function":{"arguments":":1}"}}]}`),
		`{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`),
		endpoint.Response{FinishReason: "tool_calls", ToolCalls: []endpoint.ToolCall{{ID: "call_a", Name: "get", Arguments: `{"a":1}`}, {ID: "call_b", Name: "put", Arguments: `{}`}},
			Events: []endpoint.Event{{Channel: endpoint.ToolCallArguments}, {Text: 4, Tokens: 1, Channel: endpoint.ToolCallArguments},
				{Text: 2, Tokens: 1, Channel: endpoint.ToolCallArguments}, {Text: 3, Tokens: 1, Channel: endpoint.ToolCallArguments}, {}}})
	check("the older function call", events(delta(`{"function_call":{"name":"get","arguments":"{}"}}`), `{"choices":[{"delta":{},"finish_reason":"function_call"}]}`),
		endpoint.Response{FinishReason: "function_call", ToolCalls: []endpoint.ToolCall{{Name: "get", Arguments: "{}"}}})
	check("refusal", events(delta(`{"refusal":"No"}`), delta(`{"refusal":"."}`), stop), endpoint.Response{Refusal: "No.", FinishReason: "stop"})
	check("audio", events(delta(`{"audio":{"id":"a","data":"UklG"}}`), delta(`{"audio":{"transcript":"Hi"}}`), stop),
		endpoint.Response{Text: "Hi", FinishReason: "stop", Events: []endpoint.Event{{Text: 4, Tokens: 1, Channel: endpoint.AudioData}, {Text: 2, Tokens: 1}, {}}})
	check("other choices bear tokens, not text", events(
		`{"id":"c","choices":[{"index":0,"delta":{"content":"Hi"}},{"index":1,"delta":{"content":"Yo"}}]}`,
		`{"id":"c","choices":[{"index":1,"delta":{"content":"!"},"finish_reason":"length"}]}`, stop),
		endpoint.Response{Text: "Hi", FinishReason: "stop", Events: []endpoint.Event{{Text: 2, Tokens: 1}, {Tokens: 1}, {Tokens: 1}, {}}})
	check("errors that are none", events(`{"error":null,"choices":[{"delta":{"content":"H"}}]}`, `{"error":false,"choices":[{"delta":{"content":"i"}}]}`, stop), ok)
	check("events that are no chunks", events(`{"choices":[],"prompt_filter_results":[]}`, `{"something":"else"}`, delta(`{"content":"Hi"}`), stop), ok)
	check("a whole answer though a stream was asked for",
		answer{kind: "application/json", body: `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`},
		endpoint.Response{ID: "c", Text: "Hi", FinishReason: "stop", InputTokens: endpoint.Counted(1), OutputTokens: endpoint.Counted(2),
			Events: []endpoint.Event{{Text: 2, Tokens: 1}}})
}

func TestTextStreamReads(t *testing.T) {
	r, err := ask(t, textStream, events(`{"id":"t","choices":[{"text":"H","index":0}]}`, `{"id":"t","choices":[{"text":"i","index":0,"finish_reason":"length"}]}`, done))
	require.NoError(t, err)
	require.Equal(t, [3]string{"t", "Hi", "length"}, [3]string{r.ID, r.Text, r.FinishReason})
}

func TestResponseStreamReads(t *testing.T) {
	created := `{"type":"response.created","response":{"id":"resp","status":"in_progress","error":null}}`
	usage := `"usage":{"input_tokens":9,"output_tokens":5,"input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":3}}`
	completed := `{"type":"response.completed","response":{"id":"resp","status":"completed","error":null,"output":[{"type":"message","content":[{"type":"output_text","text":"whole"}]}],` + usage + `}}`

	r, err := ask(t, responseStream, events(created, `{"type":"response.in_progress"}`,
		`{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs"}}`,
		`{"type":"response.reasoning_summary_text.delta","delta":"H"}`, `{"type":"response.reasoning_text.delta","delta":"m"}`,
		`{"type":"response.output_text.delta","output_index":1,"delta":"Hi"}`, `{"type":"response.output_text.done","text":"Hi"}`,
		`{"type":"response.refusal.delta","delta":"No"}`,
		`{"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc","call_id":"call","name":"get","arguments":""}}`,
		`{"type":"response.function_call_arguments.delta","output_index":2,"delta":"{}"}`, completed))
	require.NoError(t, err)
	require.Equal(t, [5]string{"resp", "Hi", "Hm", "No", "completed"}, [5]string{r.ID, r.Text, r.Reasoning, r.Refusal, r.FinishReason})
	require.Equal(t, []endpoint.ToolCall{{ID: "call", Name: "get", Arguments: "{}"}}, r.ToolCalls)
	require.Equal(t, [4]endpoint.Count{endpoint.Counted(9), endpoint.Counted(5), endpoint.Counted(4), endpoint.Counted(3)},
		[4]endpoint.Count{r.InputTokens, r.OutputTokens, r.CachedTokens, r.ReasoningTokens})
	require.Len(t, r.Events, 11)

	t.Run("incomplete is an end with usage and reason", func(t *testing.T) {
		r, err := ask(t, responseStream, events(created, `{"type":"response.output_text.delta","delta":"Hi"}`,
			`{"type":"response.incomplete","response":{"id":"resp","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},`+usage+`}}`))
		require.NoError(t, err)
		require.Equal(t, "max_output_tokens", r.FinishReason)
		require.Equal(t, endpoint.Counted(5), r.OutputTokens)
	})
	t.Run("the type may stand in the event alone", func(t *testing.T) {
		r, err := ask(t, responseStream, answer{body: "event: response.output_text.delta\ndata: {\"delta\":\"Hi\"}\n\nevent: response.completed\ndata: {\"response\":{\"id\":\"x\"}}\n\n"})
		require.NoError(t, err)
		require.Equal(t, [3]string{"x", "Hi", "completed"}, [3]string{r.ID, r.Text, r.FinishReason})
	})
	t.Run("an answer that comes only with its end", func(t *testing.T) {
		r, err := ask(t, responseStream, events(created, completed))
		require.NoError(t, err)
		require.Equal(t, "whole", r.Text)
	})
}

func TestWholeAnswersAreRead(t *testing.T) {
	r, err := ask(t, chat, answer{kind: "application/json", body: `{"id":"c","choices":[{"index":1,"message":{"content":"other"}},
		{"index":0,"message":{"role":"assistant","content":"Hi","reasoning":"Hm","refusal":"No","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"g","arguments":"[]"}}]},
		"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":3}}}`})
	require.NoError(t, err)
	require.Equal(t, [5]string{"c", "Hi", "Hm", "No", "tool_calls"}, [5]string{r.ID, r.Text, r.Reasoning, r.Refusal, r.FinishReason})
	require.Equal(t, []endpoint.ToolCall{{ID: "a", Name: "f", Arguments: "{}"}, {ID: "b", Name: "g", Arguments: "[]"}}, r.ToolCalls)
	require.Equal(t, endpoint.Counted(3), r.ReasoningTokens)
	require.False(t, r.CachedTokens.Known())
	require.Empty(t, r.Events)

	r, err = ask(t, text, answer{kind: "application/json", body: `{"id":"t","choices":[{"text":"Hi","finish_reason":"stop"}]}`})
	require.NoError(t, err)
	require.Equal(t, "Hi", r.Text)

	r, err = ask(t, response, answer{kind: "application/json", body: `{"id":"r","status":"incomplete","error":null,"incomplete_details":{"reason":"max_output_tokens"},"output":[
		{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}],"content":null},
		{"type":"message","content":[{"type":"output_text","text":"Hi"},{"type":"refusal","refusal":"No"}]},
		{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"web_search_call"}],
		"usage":{"input_tokens":9,"output_tokens":5}}`})
	require.NoError(t, err)
	require.Equal(t, [5]string{"r", "Hi", "Hm", "No", "max_output_tokens"}, [5]string{r.ID, r.Text, r.Reasoning, r.Refusal, r.FinishReason})
	require.Equal(t, []endpoint.ToolCall{{ID: "c", Name: "f", Arguments: "{}"}}, r.ToolCalls)

	r, err = ask(t, embeddings, answer{kind: "application/json", body: `{"object":"list","data":[{"embedding":[0.1,2e-3]}],"usage":{"prompt_tokens":7,"total_tokens":7}}`})
	require.NoError(t, err)
	require.Equal(t, endpoint.Counted(7), r.InputTokens)
	require.False(t, r.OutputTokens.Known())
	require.Empty(t, r.Text)
}

func TestEventsInOneReadAreMarked(t *testing.T) {
	r, err := ask(t, chatStream, events(delta(`{"content":"a"}`), delta(`{"content":"b"}`), stop, done))
	require.NoError(t, err)
	var same []bool
	size := 0
	for _, e := range r.Events {
		same = append(same, e.SameRead)
		size += int(e.Bytes)
	}
	require.Equal(t, []bool{false, true, true, true}, same)
	require.Equal(t, len(events(delta(`{"content":"a"}`), delta(`{"content":"b"}`), stop, done).body), size, "every byte of the stream belongs to an event")
}
