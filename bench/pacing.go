//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/mock"
)

// A paceJob sends so many requests at a constant rate.
type paceJob struct {
	URL      string
	Rate     float64
	Requests int
	Folder   string // of the run, under LowMemory; "" = all is kept in memory
}

// paced is what pacing took.
type paced struct {
	CPU     float64 // processors used
	Verdict string
}

// pace lets llmeter do a paceJob, as `llmeter run --rate` would.
func pace(job paceJob) (paced, error) {
	ep, err := newEndpoint(job.URL, false)
	if err != nil {
		return paced{}, err
	}
	payload, err := ask(ep, 4)
	if err != nil {
		return paced{}, err
	}
	before, start := cpuTime(), time.Now()
	res, err := complete(llmeter.Runner{
		Endpoint: ep, Payloads: []llmeter.Payload{payload}, Arrivals: load.Constant{Rate: load.Rate(job.Rate)}, Requests: job.Requests,
		LowMemory: job.Folder != "", Folder: job.Folder, Overwrite: true,
	})
	if err != nil {
		return paced{}, err
	}
	return paced{(cpuTime() - before).Seconds() / time.Since(start).Seconds(), res.Verdict.Level}, nil
}

// An arrivalReport is how requests arrived at the server, against their schedule.
type arrivalReport struct {
	lost           int
	achieved       float64 // requests per second
	cpu            float64
	p50, p99, most float64
}

// arrivals judges the server's records by a constant schedule.
func arrivals(job paceJob, seen []mock.Record) arrivalReport {
	r := arrivalReport{lost: job.Requests - len(seen)}
	at := make([]float64, len(seen))
	for i := range seen {
		at[i] = seen[i].Received.Sub(seen[0].Received).Seconds()
	}
	slices.Sort(at)
	r.achieved = float64(len(at)-1) / (at[len(at)-1] - at[0])
	for i := range at {
		at[i] -= float64(i) / job.Rate
	}
	begin := quantile(at, 0.5)
	for i := range at {
		at[i] = math.Abs(at[i] - begin)
	}
	slices.Sort(at)
	r.p50, r.p99, r.most = quantile(at, 0.5), quantile(at, 0.99), at[len(at)-1]
	return r
}

// pacing compares when requests arrive with when they were due, beside a thread that spins and writes to sockets.
func pacing(b *bench) ([]table, error) {
	t := table{
		head: []string{"requests/s", "client", "runs", "lost", "achieved/s", "deviation p50 ms", "p99 ms", "× spinning", "max ms", "processors used"},
		note: "Constant arrivals, each answered with 4 chunks after 5 ms. *deviation* is |arrival − schedule| at the server, the beginning of the schedule being " +
			"placed by the median. *spinning* is a thread that does nothing but look at the clock and write prepared requests to raw sockets: what this machine " +
			"allows. With *LowMemory* the responses go to a folder instead of staying in memory. Medians of interleaved runs, that of the p99 against the spinning thread's over the pairs; *lost* is the sum, *max* the largest of all.",
	}
	s, err := b.startServer(mock.Options{TTFT: mock.Fixed(5 * time.Millisecond)})
	if err != nil {
		return nil, err
	}
	defer s.stop()
	for _, rate := range []float64{200, 1000, 5000} {
		job := paceJob{URL: s.url, Rate: rate, Requests: int(rate) * pick(b, 10, 2)}
		reports := map[string][]arrivalReport{}
		onDisk := job
		onDisk.Folder = b.folder("pace")
		clients := []struct {
			name, role string
			job        paceJob
		}{{"spinning", "spin", job}, {"llmeter", "pace", job}, {"llmeter, LowMemory", "pace", onDisk}}
		for range pick(b, 5, 1) {
			for _, c := range clients {
				r, err := b.paceOnce(c.role, c.job)
				if err != nil {
					return nil, err
				}
				reports[c.name] = append(reports[c.name], r)
			}
		}
		for _, c := range clients {
			t.add(append([]string{fmt.Sprint(rate), c.name}, pacingRow(reports[c.name], reports["spinning"])...)...)
		}
	}
	return []table{t}, nil
}

func (b *bench) paceOnce(role string, job paceJob) (arrivalReport, error) {
	if err := reset(job.URL); err != nil {
		return arrivalReport{}, err
	}
	p, err := call[paced](b, b.cores.client, role, job)
	if err != nil {
		return arrivalReport{}, err
	}
	seen, err := records(job.URL)
	if err != nil {
		return arrivalReport{}, err
	}
	r := arrivals(job, seen)
	r.cpu = p.CPU
	return r, nil
}

// pacingRow shows runs of one client beside those of the spinning thread.
func pacingRow(runs, spinning []arrivalReport) []string {
	median := func(of func(i int) float64) float64 {
		values := make([]float64, len(runs))
		for i := range runs {
			values[i] = of(i)
		}
		return quantile(values, 0.5)
	}
	lost, most := 0, 0.0
	for _, r := range runs {
		lost += r.lost
		most = max(most, r.most)
	}
	return []string{
		fmt.Sprint(len(runs)), fmt.Sprint(lost), fmt.Sprintf("%.2f", median(func(i int) float64 { return runs[i].achieved })),
		ms(median(func(i int) float64 { return runs[i].p50 })), ms(median(func(i int) float64 { return runs[i].p99 })),
		fmt.Sprintf("%.2f", median(func(i int) float64 { return runs[i].p99 / spinning[i].p99 })), ms(most),
		fmt.Sprintf("%.2f", median(func(i int) float64 { return runs[i].cpu })),
	}
}
