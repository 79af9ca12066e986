package mock_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/mock"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run with -update if this is meant")
}

// In a bubble the clock begins at the same instant each time, so an answer is the same to the last byte.
func TestWireFormats(t *testing.T) {
	short := mock.Options{Tokens: mock.Fixed(4), Reasoning: mock.Fixed(2)}
	text, tool, refusal := short, short, short
	text.RoleFirst, text.CachedTokens = true, 2
	tool.Answer, tool.Reasoning = mock.AnswerToolCall, mock.Count{}
	refusal.Answer, refusal.ReasoningField = mock.AnswerRefusal, "reasoning"
	for name, c := range map[string]struct {
		o    mock.Options
		apis []mock.API
	}{"text": {text, streamsAPIs}, "tool-call": {tool, []mock.API{mock.Chat, mock.Responses}}, "refusal": {refusal, []mock.API{mock.Chat, mock.Responses}}} {
		for _, api := range c.apis {
			t.Run(string(api)+" "+name, func(t *testing.T) {
				inBubble(t, c.o, func(t *testing.T, cl *client) {
					golden(t, string(api)+"-"+name+".stream", cl.stream(t, api).body)
					golden(t, string(api)+"-"+name+".json", cl.whole(t, api).body+"\n")
				})
			})
		}
	}
	inBubble(t, mock.Options{Dimensions: 3}, func(t *testing.T, c *client) {
		golden(t, "embeddings.json", c.whole(t, mock.Embeddings, `"input":["one text","another"]`).body+"\n")
	})
}

func options(t *rapid.T) mock.Options {
	return mock.Options{
		Seed:           rapid.Uint64Range(0, 99).Draw(t, "seed"),
		Tokens:         mock.Fixed(rapid.IntRange(0, 12).Draw(t, "tokens")),
		TokensPerEvent: mock.Fixed(rapid.IntRange(0, 3).Draw(t, "per event")),
		Reasoning:      mock.Fixed(rapid.IntRange(0, 14).Draw(t, "reasoning")),
		RoleFirst:      rapid.Bool().Draw(t, "role first"),
		Answer:         rapid.SampledFrom([]mock.Answer{"", mock.AnswerToolCall, mock.AnswerRefusal}).Draw(t, "answer"),
		Usage:          rapid.SampledFrom([]mock.UsageMode{"", mock.UsageFirst, mock.UsageAbsent, mock.UsageWrong}).Draw(t, "usage"),
		CachedTokens:   rapid.IntRange(0, 5).Draw(t, "cached"),
		RecordLimit:    1,
	}
}

// summary is what an answer says in all, however it was sent.
type summary struct {
	content, reasoning, tool, refusal, finish string
	usage                                     any
}

func TestStreamSaysTheSameAsTheBody(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := options(rt)
		api := rapid.SampledFrom(streamsAPIs).Draw(rt, "api")
		limit := map[mock.API]string{mock.Chat: `"max_completion_tokens":9`, mock.Completions: `"max_tokens":9`, mock.Responses: `"max_output_tokens":9`}[api]
		events := writes(rt, o, api, request(api, true, limit))
		body := writes(rt, o, api, request(api, false, limit))
		require.Len(rt, body, 1)
		require.Equal(rt, ofBody(t, api, decode(t, body[0])), ofStream(t, api, strings.Join(events, "")))
	})
}

func ofBody(t *testing.T, api mock.API, o object) (s summary) {
	s.usage = o["usage"]
	text := func(v any, keys ...string) string { s, _ := pick(v, keys...).(string); return s }
	if api != mock.Responses {
		message := pick(o, "choices", "message")
		s.content = text(message, "content") + text(o, "choices", "text")
		s.reasoning = text(message, "reasoning_content")
		s.refusal = text(message, "refusal")
		s.tool = text(message, "tool_calls", "function", "arguments")
		s.finish = text(o, "choices", "finish_reason")
	} else {
		for _, item := range o["output"].([]any) {
			switch item := item.(object); item["type"] {
			case "reasoning":
				s.reasoning = text(item, "content", "text")
			case "function_call":
				s.tool = text(item, "arguments")
			default:
				s.content, s.refusal = text(item, "content", "text"), text(item, "content", "refusal")
			}
		}
		s.finish = text(o, "status") + text(o, "incomplete_details", "reason")
	}
	if s.tool != "" {
		require.NotEmpty(t, text(decode(t, s.tool), "text"))
	}
	return s
}

