package experiments

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

func judgeOf(l Load, objectives ...string) *judge {
	c := Capacity{Rates: l.Rate > 0}
	for _, o := range objectives {
		c.Objectives = append(c.Objectives, slo.MustParse(o))
	}
	return c.judge(l)
}

// answered is a request that was sent so many seconds after the start, and had its only token so many after that.
func answered(seq int, at, ttft float64) *llmeter.Response {
	zero := time.Unix(1e9, 0)
	after := func(s float64) time.Time { return zero.Add(time.Duration(s * float64(time.Second))) }
	return &llmeter.Response{
		Seq: seq, Streamed: true, Dispatched: after(at), FirstToken: after(at + ttft), LastToken: after(at + ttft), End: after(at + ttft),
	}
}

func failed(r *llmeter.Response) *llmeter.Response {
	r.Error = &endpoint.Error{Kind: endpoint.KindServerStatus}
	return r
}

// decision judges n requests, one a second, of which request makes the i-th.
func decision(j *judge, n int, request func(i int) *llmeter.Response) (Decision, []Check, bool) {
	var seen []observation
	for i := range n {
		seen = append(seen, j.observe(request(i)))
	}
	return j.decide(seen, new(llmeter.Result))
}

func TestABinomialTailIsThatOfGonum(t *testing.T) {
	for _, n := range []float64{1, 20, 333, 5000} {
		for _, p := range []float64{0.001, 0.01, 0.3, 0.9, 0.999} {
			for _, k := range []float64{0, 1, n * p, math.Ceil(n*p) + 3, n} {
				k = math.Floor(k)
				got := binomialTail(n, k, p)
				if k <= n*p {
					require.Equal(t, 1.0, got)
					continue
				}
				want := 1 - distuv.Binomial{N: n, P: p}.CDF(k-1)
				require.InDelta(t, want, got, 1e-9, "%v %v %v", n, k, p)
			}
		}
	}
}

func TestALevelIsMissedAsSoonAsItIsSure(t *testing.T) {
	j := judgeOf(Load{Clients: 4}, "ttft-p99 < 500ms")
	d, checks, _ := decision(j, 1000, func(i int) *llmeter.Response { return answered(i, float64(i), 0.6) })
	require.Equal(t, Missed, d)
	require.Equal(t, 40-10, checks[0].N) // of the first 40 requests, a quarter is warm-up
	require.Equal(t, 1.0, checks[0].Value)
	require.InDelta(t, 0.01, checks[0].Limit, 1e-12)
}

func TestALevelIsMetAsSoonAsItIsSure(t *testing.T) {
	good := func(i int) *llmeter.Response { return answered(i, float64(i), 0.4) }
	j := judgeOf(Load{Clients: 4}, "ttft-p99 < 500ms", "goodput(ttft<500ms) > 90%", "ttft-mean < 1s")
	d, checks, _ := decision(j, 5000, good)
	require.Equal(t, Met, d)
	require.Equal(t, 960, checks[0].N) // none of 960 is wrong: 0.99 to that power is small enough, with 480 it is not
	d, _, _ = decision(j, 900, good)
	require.Equal(t, Unclear, d)
}

func TestARequestExactlyOnTheBoundIsJudgedByTheOperator(t *testing.T) {
	on := func(i int) *llmeter.Response { return answered(i, float64(i), 0.5) }
	d, _, _ := decision(judgeOf(Load{Clients: 1}, "ttft-p90 < 500ms"), 300, on)
	require.Equal(t, Missed, d)
	d, _, _ = decision(judgeOf(Load{Clients: 1}, "ttft-p90 <= 500ms"), 300, on)
	require.Equal(t, Met, d)
}

func TestFailedRequestsMissEveryBound(t *testing.T) {
	third := func(i int) *llmeter.Response {
		r := answered(i, float64(i), 0.1)
		if i%3 == 0 {
			failed(r)
		}
		return r
	}
	for _, objective := range []string{"ttft-p90 < 500ms", "goodput(ttft<500ms) > 95%", "failed_requests_rate < 1%"} {
		d, _, _ := decision(judgeOf(Load{Clients: 1}, objective), 500, third)
		require.Equal(t, Missed, d, objective)
	}
	d, _, _ := decision(judgeOf(Load{Clients: 1}, "ttft-p50 < 500ms"), 500, third)
	require.Equal(t, Met, d)
}

