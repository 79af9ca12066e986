package experiments_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/result"
)

// synthetic is a run of n streams whose times to the first token are log-normal around median, and whose gaps of 10 ms vary a
// little. A share of its requests fails.
func synthetic(n int, median time.Duration, sigma, failing float64, seed uint64) *llmeter.Result {
	random := rand.New(rand.NewPCG(seed, 0))
	zero := time.Unix(1e9, 0)
	acc, all := new(result.Accumulator), []*llmeter.Response{}
	for i := range n {
		at := zero.Add(time.Duration(i) * time.Second)
		ttft := time.Duration(float64(median) * math.Exp(sigma*random.NormFloat64()))
		r := &llmeter.Response{Seq: i, Streamed: true, Payload: payloads[i%2], RequestTime: at, Intended: at, Dispatched: at}
		r.FirstToken = at.Add(ttft)
		r.FirstText = r.FirstToken
		for k := range 10 {
			last := ttft + time.Duration(k)*10*time.Millisecond + time.Duration(random.ExpFloat64()*1e5)
			r.Events = append(r.Events, endpoint.Event{At: last, Tokens: 1})
			r.LastToken = at.Add(last)
		}
		r.End, r.OutputTokens = r.LastToken, endpoint.Counted(10)
		if random.Float64() < failing {
			r.Error = &endpoint.Error{Kind: endpoint.KindServerStatus, Status: 500}
		}
		acc.Add(r)
		all = append(all, r)
	}
	res := &llmeter.Result{Clients: 1, TotalTestTime: time.Duration(n) * time.Second}
	acc.Complete(res, all)
	return res
}

func compare(t *testing.T, c experiments.Compare, a, b *llmeter.Result) *experiments.Comparison {
	t.Helper()
	comparison, err := c.Results(a, b)
	require.NoError(t, err)
	return comparison
}

func find(t *testing.T, c *experiments.Comparison, key string) experiments.Difference {
	t.Helper()
	for _, d := range c.Differences {
		if d.Key == key {
			return d
		}
	}
	require.Fail(t, "no difference", key)
	return experiments.Difference{}
}

// requireSame compares texts, in which NaN equals itself.
func requireSame(t *testing.T, want, got *experiments.Comparison) {
	t.Helper()
	require.Equal(t, fmt.Sprintf("%#v", want.Differences), fmt.Sprintf("%#v", got.Differences))
}

func TestEqualsSeldomRaiseAFalseAlarm(t *testing.T) {
	const times = 200 / experiments.RaceSlowdown
	alarms := 0
	for seed := range uint64(times) {
		a := synthetic(500, 200*time.Millisecond, 0.3, 0.05, 2*seed)
		b := synthetic(500, 200*time.Millisecond, 0.3, 0.05, 2*seed+1)
		for _, d := range compare(t, experiments.Compare{Resamples: 100, Seed: seed}, a, b).Differences {
			if d.Change == experiments.Worse || d.Change == experiments.Better {
				alarms++
				break
			}
		}
	}
	t.Logf("%d alarms in %d comparisons of equals", alarms, times)
	require.LessOrEqual(t, alarms, times*8/100)
}

func TestASlowDownOfATenthIsFound(t *testing.T) {
	const times = 60 / experiments.RaceSlowdown
	found := 0
	for seed := range uint64(times) {
		a := synthetic(500, 200*time.Millisecond, 0.3, 0.05, 2*seed)
		b := synthetic(500, 220*time.Millisecond, 0.3, 0.05, 2*seed+1)
		if find(t, compare(t, experiments.Compare{Resamples: 100, Seed: seed}, a, b), "ttft-p50").Change == experiments.Worse {
			found++
		}
	}
	t.Logf("found in %d of %d comparisons", found, times)
	require.GreaterOrEqual(t, found, times*90/100)
}

func TestAComparisonSaysWhatItCouldNotHaveSeen(t *testing.T) {
	a, b := synthetic(60, 200*time.Millisecond, 0.3, 0, 1), synthetic(60, 200*time.Millisecond, 0.3, 0, 2)
	d := find(t, compare(t, experiments.Compare{}, a, b), "ttft-p50")
	require.Equal(t, experiments.NoDifference, d.Change)
	require.InDelta(t, 0.06, d.Detectable, 0.03) // 0.3·1.25·√(2/60) of 0.2 s is a deviation of 14 ms, and 2.9 + 0.8 of these are needed
	require.Contains(t, d.String(), "no difference seen")
	require.Contains(t, d.String(), "n is too small to see less than ")
	require.True(t, d.Interval.Contains(d.Delta))

	more := find(t, compare(t, experiments.Compare{}, synthetic(6000, 200*time.Millisecond, 0.3, 0, 1), synthetic(6000, 200*time.Millisecond, 0.3, 0, 2)), "ttft-p50")
	require.InDelta(t, d.Detectable/10, more.Detectable, 0.003)

	few := find(t, compare(t, experiments.Compare{Keys: []string{"ttft-p50"}},
		synthetic(3, time.Second, 0, 0, 1), synthetic(3, time.Hour, 0, 0, 2)), "ttft-p50")
	require.Equal(t, experiments.TooFew, few.Change) // three against three cannot differ more than one of ten times by chance
	require.True(t, math.IsNaN(few.Detectable))
}

