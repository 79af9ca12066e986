package endpointtest

import (
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
)

// payload makes what the endpoint makes of a short message, else any object.
func (c *call) payload() endpoint.Payload {
	p := endpoint.JSON(map[string]any{"prompt": "hello", "model": "m"})
	if creator, ok := endpoint.As[endpoint.PayloadCreator](c.e); ok {
		var err error
		if p, err = creator.CreatePayload(64, endpoint.Text("hello")); err != nil {
			c.Fatalf("CreatePayload: %v", err)
		}
	}
	p.Labels = map[string]string{"cell": "1"}
	return p
}

// invoke sends a request and checks what holds of every response.
func (c *call) invoke() {
	c.Helper()
	if c.sent.Body == nil {
		c.sent = c.payload()
	}
	before := time.Now()
	c.r, c.err = c.e.Invoke(c.ctx, c.sent)
	if c.r == nil {
		c.Fatalf("broken rule: there is a response, also beside an error (%v)", c.err)
	}
	r := c.r
	c.rule(r.Dispatched.Equal(before), "Dispatched is when Invoke was called: preparing is not timed and waits for nothing", r.Dispatched.Sub(before))
	c.rule(r.RequestTime.Equal(before.Truncate(time.Microsecond)), "RequestTime is the wall clock at that moment", r.RequestTime)
	c.rule((c.err == nil) == (r.Error == nil), "the error stands in the response too", c.err, r.Error)
	c.rule(r.ID != "", "every response has an id")
	c.rule(!r.End.IsZero() && !r.End.After(time.Now()), "every response has an end", r.End)
	last := time.Duration(0)
	for _, e := range r.Events {
		c.rule(e.At >= last, "events are in order", r.Events)
		last = e.At
	}
	for _, a := range r.Attempts {
		c.attempt(a)
	}
}

// attempt checks that the instants of an attempt are in order.
func (c *call) attempt(a endpoint.Attempt) {
	c.Helper()
	var last time.Time
	for _, at := range []time.Time{c.r.Dispatched, a.Start, a.Ready, a.Written, a.End} {
		if at.IsZero() {
			continue
		}
		c.rule(!at.Before(last), "the instants of an attempt are in order: start, ready, written, end", a)
		last = at
	}
	c.rule(!a.End.IsZero(), "an attempt has an end", a)
	c.rule(c.err != nil || a.Error == nil, "the attempt that succeeded has no error", a.Error)
}

func (c *call) succeeded() {
	c.Helper()
	if c.err != nil {
		c.Fatalf("broken rule: a good answer gives no error: %v", c.err)
	}
}

// failed checks the kind of error.
func (c *call) failed(kinds ...endpoint.ErrorKind) {
	c.Helper()
	if c.err == nil {
		c.Fatal("broken rule: a fault of the server is an error")
	}
	e := endpoint.AsError(c.err)
	c.rule(slices.Contains(kinds, e.Kind), "the error is of the kind "+join(kinds), e)
	c.rule(e.Error() != "", "an error says something")
}

func join(kinds []endpoint.ErrorKind) string {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, " or ")
}

// instant checks that at is want after Dispatched.
func (c *call) instant(name string, at time.Time, want time.Duration, rule string) {
	c.Helper()
	if at.IsZero() {
		c.rule(false, rule, name+" is not set")
		return
	}
	got := at.Sub(c.r.Dispatched)
	c.rule(got == want, rule, name+" is "+got.String()+", want "+want.String())
}

// events checks that every part of the script is an event, stamped when it was sent.
func (c *call) events() {
	c.Helper()
	type event struct {
		At   time.Duration
		Text int
	}
	var want, got []event
	at := time.Duration(0)
	for _, p := range c.script.Parts {
		at += p.After
		want = append(want, event{at, len(p.Text)})
	}
	for _, e := range c.r.Events {
		got = append(got, event{e.At, int(e.Text)})
		c.rule((e.Text > 0) == (e.Tokens > 0), "an event bears tokens if it bears text", e)
	}
	spoken := func(events []event) []event {
		return slices.DeleteFunc(slices.Clone(events), func(e event) bool { return e.Text == 0 })
	}
	c.rule(slices.Equal(spoken(got), spoken(want)), "every event with text is kept, stamped when it was read", got, want)
	c.rule(len(got) >= len(want), "events without text are kept too", got, want)
}

// texts checks that all that was said is in its place.
func (c *call) texts() {
	c.Helper()
	c.rule(c.r.Text == c.script.Text(endpoint.Content), "Text is the visible content, complete", c.r.Text)
	c.rule(c.r.Reasoning == c.script.Text(endpoint.Reasoning), "Reasoning is what was shown of it, complete", c.r.Reasoning)
	c.rule(c.r.Refusal == c.script.Text(endpoint.RefusalText), "Refusal is what the model said when it refused", c.r.Refusal)
}

// kept checks that a failed request keeps what was measured before.
func (c *call) kept() {
	c.Helper()
	if !c.script.Says() {
		return
	}
	c.instant("FirstToken", c.r.FirstToken, c.script.Parts[0].After, "what was measured before a failure is kept")
	c.instant("LastToken", c.r.LastToken, c.script.Duration(), "what was measured before a failure is kept")
	c.texts()
	c.events()
}

var bubble = regexp.MustCompile(`synctest bubble \d+\]`)

// goroutines gives the stacks of the other goroutines of this bubble.
func goroutines() (left []string) {
	stack := make([]byte, 1<<20)
	stack = stack[:runtime.Stack(stack, true)]
	all := strings.Split(string(stack), "\n\n")
	mine := bubble.FindString(all[0])
	for _, g := range all[1:] {
		head, _, _ := strings.Cut(g, "\n")
		if mine != "" && strings.Contains(head, mine) && !strings.Contains(g, "synctest.Test(") && !strings.Contains(g, "testingSynctestTest(") {
			left = append(left, g)
		}
	}
	return left
}
