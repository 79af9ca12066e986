package openai_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/endpointtest"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/transport"
)

// conform runs the suite on the endpoint that make gives. carries are the channels that the API has.
func conform(t *testing.T, format endpointtest.Format, make func(*openai.Config) endpoint.Endpoint, carries ...endpoint.Channel) {
	endpointtest.Run(t, func(t *testing.T, s endpointtest.Script) endpoint.Endpoint {
		for _, c := range allChannels {
			if s.Says(c) && !slices.Contains(carries, c) {
				t.Skipf("the API has no channel %v", c)
			}
		}
		client, err := transport.New(transport.Options{DialContext: endpointtest.Serve(t, s.Handler(format))})
		require.NoError(t, err)
		t.Cleanup(client.CloseIdleConnections)
		return make(&openai.Config{Model: "m", BaseURL: "http://llm.test/v1", APIKey: s.Key, Client: client})
	})
}

var allChannels = []endpoint.Channel{endpoint.Content, endpoint.Reasoning, endpoint.ToolCallArguments, endpoint.RefusalText}

func TestCompletionEndpointConforms(t *testing.T) {
	f := chatFormat
	f.Part, f.ContentType = nil, "application/json"
	f.Garbage = `{"choices":[`
	conform(t, f, func(c *openai.Config) endpoint.Endpoint { return (*openai.CompletionEndpoint)(c) }, allChannels...)
}

func TestCompletionStreamEndpointConforms(t *testing.T) {
	conform(t, chatFormat, func(c *openai.Config) endpoint.Endpoint { return (*openai.CompletionStreamEndpoint)(c) }, allChannels...)
}

func TestTextCompletionEndpointConforms(t *testing.T) {
	f := textFormat
	f.Part, f.ContentType = nil, "application/json"
	f.Garbage = `<xml/>`
	conform(t, f, func(c *openai.Config) endpoint.Endpoint { return (*openai.TextCompletionEndpoint)(c) }, endpoint.Content)
}

func TestTextCompletionStreamEndpointConforms(t *testing.T) {
	conform(t, textFormat, func(c *openai.Config) endpoint.Endpoint { return (*openai.TextCompletionStreamEndpoint)(c) }, endpoint.Content)
}

func TestResponseEndpointConforms(t *testing.T) {
	f := responseFormat
	f.Part, f.ContentType = nil, "application/json"
	f.Garbage = `{}`
	conform(t, f, func(c *openai.Config) endpoint.Endpoint { return (*openai.ResponseEndpoint)(c) }, allChannels...)
}

func TestResponseStreamEndpointConforms(t *testing.T) {
	conform(t, responseFormat, func(c *openai.Config) endpoint.Endpoint { return (*openai.ResponseStreamEndpoint)(c) }, allChannels...)
}

func TestEmbeddingsEndpointConforms(t *testing.T) {
	conform(t, embeddingsFormat, func(c *openai.Config) endpoint.Endpoint { return (*openai.EmbeddingsEndpoint)(c) })
}

type object = map[string]any

func event(v any) string { return "data: " + encode(v) + "\n\n" }

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func reportError(message string) string {
	return encode(object{"error": object{"message": message, "type": "server_error", "code": nil}})
}

func usageOf(u endpoint.Usage, input, output string) any {
	if !u.Input.Known() {
		return nil
	}
	return object{
		input: u.Input.N, output: u.Output.N, "total_tokens": u.Input.N + u.Output.N,
		input + "_details": object{"cached_tokens": u.Cached.N}, output + "_details": object{"reasoning_tokens": u.Reasoning.N},
	}
}

// said is a message, or a delta, that says p.
func said(p endpointtest.Part) object {
	switch p.Channel {
	case endpoint.Reasoning:
		return object{"reasoning_content": p.Text}
	case endpoint.RefusalText:
		return object{"content": nil, "refusal": p.Text}
	case endpoint.ToolCallArguments:
		return object{"tool_calls": []object{{"index": 0, "function": object{"arguments": p.Text}}}}
	}
	return object{"role": "assistant", "content": p.Text}
}

func chatChunk(delta object, finish any) object {
	return object{"id": "chatcmpl-1", "object": "chat.completion.chunk", "usage": nil, "choices": []object{{"index": 0, "delta": delta, "finish_reason": finish}}}
}