func ofStream(t *testing.T, api mock.API, stream string) (s summary) {
	var name string
	sequence := 0
	for line := range strings.SplitSeq(stream, "\n") {
		if n, ok := strings.CutPrefix(line, "event: "); ok {
			name = n
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		e := arrival{name: name, data: data}
		switch text, kind := said(t, e); kind {
		case mock.KindContent:
			s.content += text
		case mock.KindReasoning:
			s.reasoning += text
		case mock.KindRefusal:
			s.refusal += text
		case mock.KindToolCall:
			s.tool += text
		}
		o := decode(t, data)
		usage := o["usage"]
		if finish, ok := pick(o, "choices", "finish_reason").(string); ok {
			s.finish = finish
		}
		if api == mock.Responses {
			require.EqualValues(t, sequence, o["sequence_number"])
			require.Equal(t, name, o["type"])
			usage = pick(o, "response", "usage")
			if status, _ := pick(o, "response", "status").(string); status != "in_progress" && status != "" {
				whole := ofBody(t, api, o["response"].(object))
				s.finish = whole.finish
				require.Equal(t, summary{s.content, s.reasoning, s.tool, s.refusal, s.finish, pick(o, "response", "usage")}, whole)
			}
		}
		if usage != nil {
			require.Nil(t, s.usage, "usage twice")
			s.usage = usage
		}
		sequence++
	}
	return s
}

func TestUsageIsWhereTheModeSays(t *testing.T) {
	tokens := func(e arrival) any {
		if e.data == "[DONE]" {
			return nil
		}
		o := decode(t, e.data)
		for _, keys := range [][]string{{"usage", "completion_tokens"}, {"response", "usage", "output_tokens"}} {
			if v := pick(o, keys...); v != nil {
				return v
			}
		}
		return nil
	}
	for _, api := range streamsAPIs {
		for _, c := range []struct {
			mode   mock.UsageMode
			ask    bool
			first  any
			last   any
			always bool // Responses always tell usage
		}{
			{mock.UsageLast, true, nil, 5., true},
			{"", false, nil, nil, true},
			{mock.UsageFirst, true, 5., nil, true},
			{mock.UsageFirst, false, 5., nil, true},
			{mock.UsageAbsent, true, nil, nil, false},
			{mock.UsageWrong, true, nil, 10., true},
			{mock.UsageWrong, false, nil, nil, false},
		} {
			if api == mock.Responses && !c.ask && c.mode != mock.UsageFirst {
				continue // it has no such choice
			}
			o := mock.Options{Tokens: mock.Fixed(5), Usage: c.mode}
			inBubble(t, o, func(t *testing.T, cl *client) {
				body := request(api, true)
				if !c.ask {
					body = request(api, false, `"stream":true`)
				}
				events := cl.do(t.Context(), api, body).events
				var last any
				for _, e := range events[1:] {
					if v := tokens(e); v != nil {
						last = v
					}
				}
				require.Equal(t, c.first, tokens(events[0]), "%s %q", api, c.mode)
				require.Equal(t, c.last, last, "%s %q", api, c.mode)
			})
		}
	}
}

func TestLimitOfTheRequestCapsTheAnswer(t *testing.T) {
	for _, c := range []struct {
		tokens, limit int
		want          int
		finish        string
	}{
		{0, 0, 64, "stop"},
		{0, 7, 7, "stop"},
		{9, 0, 9, "stop"},
		{9, 9, 9, "stop"},
		{9, 8, 8, "length"},
	} {
		inBubble(t, mock.Options{Tokens: mock.Fixed(c.tokens)}, func(t *testing.T, cl *client) {
			for api, name := range map[mock.API]string{mock.Chat: "max_tokens", mock.Completions: "max_tokens", mock.Responses: "max_output_tokens"} {
				var members []string
				if c.limit > 0 {
					value, _ := json.Marshal(c.limit)
					members = []string{`"` + name + `":` + string(value)}
				}
				re := cl.stream(t, api, members...)
				require.Len(t, re.tokens(t), c.want)
				require.Len(t, strings.Fields(re.text(t, mock.KindContent)), c.want, "one word a token")
				last := re.events[len(re.events)-1]
				switch {
				case api == mock.Responses && c.finish == "length":
					require.Equal(t, "response.incomplete", last.name)
					require.Equal(t, "max_output_tokens", pick(decode(t, last.data), "response", "incomplete_details", "reason"))
				case api == mock.Responses:
					require.Equal(t, "response.completed", last.name)
				default:
					require.Contains(t, re.body, `"finish_reason":"`+c.finish+`"`)
				}
			}
		})
	}
}

func TestPromptTokensAreTheWordsOfThePrompt(t *testing.T) {
	inBubble(t, mock.Options{}, func(t *testing.T, c *client) {
		for _, p := range []struct {
			api  mock.API
			body string
			want int
		}{
			{mock.Chat, `{"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"  what  is\nit?"}]}`, 5},
			{mock.Chat, `{"messages":[{"role":"user","content":[{"type":"text","text":"look here"},{"type":"image_url","image_url":{"url":"data:x y"}}]}]}`, 2},
			{mock.Completions, `{"prompt":"a b c"}`, 3},
			{mock.Completions, `{"prompt":["a b","c"]}`, 3},
			{mock.Completions, `{"prompt":[1,2,3,4]}`, 4},
			{mock.Responses, `{"instructions":"be brief","input":"a b c"}`, 5},
			{mock.Responses, `{"input":[{"role":"user","content":[{"type":"input_text","text":"a b"}]},{"role":"user","content":"c"}]}`, 3},
			{mock.Embeddings, `{"input":"a b"}`, 2},
			{mock.Embeddings, `{"input":[[1,2],[3]]}`, 3},
		} {
			re := c.do(t.Context(), p.api, p.body)
			require.Equal(t, 200, re.status, re.body)
			usage := pick(decode(t, re.body), "usage")
			require.EqualValues(t, p.want, max(number(pick(usage, "prompt_tokens")), number(pick(usage, "input_tokens"))), p.body)
			records := c.Records()
			require.Equal(t, p.want, records[len(records)-1].PromptTokens)
		}
	})
}

func number(v any) float64 { f, _ := v.(float64); return f }

func TestEmbeddingsAreOneUnitVectorPerInput(t *testing.T) {
	inBubble(t, mock.Options{Dimensions: 8}, func(t *testing.T, c *client) {
		for _, e := range []struct {
			members            []string
			inputs, dimensions int
		}{
			{nil, 1, 8},
			{[]string{`"input":["a","b","c"]`, `"dimensions":5`}, 3, 5},
			{[]string{`"input":[1,2,3]`}, 1, 8},
			{[]string{`"input":[[1],[2]]`}, 2, 8},
		} {
			c.Reset() // equal numbers draw equal vectors
			plain := decode(t, c.whole(t, mock.Embeddings, e.members...).body)["data"].([]any)
			c.Reset()
			coded := decode(t, c.whole(t, mock.Embeddings, append(e.members, `"encoding_format":"base64"`)...).body)["data"].([]any)
			require.Len(t, plain, e.inputs)
			for i := range plain {
				require.EqualValues(t, i, pick(plain[i], "index"))
				list := pick(plain[i], "embedding").([]any)
				require.Len(t, list, e.dimensions)
				raw, err := base64.StdEncoding.DecodeString(pick(coded[i], "embedding").(string))
				require.NoError(t, err)
				floats := make([]float32, e.dimensions)
				_, err = binary.Decode(raw, binary.LittleEndian, floats)
				require.NoError(t, err)
				sum := 0.0
				for j, x := range list {
					require.Equal(t, floats[j], float32(x.(float64)))
					sum += x.(float64) * x.(float64)
				}
				require.InDelta(t, 1, sum, 1e-6)
			}
		}
	})
}
