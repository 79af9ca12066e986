package llmeter_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/store"
)

// varying answers after a time around a second that it draws for each request.
func varying(seed uint64) llmeter.Endpoint {
	random := rand.New(rand.NewPCG(seed, seed))
	return endpoint.New(endpoint.Info{Name: "varying"}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		time.Sleep(time.Duration(math.Exp(random.NormFloat64()/4) * float64(time.Second)))
		return &endpoint.Response{Text: "ok", OutputTokens: endpoint.Counted(1)}, nil
	})
}

func codes(res *llmeter.Result) (all []string) {
	for _, w := range res.Warnings {
		all = append(all, w.Code)
	}
	return all
}

func TestUntilEndsARunWhenItsNumbersArePreciseEnough(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{
			Endpoint: varying(1), Payloads: numbered(1), Requests: 100_000,
			Until: slo.MustParseUntil("ttlt-mean ci < 2%, ttlt-p50 ci < 3%"),
		})
		// ± 2 % of a mean with a deviation of a quarter takes about 600, and the next look a tenth more.
		require.Greater(t, res.TotalRequests, 400)
		require.Less(t, res.TotalRequests, 1500)
		require.Contains(t, codes(res), llmeter.WarnPrecise)
		require.NotContains(t, codes(res), llmeter.WarnImprecise)
		precision, enough := res.Stats(), false
		_, enough = slo.Precision{Name: "ttlt-mean", Within: 0.02}.Reached(precision.Lookup)
		require.True(t, enough)
		for _, w := range res.Warnings {
			if w.Code == llmeter.WarnPrecise {
				require.Regexp(t, `^stopped when the numbers were precise enough, ttlt-mean ± 1\.\d+%, ttlt-p50 ± 2\.\d+%;`, w.Text)
			}
		}
	})
}

func TestUntilNeedsTwoLooksThatAgree(t *testing.T) {
	bubble(t, func(t *testing.T) { // constant latencies are known at once
		res := run(t, llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Duration: time.Hour, Until: slo.MustParseUntil("ttlt-p50 ci < 1%")})
		require.Equal(t, 111, res.TotalRequests, "at 100 and 110 responses; one more was in flight")
	})
}

func TestARunThatEndsAtItsLimitSaysHowPreciseItIs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: varying(2), Payloads: numbered(1), Requests: 200, Until: slo.MustParseUntil("ttlt-mean ci < 0.1%")})
		require.Equal(t, 200, res.TotalRequests)
		require.Contains(t, codes(res), llmeter.WarnImprecise)
		for _, w := range res.Warnings {
			if w.Code == llmeter.WarnImprecise {
				require.Regexp(t, `^the run ended before its numbers were as precise as asked \(ttlt-mean ci < 0\.1%\): ttlt-mean ± [34]\.\d+%$`, w.Text)
			}
		}
	})
}

