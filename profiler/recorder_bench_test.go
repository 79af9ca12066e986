package profiler_test

import (
	"context"
	"io"
	"testing"

	"github.com/llmeter-go/llmeter/profiler"
)

// BenchmarkRecorder records spans of an LLM call with a hundred tokens from many goroutines, as parts of one trace and as traces
// of their own. An event is one line.
func BenchmarkRecorder(b *testing.B) {
	for name, text := range map[string]string{"ascii": " token", "escaped": "\n\"é", "chinese": "你好"} {
		b.Run("token/"+name, func(b *testing.B) {
			rec := profiler.NewRecorder(io.Discard)
			ctx, root := rec.Start(context.Background(), profiler.Workflow, "agent")
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				_, span := rec.Start(ctx, profiler.LLM, "model", "a prompt")
				for pb.Next() {
					span.NewToken(text)
				}
				span.End()
			})
			root.End()
			b.ReportMetric(float64(rec.Blocked().Nanoseconds())/float64(b.N), "blocked-ns/op")
			if err := rec.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
	b.Run("span", func(b *testing.B) { // two events
		rec := profiler.NewRecorder(io.Discard)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			ctx, root := rec.Start(context.Background(), profiler.Workflow, "agent")
			for pb.Next() {
				_, span := rec.Start(ctx, profiler.LLM, "model", "a prompt")
				span.End(profiler.Outcome{Output: "an answer", Tokens: profiler.TokenUsage{PromptTokens: 2, CompletionTokens: 2}})
			}
			root.End()
		})
		if err := rec.Close(); err != nil {
			b.Fatal(err)
		}
	})
}
