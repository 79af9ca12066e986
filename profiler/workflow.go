package profiler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"
)

// The files that RunPrompts adds to those of a profile.
const (
	recordingFile = "recording.jsonl" // while the workflows run; afterwards its content is in tracesFile
	usageFile     = "all_requests_usage_statistics.json"
	usageDir      = "usage_statistics"
)

const defaultConcurrency = 8 // NAT's max_concurrency

// RunPrompts runs a workflow once for each prompt, records it, and profiles the recording as [Runner.Run] does. The context of a
// workflow has the recorder and a span of category Workflow: what it does with [Start], with the functions of [TrackFunction], or
// over HTTP through a record.Transport, is recorded below that. Requests have the numbers of their prompts.
//
// A workflow that fails is data: its span has failed, its error is in the usage statistics, and the others go on. No more than
// Concurrency run at once. The results hold the usage of each request, which is also written to a file of its own, named
// usage_statistics/request_N.json, and together as all_requests_usage_statistics.json.
//
// When ctx ends, no further workflow starts. What has been recorded until then is profiled all the same, and returned beside the cause.
// If the program is killed, recording.jsonl in the output folder, which [Read] reads, has what was recorded.
func (r Runner) RunPrompts(ctx context.Context, prompts []string, workflow func(ctx context.Context, prompt string) (string, error)) (*Results, error) {
	if err := errors.Join(r.validate(), validatePrompts(r, prompts)); err != nil {
		return nil, err
	}
	store, err := r.openRecording()
	if err != nil {
		return nil, err
	}
	rec := NewRecorder(store)
	w := played{requests: make([]RequestUsage, len(prompts)), byUUID: map[string]int{}}
	ids := make([]string, len(prompts))
	group := new(errgroup.Group)
	group.SetLimit(r.concurrency())
	for i, prompt := range prompts {
		group.Go(func() error { // waits for its turn
			if ctx.Err() == nil {
				ids[i], w.requests[i] = play(NewContext(ctx, rec), prompt, workflow)
			}
			return nil
		})
	}
	_ = group.Wait() // its functions return no errors
	if err := rec.Close(); err != nil {
		_ = store.Close()
		return nil, fmt.Errorf("%s: %w", recordingFile, err)
	}
	for i, id := range ids {
		if id != "" {
			w.byUUID[id] = i
		}
	}
	return r.profile(ctx, store, &w)
}

func validatePrompts(r Runner, prompts []string) (err error) {
	if len(prompts) == 0 {
		err = errors.New("profiler: no prompts")
	}
	if r.Concurrency < 0 {
		err = errors.Join(err, fmt.Errorf("profiler: Concurrency %d must not be negative", r.Concurrency))
	}
	return err
}

func (r Runner) concurrency() int {
	if r.Concurrency == 0 {
		return defaultConcurrency
	}
	return r.Concurrency
}

// play runs the workflow for one prompt, and gives the UUID of its span.
func play(ctx context.Context, prompt string, workflow func(context.Context, string) (string, error)) (string, RequestUsage) {
	usage := RequestUsage{Prompt: prompt}
	ctx, span := Start(ctx, Workflow, "workflow", prompt)
	var err error
	if usage.Output, err = workflow(ctx, prompt); err != nil {
		usage.Error = errorText(err)
	}
	span.End(Outcome{Output: usage.Output, Err: err})
	return span.UUID(), usage
}

// played are workflows that have run.
type played struct {
	requests []RequestUsage // by prompt
	byUUID   map[string]int // the prompt of a workflow's span
}

// profile profiles the recording, and adds what was used.
func (r Runner) profile(ctx context.Context, store recordingStore, w *played) (*Results, error) {
	recording, err := store.reader()
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	results, err := r.Run(context.WithoutCancel(ctx), w.number(Read(recording, recordingFile)))
	if closeErr := store.Close(); err == nil {
		err = closeErr
	}
	if results == nil {
		return nil, err
	}
	results.Usage = w.usage(results.Requests)
	out := output{dir: r.OutputDir, off: r.NoOutput}
	out.usage(results.Usage)
	err = errors.Join(append(out.errs, err)...)
	if err == nil && !r.NoOutput {
		err = os.Remove(filepath.Join(r.OutputDir, recordingFile))
	}
	if ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	return results, err
}

// number gives traces the numbers of their prompts and puts them in that order: one that ended early waits for those before it. What a
// workflow has left running beyond its end comes behind them.
func (w *played) number(traces iter.Seq2[*Trace, error]) iter.Seq2[*Trace, error] {
	return func(yield func(*Trace, error) bool) {
		due := slices.Sorted(maps.Values(w.byUUID))
		waiting := map[int]*Trace{}
		next := len(w.requests)
		for t, err := range traces {
			if err != nil {
				if !yield(t, err) {
					return
				}
				continue
			}
			n, ok := w.prompt(t)
			if !ok {
				n = next
				next++
			}
			t.Number = n
			waiting[n] = t
			for len(due) > 0 && waiting[due[0]] != nil {
				if !yield(waiting[due[0]], nil) {
					return
				}
				delete(waiting, due[0])
				due = due[1:]
			}
		}
		for _, n := range slices.Sorted(maps.Keys(waiting)) {
			if !yield(waiting[n], nil) {
				return
			}
		}
	}
}

func (w *played) prompt(t *Trace) (int, bool) {
	for i := range t.Steps {
		if t.Steps[i].Payload.EventType == WorkflowStart {
			if n, ok := w.byUUID[t.Steps[i].Payload.UUID]; ok {
				return n, true
			}
		}
	}
	return 0, false
}

// A recordingStore is where a recording is until it is profiled.
type recordingStore interface {
	io.WriteCloser
	reader() (io.Reader, error) // from its beginning
}

func (r Runner) openRecording() (recordingStore, error) {
	if r.NoOutput {
		return new(memoryRecording), nil
	}
	if err := os.MkdirAll(r.OutputDir, 0o777); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(r.OutputDir, recordingFile))
	return fileRecording{f}, err
}

type fileRecording struct{ *os.File }

func (f fileRecording) reader() (io.Reader, error) {
	_, err := f.Seek(0, io.SeekStart)
	return f.File, err
}

type memoryRecording struct{ bytes.Buffer }

func (m *memoryRecording) reader() (io.Reader, error) { return &m.Buffer, nil }

// Close does nothing.
func (m *memoryRecording) Close() error { return nil }
