package mock_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/mock"
)

// inBubble runs f with a server and a client in a synctest bubble; leaving it checks that no goroutine is left.
func inBubble(t *testing.T, o mock.Options, f func(t *testing.T, c *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := mock.New(o)
		require.NoError(t, err)
		defer s.Close()
		f(t, &client{s, s.Client(), s.URL})
	})
}

type client struct {
	*mock.Server
	http *http.Client
	url  string
}

// An arrival is one event of a stream as a client saw it.
type arrival struct {
	at   time.Duration // since the request was sent
	name string
	data string
}

// A reply is an answer as a client saw it; err is what ended reading it early.
type reply struct {
	status   int
	header   http.Header
	answered time.Duration // the headers came
	events   []arrival
	body     string
	at       time.Duration // the end
	err      error
}

var paths = map[mock.API]string{
	mock.Chat:        "/v1/chat/completions",
	mock.Completions: "/v1/completions",
	mock.Responses:   "/v1/responses",
	mock.Embeddings:  "/v1/embeddings",
}

// request returns a body that asks for an answer, a stream with usage, with further or other members as "key":value.
func request(api mock.API, stream bool, members ...string) string {
	body := object{"model": "m"}
	switch prompt := "three little words"; api {
	case mock.Chat:
		body["messages"] = []object{{"role": "user", "content": prompt}}
	case mock.Completions:
		body["prompt"] = prompt
	default:
		body["input"] = prompt
	}
	if stream {
		body["stream"], body["stream_options"] = true, object{"include_usage": true}
	}
	if err := json.Unmarshal([]byte("{"+strings.Join(members, ",")+"}"), &body); err != nil {
		panic(err)
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (c *client) do(ctx context.Context, api mock.API, body string) reply {
	begin := time.Now()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+paths[api], strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return reply{err: err, at: time.Since(begin)}
	}
	defer resp.Body.Close()
	re := reply{status: resp.StatusCode, header: resp.Header, answered: time.Since(begin)}
	var text strings.Builder
	var event arrival
	lines := bufio.NewReader(io.TeeReader(resp.Body, &text))
	for {
		line, err := lines.ReadString('\n')
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			event.name = strings.TrimSpace(name)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			event.data = strings.TrimSuffix(data, "\n")
		}
		if line == "\n" && event.data != "" {
			event.at = time.Since(begin)
			re.events = append(re.events, event)
			event = arrival{}
		}
		if err != nil {
			if err != io.EOF {
				re.err = err
			}
			re.body, re.at = text.String(), time.Since(begin)
			return re
		}
	}
}

func (c *client) stream(t *testing.T, api mock.API, members ...string) reply {
	return c.do(t.Context(), api, request(api, true, members...))
}

func (c *client) whole(t *testing.T, api mock.API, members ...string) reply {
	return c.do(t.Context(), api, request(api, false, members...))
}

// object is JSON without a type.
type object = map[string]any

func decode(t *testing.T, data string) object {
	t.Helper()
	var o object
	require.NoError(t, json.Unmarshal([]byte(data), &o), data)
	return o
}

// pick follows keys and, for lists, takes the first element; nil if there is none.
func pick(v any, keys ...string) any {
	for _, key := range keys {
		if list, ok := v.([]any); ok {
			if len(list) == 0 {
				return nil
			}
			v = list[0]
		}
		m, ok := v.(object)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// said is the text that an event of any API carries, whatever it is, and its kind.
func said(t *testing.T, e arrival) (text string, kind mock.EventKind) {
	t.Helper()
	if e.data == "[DONE]" {
		return "", mock.KindOther
	}
	o := decode(t, e.data)
	delta := pick(o, "choices", "delta")
	for _, c := range []struct {
		kind mock.EventKind
		v    any
	}{
		{mock.KindContent, pick(delta, "content")},
		{mock.KindContent, pick(o, "choices", "text")},
		{mock.KindReasoning, pick(delta, "reasoning_content")},
		{mock.KindReasoning, pick(delta, "reasoning")},
		{mock.KindRefusal, pick(delta, "refusal")},
		{mock.KindToolCall, pick(delta, "tool_calls", "function", "arguments")},
	} {
		if s, _ := c.v.(string); s != "" {
			return s, c.kind
		}
	}
	kinds := map[string]mock.EventKind{
		"response.output_text.delta":             mock.KindContent,
		"response.reasoning_text.delta":          mock.KindReasoning,
		"response.refusal.delta":                 mock.KindRefusal,
		"response.function_call_arguments.delta": mock.KindToolCall,
	}
	if kind, ok := kinds[e.name]; ok {
		text, _ := o["delta"].(string)
		return text, kind
	}
	return "", mock.KindOther
}

// tokens are the events that carry text.
func (r reply) tokens(t *testing.T) []arrival {
	var list []arrival
	for _, e := range r.events {
		if text, _ := said(t, e); text != "" {
			list = append(list, e)
		}
	}
	return list
}

func (r reply) text(t *testing.T, kind mock.EventKind) string {
	var b strings.Builder
	for _, e := range r.events {
		if text, k := said(t, e); k == kind {
			b.WriteString(text)
		}
	}
	return b.String()
}

var (
	allAPIs     = []mock.API{mock.Chat, mock.Completions, mock.Responses, mock.Embeddings}
	streamsAPIs = allAPIs[:3]
)
