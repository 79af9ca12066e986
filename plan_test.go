package llmeter_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
)

// prompting is an endpoint that knows the prompts of its payloads.
type prompting struct{ llmeter.Endpoint }

func (prompting) Prompt(p llmeter.Payload) string {
	text, _ := p.Get("prompt")
	return fmt.Sprint(text)
}

// lengths are payloads of prompts with so many words and answers of ten times as many tokens.
func lengths(words ...int) (ps []llmeter.Payload) {
	for _, n := range words {
		prompt := strings.TrimSpace(strings.Repeat("word ", n))
		ps = append(ps, endpoint.JSON(map[string]any{"prompt": prompt, "max_tokens": 10 * n}))
	}
	return ps
}

func TestThePlanOfARunIsWhatItSends(t *testing.T) {
	source := func(yield func(llmeter.Payload, error) bool) {
		for _, p := range lengths(1, 2, 3, 4) {
			if !yield(p, nil) {
				return
			}
		}
	}
	ep := prompting{slow(100 * time.Millisecond)}
	for name, tc := range map[string]struct {
		runner  llmeter.Runner
		sending time.Duration
	}{
		"each payload once per client": {llmeter.Runner{Payloads: lengths(1, 2, 3), Clients: 2}, 0},
		"a part of a round":            {llmeter.Runner{Payloads: lengths(1, 2, 3), Clients: 2, Requests: 4}, 0},
		"a shuffled part of a round":   {llmeter.Runner{Payloads: lengths(1, 2, 3), Clients: 1, Requests: 5, Seed: 3}, 0},
		"a source to its end":          {llmeter.Runner{Source: source, Clients: 3}, 0},
		"a source that is cut":         {llmeter.Runner{Source: source, Clients: 3, Requests: 1}, 0},
		"a source that is too short":   {llmeter.Runner{Source: source, Clients: 3, Requests: 2}, 0},
		"a schedule": {llmeter.Runner{Payloads: lengths(1, 2), Arrivals: load.Constant{Rate: 10, For: time.Second}},
			900 * time.Millisecond},
		"a schedule that is cut": {llmeter.Runner{Payloads: lengths(1, 2), Arrivals: load.Poisson{Rate: 10}, Requests: 7, Seed: 1}, -1},
		"a schedule that ends by its time": {llmeter.Runner{Payloads: lengths(1, 2), Arrivals: load.Constant{Rate: 10},
			Duration: 450 * time.Millisecond}, 400 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				tc.runner.Endpoint = ep
				plan, err := tc.runner.Plan()
				require.NoError(t, err)
				res := run(t, tc.runner)
				require.Equal(t, plan.Requests, res.TotalRequests)
				in, out := 0, 0
				var last time.Duration
				for _, r := range responses(t, res) {
					n, _ := r.Payload.MaxTokens()
					in, out = in+r.InputTokens.N, out+n
					last = max(last, r.Intended.Sub(res.StartTime))
				}
				require.Equal(t, plan.InputTokens, in)
				require.Equal(t, plan.OutputTokens, out)
				if tc.sending < 0 {
					require.Positive(t, plan.Sending)
				} else {
					require.Equal(t, tc.sending, plan.Sending)
				}
			})
		})
	}
}

func TestThePlanSaysWhatItDoesNotKnow(t *testing.T) {
	r := llmeter.Runner{Endpoint: prompting{slow(0)}, Payloads: lengths(1, 3), Duration: time.Minute, OutputPath: "base", RunName: "n"}
	plan, err := r.Plan()
	require.NoError(t, err)
	require.Equal(t, llmeter.Plan{
		RunName: "n", Folder: "base/n", Clients: 1, Sending: time.Minute, InputPerRequest: 2, OutputPerRequest: 20,
	}, plan)

	r.Payloads, r.Duration = []llmeter.Payload{turns(3, 0), lengths(1)[0]}, 0
	plan, err = r.Plan()
	require.NoError(t, err)
	require.Equal(t, llmeter.Plan{RunName: "n", Folder: "base/n", Clients: 1, Requests: 2}, plan, "nobody knows what a conversation will say")

	endless := func(yield func(llmeter.Payload, error) bool) {
		for p := lengths(2)[0]; yield(p, nil); {
		}
	}
	plan, err = llmeter.Runner{Endpoint: prompting{slow(0)}, Source: endless, Arrivals: load.Poisson{Rate: 1}, RunName: "n"}.Plan()
	require.NoError(t, err)
	require.Equal(t, llmeter.Plan{RunName: "n", Arrivals: "poisson 1/s", InputPerRequest: 2, OutputPerRequest: 20}, plan)

	plan, err = llmeter.Runner{Endpoint: slow(0), Payloads: numbered(2), RunName: "n"}.Plan()
	require.NoError(t, err)
	require.Equal(t, llmeter.Plan{RunName: "n", Clients: 1, Requests: 2}, plan, "an endpoint that knows no prompts, payloads without a limit")
}

func TestAPlanThatCannotBeHasTheErrorsOfItsRun(t *testing.T) {
	_, err := llmeter.Runner{Clients: -1}.Plan()
	require.ErrorContains(t, err, "Endpoint is missing")
	require.ErrorContains(t, err, "Clients is negative")
	_, err = llmeter.Runner{Endpoint: slow(0), PayloadPath: "nowhere.jsonl"}.Plan()
	require.ErrorContains(t, err, "nowhere.jsonl")
	broken := func(yield func(llmeter.Payload, error) bool) { yield(llmeter.Payload{}, errors.New("dry")) }
	_, err = llmeter.Runner{Endpoint: slow(0), Source: broken}.Plan()
	require.EqualError(t, err, "source of payloads: dry")
}
