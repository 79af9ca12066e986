package sizing

import (
	"bytes"
	"encoding/json"
	"flag"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/experiments"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestFitAndEstimateAreThoseOfNAT(t *testing.T) {
	text, err := os.ReadFile("testdata/nat.json")
	require.NoError(t, err)
	var cases []struct {
		Concurrencies, Seconds []float64
		Target                 float64
		Users, GPUs            int
		Fit                    *Line
		Estimate               *float64
		EstimateError          string `json:"estimate_error"`
		FitError               string `json:"fit_error"`
	}
	require.NoError(t, json.Unmarshal(text, &cases))
	for i, c := range cases {
		line, err := Fit(c.Concurrencies, c.Seconds)
		if c.FitError != "" {
			require.ErrorIs(t, err, ErrPoorFit, "case %d", i)
			continue
		}
		require.NoError(t, err)
		require.InDelta(t, c.Fit.Slope, line.Slope, 1e-9, "case %d", i)
		require.InDelta(t, c.Fit.Intercept, line.Intercept, 1e-9)
		require.InDelta(t, c.Fit.RSquared, line.RSquared, 1e-9)
		require.Equal(t, c.Fit.Outliers, line.Outliers)

		points := make([]Point, len(c.Concurrencies))
		for k := range points {
			points[k] = Point{Concurrency: int(c.Concurrencies[k]), LLMLatencyP95: c.Seconds[k], WorkflowRuntimeP95: c.Seconds[k]}
		}
		o, err := Calculate(points, Targets{LLMLatencyP95: c.Target, Users: c.Users, TestGPUs: c.GPUs})
		require.NotNil(t, o)
		if c.EstimateError != "" {
			require.ErrorIs(t, err, ErrBelow)
			require.Nil(t, o.GPUEstimates.ByLLMLatency)
		} else if err == nil {
			require.InDelta(t, *c.Estimate, *o.GPUEstimates.ByLLMLatency, 1e-9, "case %d", i)
		}
	}
}

// line are points at 1, 2, … n on a line.
func line(n int, slope, intercept float64) (points []Point) {
	for c := 1; c <= n; c++ {
		v := intercept + slope*float64(c)
		points = append(points, Point{Concurrency: c, LLMLatencyP95: v, WorkflowRuntimeP95: 2 * v})
	}
	return points
}

func TestAnExactLineGivesAnExactEstimate(t *testing.T) {
	o, err := Calculate(line(4, 0.5, 1), Targets{LLMLatencyP95: 3.5, WorkflowRuntimeP95: 6, Users: 100, TestGPUs: 2})
	require.NoError(t, err)
	require.InDelta(t, 40, *o.GPUEstimates.ByLLMLatency, 1e-9) // 5 users on 2 GPUs
	require.InDelta(t, 50, *o.GPUEstimates.ByWorkflowRuntime, 1e-9)
	e := o.Sizing.LLMLatency
	require.Equal(t, 40, *e.WholeGPUs)
	require.InDelta(t, 40, e.GPUsCI[0], 1e-6)
	require.InDelta(t, 40, e.GPUsCI[1], 1e-6)
	require.InDelta(t, 100.0/1*(1.5/3.5)*2, *o.CalcData[1].GPUEstimates.ByLLMLatency, 1e-9)
	rough, err := Calculate(line(4, 0.5, 1), Targets{LLMLatencyP95: 2.4, Users: 1, TestGPUs: 1})
	require.NoError(t, err)
	require.NotNil(t, rough.CalcData[2].GPUEstimates.ByLLMLatency)
	require.Nil(t, rough.CalcData[3].GPUEstimates.ByLLMLatency, "this point misses the target")
}

