//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/stats"
)

// A spread is a distribution of times in seconds.
type spread struct {
	N                   uint64
	Mean, P50, P99, Max float64
}

func spreadOf(s *stats.Sample) spread {
	if s.N() == 0 {
		return spread{}
	}
	return spread{s.N(), s.Mean(), s.Quantile(0.5), s.Quantile(0.99), s.Max()}
}

// A comparison is what a client stamped against what the server recorded.
type comparison struct {
	Events uint64
	// Receive errors: the client's stamp of an event less the moment at which the server began to write it.
	All   spread // of all events
	Alone spread // of those that came alone in their read
	// Bound is how far a stamp may lie behind the truth for events that shared a read: back to the read before.
	Bound  spread
	Shared float64 // their share

	First, Warm firstTokens // requests that were the first of their client, and the others

	// What the run says of itself, and the same by the server's record.
	ReadDelay, TrueReadDelay   spread // from the kernel's stamp, or the server's write, until the client had read
	SendLag, TrueSendLag       spread // from when a request was due until the client had written it, or the server had read its head
	StampError, TrueStampError spread // how late stamps may be, or are
	Verdict                    string
}

// Means over requests of the parts of the time to first token, in seconds.
type firstTokens struct {
	N         uint64
	Server    float64 // from when the server had read the head until it began to write the first token
	Sending   float64 // from dispatch until the client had written the request
	Waiting   float64 // from then until the server had read the head
	Receiving float64 // from the server's write of the first token to the client's stamp
}

// with is both together.
func (f firstTokens) with(o firstTokens) firstTokens {
	n := float64(f.N + o.N)
	mean := func(a, b float64) float64 { return (a*float64(f.N) + b*float64(o.N)) / n }
	return firstTokens{f.N + o.N, mean(f.Server, o.Server), mean(f.Sending, o.Sending), mean(f.Waiting, o.Waiting), mean(f.Receiving, o.Receiving)}
}

// add takes one more request into the means.
func (f *firstTokens) add(server, sending, waiting, receiving time.Duration) {
	*f = f.with(firstTokens{1, server.Seconds(), sending.Seconds(), waiting.Seconds(), receiving.Seconds()})
}

func (f firstTokens) err() float64 { return f.Sending + f.Waiting + f.Receiving }
func (f firstTokens) own() float64 { return f.Sending + f.Receiving }

// A comparer collects a comparison, response by response.
type comparer struct {
	records                               map[string]mock.Record
	late                                  map[int][]time.Duration // by request and event: how late it was read
	all, alone, bound, readDelay, sendLag stats.Sample
	shared                                int
	first, warm                           firstTokens
	started                               map[int]bool // clients
}

// compare compares the files of a run, as they are read back from disk, with the server's records. How late events were
// read is not in the files and is taken from memory.
func compare(folder string, res *llmeter.Result, records []mock.Record) (*comparison, error) {
	c := comparer{records: map[string]mock.Record{}, late: map[int][]time.Duration{}, started: map[int]bool{}}
	for _, r := range records {
		c.records[r.ID] = r
	}
	for r, err := range res.Responses() {
		if err != nil {
			return nil, err
		}
		for i := range r.Events {
			c.late[r.Seq] = append(c.late[r.Seq], r.Events[i].Late.Duration())
		}
	}
	saved, err := result.Load(context.Background(), folder, result.LoadOptions{})
	if err != nil {
		return nil, err
	}
	for r, err := range saved.Responses() {
		if err != nil {
			return nil, err
		}
		if err := c.add(r); err != nil {
			return nil, err
		}
	}
	if len(c.records) > 0 {
		return nil, fmt.Errorf("%d requests of the server's are missing in the run", len(c.records))
	}
	h := res.Health
	return &comparison{
		Events: c.all.N(), All: spreadOf(&c.all), Alone: spreadOf(&c.alone), Bound: spreadOf(&c.bound),
		Shared: float64(c.shared) / float64(c.all.N()), First: c.first, Warm: c.warm,
		ReadDelay: lagSpread(h.ReadDelay), TrueReadDelay: spreadOf(&c.readDelay),
		SendLag: lagSpread(h.SendLag), TrueSendLag: spreadOf(&c.sendLag),
		StampError: lagSpread(h.StampError), TrueStampError: spreadOf(&c.all),
		Verdict: res.Verdict.Level,
	}, nil
}

func lagSpread(l result.Lag) spread { return spread{N: l.N, P50: l.P50, P99: l.P99, Max: l.Max} }

// add compares one response with its record. All of its events must be there, in their order.
func (c *comparer) add(r *llmeter.Response) error {
	record, ok := c.records[r.ID]
	if !ok || len(record.Events) != len(r.Events) {
		return fmt.Errorf("request %s: %d events, the server's record has %d", r.ID, len(r.Events), len(record.Events))
	}
	delete(c.records, r.ID)
	offset := r.Dispatched.Sub(record.Received) // wall clocks: neither instant was taken in this process
	attempt := r.Attempts[len(r.Attempts)-1]
	before := attempt.FirstByte.Sub(r.Dispatched) // the read before the present one
	for i := range r.Events {
		e, sent := &r.Events[i], record.Events[i].At-offset
		if i > 0 && !same(r, i) {
			before = r.Events[i-1].At
		}
		behind := (e.At - sent).Seconds()
		c.all.Add(behind)
		last := i+1 == len(r.Events) || !same(r, i+1)
		if last {
			c.readDelay.Add((e.At + c.late[r.Seq][i] - sent).Seconds())
		}
		if last && !same(r, i) {
			c.alone.Add(behind)
		} else {
			c.shared++
			c.bound.Add((e.At - before).Seconds())
		}
	}
	lag := record.Received.Sub(r.Intended)
	if !attempt.Reused {
		lag -= attempt.Ready.Sub(attempt.Start) // connecting is no lag of the client's, here as in what it reports
	}
	c.sendLag.Add(lag.Seconds())
	return c.addTTFT(r, &record)
}

func (c *comparer) addTTFT(r *llmeter.Response, record *mock.Record) error {
	server, ok := record.TTFT()
	if !ok {
		return fmt.Errorf("request %s: no token", r.ID)
	}
	part := &c.warm
	if !c.started[r.Client] { // responses of one client come in their order
		c.started[r.Client] = true
		part = &c.first
	}
	written := r.Attempts[len(r.Attempts)-1].Written
	part.add(server, written.Sub(r.Dispatched), record.Received.Sub(written), r.FirstToken.Sub(record.Received)-server)
	return nil
}

// same reports whether event i came in the same read as the one before it. Equal stamps are one read of the connection
// that the reader of the stream was given in two.
func same(r *llmeter.Response, i int) bool {
	return i > 0 && (r.Events[i].SameRead || r.Events[i].At == r.Events[i-1].At)
}