func TestTheToleranceDecidesWhichDifferencesMatter(t *testing.T) {
	a, b := synthetic(2000, 200*time.Millisecond, 0.1, 0, 1), synthetic(2000, 206*time.Millisecond, 0.1, 0, 2)
	for tolerance, want := range map[float64]experiments.Change{0: experiments.Worse, 0.05: experiments.Negligible} {
		c := compare(t, experiments.Compare{Tolerance: tolerance}, a, b)
		require.Equal(t, want, find(t, c, "ttft-p50").Change)
		require.Equal(t, want == experiments.Worse, len(c.Worse()) > 0)
	}
	d := find(t, compare(t, experiments.Compare{}, b, a), "ttft-p50")
	require.Equal(t, experiments.Better, d.Change)
	require.InDelta(t, -0.03, d.Relative(), 0.01)
	require.InDelta(t, -0.006, d.Interval.Lo, 0.003)
	require.Less(t, d.Interval.Hi, 0.0)
}

func TestRatesOfFailuresAreCompared(t *testing.T) {
	a, b := synthetic(400, time.Second, 0.1, 0.01, 1), synthetic(400, time.Second, 0.1, 0.1, 2)
	d := find(t, compare(t, experiments.Compare{}, a, b), experiments.KeyFailedRate)
	require.Equal(t, experiments.Worse, d.Change)
	require.InDelta(t, 0.09, d.Delta, 0.03)
	require.Greater(t, d.Interval.Lo, 0.03)
	require.Contains(t, d.String(), "%")
	d = find(t, compare(t, experiments.Compare{}, synthetic(100, time.Second, 0, 0, 1), synthetic(100, time.Second, 0, 0, 2)), experiments.KeyFailedRate)
	require.Equal(t, experiments.NoDifference, d.Change)
	require.InDelta(t, 0.037, d.Interval.Hi, 0.001) // Newcombe (1998): none of 100 in both
	require.True(t, math.IsNaN(d.Relative()))
}

func TestWhatIsTheSameMetricIsComparedOnce(t *testing.T) {
	c := compare(t, experiments.Compare{}, synthetic(200, time.Second, 0.1, 0, 1), synthetic(200, time.Second, 0.1, 0, 2))
	keys := []string{}
	for _, d := range c.Differences {
		keys = append(keys, d.Key)
	}
	require.Equal(t, []string{
		"ttft-p50", "ttft-p90", "ttft-p99", "ttlt-p50", "ttlt-p90", "ttlt-p99", "tpot-p50", "tpot-p90", "tpot-p99",
		"stall-p50", "stall-p90", "stall-p99", "failed_requests_rate",
	}, keys)
	c = compare(t, experiments.Compare{Keys: []string{"response-p95"}}, c.A[0], c.B[0])
	require.Len(t, c.Differences, 1)
	require.Equal(t, 200, c.Differences[0].NA)
}

func TestRunsThatCannotBeComparedAsTheyAreGiveWarnings(t *testing.T) {
	a, b := synthetic(100, time.Second, 0.1, 0, 1), synthetic(100, time.Second, 0.1, 0, 2)
	require.Empty(t, compare(t, experiments.Compare{}, a, b).Warnings)
	b = b.Filter(func(*llmeter.Response) bool { return true })
	for r, err := range b.Responses() {
		require.NoError(t, err)
		require.NoError(t, r.Payload.Set("other", "model"))
	}
	require.Empty(t, compare(t, experiments.Compare{}, a, b).Warnings) // another model alone is what one compares
	for r := range b.Responses() {
		require.NoError(t, r.Payload.Set("other", "prompt"))
		r.OutputTokens.N++
	}
	b.Clients, b.Interrupted, b.RunName, b.Verdict.Level = 8, true, "new", result.Degraded
	var codes []string
	for _, w := range compare(t, experiments.Compare{}, a, b).Warnings {
		codes = append(codes, w.Code)
	}
	require.Equal(t, []string{
		experiments.WarnPayloads, experiments.WarnAnswers, experiments.WarnLoads, experiments.WarnUntrusted, experiments.WarnInterrupted,
	}, codes)

	whole := &llmeter.Result{Clients: 1}
	acc := new(result.Accumulator)
	r := &llmeter.Response{Dispatched: time.Unix(0, 1), LastToken: time.Unix(1, 0), End: time.Unix(1, 0), Payload: payloads[0]}
	acc.Add(r)
	acc.Complete(whole, []*llmeter.Response{r})
	c := compare(t, experiments.Compare{}, a, whole)
	require.Equal(t, experiments.WarnPayloads, c.Warnings[0].Code)
	require.Equal(t, experiments.WarnOneSided, c.Warnings[1].Code)
	require.Equal(t, "ttft", c.Warnings[1].Metric)
}

