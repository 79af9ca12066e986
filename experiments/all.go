package experiments

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/store"
)

// All runs independent Runners side by side, each to its own end whatever becomes of the others; ctx ends all. A run whose
// folder holds it already, finished, is loaded and not made again, as long as its Runner names the folder (Folder, or
// OutputPath and RunName) and does not overwrite.
//
// The Results are in the order of the Runners, nil where there is none; the errors of all are joined. Nothing runs if any of
// the Runners cannot.
func All(ctx context.Context, runners ...llmeter.Runner) ([]*llmeter.Result, error) {
	problems := make([]error, len(runners))
	for i, r := range runners {
		problems[i] = numbered(i, r.Validate())
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	results, errs := make([]*llmeter.Result, len(runners)), make([]error, len(runners))
	var group errgroup.Group // without a context of its own: the first error ends nobody else
	for i, r := range runners {
		group.Go(func() error {
			res, err := runOnce(ctx, r)
			results[i], errs[i] = res, numbered(i, err)
			return nil
		})
	}
	_ = group.Wait() // errs has them all
	return results, errors.Join(errs...)
}

func numbered(i int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("run %d: %w", i, err)
}

// runOnce makes a run, unless its folder holds it. What is there unfinished is made again.
func runOnce(ctx context.Context, r llmeter.Runner) (*llmeter.Result, error) {
	if r.Folder == "" && r.OutputPath != "" && r.RunName != "" {
		r.Folder = store.Join(r.OutputPath, r.RunName)
	}
	if r.Folder != "" && !r.Overwrite {
		res, err := finished(ctx, r)
		if res != nil || err != nil {
			return res, err
		}
		r.Overwrite = true
	}
	return r.Run(ctx)
}
