package experiments

import (
	"context"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

// Soak runs the same load for hours and tells what drifts: latencies, failures, throughput, the client's memory.
//
// The time is divided into segments, each a run of its own whose statistics are one point in time. So an interrupted soak goes
// on with the segment in which it ended, and needs no more memory the longer it is. Between two segments the load pauses for
// as long as the slowest answer takes.
type Soak struct {
	// Runner is what runs. Its Duration is the time of all segments together, and required; its Requests must be left out.
	Runner llmeter.Runner
	// Segment is how long one segment is. 0 = a sixtieth of the Duration.
	Segment time.Duration
	// Keys are the statistics that are watched. nil = medians and p99 of ttft, ttlt and tpot, requests_per_second,
	// failed_requests_rate and client_memory_bytes.
	Keys []string
	// Level is how sure a change must be: a soak without any reports one with a probability of at most 1 - Level. 0 = 0.95.
	Level float64
	// Tolerance is the share of its value up to which a change of a statistic does not matter (0.05 = 5 %), however sure it
	// is. 0 = every change matters.
	Tolerance float64
	// Progress is told where the soak stands; see [Plan.Progress].
	Progress func(Progress)
}

// KeyClientMemory is the statistic that a Soak adds to each segment: the bytes of live objects on this program's own heap.
const KeyClientMemory = "client_memory_bytes"

var soakKeys = []string{
	"ttft-p50", "ttft-p99", "ttlt-p50", "ttlt-p99", "tpot-p50", "tpot-p99", "requests_per_second", KeyFailedRate, KeyClientMemory,
}

// A Segment is one stretch of a soak.
type Segment struct {
	Start    time.Time
	Length   time.Duration // until the last answer had come
	Requests int
	Stats    result.Stats
	Verdict  result.Verdict
	Outcomes []slo.Outcome // of the Runner's Objectives
	Folder   string        // "" if there is none
}

// A SoakResult is what a Soak brought.
type SoakResult struct {
	Name       string
	OutputPath string // the folder of the soak, "" if there is none
	Segments   []Segment
	Drifts     []Drift          // in the order of time
	Warnings   []result.Warning // segments that could not be loaded, and are missing between the others
}

// Run runs all segments. Beside an error, which ends the soak, it gives those until then and what changed in them.
func (s Soak) Run(ctx context.Context) (*SoakResult, error) {
	steps, err := s.Steps()
	if err != nil {
		return nil, err
	}
	series, err := Plan{
		Kind: KindSoak, Runner: s.Runner, Runs: len(steps), Progress: s.Progress, Settings: map[string]string{"segment": s.segment().String()},
		Details: judgement{s.Keys, s.Level, s.Tolerance},
	}.Open(ctx)
	if err != nil {
		return nil, err
	}
	res := &SoakResult{Name: series.Name(), OutputPath: series.Folder()}
	for _, step := range steps {
		run, err := series.Run(ctx, step.Name, step.Runner)
		if run != nil {
			res.Segments = append(res.Segments, segmentOf(run))
		}
		if err != nil {
			res.Drifts = s.drifts(res.Segments)
			return res, err
		}
	}
	res.Drifts = s.drifts(res.Segments)
	return res, nil
}

// Load finds the changes in the folder of a soak. Keys, Level and Tolerance that are zero are those of its Run.
func (s Soak) Load(ctx context.Context, folder string, o result.LoadOptions) (*SoakResult, error) {
	test, err := LoadLoadTest(ctx, folder, LoadTestOptions{LoadOptions: o})
	if err != nil {
		return nil, err
	}
	by, err := judgement{s.Keys, s.Level, s.Tolerance}.orSaved(ctx, o.Store, folder)
	if err != nil {
		return nil, err
	}
	s.Keys, s.Level, s.Tolerance = by.Keys, by.Level, by.Tolerance
	res := &SoakResult{Name: test.TestName, OutputPath: folder, Warnings: test.Warnings}
	slices.SortFunc(test.Levels, func(a, b Level) int { return strings.Compare(a.Result.RunName, b.Result.RunName) })
	for _, level := range test.Levels {
		res.Segments = append(res.Segments, segmentOf(level.Result))
	}
	res.Drifts = s.drifts(res.Segments)
	return res, nil
}

// segmentOf keeps of a run what does not grow with its requests.
func segmentOf(run *llmeter.Result) Segment {
	return Segment{
		run.StartTime, run.TotalTestTime, run.TotalRequests, run.Stats(), run.Verdict, run.Check(run.Objectives), run.OutputPath,
	}
}

// memoryWatch adds the client's memory to the statistics of a run.
type memoryWatch struct{ llmeter.NopCallback }

// AfterRun contributes the statistic, which is then saved with the others.
func (memoryWatch) AfterRun(_ context.Context, res *llmeter.Result) error {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 || live[0].Value.Uint64() == 0 {
		return nil // nothing was collected yet
	}
	return res.Contribute(KeyClientMemory, float64(live[0].Value.Uint64()))
}

func (s Soak) segment() time.Duration {
	const segments = 60
	if s.Segment > 0 {
		return s.Segment
	}
	return (s.Runner.Duration + segments - 1) / segments
}

func (s Soak) validate() error {
	var p problems
	if s.Runner.Duration == 0 {
		p.complain("Runner.Duration is missing")
	}
	if s.Runner.Requests != 0 {
		p.complain("Runner.Requests must be left out: a soak ends by its time")
	}
	p.negative("Segment", float64(s.Segment))
	p.negative("Tolerance", s.Tolerance)
	p.level(s.level())
	p.also(s.Runner.Validate())
	return p.join()
}

func (s Soak) level() float64 { return orDefault(s.Level, 0.95) }
