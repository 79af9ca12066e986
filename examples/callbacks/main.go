// Callbacks shows the four hooks: one makes every prompt unique so that no cache answers it, one adds up what the run costs
// and ends it when the budget is spent.
package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/report"
)

// unique numbers the requests, so that no two prompts are alike. BeforeInvoke is called by many clients at once.
type unique struct {
	llmeter.NopCallback
	n *atomic.Int64
}

func (u unique) BeforeInvoke(ctx context.Context, p *llmeter.Payload) (context.Context, error) {
	content, _ := p.Get("messages", "0", "content")
	return ctx, p.Set(fmt.Sprintf("[%d] %v", u.n.Add(1), content), "messages", "0", "content")
}

// budget ends the run when its answers have cost enough. AfterInvoke is never called concurrently.
func budget(dollars, perMillionTokens float64) llmeter.Callback {
	spent := 0.0
	return llmeter.Hooks{
		AfterInvokeFunc: func(_ context.Context, r *llmeter.Response) error {
			cost := float64(r.OutputTokens.N) * perMillionTokens / 1e6
			spent += cost
			if r.Annotations == nil {
				r.Annotations = map[string]any{}
			}
			r.Annotations["cost"] = cost
			if spent >= dollars {
				return llmeter.ErrStop
			}
			return nil
		},
		AfterRunFunc: func(_ context.Context, res *llmeter.Result) error {
			return res.Contribute("cost_total", spent)
		},
	}
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	server, err := mock.Start(mock.Options{Tokens: mock.Fixed(50)})
	if err != nil {
		return err
	}
	defer server.Close()
	ep := &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: server.URL + "/v1"}
	payload, err := ep.CreatePayload(100, endpoint.Text("How much is the fish?"))
	if err != nil {
		return err
	}
	res, err := llmeter.Runner{
		Endpoint:  ep,
		Payloads:  []llmeter.Payload{payload},
		Clients:   2,
		Requests:  1000,
		Callbacks: []llmeter.Callback{unique{n: new(atomic.Int64)}, budget(0.05, 15)},
	}.Run(ctx)
	if err != nil {
		return err
	}
	cost, _ := res.Stats().Lookup("cost_total")
	fmt.Printf("spent $%.4f in %d of 2,000 requests\n\n", cost, res.TotalRequests)
	return report.Text(os.Stdout, res)
}