func TestWhatIsAskedOfNumbersIsValidated(t *testing.T) {
	invalid := func(edit func(*llmeter.Runner), want string) {
		t.Helper()
		r := llmeter.Runner{Endpoint: slow(0), Payloads: numbered(1)}
		edit(&r)
		require.ErrorContains(t, r.Validate(), want)
	}
	invalid(func(r *llmeter.Runner) { r.Until = slo.MustParseUntil("ttft-p99 ci < 5%") }, "Until needs a limit beside it")
	invalid(func(r *llmeter.Runner) { r.Until, r.Requests = slo.MustParseUntil("tftt-p99 ci < 5%"), 1 }, `Until: slo: "tftt-p99 ci < 5%", position 1: unknown name "tftt-p99"; did you mean ttft-p99?`)
	invalid(func(r *llmeter.Runner) { r.Until, r.Requests = slo.MustParseUntil("steady-ttft-p99 ci < 5%"), 1 }, "unknown name")
	invalid(func(r *llmeter.Runner) {
		r.Until, r.Arrivals = slo.MustParseUntil("ttft-p99 ci < 5%"), load.Poisson{Rate: 1}
	}, "Until needs a limit")
	invalid(func(r *llmeter.Runner) { r.Warmup = result.Cut{Time: -1} }, "Warmup: the cut -1ns is negative")
	invalid(func(r *llmeter.Runner) { r.Cooldown = result.Cut{None: true, Requests: 1} }, "Cooldown: a cut is None")
	invalid(func(r *llmeter.Runner) { r.Objectives = make([]slo.Objective, 1) }, "Objectives[0]: slo: ")
	invalid(func(r *llmeter.Runner) { r.Objectives = []slo.Objective{slo.MustParse("goodput(latency<1s) > 1%")} }, `Objectives[0]: slo: "goodput(latency<1s) > 1%", position 9: unknown name "latency"`)
	require.NoError(t, llmeter.Runner{
		Endpoint: slow(0), Payloads: numbered(1), Requests: 5, Until: slo.MustParseUntil("itl-p99 ci < 5% and failed_requests_rate ci < 1%"),
		Objectives: []slo.Objective{slo.MustParse("cost_total < 5"), slo.MustParse("goodput(ttft<1s) > 1%")}, Warmup: result.Cut{Requests: 5},
	}.Validate())
}

// steps answers a whole second at first and a tenth of that from the 60th request on.
func steps() llmeter.Endpoint {
	n := 0
	return endpoint.New(endpoint.Info{Name: "steps"}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		n++
		d := time.Second
		if n > 60 {
			d = 100*time.Millisecond + time.Duration(n%2)*10*time.Millisecond
		}
		time.Sleep(d)
		return &endpoint.Response{Text: "ok", OutputTokens: endpoint.Counted(3)}, nil
	})
}

func TestAWarmupIsCutFromTheSteadyStateAlsoUnderLowMemory(t *testing.T) {
	for _, low := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			res := run(t, llmeter.Runner{
				Endpoint: steps(), Payloads: numbered(1), Requests: 400, LowMemory: low, Store: new(store.Memory), Folder: "run",
				Objectives: []slo.Objective{slo.MustParse("goodput(ttlt<105ms) > 90%"), slo.MustParse("steady-ttlt-p50 < 106ms")},
			})
			s := res.Stats()
			want := map[string]float64{
				"steady-from": 60, "steady-to": 60 + 339*0.105 + 0.005, "steady-requests": 340, "steady-ttlt-mean": 0.105, "ttlt-mean": (60 + 340*0.105) / 400,
				"steady-requests_per_second": 339 / (339*0.105 + 0.005), "steady-output_tokens_per_second": 3 * 339 / (339*0.105 + 0.005),
				"goodput(ttlt<105ms)": 170.0 / 400, "goodput(ttlt<105ms)-requests_per_second": 170 / (60 + 340*0.105),
			}
			for key, value := range want {
				got, ok := s.Lookup(key)
				require.True(t, ok, key)
				require.InDelta(t, value, got, 1e-9, key)
			}
			var statuses []slo.Status
			for _, o := range res.Check(res.Objectives) {
				statuses = append(statuses, o.Status)
			}
			require.Equal(t, []slo.Status{slo.Missed, slo.Met}, statuses)
		})
	}
}

func TestIntervalsThatWereWaitedForStillHoldTheTruth(t *testing.T) {
	const runs, truth = 300, 1.0317434 // exp(σ²/2) for σ = 1/4
	hits := 0
	for seed := range uint64(runs) {
		bubble(t, func(t *testing.T) {
			s := run(t, llmeter.Runner{Endpoint: varying(seed), Payloads: numbered(1), Requests: 10_000, Until: slo.MustParseUntil("ttlt-mean ci < 3%")}).Stats()
			lo, _ := s.Lookup("ttlt-mean-ci95-lo")
			hi, _ := s.Lookup("ttlt-mean-ci95-hi")
			if lo <= truth && truth <= hi {
				hits++
			}
		})
	}
	require.GreaterOrEqual(t, hits, runs*92/100)
}
