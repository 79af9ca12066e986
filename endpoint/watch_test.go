package endpoint_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

// ticking streams a word every 10 ms, n of them, and then ends with err.
func ticking(n int, err error) endpoint.Endpoint {
	return stream(func(yield func(endpoint.Chunk, error) bool) {
		for range n {
			time.Sleep(10 * ms)
			if !yield(endpoint.Chunk{Text: "word"}, nil) {
				return
			}
		}
		if err != nil {
			yield(endpoint.Chunk{}, err)
		}
	})
}

// words are the events of ticking from first up to last.
func words(first, last int) []endpoint.Event {
	events := []endpoint.Event{}
	for i := first; i < last; i++ {
		events = append(events, endpoint.Event{At: time.Duration(i+1) * 10 * ms, Text: 4, Tokens: 1})
	}
	return events
}

func TestAWatchSeesEventsWhileTheAnswerStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var w endpoint.Watch
		read := func(at time.Time, first, last int) {
			t.Helper()
			synctest.Wait()
			dispatched, from, events := w.Read([]endpoint.Event{})
			require.Equal(t, at, dispatched)
			require.Equal(t, first, from)
			require.Equal(t, words(first, last), events)
		}
		read(time.Time{}, 0, 0)
		var r *endpoint.Response
		go func() { r, _ = ticking(5, nil).Invoke(endpoint.WithWatch(t.Context(), &w), endpoint.Payload{}) }()
		read(start, 0, 0)
		time.Sleep(25 * ms)
		read(start, 0, 2)
		read(start, 2, 2)
		time.Sleep(10 * ms)
		read(start, 2, 3)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, words(0, 5), r.Events)
		read(start, 3, 5) // what had not been read is still there
		read(start, 5, 5)
	})
}

func TestAWatchCountsFromTheFirstAttemptAndForgetsItsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w endpoint.Watch
		ctx := endpoint.WithWatch(t.Context(), &w)
		start := time.Now()
		_, err := ticking(3, errors.New("cut")).Invoke(ctx, endpoint.Payload{})
		require.Error(t, err)
		_, first, events := w.Read(nil)
		require.Equal(t, 0, first)
		require.Equal(t, words(0, 3), events)
		time.Sleep(70 * ms) // so that the second attempt is dispatched after 100 ms
		go ticking(2, nil).Invoke(ctx, endpoint.Payload{})
		synctest.Wait()
		_, first, events = w.Read(nil)
		require.Equal(t, 0, first, "less than was read: the request is sent again")
		require.Empty(t, events)
		time.Sleep(time.Second)
		dispatched, first, events := w.Read(nil)
		require.Equal(t, start, dispatched)
		require.Equal(t, 0, first)
		require.Equal(t, words(10, 12), events)

		_, err = endpoint.New(endpoint.Info{}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
			return nil, nil
		}).Invoke(ctx, endpoint.Payload{})
		require.Error(t, err)
		_, first, events = w.Read(nil)
		require.Equal(t, 0, first)
		require.Empty(t, events)
	})
}

// A wrapper may send a request twice at the same time under one context.
func TestAWatchOfTwoAnswersAtOnceShowsTheLaterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w endpoint.Watch
		ctx := endpoint.WithWatch(t.Context(), &w)
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = ticking(3, nil).Invoke(ctx, endpoint.Payload{}) })
		time.Sleep(ms)
		wg.Go(func() { _, _ = ticking(9, nil).Invoke(ctx, endpoint.Payload{}) })
		wg.Wait()
		_, _, events := w.Read(nil)
		require.Len(t, events, 9)
	})
}

// BenchmarkWatchedChunk is BenchmarkStreamedChunk with a Watch, which is read once per answer.
func BenchmarkWatchedChunk(b *testing.B) {
	const n = 1000
	e := stream(func(yield func(endpoint.Chunk, error) bool) {
		for range n {
			yield(endpoint.Chunk{Text: "token ", At: time.Now()}, nil)
		}
	})
	var events []endpoint.Event
	b.ReportAllocs()
	for b.Loop() {
		var w endpoint.Watch
		_, _ = e.Invoke(endpoint.WithWatch(b.Context(), &w), endpoint.Payload{})
		_, _, events = w.Read(events[:0])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/chunk")
}