func TestGoodputMayAskOfTheGapsInAnAnswer(t *testing.T) {
	gaps := func(event time.Duration, tokens int32) func(i int) *llmeter.Response {
		return func(i int) *llmeter.Response {
			r := answered(i, float64(i), 0.1)
			r.Events = []endpoint.Event{{At: time.Second, Tokens: 1}, {At: time.Second}, {At: time.Second + event, Tokens: tokens}}
			return r
		}
	}
	for objective, want := range map[string]Decision{"goodput(itl<30ms) > 90%": Met, "goodput(icl<30ms) > 90%": Missed} {
		d, _, _ := decision(judgeOf(Load{Clients: 1}, objective), 500, gaps(40*time.Millisecond, 2))
		require.Equal(t, want, d)
	}
	d, _, _ := decision(judgeOf(Load{Clients: 1}, "goodput(itl<30ms) > 90%"), 500, func(i int) *llmeter.Response { return answered(i, float64(i), 1) })
	require.Equal(t, Missed, d) // one token has no gaps
}

func TestBurstsOfSlowRequestsCountForLess(t *testing.T) {
	slowTenth := func(block int) func(i int) *llmeter.Response {
		return func(i int) *llmeter.Response {
			if i/block%10 == 1 {
				return answered(i, float64(i), 1)
			}
			return answered(i, float64(i), 0.1)
		}
	}
	j := judgeOf(Load{Clients: 1}, "ttft-p80 < 500ms")
	d, _, _ := decision(j, 640, slowTenth(1))
	require.Equal(t, Met, d)
	d, checks, _ := decision(j, 640, slowTenth(25))
	require.Equal(t, Unclear, d)
	require.Greater(t, checks[0].Interval.Hi, 0.2)
}

func TestRequestsThatComeFasterThanTheyAreAnsweredSaturate(t *testing.T) {
	overload := func(factor float64) func(i int) *llmeter.Response { // one a second, and one answer in factor seconds
		return func(i int) *llmeter.Response { return answered(i, float64(i), 0.5+float64(i)*(factor-1)) }
	}
	j := judgeOf(Load{Rate: 1}, "ttft-p90 < 1000s")
	d, _, saturated := decision(j, 1000, overload(2))
	require.Equal(t, Missed, d)
	require.True(t, saturated)
	d, _, saturated = decision(j, 1000, overload(1))
	require.Equal(t, Unclear, d) // it has not lasted long enough for this bound
	require.False(t, saturated)
	d, _, saturated = decision(judgeOf(Load{Clients: 1}, "ttft-p90 < 1000s"), 1000, overload(2))
	require.Equal(t, Met, d)
	require.False(t, saturated)
}

func TestALevelWithoutRequestsIsUnclear(t *testing.T) {
	d, _, saturated := decision(judgeOf(Load{Rate: 1}, "ttft-p90 < 1s"), 0, nil)
	require.Equal(t, Unclear, d)
	require.False(t, saturated)
}

func TestSlowFirstAnswersAreNoSaturation(t *testing.T) {
	j := judgeOf(Load{Rate: 1}, "ttft-p90 < 100s")
	for _, n := range []int{20, 100, 400, 1000} {
		_, _, saturated := decision(j, n, func(i int) *llmeter.Response { return answered(i, float64(i), 60) })
		require.False(t, saturated, n)
	}
}

func TestARateIsMetOnlyAfterATimeInWhichTooHighAOneWouldShow(t *testing.T) {
	j := judgeOf(Load{Rate: 1}, "goodput(ttft<10s,ttlt<20s) > 50%")
	require.Equal(t, 800*time.Second, j.settling) // twice 20 s over a twentieth
	good := func(i int) *llmeter.Response { return answered(i, float64(i), 1) }
	d, _, _ := decision(j, 800, good)
	require.Equal(t, Unclear, d)
	d, _, _ = decision(j, 801, good)
	require.Equal(t, Met, d)
	require.Zero(t, judgeOf(Load{Clients: 9}, "ttft-p50 < 10s").settling)
}

