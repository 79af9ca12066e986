package record_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/profiler"
)

const eventStream, jsonLines = "Content-Type: text/event-stream; charset=utf-8", "Content-Type: application/x-ndjson"

// sse makes events of JSON values.
func sse(values ...string) string {
	return "data: " + strings.Join(values, "\n\ndata: ") + "\n\n"
}

func TestFormats(t *testing.T) {
	for name, c := range map[string]struct {
		path, request, header, answer string
		prompt, output                string
		chunks                        []string
		tokens                        profiler.TokenUsage
	}{
		"anthropic stream": {
			path: "/v1/messages",
			request: `{"model":"m","system":[{"type":"text","text":"be kind"}],"messages":[{"role":"user","content":"hi"},
				{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"look","input":{"at":"it"}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"seen"}]}]}]}`,
			header: eventStream,
			answer: sse(
				`{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":1,"output_tokens":1}}}`,
				`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}`, `{"type":"ping"}`,
				`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}`,
				`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"hel"}}`,
				`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"lo"}}`,
				`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"look","input":{}}}`,
				`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}`,
				`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}`,
				`{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}`, `{"type":"message_stop"}`),
			prompt: "be kind\nhi\nlook\n{\"at\":\"it\"}\nseen",
			output: "hello\n\nTool calls: " + `[{"id":"t","name":"look","arguments":"{\"a\":1}"}]`,
			chunks: []string{"hm", "hel", "lo", `{"a":`, "1}"},
			tokens: profiler.TokenUsage{PromptTokens: 16, CompletionTokens: 9, CachedTokens: 5, TotalTokens: 25},
		},
		"anthropic": {
			path: "/anthropic/v1/messages", request: `{"model":"m","system":"be kind","messages":[]}`,
			answer: `{"type":"message","content":[{"type":"text","text":"hello"},{"type":"tool_use","id":"t","name":"look","input":{"a":1}}],"usage":{"input_tokens":3,"output_tokens":2}}`,
			prompt: "be kind", output: "hello\n\nTool calls: " + `[{"id":"t","name":"look","arguments":"{\"a\":1}"}]`,
			tokens: profiler.TokenUsage{PromptTokens: 3, CompletionTokens: 2, TotalTokens: 5},
		},
		"ollama chat": {
			path: "/api/chat", request: `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, header: jsonLines,
			answer: `{"message":{"role":"assistant","content":"","thinking":"hm"},"done":false}` + "\n" + `{"message":{"content":"hel"},"done":false}` + "\r\n\n" +
				`{"message":{"content":"lo","tool_calls":[{"function":{"name":"look","arguments":{"a":1}}}]},"done":false}` + "\n" +
				`{"message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":4,"eval_count":6}`,
			prompt: "hi", output: "hello\n\nTool calls: " + `[{"name":"look","arguments":"{\"a\":1}"}]`, chunks: []string{"hm", "hel", `lo{"a":1}`},
			tokens: profiler.TokenUsage{PromptTokens: 4, CompletionTokens: 6, TotalTokens: 10},
		},
		"ollama generate": {
			path: "/api/generate", request: `{"model":"m","system":"be kind","prompt":"hi"}`,
			answer: `{"response":"hello","done":true,"prompt_eval_count":4,"eval_count":6}`,
			prompt: "be kind\nhi", output: "hello", tokens: profiler.TokenUsage{PromptTokens: 4, CompletionTokens: 6, TotalTokens: 10},
		},
		"ollama embed": {
			path: "/api/embed", request: `{"model":"m","input":["a","b"]}`, answer: `{"embeddings":[[1],[2]],"prompt_eval_count":2}`,
			prompt: "a\nb", tokens: profiler.TokenUsage{PromptTokens: 2, TotalTokens: 2},
		},
		"embeddings": {
			path: "/v1/embeddings", request: `{"model":"m","input":"a"}`, answer: `{"data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":3,"total_tokens":3}}`,
			prompt: "a", tokens: profiler.TokenUsage{PromptTokens: 3, TotalTokens: 3},
		},
		"chat stream, two choices": {
			path: "/v1/chat/completions/", request: `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"function":{"name":"look","arguments":"{}"}}]}]}`,
			header: eventStream,
			answer: sse(`{"choices":[{"index":1,"delta":{"content":"other"}},{"index":0,"delta":{"reasoning":"hm"}}]}`,
				`{"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"o"},{"type":"text","text":"k"}]},"finish_reason":"stop"}]}`,
				`{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"completion_tokens_details":{"reasoning_tokens":2}}}`),
			prompt: "look\n{}", output: "ok", chunks: []string{"otherhm", "ok"},
			tokens: profiler.TokenUsage{PromptTokens: 3, CompletionTokens: 4, ReasoningTokens: 2, TotalTokens: 7},
		},
		"responses": {
			path: "/v1/responses", request: `{"model":"m","instructions":"be kind","input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]},
				{"type":"function_call","name":"look","arguments":"{}"},{"type":"function_call_output","output":"seen"}]}`,
			answer: `{"object":"response","status":"completed","error":null,"output":[{"type":"reasoning"},{"type":"message","content":[{"type":"output_text","text":"hello"}]}],
				"usage":{"input_tokens":3,"output_tokens":4,"total_tokens":7,"input_tokens_details":{"cached_tokens":1},"output_tokens_details":{"reasoning_tokens":2}}}`,
			prompt: "be kind\nhi\nlook\n{}\nseen", output: "hello",
			tokens: profiler.TokenUsage{PromptTokens: 3, CompletionTokens: 4, CachedTokens: 1, ReasoningTokens: 2, TotalTokens: 7},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecording(t, answers(200, strings.NewReader(c.answer), c.header))
			require.Equal(t, c.answer, r.post("http://x"+c.path, c.request))
			start, chunks, end := r.one()
			require.Equal(t, c.prompt, start.Input())
			require.Empty(t, end.FailedWith())
			require.Equal(t, c.output, end.Output())
			require.Equal(t, c.chunks, chunks)
			require.Equal(t, c.tokens, end.Tokens())
		})
	}
}

