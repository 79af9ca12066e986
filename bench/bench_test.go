//go:build linux

package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == childCommand { // the server's process
		os.Exit(child(os.Args[2]))
	}
	os.Exit(m.Run())
}

// BenchmarkStreamedChunk is the client's CPU time per streamed chunk of a run with everything on, beside the floor's. Each
// iteration is a pair of runs of 100 chunks a stream, 10 ms apart; the server is a process of its own.
func BenchmarkStreamedChunk(b *testing.B) {
	for _, streams := range []int{100, 1000} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			o := streaming
			o.RecordLimit = 1
			s, err := (&bench{ctx: b.Context()}).startServer(o)
			require.NoError(b, err)
			defer s.stop()
			next, err := newPairs(pairsJob{URL: s.url, Folder: b.TempDir(), Streams: streams, Requests: 1})
			require.NoError(b, err)
			var ours, floors, ratios []float64
			for b.Loop() {
				our, floor, err := next()
				require.NoError(b, err)
				ours, floors, ratios = append(ours, our*1e6), append(floors, floor*1e6), append(ratios, our/floor)
			}
			b.ReportMetric(quantile(ours, 0.5), "µs-cpu/chunk")
			b.ReportMetric(quantile(floors, 0.5), "µs-floor/chunk")
			b.ReportMetric(quantile(ratios, 0.5), "x-floor")
		})
	}
}

// BenchmarkIngest is how many events per second a run takes in from memory, with statistics, event log and files.
func BenchmarkIngest(b *testing.B) {
	work, err := replayed(100, 2000)
	require.NoError(b, err)
	folder := b.TempDir()
	events := 0
	before := cpuTime()
	for b.Loop() {
		n, err := work(folder)
		require.NoError(b, err)
		events += n
	}
	used := cpuTime() - before
	b.ReportMetric(perSecond(events, b.Elapsed()), "events/s")
	b.ReportMetric(float64(used/time.Nanosecond)/float64(events), "ns-cpu/event")
}
