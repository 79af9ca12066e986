package llmeter

import (
	"context"
	"errors"
	"fmt"
)

// A Callback takes part in a run. Callbacks are called in the order in which they stand in [Runner.Callbacks].
// Embed [NopCallback] to write only the hooks you need, or use [Hooks].
type Callback interface {
	// BeforeRun is called once, before anything is sent or written. Every edit of cfg reaches the load, the requests,
	// the Result and the files. The context that it returns is the run's: state for one run lives in it. An error
	// means that there is no run; AfterRun is then called for no callback.
	BeforeRun(ctx context.Context, cfg *RunConfig) (context.Context, error)

	// BeforeInvoke is called before each request, outside its timing. It may edit p, which is a copy; p's bytes are
	// replaced (as [endpoint.Payload.Set] does), never written into. The context that it returns goes to Invoke and to
	// AfterInvoke. Clients call it concurrently. An error makes this request fail with kind "callback".
	BeforeInvoke(ctx context.Context, p *Payload) (context.Context, error)

	// AfterInvoke is called with every finished response, failed ones too, in the order in which they finished. It may
	// edit r: its edits are in the statistics and in the files. It is never called concurrently with itself in one run.
	// An error ends the run: what is in flight is aborted, all is saved, and the run returns the error.
	AfterInvoke(ctx context.Context, r *Response) error

	// AfterRun is called once with the finished Result, before it is saved, also after an interrupted run.
	// Its error is returned beside the Result; the other callbacks are called all the same.
	AfterRun(ctx context.Context, res *Result) error
}

// NopCallback is a Callback that does nothing, to be embedded.
type NopCallback struct{}

var _ Callback = NopCallback{}

// BeforeRun does nothing.
func (NopCallback) BeforeRun(ctx context.Context, _ *RunConfig) (context.Context, error) {
	return ctx, nil
}

// BeforeInvoke does nothing.
func (NopCallback) BeforeInvoke(ctx context.Context, _ *Payload) (context.Context, error) {
	return ctx, nil
}

// AfterInvoke does nothing.
func (NopCallback) AfterInvoke(context.Context, *Response) error { return nil }

// AfterRun does nothing.
func (NopCallback) AfterRun(context.Context, *Result) error { return nil }

// Hooks is a Callback without a type of its own: any of its functions may be nil.
type Hooks struct {
	BeforeRunFunc    func(ctx context.Context, cfg *RunConfig) (context.Context, error)
	BeforeInvokeFunc func(ctx context.Context, p *Payload) (context.Context, error)
	AfterInvokeFunc  func(ctx context.Context, r *Response) error
	AfterRunFunc     func(ctx context.Context, res *Result) error
}

var _ Callback = Hooks{}

// BeforeRun calls BeforeRunFunc.
func (h Hooks) BeforeRun(ctx context.Context, cfg *RunConfig) (context.Context, error) {
	if h.BeforeRunFunc == nil {
		return ctx, nil
	}
	return h.BeforeRunFunc(ctx, cfg)
}

// BeforeInvoke calls BeforeInvokeFunc.
func (h Hooks) BeforeInvoke(ctx context.Context, p *Payload) (context.Context, error) {
	if h.BeforeInvokeFunc == nil {
		return ctx, nil
	}
	return h.BeforeInvokeFunc(ctx, p)
}

// AfterInvoke calls AfterInvokeFunc.
func (h Hooks) AfterInvoke(ctx context.Context, r *Response) error {
	if h.AfterInvokeFunc == nil {
		return nil
	}
	return h.AfterInvokeFunc(ctx, r)
}

// AfterRun calls AfterRunFunc.
func (h Hooks) AfterRun(ctx context.Context, res *Result) error {
	if h.AfterRunFunc == nil {
		return nil
	}
	return h.AfterRunFunc(ctx, res)
}

// ProcessBeforeInvoke gives the payload that would be sent for p after the BeforeInvoke hooks of cbs, in their order.
// p itself is not changed.
func ProcessBeforeInvoke(ctx context.Context, cbs []Callback, p Payload) (Payload, error) {
	p, _, err := beforeInvoke(ctx, cbs, p.Clone())
	return p, err
}

func beforeInvoke(ctx context.Context, cbs []Callback, p Payload) (Payload, context.Context, error) {
	for _, cb := range cbs {
		next, err := cb.BeforeInvoke(ctx, &p)
		if next != nil {
			ctx = next
		}
		if err != nil {
			return p, ctx, hookError(cb, "BeforeInvoke", err)
		}
	}
	return p, ctx, nil
}

func hookError(cb Callback, hook string, err error) error {
	if errors.Is(err, ErrStop) {
		return err
	}
	return fmt.Errorf("%s of %T: %w", hook, cb, err)
}
