package experiments

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

// The kinds of experiment in experiment.json; see [Kind].
const (
	KindLoadTest = "load test"
	KindHeatmap  = "latency heatmap"
	KindCapacity = "capacity"
	KindCompare  = "comparison"
	KindSweep    = "sweep"
	KindSoak     = "soak"
)

// The codes of warnings about experiments.
const (
	WarnSkipped = "skipped" // a folder that holds no run that can be loaded was left out
)

// LoadTestOptions say how [LoadLoadTest] loads. The zero value reads all of it into memory, from the local disk.
type LoadTestOptions struct {
	result.LoadOptions
	TestName string // "" = that of experiment.json, or else the name of the folder
}

// LoadLoadTest loads the folder of a load test, of this module or of LLMeter: a run in each of its folders. Those that hold no
// run that can be loaded are left out with a warning. It fails if there is none ([result.ErrNoRun]), or the store fails.
func LoadLoadTest(ctx context.Context, folder string, o LoadTestOptions) (*LoadTestResult, error) {
	st := o.Store
	if st == nil {
		st = store.Local{}
	}
	names, err := st.List(ctx, folder)
	if err != nil {
		return nil, err
	}
	res := &LoadTestResult{TestName: o.TestName, OutputPath: folder}
	if m, err := readManifest(ctx, st, folder); err == nil && res.TestName == "" {
		res.TestName = m.Name
	}
	if res.TestName == "" {
		res.TestName = path.Base(strings.TrimRight(folder, "/"))
	}
	for _, name := range names {
		inner, isFolder := strings.CutSuffix(name, "/")
		if !isFolder {
			continue
		}
		r, err := result.Load(ctx, store.Join(folder, inner), o.LoadOptions)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			res.Warnings = append(res.Warnings, result.Warning{Code: WarnSkipped, Text: "left out: " + err.Error()})
		default:
			res.Levels = append(res.Levels, Level{loadOf(r), r})
		}
	}
	if len(res.Levels) == 0 {
		return nil, nothingLoaded(folder, names, res.Warnings)
	}
	slices.SortStableFunc(res.Levels, func(a, b Level) int { return a.compare(b.Load) })
	return res, nil
}

// nothingLoaded says why a folder holds no load test.
func nothingLoaded(folder string, names []string, warnings []result.Warning) error {
	why := []error{fmt.Errorf("%s: %w: a load test has a folder for each of its levels", folder, result.ErrNoRun)}
	if slices.Contains(names, "responses.jsonl") || slices.Contains(names, "summary.json") {
		why = append(why, errors.New("it is the folder of a single run"))
	}
	for _, w := range warnings {
		why = append(why, errors.New(w.Text))
	}
	return errors.Join(why...)
}
