package llmetertest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/llmetertest"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/slo"
)

// benchmark runs r as a benchmark, and gives the b.N and the result of each call.
func benchmark(t *testing.T, r llmeter.Runner) (br testing.BenchmarkResult, ns []int, results []*llmeter.Result) {
	t.Helper()
	br = testing.Benchmark(func(b *testing.B) {
		ns = append(ns, b.N)
		results = append(results, llmetertest.Benchmark(b, r))
	})
	require.Len(t, results, len(ns))
	return br, ns, results
}

func TestABenchmarkReportsExactlyWhatTheServerDid(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, _ := against(t, answers, 2)
		br, ns, results := benchmark(t, r)
		last := ns[len(ns)-1]
		require.Equal(t, last, br.N)
		seconds := 0.24 * float64((last+1)/2) // two clients, each request 240 ms
		require.Equal(t, map[string]float64{
			"ns/op": 0, "failed/op": 0,
			"p50-ttft-ns": 200e6, "p50-itl-ns": 40e6, "p50-ttlt-ns": 240e6,
			"req/s": float64(last) / seconds, "tok/s": float64(2*last) / seconds,
		}, br.Extra)
		require.Equal(t, last, results[len(results)-1].TotalRequests)
	})
}

func TestABenchmarkSendsExactlyBNRequestsWhateverTheNumberOfClients(t *testing.T) {
	for _, clients := range []int{1, 2, 3, 7, 50} {
		bubble(t, func(t *testing.T) {
			r, server := against(t, answers, clients)
			r.Requests, r.Until, r.Seed = 1000, slo.MustParseUntil("ttft-p50 ci < 50%"), 5
			_, ns, results := benchmark(t, r)
			require.Greater(t, len(ns), 1)
			all := 0
			for i, n := range ns {
				all += n
				require.Equal(t, n, results[i].TotalRequests)
				require.Equal(t, clients, results[i].Clients)
			}
			require.Len(t, server.Records(), all)
		})
	}
}

func TestABenchmarkUsesEveryPayloadAlike(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, _ := against(t, answers, 4)
		_, ns, results := benchmark(t, r)
		uses := map[string]int{}
		for r, err := range results[len(results)-1].Responses() {
			require.NoError(t, err)
			uses[r.Prompt]++
		}
		last := ns[len(ns)-1]
		require.Len(t, uses, 3)
		for prompt, n := range uses {
			require.GreaterOrEqual(t, n, last/3, prompt)
			require.LessOrEqual(t, n, (last+2)/3, prompt)
		}
	})
}

func TestABenchmarkReadsPayloadsFromFilesAndSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "payloads.jsonl")
	require.NoError(t, os.WriteFile(file, []byte(`{"prompt": "a"}`+"\n"+`{"prompt": "b"}`+"\n"), 0o666))
	two := func(yield func(llmeter.Payload, error) bool) {
		for _, prompt := range []string{"a", "b"} {
			if !yield(endpoint.JSON(map[string]string{"prompt": prompt}), nil) {
				return
			}
		}
	}
	for _, r := range []llmeter.Runner{{PayloadPath: file}, {Source: two}} {
		bubble(t, func(t *testing.T) {
			r.Endpoint, r.Clients = slow(100*time.Millisecond), 3
			_, ns, results := benchmark(t, r)
			for i, n := range ns {
				require.Equal(t, n, results[i].TotalRequests)
			}
		})
	}
}

func TestAnOpenLoopBenchmarkHasBNRequestsInAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, server := against(t, answers, 0)
		r.Arrivals = load.Constant{Rate: 20}
		br, ns, _ := benchmark(t, r)
		all := 0
		for _, n := range ns {
			all += n
		}
		require.Len(t, server.Records(), all)
		require.Equal(t, 240e6, br.Extra["p50-response-ns"])
	})
}

func TestAConversationIsOneOperation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := endpoint.JSON(map[string]int{"turn": 0})
		p.Next = func(*llmeter.Response) (*llmeter.Payload, time.Duration, bool) {
			next := endpoint.JSON(map[string]int{"turn": 1})
			return &next, 0, true
		}
		_, ns, results := benchmark(t, llmeter.Runner{Endpoint: slow(100 * time.Millisecond), Payloads: []llmeter.Payload{p}, Clients: 2})
		for i, n := range ns {
			require.Equal(t, 2*n, results[i].TotalRequests)
			require.Equal(t, n, results[i].Conversations)
		}
	})
}

func TestP99sAreReportedFromAHundredValuesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, _ := against(t, mock.Options{TTFT: mock.Fixed(time.Millisecond), ITL: mock.Fixed(time.Millisecond), Tokens: mock.Fixed(3)}, 1)
		r.ThinkTime = load.Fixed{For: 17 * time.Millisecond} // b.N = 50 in a second, with 100 gaps between tokens
		br, ns, _ := benchmark(t, r)
		last := ns[len(ns)-1]
		require.Greater(t, last, 50)
		require.Less(t, last, 100)
		require.NotContains(t, br.Extra, "p99-ttft-ns")
		require.Equal(t, 1e6, br.Extra["p99-itl-ns"])
	})
}

// slow answers "ok" after a time.
func slow(d time.Duration) llmeter.Endpoint {
	return endpoint.New(endpoint.Info{Name: "slow", Model: "m"}, func(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
		time.Sleep(d)
		return &endpoint.Response{Text: "ok"}, nil
	})
}

