//go:build linux

package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/stats"
)

// A pairsJob runs llmeter with everything on and the floor in turn, in one process.
type pairsJob struct {
	URL, Folder              string
	Streams, Requests, Pairs int
}

// pairCosts are the CPU seconds per chunk of each pair.
type pairCosts struct{ Ours, Floor []float64 }

func pairs(job pairsJob) (out pairCosts, err error) {
	next, err := newPairs(job)
	if err != nil {
		return out, err
	}
	for range job.Pairs {
		ours, floor, err := next()
		if err != nil {
			return out, err
		}
		out.Ours, out.Floor = append(out.Ours, ours), append(out.Floor, floor)
	}
	return out, nil
}

// newPairs gives a function that runs one pair. It has opened all connections.
func newPairs(job pairsJob) (next func() (ours, floor float64, err error), err error) {
	our, err := ourStreams(job)
	if err != nil {
		return nil, err
	}
	count, err := floorStreams(job)
	if err != nil {
		return nil, err
	}
	next = func() (ours, floor float64, err error) {
		if floor, err = cost(job, count); err == nil {
			ours, err = cost(job, our)
		}
		return ours, floor, err
	}
	_, _, err = next()
	return next, err
}

// cost is the CPU time per chunk that work uses, from before its beginning until after its end.
func cost(job pairsJob, work func() error) (float64, error) {
	runtime.GC() // what the other has left behind is not this one's
	before := cpuTime()
	if err := work(); err != nil {
		return 0, err
	}
	return (cpuTime() - before).Seconds() / float64(job.Streams*job.Requests*tokens), nil
}

// ourStreams is a run with all that a run does: kernel clock, event log, statistics, files. Connections stay open from one
// to the next, as the floor's do.
func ourStreams(job pairsJob) (func() error, error) {
	ep, err := newEndpoint(job.URL, false)
	if err != nil {
		return nil, err
	}
	payload, err := ask(ep, tokens)
	if err != nil {
		return nil, err
	}
	r := llmeter.Runner{
		Endpoint: ep, Payloads: []llmeter.Payload{payload}, Clients: job.Streams, Requests: job.Requests, NoPrewarm: true,
		Folder: job.Folder, Overwrite: true,
	}
	return func() error {
		_, err := complete(r)
		return err
	}, nil
}

func floorStreams(job pairsJob) (func() error, error) {
	ep, err := newEndpoint(job.URL, false)
	if err != nil {
		return nil, err
	}
	payload, err := ask(ep, tokens)
	if err != nil {
		return nil, err
	}
	if payload, err = ep.PreparePayload(payload); err != nil {
		return nil, err
	}
	counter := newLineCounter(job.URL, payload.Body)
	return func() error {
		var streams errgroup.Group
		for range job.Streams {
			streams.Go(func() error {
				for range job.Requests {
					if n, err := counter.events(); err != nil || n < tokens {
						return fmt.Errorf("%d events: %w", n, err)
					}
				}
				return nil
			})
		}
		return streams.Wait()
	}, nil
}

// chunkCPU is the client's CPU time per streamed chunk beside the floor's.
func chunkCPU(b *bench) ([]table, error) {
	t := table{
		head: []string{"streams", "pairs", "llmeter µs/chunk", "floor µs/chunk", "ratio", "quartiles of it", "more µs/chunk", "quartiles of it"},
		note: "Medians over interleaved pairs. *llmeter* is a whole run with everything on: kernel clock, event log, statistics, all files written; *floor* is a minimal net/http client that counts lines.",
	}
	o := streaming
	o.RecordLimit = 1
	s, err := b.startServer(o)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	for _, level := range []struct{ streams, requests int }{{100, 8}, {1000, 4}} {
		job := pairsJob{URL: s.url, Folder: b.folder("cpu"), Streams: level.streams, Requests: pick(b, level.requests, 2), Pairs: pick(b, 11, 3)}
		costs, err := call[pairCosts](b, b.cores.client, "cpu", job)
		if err != nil {
			return nil, err
		}
		ratios, more := make([]float64, job.Pairs), make([]float64, job.Pairs)
		for i := range ratios {
			ratios[i], more[i] = costs.Ours[i]/costs.Floor[i], costs.Ours[i]-costs.Floor[i]
		}
		t.add(fmt.Sprint(level.streams), fmt.Sprint(job.Pairs), micros(quantile(costs.Ours, 0.5)), micros(quantile(costs.Floor, 0.5)),
			fmt.Sprintf("%.2f", quantile(ratios, 0.5)), fmt.Sprintf("%.2f … %.2f", quantile(ratios, 0.25), quantile(ratios, 0.75)),
			micros(quantile(more, 0.5)), micros(quantile(more, 0.25))+" … "+micros(quantile(more, 0.75)))
	}
	return []table{t}, nil
}

func micros(seconds float64) string { return fmt.Sprintf("%.1f", seconds*1e6) }

func quantile(values []float64, q float64) float64 {
	return stats.Quantile(slices.Sorted(slices.Values(values)), q)
}

func perSecond(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }
