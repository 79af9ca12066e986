// Package gotest shows performance checks as Go tests and Go benchmarks:
//
//	go test ./examples/gotest            # objectives, and a comparison with testdata/chat.json
//	go test ./examples/gotest -update    # writes testdata/chat.json
//
// Two servers of different speed, compared:
//
//	go test -run '^$' -bench 'Chat$' -benchtime 160x -count 6 ./examples/gotest > old.txt
//	CHAT_TTFT='lognormal 25ms sigma 0.1' go test -run '^$' -bench 'Chat$' -benchtime 160x -count 6 ./examples/gotest > new.txt
//	go run golang.org/x/perf/cmd/benchstat@latest old.txt new.txt
package gotest

import (
	"flag"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/llmetertest"
	"github.com/llmeter-go/llmeter/mock"
)

var _ = flag.Bool("update", false, "rewrite the baselines in testdata")

// chat is the endpoint under test: here the server that comes with the module. CHAT_TTFT makes it slower or faster.
func chat(tb testing.TB) llmeter.Runner {
	options := mock.Options{TTFT: mock.LogNormal(20*time.Millisecond, 0.1), ITL: mock.Fixed(2 * time.Millisecond), Tokens: mock.Fixed(16)}
	if ttft := os.Getenv("CHAT_TTFT"); ttft != "" {
		if err := options.TTFT.UnmarshalText([]byte(ttft)); err != nil {
			tb.Fatal(err)
		}
	}
	ep := llmetertest.NewEndpoint(tb, llmetertest.NewServer(tb, options))
	return llmeter.Runner{Endpoint: ep, Payloads: llmetertest.Payloads(tb, ep, 64, "Hello")}
}

func TestChatAnswersInTime(t *testing.T) {
	runner := chat(t)
	runner.Clients, runner.Requests = 4, 25
	res := llmetertest.Run(t, runner)
	llmetertest.Check(t, res, "ttft-p99 < 2s", "goodput(ttft<1s,tpot<100ms) > 95%", "failed_requests < 1")
}

// TestChatIsAsFastAsItWas runs in a bubble, where time passes for the server alone: its baseline is that of every machine.
func TestChatIsAsFastAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := chat(t)
		runner.Clients, runner.Requests = 4, 25
		llmetertest.Baseline(t, "testdata/chat.json", llmetertest.Run(t, runner))
	})
}

func BenchmarkChat(b *testing.B) {
	runner := chat(b)
	runner.Clients = 8
	res := llmetertest.Benchmark(b, runner)
	llmetertest.Check(b, res, "failed_requests < 1")
}

func BenchmarkChatByClients(b *testing.B) {
	llmetertest.BenchmarkClients(b, chat(b), 1, 4)
}