func TestTheFirstOfASourceBeginAgainAndEndExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size, n := rapid.IntRange(0, 5).Draw(t, "size"), rapid.IntRange(0, 20).Draw(t, "n")
		pulled := 0
		var source iter.Seq2[llmeter.Payload, error] = func(yield func(llmeter.Payload, error) bool) {
			for i := range size {
				pulled++
				if !yield(endpoint.JSON(map[string]int{"n": i}), nil) {
					return
				}
			}
		}
		var got []string
		for p, err := range llmetertest.First(n, source) {
			require.NoError(t, err)
			got = append(got, string(p.Body))
		}
		if size == 0 {
			n = 0
		}
		require.Len(t, got, n)
		require.Equal(t, n, pulled) // one more would have been asked of a source that may make it at a cost
		for i, body := range got {
			require.Equal(t, fmt.Sprintf(`{"n":%d}`, i%size), body)
		}
	})
}

// BenchmarkScenario is run by tests in a process of its own, as scenario says.
func BenchmarkScenario(b *testing.B) {
	o := mock.Options{TTFT: mock.Fixed(2 * time.Millisecond), ITL: mock.Fixed(time.Millisecond), Tokens: mock.Fixed(2)}
	switch os.Getenv("LLMETERTEST_SCENARIO") {
	case "":
		b.Skip("only in a process of its own")
	case "no success":
		o.Faults = []mock.Fault{{Kind: mock.FaultStatus, Rate: 1}}
	case "some failures":
		o.Faults = []mock.Fault{{Kind: mock.FaultStatus, On: []int{2, 4, 6}}} // the first call sends one request
	}
	r, _ := against(b, o, 4)
	switch os.Getenv("LLMETERTEST_SCENARIO") {
	case "stopped":
		r.Callbacks = []llmeter.Callback{llmeter.Hooks{AfterInvokeFunc: func(_ context.Context, r *llmeter.Response) error {
			if r.Seq == 10 {
				return llmeter.ErrStop
			}
			return nil
		}}}
	case "hook":
		r.Callbacks = []llmeter.Callback{llmeter.Hooks{BeforeRunFunc: func(ctx context.Context, _ *llmeter.RunConfig) (context.Context, error) {
			return ctx, errors.New("not today")
		}}}
	case "invalid":
		r.Clients = -1
	case "clients":
		llmetertest.BenchmarkClients(b, r, 1, 3)
		return
	}
	llmetertest.Check(b, llmetertest.Benchmark(b, r), "ttlt-p50 < 10s")
}

// scenario runs BenchmarkScenario as go test -bench does, and gives what it prints.
func scenario(t *testing.T, name string, flags ...string) (output string, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"-test.run=^$", "-test.bench=^BenchmarkScenario$"}, flags...)...)
	cmd.Env = append(os.Environ(), "LLMETERTEST_SCENARIO="+name)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// A measurement is a line of the Go benchmark format (golang.org/design/14313-benchmark-format), read by its rules.
type measurement struct {
	name   string
	n      int
	values map[string]float64
}

func measurements(t *testing.T, output string) (all []measurement) {
	t.Helper()
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) == 0 || !strings.HasPrefix(fields[0], "Benchmark") || len(fields) == 1 {
			continue
		}
		require.Zero(t, len(fields)%2, line)
		m := measurement{name: fields[0], values: map[string]float64{}}
		var err error
		m.n, err = strconv.Atoi(fields[1])
		require.NoError(t, err, line)
		for pair := range slices.Chunk(fields[2:], 2) {
			m.values[pair[1]], err = strconv.ParseFloat(pair[0], 64)
			require.NoError(t, err, line)
		}
		all = append(all, m)
	}
	return all
}

func TestTheOutputIsWhatBenchstatReads(t *testing.T) {
	out, err := scenario(t, "clients", "-test.benchtime=120x", "-test.count=2")
	require.NoError(t, err, out)
	all := measurements(t, out)
	require.Len(t, all, 4, out)
	for i, m := range all {
		require.Regexp(t, fmt.Sprintf(`^BenchmarkScenario/clients=%d(-\d+)?$`, []int{1, 1, 3, 3}[i]), m.name)
		require.Equal(t, 120, m.n)
		var units []string
		for unit, value := range m.values {
			units = append(units, unit)
			if strings.HasSuffix(unit, "-ns") { // benchstat makes seconds of it
				require.Greater(t, value, 1e3, unit)
				require.Less(t, value, 10e9, unit)
			}
		}
		slices.Sort(units)
		require.Equal(t, []string{
			"failed/op", "p50-itl-ns", "p50-ttft-ns", "p50-ttlt-ns", "p99-itl-ns", "p99-ttft-ns", "p99-ttlt-ns", "req/s", "tok/s",
		}, units)
	}
}

func TestFailedRequestsOfABenchmarkAreAMetric(t *testing.T) {
	out, err := scenario(t, "some failures", "-test.benchtime=30x")
	require.NoError(t, err, out)
	all := measurements(t, out)
	require.Len(t, all, 1, out)
	require.Equal(t, 0.1, all[0].values["failed/op"])
}

func TestABenchmarkThatCannotBeDoneFails(t *testing.T) {
	for name, says := range map[string]string{
		"no success": `none of 1 requests succeeded\s+1 × http_5xx`,
		"stopped":    `the run ended after \d+ of 50 operations`,
		"hook":       `run: .*not today`,
		"invalid":    `invalid run: Clients is negative`,
	} {
		t.Run(name, func(t *testing.T) {
			out, err := scenario(t, name, "-test.benchtime=50x")
			require.Error(t, err)
			require.Contains(t, out, "--- FAIL: BenchmarkScenario")
			require.Regexp(t, says, out)
		})
	}
}

func TestBenchmarksAreSkippedWhenShort(t *testing.T) {
	for _, name := range []string{"plain", "clients"} {
		out, err := scenario(t, name, "-test.short", "-test.v")
		require.NoError(t, err, out)
		require.Contains(t, out, "a run takes time, and -short is set")
		require.Empty(t, measurements(t, out), out)
	}
}
