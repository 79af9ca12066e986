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
	"github.com/llmeter-go/llmeter/internal/jsontext"
	"github.com/llmeter-go/llmeter/internal/queue"
	"github.com/llmeter-go/llmeter/internal/urgent"
	"github.com/llmeter-go/llmeter/store"
)

// ErrExists is matched by the error of a folder that already holds a run.
var ErrExists = errors.New("the folder already holds a run")

const (
	flushEvery = 250 * time.Millisecond
	flushAt    = 1 << 20 // bytes
)

// A Writer saves a run while it goes on: [Writer.Begin] and [Writer.Start] before the first request, [Writer.Watch] for each
// request and [Writer.Add] for its response, [Writer.Close] at the end. What was added, and what streams in flight brought,
// is in the store a quarter of a second later, so that a program that is killed loses no more than that, and the folder can
// be loaded.
type Writer struct {
	ctx       context.Context // of the store; never done, so that an aborted run is saved
	store     store.Store
	folder    string
	responses recordFile
	events    recordFile // its w is nil if there is no event log

	start    time.Time
	queue    queue.Queue[item]
	inFlight map[int]*flight // by seq
	done     chan struct{}   // closed when the queue has been written; nil before Start

	record     eventlog.Response // scratch
	fresh      []endpoint.Event  // scratch
	incomplete int               // responses of which something could not be written as JSON
	problem    error             // the first of them
}

// An item is a response to be saved, a request to be watched until then, or a wish to know when everything before it is saved.
type item struct {
	response *endpoint.Response
	flight   *flight
	flushed  chan<- struct{}
}

// WriterOptions say how a run is saved.
type WriterOptions struct {
	Overwrite bool // replace a run that the folder already holds
	NoEvents  bool // write no event log
}

// NewWriter prepares a folder for a run. It fails if the folder already holds one, with an error that matches
// [ErrExists], unless the options say to remove its files; and if nothing can be written there.
func NewWriter(ctx context.Context, st store.Store, folder string, o WriterOptions) (*Writer, error) {
	if err := clearFolder(ctx, st, folder, o.Overwrite); err != nil {
		return nil, err
	}
	return openWriter(ctx, st, folder, o)
}

func openWriter(ctx context.Context, st store.Store, folder string, o WriterOptions) (*Writer, error) {
	w := &Writer{ctx: context.WithoutCancel(ctx), store: st, folder: folder, inFlight: map[int]*flight{}}
	if err := w.open(&w.responses, responsesFile); err != nil || o.NoEvents {
		return w, err
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
		if err := st.Remove(ctx, store.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) path(name string) string { return store.Join(w.folder, name) }

func (w *Writer) open(f *recordFile, name string) (err error) {
	f.name = w.path(name)
	f.w, err = w.store.Create(w.ctx, f.name)
	return err
}

// Begin writes what is known before the first request: the payloads, and config as run_config.json.
func (w *Writer) Begin(payloads []endpoint.Payload, config any) error {
	if err := w.writePayloads(payloads); err != nil {
		return err
	}
	data, err := jsontext.Encode(config, "    ")
	if err != nil {
		return fmt.Errorf("%s: %w", w.path(configFile), err)
	}
	return w.store.WriteFile(w.ctx, w.path(configFile), data)
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

// Start says that the run begins at start, with its monotonic reading: the zero of the event log. It is called once.
func (w *Writer) Start(start time.Time) {
	w.start, w.done = start, make(chan struct{})
	if w.logs() {
		w.events.buf = eventlog.AppendHeader(w.events.buf, start)
	}
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

// write saves what comes out of the queue, and flushes when the oldest of it has waited long enough. While requests are in
// flight it does so all the time.
func (w *Writer) write() {
	defer close(w.done)
	for open := true; open; {
		if len(w.inFlight) == 0 {
			next, ok := w.queue.Pop(w.ctx)
			if !ok {
				return
			}
			w.take(next)
		}
		due, cancel := context.WithTimeout(w.ctx, flushEvery)
		for due.Err() == nil {
			next, ok := w.queue.Pop(due)
			if !ok {
				break
			}
			w.take(next)
		}
		open = due.Err() != nil // else the queue is closed
		cancel()
		w.saveParts()
		w.flush()
	}
}

func (w *Writer) take(next item) {
	urgent.Yield() // saving can wait
	switch {
	case next.flight != nil:
		w.inFlight[next.flight.seq] = next.flight
	case next.response != nil:
		w.save(next.response)
		delete(w.inFlight, next.response.Seq)
	}
	if next.flushed != nil || len(w.responses.buf)+len(w.events.buf) >= flushAt {
		w.flush()
	}
	if next.flushed != nil {
		close(next.flushed)
	}
}

func (w *Writer) flush() {
	w.responses.flush()
	w.events.flush()
}

// save appends a response to the buffers.
func (w *Writer) save(r *endpoint.Response) {
	if w.logs() {
		record(&w.record, w.start, r)
		w.events.buf = eventlog.AppendResponse(w.events.buf, w.start, &w.record)
		w.events.commit()
	}
	if !r.Cancelled() {
		var err error
		if w.responses.buf, err = appendLine(w.responses.buf, r); err != nil {
			if w.incomplete++; w.incomplete == 1 {
				w.problem = fmt.Errorf("request %d: %w", r.Seq, err)
			}
		}
		w.responses.commit()
	}
}

// Close writes what is still waiting, and then the files that res is told by: summary.json, stats.json and
// llmeter.json; none of them if res is nil. Its error says what is not saved, file by file; everything else is.
func (w *Writer) Close(res *Result) error {
	w.queue.Close()
	if w.done != nil {
		<-w.done
	}
	errs := []error{w.responses.close()}
	if w.logs() {
		if res != nil {
			w.saveEnd(res)
		}
		errs = append(errs, w.events.close())
	}
	if w.incomplete > 0 {
		errs = append(errs, fmt.Errorf("%s: %d responses are saved with null for what is no JSON; the first: %w",
			w.responses.name, w.incomplete, w.problem))
	}
	if res != nil {
		errs = append(errs, saveSummary(w.ctx, w.store, w.folder, res))
	}
	return errors.Join(errs...)
}