func TestResponsesThatFail(t *testing.T) {
	for answer, want := range map[string]string{
		sse(`{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"went wrong"}}}`): "went wrong",
		sse(`{"type":"response.cancelled","response":{"status":"cancelled"}}`):                                                  "response cancelled",
		sse(`{"type":"error","code":"rate_limit_exceeded","message":"slow down"}`):                                              "rate_limit_exceeded: slow down",
		sse(`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`):                                      "Overloaded",
	} {
		r := newRecording(t, answers(200, strings.NewReader(answer), eventStream))
		r.post("http://x/v1/responses", `{"model":"m","input":"x"}`)
		_, _, end := r.one()
		require.Equal(t, want, end.FailedWith())
	}
}

// tornReader gives a text in reads of given sizes, over and over.
type tornReader struct {
	rest string
	cuts []byte
	n    int
}

func (r *tornReader) Read(p []byte) (int, error) {
	if r.rest == "" {
		return 0, io.EOF
	}
	size := len(r.rest)
	if len(r.cuts) > 0 {
		size = min(size, int(r.cuts[r.n%len(r.cuts)])+1)
	}
	r.n++
	n := copy(p, r.rest[:size])
	r.rest = r.rest[n:]
	return n, nil
}

// FuzzAnswer says that whatever a server answers, and however it is torn into reads, the program gets it as it is, and the recording
// has one call, whose pieces do not depend on the tearing.
func FuzzAnswer(f *testing.F) {
	chat := sse(`{"choices":[{"index":0,"delta":{"content":"a\u0000é"}}]}`, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}`, "[DONE]")
	for _, answer := range []string{
		chat, strings.ReplaceAll(chat, "\n", "\r\n"), strings.ReplaceAll(chat, "\n", "\r"), strings.TrimRight(chat, "\n"), ": x\n\n\xef\xbb\xbf" + chat,
		sse(`{"type":"message_start"}`, `{"type":"content_block_delta","index":1,"delta":{"partial_json":"{"}}`, `{"type":"message_stop"}`),
		sse(`{"type":"response.output_item.added","output_index":-1,"item":{"type":"function_call"}}`, `{"type":"response.completed"}`),
		"{\"message\":{\"content\":\"a\"}}\n{\"response\":\"b\",\"done\":true}\n", `{"error":{}}`, `{"error":[{}]}`, `null`, `[1]`, "{\"usage\":1}\n",
	} {
		for kind := range uint8(3) {
			f.Add(answer, []byte{0}, kind, uint8(0))
			f.Add(answer, []byte{3, 0, 20}, kind, uint8(1))
			f.Add(answer, []byte{}, kind, uint8(2))
		}
	}
	paths := []string{"/v1/chat/completions", "/v1/messages", "/api/chat", "/v1/responses"}
	f.Fuzz(func(t *testing.T, answer string, cuts []byte, framing, api uint8) {
		header := []string{eventStream, jsonLines, ""}[framing%3]
		var first []string
		var firstEnd *profiler.StepPayload
		for _, c := range [][]byte{nil, cuts} {
			r := newRecording(t, answers(http.StatusOK, &tornReader{rest: answer, cuts: c}, header))
			require.Equal(t, answer, r.post("http://x"+paths[api%4], `{"model":"m","messages":[]}`))
			_, chunks, end := r.one()
			if c == nil {
				first, firstEnd = chunks, end
				continue
			}
			require.Equal(t, first, chunks)
			require.Equal(t, firstEnd.Output(), end.Output())
			require.Equal(t, firstEnd.Tokens(), end.Tokens())
			require.Equal(t, firstEnd.FailedWith(), end.FailedWith())
		}
	})
}
