// Package endpointtest checks that an endpoint measures what it should, exactly. It is to endpoints what
// testing/fstest is to file systems:
//
//	func TestConformance(t *testing.T) {
//		endpointtest.Run(t, func(t *testing.T, s endpointtest.Script) endpoint.Endpoint {
//			dial := endpointtest.Serve(t, s.Handler(format)) // the provider's wire format
//			client, err := transport.New(transport.Options{DialContext: dial})
//			…
//			return &myprovider.StreamEndpoint{URL: "http://test", Key: s.Key, Client: client}
//		})
//	}
//
// The suite writes the script of what a model says and how it fails; the adapter renders it in the provider's way and
// gives the endpoint that asks it. Each check runs in a testing/synctest bubble, in which time is exact, and a failure
// explains the rule that was broken. An adapter skips a script that its API cannot render: t.Skip("no reasoning").
//
// The package knows the contract of package endpoint. It knows no provider.
package endpointtest

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/llmeter-go/llmeter/endpoint"
)

// Run checks the endpoint that adapter makes for each script. The adapter is called inside a bubble: all that it starts
// must be made there, and ended by t.Cleanup. The suite closes the endpoint.
func Run(t *testing.T, adapter func(t *testing.T, s Script) endpoint.Endpoint) {
	streamed := false
	if !t.Run("Answers", func(t *testing.T) {
		s := &suite{adapter: adapter}
		s.run(t, Script{Parts: []Part{{After: ms}}}, func(c *call) {
			c.invoke()
			c.succeeded()
			c.rule(c.r.Streamed == (len(c.r.Events) > 0), "Streamed is true for answers that come in events, which are kept in Events")
			streamed = c.r.Streamed
		})
	}) {
		return
	}
	s := &suite{adapter: adapter, streamed: streamed}
	for _, check := range checks {
		if check.streams && !streamed || check.wholes && streamed {
			continue
		}
		t.Run(check.name, func(t *testing.T) { check.run(s, t) })
	}
}

// A suite checks one endpoint.
type suite struct {
	adapter  func(t *testing.T, s Script) endpoint.Endpoint
	streamed bool
}

// run checks one script in a bubble of its own.
func (s *suite) run(t *testing.T, script Script, check func(*call)) {
	t.Helper()
	if script.Finish == "" {
		script.Finish = "stop"
	}
	if script.Key == "" {
		script.Key = "sk-endpointtest-0123456789abcdef"
	}
	skipped := false
	synctest.Test(t, func(t *testing.T) {
		t.Cleanup(func() { // the last of all cleanups
			skipped = t.Skipped()
			noGoroutines(t)
		})
		e := s.adapter(t, script)
		if e == nil {
			t.Fatal("the adapter gave no endpoint")
		}
		t.Cleanup(func() {
			if err := endpoint.Close(e); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		check(&call{T: t, e: e, script: script, ctx: t.Context()})
	})
	if skipped {
		t.SkipNow() // the bubble's test was skipped, with its reason; without this its parent would pass
	}
}

// A call is one request and what came back.
type call struct {
	*testing.T
	e      endpoint.Endpoint
	script Script
	ctx    context.Context

	sent endpoint.Payload
	r    *endpoint.Response
	err  error
}

// rule fails the test with the rule if it is broken.
func (c *call) rule(holds bool, rule string, got ...any) {
	c.Helper()
	if holds {
		return
	}
	c.Errorf("broken rule: %s", rule)
	for _, g := range got {
		c.Logf("  got: %+v", g)
	}
}
