package experiments_test

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/store"
)

// bubble runs f where times are exact.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// slow streams one token after a fixed time, and counts its calls.
func slow(d time.Duration, calls *atomic.Int64) llmeter.Endpoint {
	return timed(calls, func(int) time.Duration { return d })
}

func timed(calls *atomic.Int64, delay func(call int) time.Duration) llmeter.Endpoint {
	return endpoint.NewStream(endpoint.Info{Name: "fake", Model: "m"}, func(ctx context.Context, _ endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			if err := pause(ctx, delay(int(calls.Add(1)))); err != nil {
				yield(endpoint.Chunk{}, err)
				return
			}
			yield(endpoint.Chunk{Text: "ok"}, nil)
		}
	})
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// slotted is a server of some slots: further requests wait in their order. Work takes what service says.
func slotted(slots int, service func() time.Duration) llmeter.Endpoint {
	free := make(chan struct{}, slots)
	return endpoint.NewStream(endpoint.Info{Name: "slots", Model: "m"}, func(ctx context.Context, _ endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			select {
			case free <- struct{}{}:
				defer func() { <-free }()
			case <-ctx.Done():
				yield(endpoint.Chunk{}, ctx.Err())
				return
			}
			if err := pause(ctx, service()); err != nil {
				yield(endpoint.Chunk{}, err)
				return
			}
			yield(endpoint.Chunk{Text: "ok"}, nil)
		}
	})
}

var payloads = []llmeter.Payload{endpoint.JSON(map[string]string{"prompt": "one"}), endpoint.JSON(map[string]string{"prompt": "two"})}

func responses(t *testing.T, res *llmeter.Result) (all []*llmeter.Response) {
	t.Helper()
	for r, err := range res.Responses() {
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

// watched is a store in memory that knows which files were written since it was asked last.
type watched struct {
	store.Memory
	mu      sync.Mutex
	written map[string]bool
}

func (w *watched) WriteFile(ctx context.Context, path string, data []byte) error {
	w.note(path)
	return w.Memory.WriteFile(ctx, path, data)
}

func (w *watched) Remove(ctx context.Context, path string) error {
	w.note(path)
	return w.Memory.Remove(ctx, path)
}

func (w *watched) note(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.written == nil {
		w.written = map[string]bool{}
	}
	w.written[path] = true
}

// folders are the folders below base in which files were written or removed, sorted.
func (w *watched) folders(base string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := map[string]bool{}
	for path := range w.written {
		rest, ok := strings.CutPrefix(path, base+"/")
		if folder, _, inside := strings.Cut(rest, "/"); ok && inside {
			names[folder] = true
		}
	}
	w.written = nil
	return slices.Sorted(maps.Keys(names))
}

// chat is a payload of an endpoint that can make one.
func chat(t *testing.T, ep llmeter.Endpoint) llmeter.Payload {
	creator, ok := endpoint.As[endpoint.PayloadCreator](ep)
	require.True(t, ok)
	p, err := creator.CreatePayload(64, endpoint.Text("hello"))
	require.NoError(t, err)
	return p
}