func TestWhatCannotBeEstimatedIsRefused(t *testing.T) {
	refused := func(points []Point, target float64, want error) {
		t.Helper()
		o, err := Calculate(points, Targets{LLMLatencyP95: target, Users: 10, TestGPUs: 1})
		require.ErrorIs(t, err, want)
		require.Nil(t, o.GPUEstimates.ByLLMLatency)
		require.Nil(t, o.Sizing.LLMLatency.GPUs)
		require.Nil(t, o.Sizing.LLMLatency.WholeGPUs)
		require.NotEmpty(t, o.Sizing.LLMLatency.Problem)
	}
	refused(line(4, 0.5, 1), 1, ErrBelow)
	refused(line(4, 0.5, 1), 5.01, ErrExtrapolation) // twice 4 is met at 5
	refused(line(4, -0.1, 2), 3, ErrNoGrowth)
	refused([]Point{{Concurrency: 1, LLMLatencyP95: 2, WorkflowRuntimeP95: 1}, {Concurrency: 2, LLMLatencyP95: 1, WorkflowRuntimeP95: 1}, {Concurrency: 3, LLMLatencyP95: 2, WorkflowRuntimeP95: 1}}, 3, ErrPoorFit)
	interrupted := line(2, 1, 1)
	interrupted[0].Interrupted = true
	refused(interrupted, 3, ErrFewPoints)

	_, err := Calculate(line(4, 0.5, 1), Targets{LLMLatencyP95: 5, Users: 10, TestGPUs: 1})
	require.NoError(t, err, "exactly twice is not beyond it")
}

func TestEveryProblemOfTheInputIsSaid(t *testing.T) {
	_, err := Calculate([]Point{{Concurrency: 0}, {Concurrency: 2, LLMLatencyP95: math.NaN()}, {Concurrency: 2}}, Targets{LLMLatencyP95: -1})
	for _, text := range []string{"a concurrency of 0", "concurrency 2 occurs twice", "is negative or no number", "must not be negative", "users", "GPUs of the test"} {
		require.ErrorContains(t, err, text)
	}
	_, err = Calculate(line(1, 1, 1), Targets{Users: 1, TestGPUs: 1})
	require.ErrorContains(t, err, "at least two concurrencies")
	require.ErrorContains(t, err, "a target is required")
}

func TestIntervalsOfTheConcurrencyHoldIt(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	const runs, truth = 2000, 10.0 // 0.5 + 0.25·10 = 3
	held, none := 0, 0
	for range runs {
		var x, y []float64
		for c := 1.0; c <= 10; c++ {
			x, y = append(x, c), append(y, 0.5+0.25*c+0.2*random.NormFloat64())
		}
		fit := fitAll(x, y)
		_, interval := fit.reach(3)
		switch {
		case interval == nil:
			none++
		case interval[0] <= truth && truth <= interval[1]:
			held++
		}
	}
	require.Zero(t, none)
	require.InDelta(t, 0.95, float64(held)/runs, 0.015)
}

func TestThereIsNoIntervalWhereTheSlopeCouldBeNothing(t *testing.T) {
	fit := fitAll([]float64{1, 2, 3, 4}, []float64{1, 1.4, 0.9, 1.3})
	_, interval := fit.reach(2)
	require.Nil(t, interval)
	_, interval = fitAll([]float64{1, 2}, []float64{1, 2}).reach(3)
	require.Nil(t, interval, "two points lie on a line whatever they are")
}

func TestAHockeyStickIsSeenAndALineIsNot(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 3))
	points := func(of func(c float64) float64) (p []Point) {
		for c := 1; c <= 12; c++ {
			v := of(float64(c)) * (1 + 0.01*random.NormFloat64())
			p = append(p, Point{Concurrency: c, LLMLatencyP95: v, WorkflowRuntimeP95: v, Rate: float64(c) / v})
		}
		return p
	}
	latency := func(p Point) float64 { return p.LLMLatencyP95 }
	q := queueing(points(func(c float64) float64 { return max(1, c/4) }), latency) // 4 at once, 1 s each
	require.Equal(t, HockeyStick, q.Shape)
	require.InDelta(t, 4, *q.Knee, 0.5)
	require.InDelta(t, 0.25, *q.SlopeAfter, 0.02, "1/X")
	require.True(t, q.Saturated)
	require.Contains(t, q.Note, "hockey stick")
	require.Contains(t, q.Note, "saturated from")

	q = queueing(points(func(c float64) float64 { return 1 + 0.02*c }), latency)
	require.Equal(t, Straight, q.Shape)
	require.False(t, q.Saturated)
	require.Equal(t, Unknown, queueing(line(4, 1, 1), latency).Shape)
	require.Equal(t, Flattening, queueing(points(func(c float64) float64 { return min(c, 4) }), latency).Shape)
}

