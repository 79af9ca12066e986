package profiler

import (
	"context"
	"encoding/json"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
)

// Callback records the requests of a run: each is the span of an LLM call with its prompt, the instants of its chunks, its tokens and
// its error. The times are those that the run measured, so a span is recorded when its request has ended. It is a trace of its own,
// or a part of the span that the context of the run belongs to.
func (r *Recorder) Callback() llmeter.Callback { return runCallback{rec: r} }

type runCallback struct {
	llmeter.NopCallback
	rec *Recorder
}

type modelKey struct{}

// BeforeRun notes the name of the model.
func (c runCallback) BeforeRun(ctx context.Context, cfg *llmeter.RunConfig) (context.Context, error) {
	if cfg.Endpoint == nil {
		return ctx, nil
	}
	return context.WithValue(ctx, modelKey{}, cfg.Endpoint.Info().Model), nil
}

// AfterInvoke records the request.
func (c runCallback) AfterInvoke(ctx context.Context, r *llmeter.Response) error {
	if c.rec == nil {
		return nil
	}
	model, _ := ctx.Value(modelKey{}).(string)
	t := fromResponse(r.Seq, model, r)
	end := &t.Steps[len(t.Steps)-1].Payload
	end.Metadata = responseMetadata(r)
	c.rec.record(ctx, model, t)
	return nil
}

// responseMetadata says why a request failed, and what a status asked for.
func responseMetadata(r *endpoint.Response) json.RawMessage {
	if r.Error == nil {
		return nil
	}
	m := map[string]any{}
	if status := r.Status(); status != 0 {
		m[HTTPStatusKey] = status
	}
	if wait := r.Error.RetryAfter; wait > 0 {
		m[RetryAfterKey] = wait.Seconds()
	}
	return (&Outcome{Err: r.Error, Metadata: m}).metadata()
}

// record records the steps of one span that has ended.
func (r *Recorder) record(ctx context.Context, name string, t *Trace) {
	s := r.open(ctx, LLM, name)
	for i := range t.Steps {
		step := &t.Steps[i]
		step.ParentID, step.FunctionAncestry, step.Payload.UUID = s.parentID, s.function, s.uuid
	}
	b := r.scratch()
	b.line = appendLine(b.line, s.trace.id)
	for i := range t.Steps {
		if i > 0 {
			b.line = append(b.line, ',')
		}
		b.line = appendStep(b.line, &t.Steps[i])
	}
	b.line = appendLineEnd(b.line)
	s.shard = b.shard
	r.add(s.shard, b.line)
	r.release(b)
	s.leave()
}
