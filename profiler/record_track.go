package profiler

import (
	"context"
	"errors"
	"iter"
	"time"
)

// ErrPanic is the failure of a span whose function has panicked.
var ErrPanic = errors.New("panic")

// TrackFunction gives a function that does what fn does and records each call as a UserSpan: what goes in at its start, and what comes
// out, or the error, at its end. A nil recorder is the one of the context of the call, if there is one. It is NAT's track_function.
func TrackFunction[In, Out any](r *Recorder, name string, fn func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (out Out, err error) {
		ctx, span := r.orOf(ctx).Start(ctx, UserSpan, name, in)
		err = ErrPanic
		defer func() {
			o := Outcome{Err: err}
			if err == nil {
				o.Output = out
			}
			span.End(o)
		}()
		return fn(ctx, in)
	}
}

// TrackStream is [TrackFunction] for a function whose results come one by one: each is recorded as a SPAN_CHUNK when it comes. A span
// starts when the sequence is gone through, and again each time; it ends when the sequence or its reader does. It fails with
// the last error, if that ends the sequence.
func TrackStream[In, Out any](r *Recorder, name string, fn func(context.Context, In) iter.Seq2[Out, error]) func(context.Context, In) iter.Seq2[Out, error] {
	return func(ctx context.Context, in In) iter.Seq2[Out, error] {
		return func(yield func(Out, error) bool) {
			ctx, span := r.orOf(ctx).Start(ctx, UserSpan, name, in)
			last := ErrPanic
			defer func() { span.End(Outcome{Err: last}) }()
			var failed error
			for out, err := range fn(ctx, in) {
				if failed = err; err == nil {
					span.chunkValue(out)
				}
				if !yield(out, err) {
					break
				}
			}
			last = failed
		}
	}
}

// TrackSeq is [TrackStream] for a sequence without errors.
func TrackSeq[In, Out any](r *Recorder, name string, fn func(context.Context, In) iter.Seq[Out]) func(context.Context, In) iter.Seq[Out] {
	tracked := TrackStream(r, name, func(ctx context.Context, in In) iter.Seq2[Out, error] {
		return func(yield func(Out, error) bool) {
			for out := range fn(ctx, in) {
				if !yield(out, nil) {
					return
				}
			}
		}
	})
	return func(ctx context.Context, in In) iter.Seq[Out] {
		return func(yield func(Out) bool) {
			for out := range tracked(ctx, in) {
				if !yield(out) {
					return
				}
			}
		}
	}
}

// orOf is the recorder, or that of the context if it is nil.
func (r *Recorder) orOf(ctx context.Context) *Recorder {
	if r == nil {
		return FromContext(ctx)
	}
	return r
}

// chunkValue records any value as a piece.
func (s *OpenSpan) chunkValue(v any) {
	if s == nil {
		return
	}
	at := time.Now()
	b := s.rec.scratch()
	b.value = appendValue(b.value, v)
	s.chunk(at, b)
}
