package result

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/eventlog"
	"github.com/llmeter-go/llmeter/internal/queue"
	"github.com/llmeter-go/llmeter/store"
)

// ErrExists is matched by the error of a folder that already holds a run.
var ErrExists = errors.New("the folder already holds a run")

const (
	flushEvery = 250 * time.Millisecond
	flushAt    = 1 << 20 // bytes
)

// A Writer saves a run while it goes on: [Writer.Begin] before the first request, [Writer.Add] for each response,
// [Writer.Close] at the end. What was added is in the store a quarter of a second later, so that a program that is
// killed loses no more than that, and the folder can be loaded.
type Writer struct {
	ctx       context.Context // of the store; never done, so that an aborted run is saved
	store     store.Store
	folder    string
	responses recordFile
	events    recordFile

	start time.Time
	queue queue.Queue[item]
	done  chan struct{} // closed when the queue has been written; nil before Begin

	record     eventlog.Response // scratch
	incomplete int               // responses of which something could not be written as JSON
	problem    error             // the first of them
}

// An item is a response to be saved, or a request to say when everything before it is.
type item struct {
	response *endpoint.Response
	flushed  chan<- struct{}
}

// NewWriter prepares a folder for a run. It fails if the folder already holds one, with an error that matches
// [ErrExists], unless overwrite says to remove its files; and if nothing can be written there.
func NewWriter(ctx context.Context, st store.Store, folder string, overwrite bool) (*Writer, error) {
	if err := clearFolder(ctx, st, folder, overwrite); err != nil {
		return nil, err
	}
	return openWriter(ctx, st, folder)
}

func openWriter(ctx context.Context, st store.Store, folder string) (*Writer, error) {
	w := &Writer{ctx: context.WithoutCancel(ctx), store: st, folder: folder}
	if err := w.open(&w.responses, responsesFile); err != nil {
		return nil, err
	}
	if err := w.open(&w.events, eventsFile); err != nil {
		return nil, errors.Join(err, w.responses.close())
	}
	return w, nil
}

// clearFolder makes sure that the folder holds no run.
func clearFolder(ctx context.Context, st store.Store, folder string, overwrite bool) error {
	names, err := st.List(ctx, folder)
	if err != nil {
		return err
	}
	for _, name := range allFiles {
		if !slices.Contains(names, name) {
			continue
		}
		if !overwrite {
			return fmt.Errorf("%s: %w: %s is there", folder, ErrExists, name)
		}
		if err := st.Remove(ctx, join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) path(name string) string { return join(w.folder, name) }

func (w *Writer) open(f *recordFile, name string) (err error) {
	f.name = w.path(name)
	f.w, err = w.store.Create(w.ctx, f.name)
	return err
}

// Begin writes what is known before the first request: the payloads, and config as run_config.json. start is the
// run's, with its monotonic reading: the zero of the event log. It is called once, before the first Add.
func (w *Writer) Begin(start time.Time, payloads []endpoint.Payload, config any) error {
	if err := w.writePayloads(payloads); err != nil {
		return err
	}
	data, err := encode(config, "    ")
	if err != nil {
		return fmt.Errorf("%s: %w", w.path(configFile), err)
	}
	if err := w.store.WriteFile(w.ctx, w.path(configFile), data); err != nil {
		return err
	}
	w.begin(start)
	return nil
}

func (w *Writer) writePayloads(payloads []endpoint.Payload) error {
	f, err := w.store.Create(w.ctx, w.path(payloadFile))
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	for i, p := range payloads {
		line, err := appendBody(b.AvailableBuffer(), p.Body)
		if err != nil {
			return errors.Join(fmt.Errorf("%s: payload %d: %w", w.path(payloadFile), i, err), f.Close())
		}
		_, _ = b.Write(append(line, '\n')) // Flush repeats the error
	}
	return errors.Join(b.Flush(), f.Close())
}

func (w *Writer) begin(start time.Time) {
	w.start, w.done = start, make(chan struct{})
	w.events.buf = eventlog.AppendHeader(w.events.buf, start)
	go w.write()
}

// Add saves a response, a cancelled one in the event log alone. It never waits for the store, and keeps r until it is
// written: r must not be changed after. After Close it does nothing.
func (w *Writer) Add(r *endpoint.Response) { w.queue.Push(item{response: r}) }

// Flush waits until the store has everything that was added before.
func (w *Writer) Flush() {
	if w.done == nil {
		return
	}
	flushed := make(chan struct{})
	w.queue.Push(item{flushed: flushed})
	select {
	case <-flushed:
	case <-w.done:
	}
}

// write encodes what is in the queue, and flushes when the oldest of it has waited long enough.
func (w *Writer) write() {
	defer close(w.done)
	for {
		next, ok := w.queue.Pop(w.ctx)
		if !ok {
			return
		}
		due, cancel := context.WithTimeout(w.ctx, flushEvery)
		for ok && w.save(next) && due.Err() == nil {
			next, ok = w.queue.Pop(due)
		}
		cancel()
		w.responses.flush()
		w.events.flush()
		if next.flushed != nil {
			close(next.flushed)
		}
	}
}

// save appends a response to the buffers. It reports whether they may grow further.
func (w *Writer) save(next item) bool {
	r := next.response
	if r == nil {
		return false
	}
	record(&w.record, w.start, r)
	w.events.buf = eventlog.AppendResponse(w.events.buf, w.start, &w.record)
	w.events.commit()
	if !r.Cancelled() {
		var err error
		if w.responses.buf, err = appendLine(w.responses.buf, r); err != nil {
			if w.incomplete++; w.incomplete == 1 {
				w.problem = fmt.Errorf("request %d: %w", r.Seq, err)
			}
		}
		w.responses.commit()
	}
	return len(w.responses.buf)+len(w.events.buf) < flushAt
}

// Close writes what is still waiting, and then the files that res is told by: summary.json, stats.json and
// llmeter.json; none of them if res is nil. Its error says what is not saved, file by file; everything else is.
func (w *Writer) Close(res *Result) error {
	w.queue.Close()
	if w.done != nil {
		<-w.done
	}
	errs := []error{w.responses.close(), w.events.close()}
	if w.incomplete > 0 {
		errs = append(errs, fmt.Errorf("%s: %d responses are saved with null for what is no JSON; the first: %w",
			w.responses.name, w.incomplete, w.problem))
	}
	if res != nil {
		errs = append(errs, saveSummary(w.ctx, w.store, w.folder, res))
	}
	return errors.Join(errs...)
}
