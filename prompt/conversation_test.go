package prompt

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

func TestConversationGrowsByAnswerAndNextMessage(t *testing.T) {
	first := endpoint.Payload{
		Body:   []byte(`{"messages": [{"role": "system", "content": "s"}, {"role":"user", "content":"u0"}], "max_tokens": 8}`),
		Labels: map[string]string{"k": "v"},
	}
	messages := []string{"u1", `u2 "<&>"`}
	p, err := Conversation(first, 2*time.Second, messages...)
	require.NoError(t, err)
	messages[0] = "the caller's slice is the caller's"
	require.Equal(t, first.Body, p.Body)

	for range 2 { // the same payload is sent again and again
		second, wait, ok := p.Next(&endpoint.Response{Text: "a0"})
		require.True(t, ok)
		require.Equal(t, 2*time.Second, wait)
		require.Equal(t, first.Labels, second.Labels)
		require.Equal(t, `{"messages": [{"role": "system", "content": "s"}, {"role":"user", "content":"u0"}, `+
			`{"role":"assistant","content":"a0"}, {"role":"user","content":"u1"}], "max_tokens": 8}`, string(second.Body))

		third, _, ok := second.Next(&endpoint.Response{Text: "", Refusal: "no"})
		require.True(t, ok)
		tail, ok := strings.CutPrefix(string(third.Body), strings.TrimSuffix(string(second.Body), `], "max_tokens": 8}`))
		require.True(t, ok, "what was sent before stays as it was, byte for byte")
		require.Equal(t, `, {"role":"assistant","content":"no"}, {"role":"user","content":"u2 \"<&>\""}], "max_tokens": 8}`, tail)
		require.Nil(t, third.Next)
	}
}

func TestConversationEndsWithAFailedTurn(t *testing.T) {
	p, err := Conversation(endpoint.Payload{Body: []byte(`{"messages": [{}]}`)}, 0, "more")
	require.NoError(t, err)
	_, _, ok := p.Next(&endpoint.Response{Error: &endpoint.Error{Kind: endpoint.KindTimeout}})
	require.False(t, ok)
}

func TestConversationNeedsMessages(t *testing.T) {
	for _, body := range []string{``, `{}`, `{"messages": "x"}`, `{"messages": []}`, `{"input": "x"}`} {
		_, err := Conversation(endpoint.Payload{Body: []byte(body)}, 0, "more")
		require.EqualError(t, err, `conversation: the payload has no array "messages"`)
	}
	p, err := Conversation(endpoint.Payload{Body: []byte(`{"messages": [{}]}`)}, 0)
	require.NoError(t, err)
	require.Nil(t, p.Next)
}

func TestConversationRunsThroughAnEndpoint(t *testing.T) {
	e := endpoint.New(endpoint.Info{Name: "echo"}, func(_ context.Context, p endpoint.Payload) (*endpoint.Response, error) {
		var body struct{ Messages []message }
		if err := json.Unmarshal(p.Body, &body); err != nil {
			return nil, err
		}
		return &endpoint.Response{Text: fmt.Sprintf("%d messages", len(body.Messages))}, nil
	})
	first, err := chat{}.CreatePayload(8, endpoint.Text("hi"))
	require.NoError(t, err)
	p, err := Conversation(first, 0, "and?", "so?")
	require.NoError(t, err)
	var answers []string
	for next, ok := &p, true; ok; {
		r, err := e.Invoke(t.Context(), *next)
		require.NoError(t, err)
		answers = append(answers, r.Text)
		if next.Next == nil {
			break
		}
		next, _, ok = next.Next(r)
	}
	require.Equal(t, []string{"1 messages", "3 messages", "5 messages"}, answers)
}
