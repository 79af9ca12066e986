package experiments

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

// LoadSweep loads the folder of a sweep. A combination of which no run can be loaded stands in its row with the reason.
func LoadSweep(ctx context.Context, folder string, o result.LoadOptions) (*SweepResult, error) {
	st := o.Store
	if st == nil {
		st = store.Local{}
	}
	m, err := readManifest(ctx, st, folder)
	if err != nil {
		return nil, err
	}
	var details sweepDetails
	if err := json.Unmarshal(m.Details, &details); err != nil || m.Kind != KindSweep {
		return nil, fmt.Errorf("%s: %w of a %s", store.Join(folder, manifestFile), result.ErrNoRun, KindSweep)
	}
	res := &SweepResult{Name: m.Name, OutputPath: folder, Axes: details.Axes}
	for _, row := range details.Rows {
		r, err := result.Load(ctx, store.Join(folder, row.Run), o)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		res.Rows = append(res.Rows, Row{row.Labels, r, err})
	}
	return res, nil
}
