package experiments

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/stats"
)

// Compare asks whether B is slower than A, or faster. Its fields say how sure the answer must be; its methods take what is
// compared: two Results, two folders, or two Runners. The zero value is ready.
//
// Medians are compared by the Mann-Whitney test. Other quantiles and the rate of failures are compared by the same test of who
// is above the quantile of both together, or failed. The p-values are adjusted for their number (Holm, 1979). Differences of
// quantiles have bootstrap intervals, that of the rates Newcombe's (1998). Where neighbours in time are alike, tests and
// intervals take their variance to be as many times larger as values count for fewer independent ones.
type Compare struct {
	// Keys are what is compared: a quantile of a latency ("ttft-p99", in seconds) or "failed_requests_rate". nil = p50, p90 and
	// p99 of every latency that both have enough values of, and the rate of failures.
	Keys []string
	// Level is how sure an alarm is to be: a comparison of equals gives any at all with a probability of at most 1 - Level,
	// and intervals have this level. 0 = 0.95.
	Level float64
	// Tolerance is the share of A's value up to which a difference does not matter (0.05 = 5 %), however sure it is; for the
	// rate of failures it is the difference itself. 0 = every difference matters.
	Tolerance float64
	// Resamples is how often the bootstrap draws. 0 = 2,000.
	Resamples int
	// Seed makes it draw differently.
	Seed uint64

	// Rounds is how often Run runs A, B, B and A. 0 = 3.
	Rounds int
	// Progress is told where Run stands; see [Plan.Progress].
	Progress func(Progress)
}

// KeyFailedRate is the key of the share of requests that failed.
const KeyFailedRate = "failed_requests_rate"

// A Change is what a comparison says of one number.
type Change string

// The changes.
const (
	NoDifference Change = "no difference seen"
	Negligible   Change = "within tolerance" // a difference that is sure, but too small to matter
	Better       Change = "better"
	Worse        Change = "worse"
	TooFew       Change = "too few values" // so few that no difference, however large, could be seen
)

// A Difference is what a comparison says of one number: of times in seconds, of the rate of failures as a share.
type Difference struct {
	Key        string
	Change     Change
	A, B       float64
	NA, NB     int            // values that they were computed from
	Delta      float64        // B - A
	Interval   stats.Interval // of Delta, by itself: not widened for the number of comparisons
	P          float64        // the probability of such a difference, or a larger one, between equals
	Adjusted   float64        // P adjusted for the number of comparisons: a difference is sure if it is below 1 - Level
	Detectable float64        // the size that a difference must have to be seen in 4 of 5 such comparisons; NaN if not known

	numbers stats.Difference // until they are judged
}

// Relative is Delta as a share of A; NaN where A is 0.
func (d Difference) Relative() float64 {
	if d.A == 0 {
		return math.NaN()
	}
	return d.Delta / d.A
}

// A Comparison is the answer of a Compare.
type Comparison struct {
	A, B        []*llmeter.Result // the runs of each: one, or those of all rounds
	Level       float64
	Differences []Difference
	Warnings    []result.Warning
}

// The codes of warnings about comparisons.
const (
	WarnPayloads    = "payloads-differ"    // what was sent is not the same, so what came cannot be compared as it is
	WarnAnswers     = "answers-differ"     // the lengths of the answers are not the same
	WarnLoads       = "loads-differ"       // the runs were not under the same load
	WarnUntrusted   = "untrusted"          // the client was part of what was measured
	WarnInterrupted = "interrupted"        // a run did not come to its end
	WarnOneSided    = "metric-on-one-side" // a metric that only one of both has was left out
)

// Worse gives the numbers by which B is worse than A, for sure and beyond the tolerance. A check fails if there is one.
func (c *Comparison) Worse() (worse []Difference) {
	for _, d := range c.Differences {
		if d.Change == Worse {
			worse = append(worse, d)
		}
	}
	return worse
}

// Results compares two runs.
func (c Compare) Results(a, b *llmeter.Result) (*Comparison, error) {
	return c.runs([]*llmeter.Result{a}, []*llmeter.Result{b})
}

// Folders loads two runs from their folders and compares them.
func (c Compare) Folders(ctx context.Context, a, b string, o result.LoadOptions) (*Comparison, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	resA, errA := result.Load(ctx, a, o)
	resB, errB := result.Load(ctx, b, o)
	if err := errors.Join(errA, errB); err != nil {
		return nil, err
	}
	return c.Results(resA, resB)
}

