package endpoint

import (
	"context"
	"time"
)

// WithDue gives a context under which a [Punctual] endpoint sends its request at an instant that is near, and not before. All
// latencies count from there.
func WithDue(ctx context.Context, at time.Time) context.Context { return &dueContext{ctx, at} }

// Due gives the instant of [WithDue], the zero Time if there is none.
func Due(ctx context.Context) time.Time {
	if at, ok := ctx.Value(dueKey{}).(*time.Time); ok {
		return *at
	}
	return time.Time{}
}

// DispatchTime is when a request that is sent now under ctx is dispatched: now, or when it is due if that comes later.
func DispatchTime(ctx context.Context) time.Time {
	now, due := time.Now(), Due(ctx)
	if now.Before(due) {
		return due
	}
	return now
}

type dueKey struct{}

type dueContext struct {
	context.Context
	at time.Time
}

func (c *dueContext) Value(key any) any {
	if key == (dueKey{}) {
		return &c.at
	}
	return c.Context.Value(key)
}
