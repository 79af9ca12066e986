//go:build unix

package openai_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
)

// A piecewise answer gives each piece that is sent to it in one read.
type piecewise chan string

func (p piecewise) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: p, Request: r,
	}, nil
}

func (p piecewise) Read(b []byte) (int, error) {
	piece, ok := <-p
	if !ok {
		return 0, io.EOF
	}
	return copy(b, piece), nil
}

func (p piecewise) Close() error { return nil }

// BenchmarkStreamsInTurn is the time for one chunk when the chunks of many streams take turns, so that what a stream needs has
// left the processor's caches by the time of its next chunk. The floor reads and counts lines.
func BenchmarkStreamsInTurn(b *testing.B) {
	payload, err := new(openai.CompletionStreamEndpoint).CreatePayload(100, endpoint.Text("Hi"))
	require.NoError(b, err)
	for name, read := range map[string]func(b *testing.B, body piecewise){
		"floor": func(b *testing.B, body piecewise) {
			lines := bufio.NewReader(body)
			for {
				if _, err := lines.ReadSlice('\n'); err != nil {
					return
				}
			}
		},
		"endpoint": func(b *testing.B, body piecewise) {
			e := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: "http://a/v1", APIKey: "k", Client: &http.Client{Transport: body}}
			if _, err := e.Invoke(b.Context(), payload); err != nil {
				b.Error(err)
			}
		},
	} {
		for _, streams := range []int{100, 3000} {
			b.Run(fmt.Sprintf("%s/streams=%d", name, streams), func(b *testing.B) {
				all, done := make([]piecewise, streams), make(chan struct{})
				for i := range all {
					all[i] = make(piecewise)
					go func() {
						read(b, all[i])
						done <- struct{}{}
					}()
				}
				for _, body := range all {
					body <- benchChunk
				}
				b.ResetTimer()
				for i := range b.N {
					all[i%streams] <- benchChunk
				}
				b.StopTimer()
				for _, body := range all {
					body <- strings.Replace(benchChunk, `"finish_reason":null`, `"finish_reason":"stop"`, 1)
					close(body)
					<-done
				}
			})
		}
	}
}