func TestOtherObjectivesAreJudgedByTheWholeLevel(t *testing.T) {
	c := Capacity{Objectives: []slo.Objective{slo.MustParse("output_tps > 100"), slo.MustParse("failed_requests < 1")}}
	j := c.judge(Load{Clients: 1})
	seen := []observation{j.observe(answered(0, 0, 1)), j.observe(answered(1, 1, 1))}
	res := new(llmeter.Result)
	require.NoError(t, res.Contribute("cost", 3))
	d, checks, _ := j.decide(seen, res)
	require.Equal(t, Unclear, d) // a statistic that is not there
	require.Equal(t, Unclear, checks[0].Decision)
	require.Equal(t, 100.0, checks[0].Limit)

	j = (&Capacity{Objectives: []slo.Objective{slo.MustParse("cost < 2")}}).judge(Load{Clients: 1})
	d, checks, _ = j.decide(seen[:1], res)
	require.Equal(t, Missed, d)
	require.InDelta(t, math.Log(1.5), excess(checks), 1e-12)
}

func TestMeansAreMetOrMissedOverTheirWholeInterval(t *testing.T) {
	around := func(mean float64) func(i int) *llmeter.Response { // by a tenth of a second to either side
		return func(i int) *llmeter.Response { return answered(i, float64(i), mean+0.1*float64(i*7%3-1)) }
	}
	for mean, want := range map[float64]Decision{0.4: Met, 0.499: Unclear, 0.6: Missed} {
		d, checks, _ := decision(judgeOf(Load{Clients: 1}, "ttft-mean < 500ms"), 150, around(mean))
		require.Equal(t, want, d)
		require.InDelta(t, mean, checks[0].Value, 0.01)
		require.True(t, checks[0].Interval.Contains(mean))
	}
	d, _, _ := decision(judgeOf(Load{Clients: 1}, "ttft-mean < 500ms"), 30, around(0.1))
	require.Equal(t, Unclear, d) // too few for Student's interval to hold
	d, _, _ = decision(judgeOf(Load{Clients: 1}, "output_tokens-mean >= 100"), 150, around(0.1))
	require.Equal(t, Unclear, d) // nobody counted
}

func TestAStatisticWithAnIntervalIsJudgedByIt(t *testing.T) {
	acc, res := new(result.Accumulator), new(llmeter.Result)
	for i := range 100 {
		r := answered(i, float64(i), 0.1)
		r.Events = []endpoint.Event{{At: 1, Tokens: 1}, {At: time.Duration(i*37%100+2) * time.Millisecond, Tokens: 1}}
		acc.Add(r)
	}
	acc.Complete(res, nil)
	for objective, want := range map[string]Decision{
		"itl-p50 < 200ms": Met, "itl-p50 < 52ms": Unclear, "itl-p50 < 10ms": Missed, "itl-p50 > 10ms": Met,
	} {
		check := wholeCheck(slo.MustParse(objective), res)
		require.Equal(t, want, check.Decision, objective)
		require.True(t, check.Interval.Exists())
	}
}

func TestImpossibleObjectivesAreRefused(t *testing.T) {
	for objective, why := range map[string]string{
		"goodput(ttft<1s) < 50%":    "more load cannot be needed",
		"failed_requests_rate > 1%": "more load cannot be needed",
		"goodput(cost<1) > 50%":     `"cost" is not known of one request`,
	} {
		_, err := criterionOf(slo.MustParse(objective))
		require.ErrorContains(t, err, why)
	}
}

func TestTheNumberOfRequestsOfALevelFollowsFromItsObjectives(t *testing.T) {
	c := Capacity{Objectives: []slo.Objective{slo.MustParse("ttft-p99 < 1s"), slo.MustParse("failed_requests_rate < 5%")}}
	require.InDelta(t, 6400, c.requests(Load{Clients: 2}), 1)
	require.InDelta(t, 20000, c.requests(Load{Clients: 2000}), 1)
	c.Rates = true
	require.InDelta(t, 1.2*40*1000, c.requests(Load{Rate: load.Rate(1000)}), 1)
	c.Objectives = c.Objectives[1:]
	require.InDelta(t, 1280, c.requests(Load{Rate: 1}), 1)
	c.RequestsPerLevel = 7
	require.Equal(t, 7, c.requests(Load{Rate: 1}))
}
