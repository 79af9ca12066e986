package record_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/llmeter-go/llmeter/profiler"
	"github.com/llmeter-go/llmeter/profiler/record"
)

// BenchmarkTransport reads streams of a thousand events, with and without a recording.
func BenchmarkTransport(b *testing.B) {
	event := `data: {"id":"chatcmpl-9f2c4e1ab37d45f0","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini",` +
		`"choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}]}` + "\n\n"
	stream := strings.Repeat(event, 1000) + "data: [DONE]\n\n"
	base := roundTrip(func(req *http.Request) (*http.Response, error) {
		return answers(200, &perEvent{strings.NewReader(stream), len(event)}, eventStream)(req)
	})
	rec := profiler.NewRecorder(io.Discard)
	defer rec.Close()
	for name, transport := range map[string]http.RoundTripper{"plain": base, "recorded": &record.Transport{Base: base, Recorder: rec}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 4096)
			for b.Loop() {
				req, err := http.NewRequest(http.MethodPost, "http://x/v1/chat/completions", strings.NewReader(`{"model":"m","messages":[]}`))
				if err != nil {
					b.Fatal(err)
				}
				resp, err := transport.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = resp.Body.Read(buf)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/event")
		})
	}
}

// perEvent gives an event a read.
type perEvent struct {
	io.Reader
	size int
}

func (p *perEvent) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), p.size)]) }
