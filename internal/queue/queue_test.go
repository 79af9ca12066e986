package queue_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/internal/queue"
)

func TestPopGivesValuesInTheOrderOfPushAndEndsAfterClose(t *testing.T) {
	var q queue.Queue[int]
	for i := range 5000 {
		q.Push(i)
	}
	q.Close()
	q.Push(-1)
	require.Equal(t, 5000, q.Len())
	for i := range 5000 {
		v, ok := q.Pop(t.Context())
		require.True(t, ok)
		require.Equal(t, i, v)
	}
	_, ok := q.Pop(t.Context())
	require.False(t, ok)
	require.Zero(t, q.Len())
}

func TestPopWaitsUntilSomethingIsPushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q queue.Queue[string]
		start := time.Now()
		go func() {
			time.Sleep(time.Minute)
			q.Push("late")
		}()
		v, ok := q.Pop(t.Context())
		require.True(t, ok)
		require.Equal(t, "late", v)
		require.Equal(t, time.Minute, time.Since(start))
	})
}

func TestPopEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q queue.Queue[int]
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, ok := q.Pop(ctx)
		require.False(t, ok)
	})
}

func TestNothingIsLostBetweenManyWritersAndOneReader(t *testing.T) {
	var q queue.Queue[int]
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 1000 {
				q.Push(w*1000 + i)
			}
		})
	}
	go func() { writers.Wait(); q.Close() }()
	seen := map[int]bool{}
	for {
		v, ok := q.Pop(t.Context())
		if !ok {
			break
		}
		require.False(t, seen[v])
		seen[v] = true
	}
	require.Len(t, seen, 8000)
}

func BenchmarkPushPop(b *testing.B) {
	var q queue.Queue[*int]
	v := new(int)
	for b.Loop() {
		q.Push(v)
		q.Pop(b.Context())
	}
}
