//go:build linux

package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/mock"
)

// The work that all parts with streams share: a first token after 50 ms, then one every 10 ms.
const (
	firstToken = 50 * time.Millisecond
	tokenGap   = 10 * time.Millisecond
	tokens     = 100 // of an answer
)

var streaming = mock.Options{TTFT: mock.Fixed(firstToken), ITL: mock.Fixed(tokenGap)}

// A streamJob is a run that is compared with the server's record.
type streamJob struct {
	URL       string
	Folder    string
	Tokens    int
	Streams   int // a closed loop of so many
	Requests  int // of each stream, or in all
	Rate      float64
	UserClock bool
	Busy      int // goroutines that do nothing but take the processor
}

func stream(job streamJob) (*comparison, error) {
	ep, err := newEndpoint(job.URL, job.UserClock)
	if err != nil {
		return nil, err
	}
	payload, err := ask(ep, job.Tokens)
	if err != nil {
		return nil, err
	}
	if err := reset(job.URL); err != nil {
		return nil, err
	}
	r := llmeter.Runner{Endpoint: ep, Payloads: []llmeter.Payload{payload}, Requests: job.Requests, Folder: job.Folder}
	if job.Rate > 0 {
		r.Arrivals = load.Constant{Rate: load.Rate(job.Rate)}
	} else {
		r.Clients = job.Streams
	}
	stop := keepBusy(job.Busy)
	wall := steadyWall{time.Now()}
	res, err := complete(r)
	stop()
	if err != nil {
		return nil, err
	}
	if err := wall.check(); err != nil {
		return nil, err
	}
	seen, err := records(job.URL)
	if err != nil {
		return nil, err
	}
	return compare(job.Folder, res, seen)
}

// keepBusy starves this process with goroutines that never rest, until stop is called.
func keepBusy(n int) (stop func()) {
	if n == 0 {
		return func() {}
	}
	runtime.GOMAXPROCS(1)
	var done atomic.Bool
	for range n {
		go func() {
			for !done.Load() {
			}
		}()
	}
	return func() { done.Store(true) }
}

// receive is the error of stamps and of the time to first token, against the server's record.
func receive(b *bench) ([]table, error) {
	stamps := table{
		head: []string{"streams", "clock", "events", "error, all", "error, alone in their read", "share of the others", "their bound"},
		note: "p50 / p99 in ms. *error* is the client's stamp less the moment at which the server began to write. *The others* came in one read with another event; " +
			"their true time lies between their stamp and the read before it, which is *their bound*.",
	}
	first := table{
		head: []string{"streams", "requests", "server's TTFT", "error", "= sending", "+ waiting", "+ receiving", "the client's own"},
		note: "Means in ms, kernel clock; after the slash, without the first request of each stream. *error* is the client's mean TTFT less the server's. *sending*: from dispatch until the client had written the " +
			"request; *waiting*: from then until the server had read its head; *receiving*: from the server's write of the first token to the client's stamp. *The client's own* is sending and receiving.",
	}
	s, err := b.startServer(streaming)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	for _, level := range []struct{ streams, requests int }{{10, 14}, {100, 6}, {1000, 4}} {
		for _, clock := range []string{"kernel", "user"} {
			c, err := call[comparison](b, b.cores.client, "stream", streamJob{
				URL: s.url, Folder: b.folder("stream"), Tokens: tokens, Streams: level.streams, Requests: pick(b, level.requests, 2), UserClock: clock == "user",
			})
			if err != nil {
				return nil, err
			}
			stamps.add(fmt.Sprint(level.streams), clock, fmt.Sprint(c.Events), pair(c.All), pair(c.Alone), percent(c.Shared), pair(c.Bound))
			if clock == "kernel" {
				first.add(firstTokenRow(level.streams, c.First.with(c.Warm), c.Warm)...)
			}
		}
	}
	return []table{stamps, first}, nil
}

func firstTokenRow(streams int, all, warm firstTokens) []string {
	both := func(of func(firstTokens) float64) string { return ms(of(all)) + " / " + ms(of(warm)) }
	return []string{
		fmt.Sprint(streams), fmt.Sprint(all.N),
		both(func(f firstTokens) float64 { return f.Server }), both(firstTokens.err), both(func(f firstTokens) float64 { return f.Sending }),
		both(func(f firstTokens) float64 { return f.Waiting }), both(func(f firstTokens) float64 { return f.Receiving }), both(firstTokens.own),
	}
}

func pair(s spread) string { return ms(s.P50) + " / " + ms(s.P99) }