var chatFormat = endpointtest.Format{
	ContentType: "text/event-stream",
	Part:        func(p endpointtest.Part) string { return event(chatChunk(said(p), nil)) },
	End: func(s endpointtest.Script) string {
		end := event(chatChunk(object{}, s.Finish))
		if u := usageOf(s.Usage, "prompt_tokens", "completion_tokens"); u != nil {
			end += event(object{"id": "chatcmpl-1", "choices": []object{}, "usage": u})
		}
		return end + "data: [DONE]\n\n"
	},
	TurnedError: func(m string) string { return "data: " + reportError(m) + "\n\n" },
	Garbage:     "data: {\"choices\":[\n\n",
	Whole: func(s endpointtest.Script) string {
		return encode(object{
			"id": "chatcmpl-1", "usage": usageOf(s.Usage, "prompt_tokens", "completion_tokens"),
			"choices": []object{{"index": 0, "message": object{"role": "assistant", "content": s.Text(endpoint.Content)}, "finish_reason": s.Finish}},
		})
	},
	Error: reportError,
}

func textChunk(text string, finish any) object {
	return object{"id": "cmpl-1", "choices": []object{{"text": text, "index": 0, "logprobs": nil, "finish_reason": finish}}}
}

var textFormat = endpointtest.Format{
	ContentType: "text/event-stream; charset=utf-8",
	Part:        func(p endpointtest.Part) string { return event(textChunk(p.Text, nil)) },
	End: func(s endpointtest.Script) string {
		last := textChunk("", s.Finish)
		last["usage"] = usageOf(s.Usage, "prompt_tokens", "completion_tokens")
		return event(last) + "data: [DONE]\n\n"
	},
	TurnedError: chatFormat.TurnedError,
	Garbage:     "data: not JSON\n\n",
	Whole: func(s endpointtest.Script) string {
		whole := textChunk(s.Text(endpoint.Content), s.Finish)
		whole["usage"] = usageOf(s.Usage, "prompt_tokens", "completion_tokens")
		return encode(whole)
	},
	Error: reportError,
}

func responseEvent(kind string, more object) string {
	more["type"] = kind
	return fmt.Sprintf("event: %s\n%s", kind, event(more))
}

func responseOf(s endpointtest.Script) object {
	r := object{"id": "resp_1", "status": "completed", "error": nil, "incomplete_details": nil, "usage": usageOf(s.Usage, "input_tokens", "output_tokens")}
	if s.Finish == "length" {
		r["status"], r["incomplete_details"] = "incomplete", object{"reason": "max_output_tokens"}
	}
	return r
}

var responseFormat = endpointtest.Format{
	ContentType: "text/event-stream",
	Part: func(p endpointtest.Part) string {
		if p.Text == "" {
			return responseEvent("response.created", object{"response": object{"id": "resp_1", "status": "in_progress", "error": nil}})
		}
		kind := map[endpoint.Channel]string{
			endpoint.Content: "output_text", endpoint.Reasoning: "reasoning_summary_text", endpoint.RefusalText: "refusal",
			endpoint.ToolCallArguments: "function_call_arguments",
		}[p.Channel]
		return responseEvent("response."+kind+".delta", object{"item_id": "i", "output_index": 1, "delta": p.Text})
	},
	End: func(s endpointtest.Script) string {
		r := responseOf(s)
		return responseEvent("response."+r["status"].(string), object{"response": r})
	},
	TurnedError: func(m string) string {
		return responseEvent("response.failed", object{"response": object{"id": "resp_1", "status": "failed", "error": object{"code": "server_error", "message": m}}})
	},
	Garbage: "event: response.output_text.delta\ndata: {\"delta\":\n\n",
	Whole: func(s endpointtest.Script) string {
		r := responseOf(s)
		r["output"] = []object{{"type": "message", "content": []object{{"type": "output_text", "text": s.Text(endpoint.Content)}}}}
		return encode(r)
	},
	Error: reportError,
}

var embeddingsFormat = endpointtest.Format{
	ContentType: "application/json",
	Whole: func(s endpointtest.Script) string {
		answer := object{"object": "list", "data": []object{{"object": "embedding", "index": 0, "embedding": []float64{0.25, -1.5e-3}}}}
		if n := s.Usage.Input; n.Known() {
			answer["usage"] = object{"prompt_tokens": n.N, "total_tokens": n.N}
		}
		return encode(answer)
	},
	Garbage: `{"object":"list"}`,
	Error:   reportError,
}