func TestSizingDoesNotDependOnUnitsAndOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := line(rapid.IntRange(2, 10).Draw(t, "n"), rapid.Float64Range(0.01, 2).Draw(t, "slope"), rapid.Float64Range(0, 2).Draw(t, "intercept"))
		for i := range points {
			points[i].LLMLatencyP95 *= 1 + rapid.Float64Range(-0.1, 0.1).Draw(t, "noise")
		}
		target := Targets{LLMLatencyP95: rapid.Float64Range(0.5, 20).Draw(t, "target"), Users: 100, TestGPUs: 4}
		a, errA := Calculate(points, target)
		b, errB := Calculate(rapid.Permutation(points).Draw(t, "order"), target)
		require.Equal(t, errA == nil, errB == nil)
		if errA != nil {
			return
		}
		require.InEpsilon(t, *a.Sizing.LLMLatency.GPUs, *b.Sizing.LLMLatency.GPUs, 1e-9)
		if ci := a.Sizing.LLMLatency.GPUsCI; ci != nil {
			require.LessOrEqual(t, ci[0], *a.Sizing.LLMLatency.GPUs*(1+1e-9))
			require.GreaterOrEqual(t, ci[1], *a.Sizing.LLMLatency.GPUs*(1-1e-9))
		}
	})
}

