package llmeter_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
)

// prompted answers at once, and tells prompts as another endpoint does.
type prompted struct {
	endpoint.Endpoint
	endpoint.Prompter
	asked *atomic.Int64
}

func (p prompted) Prompt(of endpoint.Payload) string {
	p.asked.Add(1)
	return p.Prompter.Prompt(of)
}

func newPrompted(report endpoint.Count) prompted {
	answer := func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		return &endpoint.Response{Text: "fine", InputTokens: report, OutputTokens: endpoint.Counted(1)}, nil
	}
	return prompted{endpoint.New(endpoint.Info{Name: "n"}, answer), &openai.CompletionEndpoint{}, new(atomic.Int64)}
}

func chats(n, words int) (payloads []llmeter.Payload) {
	for i := range n {
		text := fmt.Sprint("prompt ", i, strings.Repeat(" word", words))
		payloads = append(payloads, endpoint.JSON(map[string]any{"messages": []any{map[string]any{"role": "user", "content": text}}}))
	}
	return payloads
}

func TestThePromptOfAPayloadIsLookedForOnce(t *testing.T) {
	for name, edit := range map[string]bool{"as given": false, "edited by a hook": true} {
		e := newPrompted(endpoint.Count{})
		r := llmeter.Runner{Endpoint: e, Payloads: chats(3, 4), Clients: 4, Requests: 6}
		if edit {
			r.Callbacks = []llmeter.Callback{llmeter.Hooks{BeforeInvokeFunc: func(ctx context.Context, p *llmeter.Payload) (context.Context, error) {
				return ctx, p.Set("user", "name")
			}}}
		}
		for _, response := range responses(t, run(t, r)) {
			require.Regexp(t, `^prompt \d word word word word$`, response.Prompt, name)
			require.Equal(t, endpoint.Count{N: 6, Source: endpoint.ByTokenizer}, response.InputTokens, name)
			text, _ := response.Payload.Get("messages", "0", "content")
			require.Equal(t, text, response.Prompt, name)
		}
		require.Equal(t, map[bool]int64{false: 3, true: 24}[edit], e.asked.Load(), name)
	}
}

func TestPromptsOfPayloadsThatAllDifferAreForgotten(t *testing.T) {
	e := newPrompted(endpoint.Counted(7))
	r := llmeter.Runner{Endpoint: e, Payloads: chats(6, 200_000), Requests: 12} // 1 MB each
	for _, response := range responses(t, run(t, r)) {
		require.Len(t, response.Prompt, len("prompt 0")+5*200_000)
		require.Equal(t, endpoint.Counted(7), response.InputTokens)
	}
	require.Greater(t, e.asked.Load(), int64(6))
}

// BenchmarkCollect measures a whole request to an endpoint that answers at once and does not report its input tokens.
func BenchmarkCollect(b *testing.B) {
	r := llmeter.Runner{Endpoint: newPrompted(endpoint.Count{}), Payloads: chats(64, 500), Requests: b.N}
	b.ReportAllocs()
	_, err := r.Run(b.Context())
	require.NoError(b, err)
}
