package experiments

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/store"
)

// capacitySettings and capacityDetails stand in experiment.json: a search that has them decides again as it did.
type (
	capacitySettings struct {
		Objectives       []slo.Objective `json:"objectives"`
		Rates            bool            `json:"rates"`
		RequestsPerLevel int             `json:"requests_per_level"`
		Level            float64         `json:"level"`
		Precision        float64         `json:"precision"`
	}
	capacityDetails struct {
		Start float64 `json:"start"`
		Max   float64 `json:"max"`
	}
)

// LoadCapacity gives the answer of a search from its folder. It fails if the search has not come to its end; [LoadLoadTest]
// gives the levels until then.
func LoadCapacity(ctx context.Context, folder string, o result.LoadOptions) (*CapacityResult, error) {
	base := llmeter.Runner{Store: o.Store, LowMemory: o.LowMemory}
	st := storeOf(base)
	m, err := readManifest(ctx, st, folder)
	if err != nil {
		return nil, err
	}
	var s capacitySettings
	var d capacityDetails
	settings, _ := json.Marshal(m.Settings) // as it was read
	if m.Kind != KindCapacity || json.Unmarshal(settings, &s) != nil || json.Unmarshal(m.Details, &d) != nil {
		return nil, fmt.Errorf("%s: %w of a search for capacity", store.Join(folder, manifestFile), result.ErrNoRun)
	}
	series := &Series{name: m.Name, folder: folder, store: st, resuming: true, reading: true}
	return Capacity{
		Runner: base, Objectives: s.Objectives, Rates: s.Rates, RequestsPerLevel: s.RequestsPerLevel, Level: s.Level,
		Precision: s.Precision, Start: d.Start, Max: d.Max,
	}.search(ctx, series)
}