func TestTheFilesHaveNATsKeysAndAreReadBack(t *testing.T) {
	points := line(8, 0.3, 1)
	points[4].LLMLatencyP95 = 9
	points[0].Items = map[string]Item{"0": {2, 3}, "1": {1, 9}}
	points[0].TotalRuntime = 4
	o, err := Calculate(points, Targets{LLMLatencyP95: 1.9, WorkflowRuntimeP95: 5, Users: 100, TestGPUs: 4})
	require.NoError(t, err)
	require.Less(t, o.Sizing.LLMLatency.Fit.RSquared, 0.3, "ours is fitted to all points, and NAT's without the outlier")
	require.InDelta(t, 1, o.FitResults.LLMLatency.RSquared, 1e-9)
	folder := filepath.Join(t.TempDir(), "online", "job_2")
	require.NoError(t, o.Save(folder))
	text, err := os.ReadFile(filepath.Join(folder, outputFile))
	require.NoError(t, err)
	var keys struct {
		GPU  map[string]any                       `json:"gpu_estimates"`
		Fit  map[string]map[string]any            `json:"fit_results"`
		Data map[string]map[string]map[string]any `json:"calc_data"`
	}
	require.NoError(t, json.Unmarshal(text, &keys))
	require.Contains(t, keys.GPU, "gpu_estimate_by_wf_runtime")
	require.Contains(t, keys.GPU, "gpu_estimate_by_llm_latency")
	require.Equal(t, []any{5.0}, keys.Fit["llm_latency_fit"]["outliers_removed"])
	require.InDelta(t, 0.3, keys.Fit["llm_latency_fit"]["slope"], 1e-9)
	require.Len(t, keys.Data, 8)
	require.Equal(t, true, keys.Data["5"]["alerts"]["outlier_llm_latency"])
	require.Equal(t, 1.0, keys.Data["1"]["alerts"]["num_items_greater_than_target_latency"])
	require.Equal(t, 1.0, keys.Data["1"]["alerts"]["num_items_greater_than_target_runtime"])
	require.Equal(t, map[string]any{"workflow_interrupted": false}, keys.Data["1"]["sizing_metrics"]["alerts"])

	for _, name := range Files()[1:] {
		f, err := os.Open(filepath.Join(folder, name))
		require.NoError(t, err)
		_, err = png.Decode(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	read, err := ReadOutputFile(filepath.Join(folder, outputFile))
	require.NoError(t, err)
	require.Len(t, read, 8)
	require.Equal(t, 0.5, read[0].Rate, "two requests in four seconds")
	require.Equal(t, points[0].Items, read[0].Items)
}

func TestOfSeveralJobsTheNewestCounts(t *testing.T) {
	base := t.TempDir()
	job := func(name string, age time.Duration, points ...Point) {
		o, _ := Calculate(points, Targets{LLMLatencyP95: 100, Users: 1, TestGPUs: 1})
		folder := filepath.Join(base, "online", name)
		require.NoError(t, os.MkdirAll(folder, 0o755))
		require.NoError(t, save(folder, outputFile, o.WriteJSON))
		at := time.Unix(1_750_000_000, 0).Add(-age)
		require.NoError(t, os.Chtimes(filepath.Join(folder, outputFile), at, at))
	}
	job("job_a", time.Hour, line(3, 1, 1)...)
	job("job_b", 0, line(2, 5, 5)...)
	points, err := ReadJobs(base)
	require.NoError(t, err)
	require.Equal(t, []float64{10, 15, 4}, []float64{points[0].LLMLatencyP95, points[1].LLMLatencyP95, points[2].LLMLatencyP95})

	require.NoError(t, os.WriteFile(filepath.Join(base, "online", "job_b", outputFile), []byte("{"), 0o644))
	points, err = ReadJobs(base)
	require.ErrorContains(t, err, "job_b")
	require.Len(t, points, 3)
	_, err = ReadJobs(t.TempDir())
	require.ErrorIs(t, err, ErrNoPoints)
}

func TestALoadTestIsPoints(t *testing.T) {
	r, err := experiments.LoadLoadTest(t.Context(), "../../experiments/testdata/llmeter/loadtest-levels-1-2-4/test", experiments.LoadTestOptions{})
	require.NoError(t, err)
	points := FromLoadTest(r)
	require.Len(t, points, 3)
	for i, n := range []int{1, 2, 4} {
		require.Equal(t, n, points[i].Concurrency)
		want, _ := r.Levels[i].Result.Stats().Lookup("ttlt-p95")
		require.Equal(t, want, points[i].LLMLatencyP95)
		require.Positive(t, points[i].Rate)
	}
}

func TestAProfileIsAPoint(t *testing.T) {
	folder := t.TempDir()
	_, err := ReadProfile(folder, 4)
	require.ErrorIs(t, err, os.ErrNotExist)
	text, err := os.ReadFile("../testdata/nat/sequential-nested/inference_optimization.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "inference_optimization.json"), text, 0o644))
	p, err := ReadProfile(folder, 4)
	require.NoError(t, err)
	require.Equal(t, 4, p.Concurrency)
	require.InDelta(t, 3.015, p.LLMLatencyP95, 1e-6)
	require.InDelta(t, 149.815, p.TotalRuntime, 1e-6)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "inference_optimization.json"), []byte("{}"), 0o644))
	_, err = ReadProfile(folder, 4)
	require.ErrorIs(t, err, ErrNoPoints)
}

func TestTheReportSaysWhatIsAndIsNotKnown(t *testing.T) {
	points := line(10, 0.3, 1)
	for i := range points {
		points[i].LLMLatencyP95 += 0.05 * math.Sin(float64(7*i))
		points[i].Rate = 2
	}
	points[9].Interrupted = true
	o, err := Calculate(points, Targets{LLMLatencyP95: 2.5, WorkflowRuntimeP95: 60, Users: 100, TestGPUs: 4})
	require.ErrorIs(t, err, ErrExtrapolation)
	var b bytes.Buffer
	require.NoError(t, o.WriteReport(&b))
	golden := filepath.Join("testdata", "report.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, b.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
	require.NotContains(t, strings.ToLower(b.String()), "nan")
}
