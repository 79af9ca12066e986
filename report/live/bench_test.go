package live

import (
	"context"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
)

// measuredRun is a run of 1,000 clients that goes on after so many responses, each a stream of 20 tokens.
func measuredRun(b *testing.B, responses int) (*run, func()) {
	ctx, cancel := context.WithCancel(b.Context())
	start := time.Now()
	ep := endpoint.NewStream(endpoint.Info{Model: "m"}, func(ctx context.Context, _ endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			for i := range 20 {
				late := time.Duration(i)*10*time.Millisecond + rand.N(5*time.Millisecond)
				if !yield(endpoint.Chunk{Text: "x ", At: time.Now().Add(late)}, nil) {
					return
				}
			}
		}
	})
	source := func(yield func(llmeter.Payload, error) bool) {
		p := endpoint.JSON(map[string]string{"prompt": "hello"})
		for range responses {
			if !yield(p, nil) {
				return
			}
		}
		<-ctx.Done()
	}
	started, err := llmeter.Runner{Endpoint: ep, Source: source, Clients: 1000}.Start(b.Context())
	require.NoError(b, err)
	r := newRun(started)
	r.follow()
	for started.Progress().Finished < responses {
		time.Sleep(10 * time.Millisecond)
	}
	b.Logf("%d responses after %v", responses, time.Since(start))
	return r, func() {
		cancel()
		_, err := started.Wait()
		require.NoError(b, err)
	}
}

// BenchmarkFrame is the cost of one refresh after 100,000 responses: statistics, history, layout. There are two a second. The
// client's health is looked at in every fourth.
func BenchmarkFrame(b *testing.B) {
	r, end := measuredRun(b, 100_000)
	defer end()
	m := tea.Model(model{width: 100, height: 30})
	b.Run("usual", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.judged, r.fixed.judged = time.Hour, true
			f := r.frame()
			next, _ := m.Update(&f)
			next.View()
		}
	})
	b.Run("health", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.of.Health()
		}
	})
}

// BenchmarkAdd is what the live view costs for each response of 100 tokens.
func BenchmarkAdd(b *testing.B) {
	var h history
	r := streamed(1, 100*time.Millisecond, 100)
	at := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		at += 20 * time.Millisecond // as with 1,000 streams of 50 tokens a second, of which a part is looked at
		h.add(at, r)
	}
}
