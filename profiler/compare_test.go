package profiler

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/stats"
)

// agentRuns are the requests of an agent whose tool takes so many seconds in the median.
func agentRuns(n int, seconds, failing float64, seed uint64) []*Request {
	random := rand.New(rand.NewPCG(seed, 9))
	var all [][]call
	for i := range n {
		at := float64(100 * i)
		thought := at + math.Exp(0.3*random.NormFloat64())
		used := thought + seconds*math.Exp(0.3*random.NormFloat64())
		t := tool(fmt.Sprint("t", i), thought, used)
		t.failed = random.Float64() < failing
		all = append(all, []call{llm(fmt.Sprint("l", i), at, thought).using(100+random.IntN(50)).streaming(at+0.1*random.Float64(), thought), t})
	}
	return requests(all...)
}

func verdicts(c *Comparison) map[string]string {
	all := map[string]string{}
	for _, d := range c.Differences {
		all[d.Key] = d.Verdict()
	}
	return all
}

func TestASlowerToolIsFoundAndNothingElseIs(t *testing.T) {
	c := Compare(agentRuns(300, 1, 0, 1), agentRuns(300, 1.3, 0, 2), stats.Comparer{})
	found := verdicts(c)
	require.Equal(t, "worse", found["TOOL:t-p50"])
	require.Equal(t, "worse", found["workflow_runtime-p50"])
	for _, key := range []string{"LLM:m-p50", "ttft:m-p50", "completion_tokens-mean", "prompt_tokens-mean"} {
		require.Equal(t, "no difference seen", found[key], key)
	}
	require.NotContains(t, found, "llm_calls-mean", "all requests have one")
	require.NotContains(t, found, "failed_requests_rate", "none failed")
	var keys []string
	for _, d := range c.Worse() {
		keys = append(keys, d.Key)
	}
	require.Contains(t, keys, "TOOL:t-p50")

	back := verdicts(Compare(agentRuns(300, 1.3, 0, 2), agentRuns(300, 1, 0, 1), stats.Comparer{}))
	require.Equal(t, "better", back["TOOL:t-p50"])
	require.Equal(t, "within tolerance", verdicts(Compare(agentRuns(300, 1, 0, 1), agentRuns(300, 1.3, 0, 2), stats.Comparer{Tolerance: 0.9}))["TOOL:t-p50"])
}

func TestFailuresAreCompared(t *testing.T) {
	found := verdicts(Compare(agentRuns(200, 1, 0.02, 1), agentRuns(200, 1, 0.3, 2), stats.Comparer{}))
	require.Equal(t, "worse", found["failed_requests_rate"])
}

func TestEqualProfilesSeldomDiffer(t *testing.T) {
	alarms := 0
	const times = 60
	for seed := range uint64(times) {
		c := Compare(agentRuns(60, 1, 0.1, 2*seed), agentRuns(60, 1, 0.1, 2*seed+1), stats.Comparer{Resamples: 100, Seed: seed})
		for _, verdict := range verdicts(c) {
			if verdict == "worse" || verdict == "better" {
				alarms++
				break
			}
		}
	}
	require.LessOrEqual(t, alarms, times*10/100)
}

// A request with many calls is one value: 50 calls that take what the request takes tell no more than one.
func TestCallsOfOneRequestAreOneValue(t *testing.T) {
	var calls []call
	for i := range 50 {
		calls = append(calls, llm(fmt.Sprint(i), float64(10*i), float64(10*i+1)))
	}
	c := Compare(requests(calls), requests([]call{llm("a", 0, 3)}), stats.Comparer{})
	for _, d := range c.Differences {
		require.Equal(t, []int{1, 1}, []int{d.NA, d.NB}, d.Key)
		require.Equal(t, stats.TooFew, d.Change)
	}
	require.Equal(t, 1.0, c.Differences[len(c.Differences)-1].A)
}

func TestOperationsOfOneSideAreNamed(t *testing.T) {
	c := Compare(requests([]call{llm("a", 0, 1), tool("b", 1, 2)}), requests([]call{llm("a", 0, 1), tool("b", 1, 2).named("u")}, nil), stats.Comparer{})
	require.Equal(t, [][]string{{"TOOL:t"}, {"TOOL:u"}}, [][]string{c.OnlyA, c.OnlyB})
	require.Equal(t, []int{1, 1}, []int{c.RequestsA, c.RequestsB})
	var report strings.Builder
	require.NoError(t, c.WriteReport(&report))
	require.Contains(t, report.String(), "TOOL:t: only in A")
	b, err := json.Marshal(Compare(nil, nil, stats.Comparer{}))
	require.NoError(t, err)
	require.JSONEq(t, `{"requests_a":0,"requests_b":0,"level":0.95,"differences":[],"only_in_a":[],"only_in_b":[]}`, string(b))
	b, err = json.Marshal(Compare(agentRuns(9, 1, 0, 1), agentRuns(9, 2, 0, 1), stats.Comparer{}))
	require.NoError(t, err)
	require.Contains(t, string(b), `"key":"workflow_runtime-p50","unit":"s","verdict":"`)
}
