package sse_test

import (
	"strings"
	"testing"

	"github.com/llmeter-go/llmeter/internal/sse"
)

// chatEvent is a typical event of Chat Completions.
const chatEvent = `data: {"id":"chatcmpl-9f2c4e1ab37d45f0","object":"chat.completion.chunk","created":1760000000,` +
	`"model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,` +
	`"delta":{"content":" token"},"logprobs":null,"finish_reason":null}]}` + "\n\n"

// BenchmarkReader reads events of a chat from memory: all at once, and as a server sends them, one per read.
func BenchmarkReader(b *testing.B) {
	for name, perRead := range map[string]int{"merged": 1 << 20, "one-per-read": len(chatEvent)} {
		b.Run(name, func(b *testing.B) {
			stream := strings.Repeat(chatEvent, 1000)
			src := strings.NewReader(stream)
			limited := readerFunc(func(p []byte) (int, error) { return src.Read(p[:min(len(p), perRead)]) })
			r := sse.NewReader(limited)
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				src.Reset(stream)
				r.Reset(limited)
				events := 0
				for {
					if _, err := r.Next(); err != nil {
						break
					}
					events++
				}
				if events != 1000 {
					b.Fatal(events)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/event")
		})
	}
}