func TestBadComparisonsAreRefused(t *testing.T) {
	a := synthetic(10, time.Second, 0.1, 0, 1)
	_, err := experiments.Compare{Keys: []string{"ttft-p101", "speed-p50"}, Level: 2, Tolerance: -1}.Results(a, a)
	for _, problem := range []string{`"ttft-p101" cannot be compared`, `"speed-p50"`, "Level: 2", "Tolerance: -1"} {
		require.ErrorContains(t, err, problem)
	}
	_, err = experiments.Compare{}.Results(a, &llmeter.Result{})
	require.ErrorIs(t, err, result.ErrNoRun)
	require.ErrorContains(t, err, "B has no responses")
	_, err = experiments.Compare{}.Folders(t.Context(), "testdata", "nowhere", result.LoadOptions{})
	require.ErrorIs(t, err, result.ErrNoRun)
	require.Equal(t, 2, strings.Count(err.Error(), result.ErrNoRun.Error()))
	_, err = experiments.Compare{Rounds: -1}.Run(t.Context(), llmeter.Runner{}, llmeter.Runner{})
	for _, problem := range []string{"Rounds: -1 is negative", "A: Endpoint is missing", "B: Endpoint is missing"} {
		require.ErrorContains(t, err, problem)
	}
}

func TestFoldersAreComparedAsTheirResults(t *testing.T) {
	dir := t.TempDir()
	a, b := synthetic(100, time.Second, 0.1, 0, 1), synthetic(100, 2*time.Second, 0.1, 0, 2)
	require.NoError(t, a.Save(t.Context(), dir+"/a"))
	require.NoError(t, b.Save(t.Context(), dir+"/b"))
	c, err := experiments.Compare{}.Folders(t.Context(), dir+"/a", dir+"/b", result.LoadOptions{})
	require.NoError(t, err)
	requireSame(t, compare(t, experiments.Compare{}, a, b), c)
	require.Len(t, c.Worse(), 4)                                        // p50 and p90 of ttft and ttlt
	require.Equal(t, experiments.TooFew, find(t, c, "ttft-p99").Change) // all that are above it are two of two hundred
}

func TestLiveEndpointsAreRunInTurnAndNotTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st, calls := new(watched), new(atomic.Int64)
		runner := func(d time.Duration) llmeter.Runner {
			return llmeter.Runner{Endpoint: slow(d, calls), Payloads: payloads, Requests: 20}
		}
		a, b := runner(100*time.Millisecond), runner(110*time.Millisecond)
		a.Store, a.Folder = st, "ab"
		var order []string
		c := experiments.Compare{Keys: []string{"ttft-p50", "ttft-p90"}, Level: 0.9, Tolerance: 0.05, Rounds: 2, Progress: func(p experiments.Progress) {
			if len(order) == 0 || order[len(order)-1] != p.Run {
				order = append(order, p.Run)
			}
			require.Equal(t, 8, p.Runs)
		}}
		got, err := c.Run(t.Context(), a, b)
		require.NoError(t, err)
		require.Equal(t, []string{"001-a", "002-b", "003-b", "004-a", "005-a", "006-b", "007-b", "008-a"}, order)
		d := find(t, got, "ttft-p50")
		require.Equal(t, experiments.Worse, d.Change)
		require.Equal(t, 0.1, d.A)
		require.Equal(t, 0.11, d.B)
		require.Equal(t, []int{80, 80}, []int{d.NA, d.NB})
		require.Equal(t, experiments.Worse, find(t, got, "ttft-p90").Change)

		calls.Store(0)
		again, err := c.Run(t.Context(), a, b)
		require.NoError(t, err)
		require.Zero(t, calls.Load())
		requireSame(t, got, again)
		loaded, err := experiments.Compare{}.Load(t.Context(), "ab", result.LoadOptions{Store: st})
		require.NoError(t, err)
		requireSame(t, got, loaded)
	})
}

func TestNeighboursThatAreAlikeCountForLess(t *testing.T) {
	alarms := 0
	const times = 40 / experiments.RaceSlowdown
	for seed := range uint64(times) { // each block of 25 requests has one latency
		var runs [2]*llmeter.Result
		for i := range runs {
			runs[i] = synthetic(1000, time.Second, 0, 0, 2*seed+uint64(i))
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			level := 0.0
			for r := range runs[i].Responses() {
				if r.Seq%25 == 0 {
					level = 0.3 * random.NormFloat64()
				}
				r.FirstToken = r.Dispatched.Add(time.Duration(float64(time.Second) * math.Exp(level+0.05*random.NormFloat64())))
			}
		}
		c := compare(t, experiments.Compare{Keys: []string{"ttft-p50"}, Resamples: 100}, runs[0], runs[1])
		if c.Differences[0].Change != experiments.NoDifference {
			alarms++
		}
	}
	require.LessOrEqual(t, alarms, times*6/40) // without the correction it is more than half of them
}

func BenchmarkCompareTwoRunsOf100000(b *testing.B) {
	x, y := synthetic(100_000, 200*time.Millisecond, 0.3, 0.01, 1), synthetic(100_000, 200*time.Millisecond, 0.3, 0.01, 2)
	for b.Loop() {
		_, err := experiments.Compare{}.Results(x, y)
		require.NoError(b, err)
	}
}