// Run runs a and b in turn, A B B A again and again, so that whatever drifts meanwhile meets both alike, and compares them. Each
// run is as its Runner says. The files of all go to the output folder of a; that of b is not used. Beside an error it gives no
// comparison; its runs are in the folder, and are not made again.
func (c Compare) Run(ctx context.Context, a, b llmeter.Runner) (*Comparison, error) {
	steps, err := c.Steps(a, b)
	if err != nil {
		return nil, err
	}
	series, err := Plan{
		Kind: KindCompare, Runner: a, Runs: len(steps), Progress: c.Progress, Settings: map[string]any{"b": settingsOf(b)},
		Details: judgement{c.Keys, c.Level, c.Tolerance},
	}.Open(ctx)
	if err != nil {
		return nil, err
	}
	var runsA, runsB []*llmeter.Result
	for i, s := range steps {
		res, err := series.Run(ctx, s.Name, s.Runner)
		if err != nil {
			return nil, fmt.Errorf("run %d, %s: %w", i+1, strings.ToUpper(s.Name[len(s.Name)-1:]), err)
		}
		if isB(i) {
			runsB = append(runsB, res)
		} else {
			runsA = append(runsA, res)
		}
	}
	return c.runs(runsA, runsB)
}

// Load compares the runs that [Compare.Run] has left in a folder. Keys, Level and Tolerance that are zero are those of that Run.
func (c Compare) Load(ctx context.Context, folder string, o result.LoadOptions) (*Comparison, error) {
	test, err := LoadLoadTest(ctx, folder, LoadTestOptions{LoadOptions: o})
	if err != nil {
		return nil, err
	}
	by, err := judgement{c.Keys, c.Level, c.Tolerance}.orSaved(ctx, o.Store, folder)
	if err != nil {
		return nil, err
	}
	c.Keys, c.Level, c.Tolerance = by.Keys, by.Level, by.Tolerance
	var a, b []*llmeter.Result
	for _, level := range test.Levels {
		switch {
		case strings.HasSuffix(level.Result.RunName, "-a"):
			a = append(a, level.Result)
		case strings.HasSuffix(level.Result.RunName, "-b"):
			b = append(b, level.Result)
		}
	}
	if len(a) == 0 || len(b) == 0 {
		return nil, fmt.Errorf("%s: %w of both A and B", folder, result.ErrNoRun)
	}
	comparison, err := c.runs(a, b)
	if err != nil {
		return nil, err
	}
	comparison.Warnings = append(comparison.Warnings, test.Warnings...)
	return comparison, nil
}

func (c Compare) runs(runsA, runsB []*llmeter.Result) (*Comparison, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	a, err := newSide("A", runsA)
	if err != nil {
		return nil, err
	}
	b, err := newSide("B", runsB)
	if err != nil {
		return nil, err
	}
	comparison := &Comparison{A: runsA, B: runsB, Level: c.level(), Warnings: warningsOf(a, b)}
	for key := range c.keys(a, b) {
		comparison.Differences = append(comparison.Differences, c.difference(key, a, b))
	}
	c.judge(comparison.Differences)
	return comparison, nil
}

func (c Compare) level() float64 { return orDefault(c.Level, 0.95) }

// A number is one that can be compared: a quantile of a latency, or without one the rate of failures.
type number struct {
	key, metric string
	q           float64
}

// keys are what is compared. Of the standard ones, those are left out that are not worth a test.
func (c Compare) keys(a, b *side) iter.Seq[number] {
	return func(yield func(number) bool) {
		for _, key := range c.Keys {
			k, _ := parseKey(key) // valid
			if !yield(k) {
				return
			}
		}
		if c.Keys != nil {
			return
		}
		for _, metric := range latencies {
			n := min(len(a.values[metric]), len(b.values[metric]))
			if a.repeats(metric) && b.repeats(metric) {
				continue
			}
			for _, q := range []struct {
				name string
				q    float64
			}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}} {
				if n > 0 && uint64(n) >= stats.MinN(q.q) && !yield(number{metric + "-" + q.name, metric, q.q}) {
					return
				}
			}
		}
		yield(number{key: KeyFailedRate})
	}
}

func (c Compare) validate() error {
	var p problems
	for _, key := range c.Keys {
		_, err := parseKey(key)
		p.also(err)
	}
	p.level(c.level())
	p.negative("Tolerance", c.Tolerance)
	return p.join()
}
