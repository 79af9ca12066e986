//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
)

// A holdJob keeps streams open.
type holdJob struct {
	URL, Folder     string
	Streams, Tokens int
	Floor           bool
}

// held is what that took.
type held struct {
	Open    int64 // bytes resident at most while all streams were open
	Peak    int64 // and from the start of the process to its end
	CPU     float64
	Streams int // open at once at most
	Level   string
}

func hold(job holdJob) (held, error) {
	ep, err := newEndpoint(job.URL, false)
	if err != nil {
		return held{}, err
	}
	payload, err := ask(ep, job.Tokens)
	if err != nil {
		return held{}, err
	}
	if job.Floor {
		return holdFloor(job, ep, payload)
	}
	start := time.Now()
	run, err := llmeter.Runner{
		Endpoint: ep, Payloads: []llmeter.Payload{payload}, Clients: job.Streams, Requests: 1, Folder: job.Folder,
	}.Start(context.Background())
	if err != nil {
		return held{}, err
	}
	stop := watchMemory(func() bool { return run.Progress().InFlight == job.Streams })
	res, err := run.Wait()
	if err != nil || res.FailedRequests() > 0 {
		return held{}, fmt.Errorf("%d requests failed: %w", res.FailedRequests(), err)
	}
	return held{stop(), peakMemory(), cpuTime().Seconds() / time.Since(start).Seconds(), res.Health.MaxInFlight, res.Verdict.Level}, nil
}

func holdFloor(job holdJob, ep *openai.CompletionStreamEndpoint, payload llmeter.Payload) (held, error) {
	payload, err := ep.PreparePayload(payload)
	if err != nil {
		return held{}, err
	}
	counter := newLineCounter(job.URL, payload.Body)
	start := time.Now()
	var open atomic.Int64
	stop := watchMemory(func() bool { return open.Load() == int64(job.Streams) })
	var streams errgroup.Group
	for range job.Streams {
		streams.Go(func() error {
			open.Add(1)
			defer open.Add(-1)
			_, err := counter.events()
			return err
		})
	}
	err = streams.Wait()
	return held{Open: stop(), Peak: peakMemory(), CPU: cpuTime().Seconds() / time.Since(start).Seconds(), Streams: job.Streams}, err
}

// watchMemory looks five times a second at how much memory is resident while allOpen says so; stop gives the most.
func watchMemory(allOpen func() bool) (stop func() int64) {
	quit, most := make(chan struct{}), make(chan int64)
	go func() {
		var bytes int64
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if now := residentMemory(); allOpen() {
					bytes = max(bytes, now)
				}
			case <-quit:
				most <- bytes
				return
			}
		}
	}()
	return func() int64 {
		close(quit)
		return <-most
	}
}

// openStreams is what many streams that are open at once take.
func openStreams(b *bench) ([]table, error) {
	t := table{
		head: []string{"client", "streams", "open at most", "memory while all are open, MB", "at most, MB", "processors used", "verdict"},
		note: "An event a second on each. Resident memory of the client's process; *at most* includes opening the connections, the answers that end together, and writing all files.",
	}
	streams, gap := pick(b, 10000, 1000), time.Second
	s, err := b.startServer(mock.Options{TTFT: mock.Uniform(gap, 2*gap), ITL: mock.Fixed(gap), RecordLimit: 1})
	if err != nil {
		return nil, err
	}
	defer s.stop()
	for _, client := range []string{"floor", "llmeter"} {
		h, err := call[held](b, b.cores.client, "hold", holdJob{
			URL: s.url, Folder: b.folder("open"), Streams: streams, Tokens: pick(b, 15, 4), Floor: client == "floor",
		})
		if err != nil {
			return nil, err
		}
		t.add(client, fmt.Sprint(streams), fmt.Sprint(h.Streams), megabytes(h.Open), megabytes(h.Peak), fmt.Sprintf("%.2f", h.CPU), h.Level)
	}
	return []table{t}, nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/1e6) }

// A longJob is a run with LowMemory, without a network.
type longJob struct {
	Folder    string
	Responses int
}

// lasted is what it took.
type lasted struct {
	Alive   int64 // bytes of the heap in use at the end, when all garbage is collected
	Peak    int64 // bytes resident at most
	Seconds float64
	Backlog int // responses that waited to be processed at most
}

const (
	longRunTokens  = 8
	longRunClients = 100
	longRunWait    = 10 * time.Millisecond // of each, so that the processor is not the limit: then responses would queue up
)

func long(job longJob) (lasted, error) {
	server, err := mock.New(mock.Options{TTFT: mock.Fixed(longRunWait), RecordLimit: 1})
	if err != nil {
		return lasted{}, err
	}
	defer server.Close()
	ep := &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: server.URL + "/v1", Client: &http.Client{Transport: direct{server}}}
	payload, err := ask(ep, longRunTokens)
	if err != nil {
		return lasted{}, err
	}
	var alive runtime.MemStats
	start := time.Now()
	res, err := complete(llmeter.Runner{
		Endpoint: ep, Payloads: []llmeter.Payload{payload}, Clients: longRunClients, Requests: job.Responses / longRunClients,
		Folder: job.Folder, LowMemory: true,
		Callbacks: []llmeter.Callback{llmeter.Hooks{AfterRunFunc: func(context.Context, *llmeter.Result) error {
			runtime.GC()
			runtime.ReadMemStats(&alive)
			return nil
		}}},
	})
	if err != nil {
		return lasted{}, err
	}
	return lasted{int64(alive.HeapAlloc), peakMemory(), time.Since(start).Seconds(), res.Health.Backlog}, nil
}

// longRun shows how memory depends on the length of a run.
func longRun(b *bench) ([]table, error) {
	t := table{
		head: []string{"responses", "alive at the end, MB", "resident at most, MB", "longest queue", "seconds", "responses/s"},
		note: fmt.Sprintf("LowMemory, %d clients, %d events with tokens a response, after %v from the mock's handler without a network, all files written. "+
			"*Alive* is what the run's own data take, garbage collected; *resident* is with garbage, of which the collector lets there be 512 MiB, or as much again. *Longest queue* is how many responses waited to be processed at most: that queue has no bound, because nothing downstream may delay a client.",
			longRunClients, longRunTokens, longRunWait),
	}
	lengths := pick(b, []int{100_000, 300_000, 1_000_000}, []int{10_000, 50_000})
	for _, n := range lengths {
		l, err := call[lasted](b, "", "long", longJob{b.folder("long"), n})
		if err != nil {
			return nil, err
		}
		t.add(fmt.Sprint(n), megabytes(l.Alive), megabytes(l.Peak), fmt.Sprint(l.Backlog), fmt.Sprintf("%.1f", l.Seconds), fmt.Sprintf("%.0f", float64(n)/l.Seconds))
	}
	_ = b.folder("long") // the largest of all files
	return []table{t}, nil
}
