package report

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/result"
)

// Load reads what a folder holds, a run or any experiment, also those of LLMeter. An experiment of a kind that is not of this
// module, and a folder of folders of runs, are runs side by side or a load test, as their files tell. The error names the folder;
// it matches [result.ErrNoRun] if there is nothing to report.
func Load(ctx context.Context, folder string, o result.LoadOptions) (*Report, error) {
	kind, err := experiments.Kind(ctx, o.Store, folder)
	if err != nil {
		return nil, ofFolder(folder, err)
	}
	r, err := read(ctx, kind, folder, o)
	if err != nil {
		return nil, ofFolder(folder, err)
	}
	return r, nil
}

func read(ctx context.Context, kind, folder string, o result.LoadOptions) (*Report, error) {
	switch kind {
	case experiments.KindLoadTest:
		return loaded(LoadTest)(experiments.LoadLoadTest(ctx, folder, experiments.LoadTestOptions{LoadOptions: o}))
	case experiments.KindHeatmap:
		return loaded(Heatmap)(experiments.LoadHeatmap(ctx, folder, o))
	case experiments.KindCapacity:
		return loaded(Capacity)(experiments.LoadCapacity(ctx, folder, o))
	case experiments.KindCompare:
		return loaded(Comparison)(experiments.Compare{}.Load(ctx, folder, o))
	case experiments.KindSweep:
		return loaded(Sweep)(experiments.LoadSweep(ctx, folder, o))
	case experiments.KindSoak:
		return loaded(Soak)(experiments.Soak{}.Load(ctx, folder, o))
	}
	res, err := result.Load(ctx, folder, o)
	if err == nil {
		return Run(res), nil
	}
	if !errors.Is(err, result.ErrNoRun) {
		return nil, err
	}
	test, testErr := experiments.LoadLoadTest(ctx, folder, experiments.LoadTestOptions{LoadOptions: o})
	if testErr != nil {
		return nil, err
	}
	r, levels := runs{warnings: test.Warnings}, true
	for _, level := range test.Levels {
		r.all = append(r.all, level.Result)
		levels = levels && (level.Rate > 0 || strings.HasSuffix(level.Result.RunName, "-clients"))
	}
	if kind == "" && levels {
		return LoadTest(test), nil
	}
	return &Report{subject: r}, nil
}

// loaded makes a report of what was loaded.
func loaded[T any](of func(T) *Report) func(T, error) (*Report, error) {
	return func(v T, err error) (*Report, error) {
		if err != nil {
			return nil, err
		}
		return of(v), nil
	}
}

// ofFolder is an error that names the folder.
func ofFolder(folder string, err error) error {
	if strings.Contains(err.Error(), folder) {
		return err
	}
	return fmt.Errorf("%s: %w", folder, err)
}
