//go:build unix

package mock_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/mock"
)

const benchTokens = 1000

var benchBodies = map[mock.API]struct{ path, body string }{
	mock.Chat:      {"/v1/chat/completions", `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}],"max_tokens":1000}`},
	mock.Responses: {"/v1/responses", `{"model":"m","stream":true,"input":"hi","max_output_tokens":1000}`},
}

// cpuTime is the processor time of this process so far. Events per second of it is what one core does, also on a
// machine that is busy with other things.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportEvents(b *testing.B, cpu time.Duration) {
	events := benchTokens * float64(b.N)
	b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(events/cpu.Seconds(), "events/cpu-s")
}

// A sink takes a response and forgets it: what remains is the cost of the server itself.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) FlushError() error           { return nil }

func BenchmarkEventsIntoSink(b *testing.B) {
	for api, to := range benchBodies {
		b.Run(string(api), func(b *testing.B) {
			s, err := mock.New(mock.Options{RecordLimit: 1})
			require.NoError(b, err)
			b.ReportAllocs()
			begin := cpuTime(b)
			for b.Loop() {
				r, _ := http.NewRequest(http.MethodPost, to.path, strings.NewReader(to.body))
				s.ServeHTTP(&sink{http.Header{}}, r)
			}
			reportEvents(b, cpuTime(b)-begin)
		})
	}
}

// One connection, one write and flush per event, and a client that only reads, whose processor time is in the numbers too.
func BenchmarkEventsOverLoopback(b *testing.B) {
	for api, to := range benchBodies {
		b.Run(string(api), func(b *testing.B) {
			s, err := mock.Start(mock.Options{RecordLimit: 1})
			require.NoError(b, err)
			defer s.Close()
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			require.NoError(b, err)
			defer conn.Close()
			request := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: mock\r\nContent-Length: %d\r\n\r\n%s", to.path, len(to.body), to.body)
			reader := bufio.NewReaderSize(conn, 1<<16)
			begin := cpuTime(b)
			for b.Loop() {
				io.WriteString(conn, request)
				resp, err := http.ReadResponse(reader, nil)
				require.NoError(b, err)
				io.Copy(io.Discard, resp.Body)
			}
			reportEvents(b, cpuTime(b)-begin)
		})
	}
}
