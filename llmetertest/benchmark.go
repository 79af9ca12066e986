package llmetertest

import (
	"fmt"
	"iter"
	"testing"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/prompt"
	"github.com/llmeter-go/llmeter/stats"
)

// Benchmark makes a benchmark of r: it runs r once with b.N operations and reports the metrics that the package comment
// lists. b.N takes the place of r's Requests, Duration and Until. Clients share the operations, each taking the next one when
// it is free, so that exactly b.N are done whatever the number of clients; under an open loop b.N become due.
//
// What came before the call does not count into the time of the benchmark. An error of the run, an end before b.N
// operations, and a run without any success fail the benchmark. A verdict that doubts the numbers is logged. Under -short
// the benchmark is skipped, unless it is in a bubble of testing/synctest.
func Benchmark(b *testing.B, r llmeter.Runner) *llmeter.Result {
	b.Helper()
	skipIfShort(b)
	r, err := withOperations(r, b.N)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	res, err := r.Run(b.Context())
	b.StopTimer()
	if err != nil {
		b.Fatalf("run: %v", err)
	}
	requireSuccess(b, res)
	done, err := operations(res)
	if err != nil {
		b.Fatal(err)
	}
	if done < b.N {
		b.Fatalf("the run ended after %d of %d operations%s", done, b.N, warningLines(res))
	}
	if b.N > 1 { // the first call, of a single request, never keeps more than one client busy
		logVerdict(b, res)
	}
	reportMetrics(b, res)
	return res
}

// BenchmarkClients makes a sub-benchmark of r for each number of clients, named "clients=4", so that benchstat can make
// columns of them (-col /clients).
func BenchmarkClients(b *testing.B, r llmeter.Runner, clients ...int) {
	b.Helper()
	for _, n := range clients {
		b.Run(fmt.Sprintf("clients=%d", n), func(b *testing.B) {
			r := r
			r.Clients = n
			Benchmark(b, r)
		})
	}
}

// withOperations is r with exactly n payloads to deal and no other limit. Requests would not do: it counts for each client
// by itself, and turns of conversations by themselves.
func withOperations(r llmeter.Runner, n int) (llmeter.Runner, error) {
	r.Requests, r.Duration, r.Until = 0, 0, nil
	if err := r.Validate(); err != nil {
		return r, fmt.Errorf("invalid run: %w", err)
	}
	if r.PayloadPath != "" {
		payloads, err := prompt.LoadPayloads(r.PayloadPath)
		if err != nil {
			return r, err
		}
		r.Payloads, r.PayloadPath = payloads, ""
	}
	if r.Source == nil {
		r.Source = inTurn(r.Payloads, r.Seed)
		r.Payloads = nil
	}
	r.Source = first(n, r.Source)
	return r, nil
}

// inTurn deals payloads as a run does, again from the first when all were used.
func inTurn(payloads []llmeter.Payload, seed uint64) iter.Seq2[llmeter.Payload, error] {
	return func(yield func(llmeter.Payload, error) bool) {
		deck := load.NewDeck(len(payloads), seed)
		for len(payloads) > 0 && yield(payloads[deck.Next()], nil) {
		}
	}
}

// first is the first n payloads of a source, which begins again when it has ended.
func first(n int, source iter.Seq2[llmeter.Payload, error]) iter.Seq2[llmeter.Payload, error] {
	return func(yield func(llmeter.Payload, error) bool) {
		for left, before := n, 0; left > 0 && left != before; {
			before = left
			for p, err := range source {
				if left--; !yield(p, err) || left == 0 {
					return
				}
			}
		}
	}
}

// operations is how many payloads were dealt and answered: requests that are not later turns of a conversation.
func operations(res *llmeter.Result) (n int, err error) {
	for r, err := range res.Responses() {
		if err != nil {
			return n, err
		}
		if r.Turn == 0 {
			n++
		}
	}
	return n, nil
}

// reportMetrics replaces the metrics of the benchmark by those of the run.
func reportMetrics(b *testing.B, res *llmeter.Result) {
	b.ReportMetric(0, "ns/op")
	st := res.Stats()
	latencies := []string{"ttft", "itl", "ttlt"}
	if res.Clients == 0 {
		latencies = append(latencies, "response")
	}
	for _, latency := range latencies {
		n, _ := st.Lookup(latency + "-n")
		for _, q := range []struct {
			name string
			q    float64
		}{{"p50", 0.5}, {"p99", 0.99}} {
			if v, ok := st.Lookup(latency + "-" + q.name); ok && uint64(n) >= stats.MinN(q.q) {
				unit := "-ns"
				if v == 0 { // benchstat makes no seconds of it, so it would be a table of its own
					unit = "-sec"
				}
				b.ReportMetric(v*1e9, q.name+"-"+latency+unit)
			}
		}
	}
	if v, ok := st.Lookup("output_tokens_per_second"); ok {
		b.ReportMetric(v, "tok/s")
	}
	if v, ok := st.Lookup("requests_per_second"); ok {
		b.ReportMetric(v, "req/s")
	}
	b.ReportMetric(float64(res.FailedRequests())/float64(b.N), "failed/op")
}

// warningLines are the warnings of a run, which say why it ended early.
func warningLines(res *llmeter.Result) (lines string) {
	for _, w := range res.Warnings {
		lines += "\n\t" + w.Text
	}
	return lines
}
