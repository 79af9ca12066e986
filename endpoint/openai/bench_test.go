//go:build unix

package openai_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
)

// serverVariable makes this test binary the server of the benchmark: it is a process of its own, so that its CPU time is
// not the client's.
const serverVariable = "OPENAI_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) != "" {
		serve()
		return
	}
	os.Exit(m.Run())
}

const (
	gap         = 10 * time.Millisecond // between the chunks of a stream
	benchChunks = 100                   // of a stream
)

const benchChunk = `data: {"id":"chatcmpl-8f1b2c3d4e5f","object":"chat.completion.chunk","created":1790000000,"model":"m",` +
	`"system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}]}` + "\n\n"

// serve streams to every client until its own input ends.
func serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		flusher := w.(http.Flusher)
		start := time.Now()
		for i := range benchChunks {
			time.Sleep(time.Until(start.Add(time.Duration(i+1) * gap)))
			_, _ = io.WriteString(w, benchChunk)
			flusher.Flush()
		}
		_, _ = io.WriteString(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}))
}

// startServer starts the server process and gives its base URL.
func startServer(tb testing.TB) string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverVariable+"=1", "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(tb, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	tb.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(tb, err)
	return "http://" + strings.TrimSpace(address) + "/v1"
}

// BenchmarkStreamedChunk measures the client's CPU time per streamed chunk beside a floor, a net/http client that reads
// lines and counts them. Each iteration is a pair of runs, the floor's and ours, of so many streams at once, a chunk
// every 10 ms each; reported are medians over the pairs.
func BenchmarkStreamedChunk(b *testing.B) {
	for _, streams := range []int{100, 1000} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			url := startServer(b)
			memory := footprint(b, streams, ourClient, url) / footprint(b, streams, floorClient, url)
			ours, closeOurs := ourClient(url)
			floor, closeFloor := floorClient(url)
			defer closeOurs()
			defer closeFloor()
			run(b, streams, floor) // opens the connections
			run(b, streams, ours)
			var ratios, differences, cpu, floors, allocs, floorAllocs []float64
			for b.Loop() {
				f, fa := run(b, streams, floor)
				o, oa := run(b, streams, ours)
				ratios, differences = append(ratios, o/f), append(differences, o-f)
				cpu, floors = append(cpu, o), append(floors, f)
				allocs, floorAllocs = append(allocs, oa), append(floorAllocs, fa)
			}
			b.ReportMetric(memory, "x-floor-memory")
			b.ReportMetric(median(ratios), "x-floor")
			b.ReportMetric(median(differences), "µs-more/chunk")
			b.ReportMetric(median(cpu), "µs-cpu/chunk")
			b.ReportMetric(median(floors), "µs-floor/chunk")
			b.ReportMetric(median(allocs)-median(floorAllocs), "allocs-more/chunk")
		})
	}
}

// run lets so many streams run at once and gives CPU time in microseconds, and allocations, per chunk.
func run(b *testing.B, streams int, client func() int) (cpu, allocs float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpuTime(b)
	var wg sync.WaitGroup
	for range streams {
		wg.Go(func() {
			if n := client(); n != benchChunks {
				b.Errorf("%d chunks, want %d", n, benchChunks)
			}
		})
	}
	wg.Wait()
	used := cpuTime(b) - start
	runtime.ReadMemStats(&after)
	chunks := float64(streams * benchChunks)
	return float64(used.Nanoseconds()) / 1000 / chunks, float64(after.Mallocs-before.Mallocs) / chunks
}

// footprint gives the bytes that a client needs in the middle of its first run of so many streams.
func footprint(b *testing.B, streams int, newClient func(url string) (stream func() int, end func()), url string) float64 {
	client, end := newClient(url)
	defer end()
	before := inUse()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(b, streams, client)
	}()
	time.Sleep(benchChunks * gap / 2)
	during := inUse()
	<-ended
	return during - before
}

func inUse() float64 {
	runtime.GC()
	runtime.GC() // what pools keep goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

var benchPayload = endpoint.JSON(json.RawMessage(`{"messages":[{"role":"user","content":"hello"}],"max_tokens":100}`))

func ourClient(url string) (stream func() int, end func()) {
	e := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: url}
	p, err := endpoint.Prepare(e, benchPayload)
	if err != nil {
		panic(err)
	}
	end = func() { _ = e.Close() }
	return func() (n int) {
		r, err := e.Invoke(context.Background(), p)
		if err != nil {
			panic(err)
		}
		for _, event := range r.Events {
			n += int(event.Tokens)
		}
		return n
	}, end
}

func floorClient(url string) (stream func() int, end func()) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1 << 20, DisableCompression: true}}
	return func() (n int) {
		resp, err := client.Post(url+"/chat/completions", "application/json", bytes.NewReader(benchPayload.Body))
		if err != nil {
			panic(err)
		}
		defer resp.Body.Close()
		r := bufio.NewReader(resp.Body)
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return n - 2 // the last two events are the end
			}
			if bytes.HasPrefix(line, []byte("data:")) {
				n++
			}
		}
	}, client.CloseIdleConnections
}

// canned answers every request with the same chunks, without a network.
type canned struct{ chunks int }

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", Header: http.Header{"Content-Type": {"text/event-stream"}}, Request: r,
		Body: io.NopCloser(&cannedBody{chunks: c.chunks}),
	}, nil
}

type cannedBody struct{ chunks int }

func (b *cannedBody) Read(p []byte) (int, error) {
	switch b.chunks--; {
	case b.chunks >= 0:
		return copy(p, benchChunk), nil
	case b.chunks == -1:
		return copy(p, "data: [DONE]\n\n"), nil
	}
	return 0, io.EOF
}

// cannedClient gives a function that asks for one answer of so many chunks.
func cannedClient(tb testing.TB, chunks int) func() {
	e := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: "http://canned/v1", Client: &http.Client{Transport: canned{chunks}}}
	p, err := endpoint.Prepare(e, benchPayload)
	require.NoError(tb, err)
	return func() {
		r, err := e.Invoke(context.Background(), p)
		require.NoError(tb, err)
		require.Len(tb, r.Events, chunks+1)
	}
}

// BenchmarkInvoke is the cost of everything but net/http: of a request with few chunks, and of each chunk.
func BenchmarkInvoke(b *testing.B) {
	for _, chunks := range []int{1, 1000} {
		b.Run(fmt.Sprintf("chunks=%d", chunks), func(b *testing.B) {
			ask := cannedClient(b, chunks)
			b.ReportAllocs()
			for b.Loop() {
				ask()
			}
		})
	}
}
