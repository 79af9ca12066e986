package result

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/eventlog"
	"github.com/llmeter-go/llmeter/store"
)

// BenchmarkEventLog measures what the event log costs a streamed chunk, all in: showing it to the Watch, its place in a part
// that is written after every 25 chunks, and its place in the record of the response.
func BenchmarkEventLog(b *testing.B) {
	const chunks, every = 200, 25
	w, err := NewWriter(b.Context(), new(store.Memory), "run", WriterOptions{})
	require.NoError(b, err)
	w.start = time.Now()
	var f *flight
	e := endpoint.NewStream(endpoint.Info{}, func(context.Context, endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			for i := range chunks {
				yield(endpoint.Chunk{Text: "token ", At: time.Now(), Bytes: 210, Late: 50 * time.Microsecond}, nil)
				if f != nil && i%every == every-1 {
					w.savePart(f)
				}
			}
		}
	})
	for _, on := range []bool{false, true} {
		name := map[bool]string{false: "off", true: "on"}[on]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ctx := b.Context()
				if f = nil; on {
					f = &flight{written: -1}
					ctx = endpoint.WithWatch(ctx, &f.watch)
				}
				r, err := e.Invoke(ctx, endpoint.Payload{})
				require.NoError(b, err)
				if on {
					record(&w.record, w.start, r)
					w.events.buf = eventlog.AppendResponse(w.events.buf, w.start, &w.record)
					w.events.buf = w.events.buf[:0]
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chunks, "ns/chunk")
		})
	}
}
