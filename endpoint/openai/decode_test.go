package openai

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/endpoint"
)

var (
	chatEvent     = []byte(`{"id":"chatcmpl-8f1b2c3d4e5f","object":"chat.completion.chunk","created":1790000000,"model":"m","choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}],"usage":null}`)
	responseEvent = []byte(`{"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_1","output_index":0,"content_index":0,"delta":" token","logprobs":[]}`)
	toolEvent     = []byte(`{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]},"finish_reason":null}]}`)
	usageEvent    = []byte(`{"id":"c","choices":[{"index":0,"delta":{"reasoning":"Hm"}}],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":3}}}`)
)

func BenchmarkDecodeChat(b *testing.B) {
	d, emit := newChatDecoder(), func(*endpoint.Chunk) {}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = d.Event(nil, chatEvent, emit)
	}
}

func BenchmarkDecodeResponse(b *testing.B) {
	d, emit := newResponseDecoder(), func(*endpoint.Chunk) {}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = d.Event(nil, responseEvent, emit)
	}
}

func TestAnyTextSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.String()).Draw(t, "words")
		got := [2]string{}
		for i, d := range []interface {
			Event(kind, data []byte, emit func(*endpoint.Chunk)) (bool, error)
		}{newChatDecoder(), newResponseDecoder()} {
			for _, w := range words {
				data, err := json.Marshal([]any{
					map[string]any{"choices": []any{map[string]any{"index": 0, "delta": map[string]any{"content": w}}}},
					map[string]any{"type": "response.output_text.delta", "delta": w},
				}[i])
				require.NoError(t, err)
				_, err = d.Event(nil, data, func(c *endpoint.Chunk) { got[i] += strings.Clone(c.Text) })
				require.NoError(t, err)
			}
		}
		want := strings.Join(words, "")
		require.Equal(t, [2]string{want, want}, got)
	})
}

// An event that fits a template is read as it would be without one.
func TestTemplatesChangeNothing(t *testing.T) {
	word := rapid.OneOf(rapid.SampledFrom([]string{"", "a", "m", "stop", "c", "content", `"`, `\`, "\n", "é", " 日本", "0"}), rapid.String())
	shapes := []string{
		`{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":%s},"finish_reason":null}]}`,
		`{"id":"c","choices":[{"index":0,"delta":{"reasoning":%s},"finish_reason":null}],"usage":null}`,
		`{"choices":[{"text":%s}]}`,
		`{"choices":[{"index":1,"delta":{"content":%s}}]}`,
		`{"id":"c","choices":[{"index":0,"delta":{"role":%s,"content":"c"}}]}`,
		`{"choices":[{"delta":{"content":"c"},"finish_reason":%s}]}`,
		`{"choices":[{"delta":{"reasoning":"c","content":%s}}]}`,
		`{"choices":[{"delta":{"content":"c"}}],"error":%s}`,
		`{"choices":[{"delta":{"content":"c"}}],"model":%s}`,
		`{"id":%s,"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"c"}}]}}]}`,
	}
	rapid.Check(t, func(t *rapid.T) {
		d := new(chatDecoder)
		for range rapid.IntRange(1, 20).Draw(t, "events") {
			text, err := json.Marshal(word.Draw(t, "word"))
			require.NoError(t, err)
			data := []byte(strings.Replace(rapid.SampledFrom(shapes).Draw(t, "shape"), "%s", string(text), 1))
			type result struct {
				chunks []endpoint.Chunk
				err    error
			}
			read := func(d *chatDecoder) (r result) {
				_, r.err = d.Event(nil, data, func(c *endpoint.Chunk) {
					copied := *c
					copied.Text = strings.Clone(c.Text)
					if c.Tool != nil {
						tool := *c.Tool
						copied.Tool = &tool
					}
					r.chunks = append(r.chunks, copied)
				})
				return r
			}
			fresh := &chatDecoder{base: base{named: d.named, spoke: d.spoke}, finished: d.finished}
			require.Equal(t, read(fresh), read(d), "%s", data)
		}
	})
}

// FuzzDecoders reads anything: nothing panics, and every event but the last, and every document, gives a chunk or an error.
func FuzzDecoders(f *testing.F) {
	for _, seed := range [][]byte{
		chatEvent, responseEvent, toolEvent, usageEvent, []byte("[DONE]"), []byte(" [DONE] "), []byte(""), []byte("{}"), []byte("[]"), []byte("null"),
		[]byte(`{"choices":[{}]}`), []byte(`{"choices":[null,7]}`), []byte(`{"choices":7,"usage":7,"id":7,"error":7}`), []byte(`{"error":{}}`),
		[]byte(`{"choices":[{"index":-1,"delta":{"tool_calls":[{"index":99999999},7],"audio":7,"content":[7,{"thinking":7}]}}]}`),
		[]byte(`{"choices":[{"message":{"content":"\ud83c"}}],"usage":{"prompt_tokens":1e300}}`), []byte(`{"type":"response.completed"}`),
		[]byte(`{"type":"response.failed","response":7}`), []byte(`{"type":"error"}`), []byte(`{"output":[{"type":"message","content":[{}]},7],"status":"incomplete"}`),
		[]byte(`{"type":"response.output_item.added","item":{"type":"function_call"},"output_index":-5}`), []byte(`{"data":[],"usage":{}}`),
	} {
		f.Add("", seed)
		f.Add("error", seed)
	}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		for _, d := range []interface {
			Event(kind, data []byte, emit func(*endpoint.Chunk)) (bool, error)
			Whole(body []byte, emit func(*endpoint.Chunk)) error
		}{newChatDecoder(), newResponseDecoder(), new(embeddingsDecoder)} {
			chunks := 0
			emit := func(c *endpoint.Chunk) {
				chunks++
				_ = strings.Clone(c.Text + c.ID + c.FinishReason)
			}
			done, err := d.Event([]byte(kind), data, emit)
			require.True(t, done || err != nil || chunks > 0)
			chunks = 0
			err = d.Whole(data, emit)
			require.True(t, err != nil || chunks > 0)
		}
	})
}
