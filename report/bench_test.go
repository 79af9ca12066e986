package report_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

var responses = flag.Int("responses", 100_000, "how many responses the run has of which the benchmarks report")

const (
	chunks  = 20 // of an answer
	clients = 50
)

// makeFolder saves a run as a run does: responses that stream, of which one in a hundred fails.
func makeFolder(b *testing.B, n int) string {
	folder, start := filepath.ToSlash(b.TempDir()), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w, err := result.NewWriter(b.Context(), store.Local{}, folder, result.WriterOptions{})
	require.NoError(b, err)
	r := rand.New(rand.NewPCG(1, 2))
	payloads := make([]endpoint.Payload, 64)
	for i := range payloads {
		prompt := fmt.Sprintf("Tell me story number %d, in which there are %s.", i, strings.Repeat("many words and ", i%8))
		payloads[i] = endpoint.JSON(map[string]any{"messages": []any{map[string]any{"role": "user", "content": prompt}},
			"max_tokens": 256, "model": "a-model", "stream": true, "stream_options": map[string]any{"include_usage": true}})
	}
	require.NoError(b, w.Begin(payloads, map[string]any{"clients": clients}))
	w.Start(start)
	var acc result.Accumulator
	for seq := range n {
		response := makeResponse(r, start, seq, payloads[seq%len(payloads)])
		w.Add(response)
		acc.Add(response)
		if seq%4096 == 0 {
			w.Flush() // so that no more than these wait in memory
		}
	}
	w.Flush()
	took := time.Duration(n/clients+1) * 500 * time.Millisecond
	res := &result.Result{
		Clients: clients, TotalTestTime: took, ModelID: "a-model", EndpointName: "openai", Provider: "openai", RunName: "long",
		StartTime: start, EndTime: start.Add(took), OutputPath: folder, Config: json.RawMessage(`{"clients": 50}`), Clock: "kernel",
	}
	acc.Complete(res, nil)
	require.NoError(b, w.Close(res))
	return folder
}

func makeResponse(r *rand.Rand, start time.Time, seq int, p endpoint.Payload) *endpoint.Response {
	at := start.Add(time.Duration(seq/clients)*500*time.Millisecond + time.Duration(r.IntN(50_000_000)))
	ttft := time.Duration(150e6 * math.Exp(0.3*r.NormFloat64()))
	x := &endpoint.Response{
		Seq: seq, Client: seq % clients, ID: fmt.Sprintf("chatcmpl-%012d", seq), Payload: p, Prompt: "Tell me a story in which there are many words.",
		RequestTime: at.Truncate(time.Microsecond), Intended: at, Dispatched: at, FirstToken: at.Add(ttft), FirstText: at.Add(ttft),
		Streamed: true, FinishReason: "stop", InputTokens: endpoint.Counted(9), OutputTokens: endpoint.Counted(chunks),
		Text: strings.Repeat("words \"and\" more\n", chunks/2), Events: make([]endpoint.Event, chunks),
	}
	for i := range x.Events {
		x.Events[i] = endpoint.Event{At: ttft, Bytes: 210, Text: 8, Tokens: 1, Late: endpoint.Lateness(r.IntN(3))}
		ttft += time.Duration(12e6 * math.Exp(0.3*r.NormFloat64()))
	}
	x.LastToken = at.Add(x.Events[chunks-1].At)
	x.End = x.LastToken.Add(time.Millisecond)
	x.Attempts = []endpoint.Attempt{{
		URL: "http://127.0.0.1:8000/v1", RemoteAddr: "127.0.0.1:8000", Protocol: "HTTP/1.1", Reused: true, Status: 200,
		Start: at.Add(5e3), Ready: at.Add(9e3), Written: at.Add(30e3), FirstByte: x.FirstToken.Add(-1e6), End: x.End,
	}}
	if seq%100 == 99 {
		x.Error = &endpoint.Error{Kind: endpoint.KindReset, Message: fmt.Sprintf("connection reset by peer after %d bytes", seq)}
	}
	return x
}

// BenchmarkReportFromDisk loads the folder of a run, as the command does, and reports it. MB is the most memory that was in use.
func BenchmarkReportFromDisk(b *testing.B) {
	folder := makeFolder(b, *responses)
	stored, computed := result.LoadOptions{WithoutResponses: true}, result.LoadOptions{LowMemory: true}
	html := func(w io.Writer, res *result.Result) error { return report.HTML(w, res) }
	for _, c := range []struct {
		name    string
		options result.LoadOptions
		write   func(io.Writer, *result.Result) error
		killed  bool
	}{
		{"HTML", stored, html, false},
		{"Text", stored, report.Text, false},
		{"HTMLOfAKilledRun", computed, html, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			if c.killed {
				for _, name := range []string{"summary.json", "stats.json", "llmeter.json"} {
					defer hide(b, filepath.Join(folder, name))()
				}
			}
			debug.FreeOSMemory()
			peak := watchMemory(b.Context())
			var size counter
			b.ReportAllocs()
			for b.Loop() {
				size = 0
				res, err := result.Load(b.Context(), folder, c.options)
				require.NoError(b, err)
				require.NoError(b, c.write(&size, res))
			}
			b.ReportMetric(float64(peak())/1e6, "MB")
			b.ReportMetric(float64(size), "B/page")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(*responses), "ns/response")
		})
	}
}

// hide takes a file away, until what it returns is called.
func hide(b *testing.B, path string) (back func()) {
	require.NoError(b, os.Rename(path, path+".hidden"))
	return func() { require.NoError(b, os.Rename(path+".hidden", path)) }
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// watchMemory looks at the memory that the process has from the system, every few milliseconds until peak is called.
func watchMemory(ctx context.Context) (peak func() uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	var most uint64
	look := func() {
		metrics.Read(samples)
		most = max(most, samples[0].Value.Uint64()-samples[1].Value.Uint64())
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			look()
			<-tick.C
		}
	}()
	return func() uint64 {
		stop()
		<-done
		look()
		return most
	}
}
