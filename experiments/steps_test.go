package experiments_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/store"
)

func TestStepsAreTheRunsThatAnExperimentMakes(t *testing.T) {
	base := llmeter.Runner{Endpoint: slow(10*time.Millisecond, new(atomic.Int64)), Payloads: payloads, Folder: "here", NoEvents: true}
	with := func(edit func(*llmeter.Runner)) llmeter.Runner {
		r := base
		edit(&r)
		return r
	}
	heatmap := experiments.LatencyHeatmap{
		Runner: with(func(r *llmeter.Runner) { r.Payloads = nil }), InputLengths: []int{1, 2}, OutputLengths: []int{3}, Isolated: true,
		CreatePayload: func(maxTokens int, prompt string) (llmeter.Payload, error) {
			return endpoint.JSON(map[string]any{"prompt": prompt, "max_tokens": maxTokens}), nil
		},
	}
	test := experiments.LoadTest{Runner: base, SequenceOfClients: []int{2, 1, 2}, SequenceOfRates: []load.Rate{5}}
	sweep := experiments.Sweep{Runner: base, Axes: []experiments.Axis{experiments.Clients(1, 3)}}
	soak := experiments.Soak{Runner: with(func(r *llmeter.Runner) { r.Duration = time.Second }), Segment: 400 * time.Millisecond}
	compare := experiments.Compare{Rounds: 1}
	for kind, tc := range map[string]struct {
		steps func() ([]experiments.Step, error)
		run   func(ctx context.Context, st store.Store) error
		names []string
	}{
		experiments.KindLoadTest: {test.Steps, func(ctx context.Context, st store.Store) error {
			test.Runner.Store = st
			_, err := test.Run(ctx)
			return err
		}, []string{"00002-clients", "00001-clients", "00002-clients-2", "00005-per-second"}},
		experiments.KindHeatmap: {heatmap.Steps, func(ctx context.Context, st store.Store) error {
			heatmap.Runner.Store = st
			_, err := heatmap.Run(ctx)
			return err
		}, nil},
		experiments.KindSweep: {sweep.Steps, func(ctx context.Context, st store.Store) error {
			sweep.Runner.Store = st
			_, err := sweep.Run(ctx)
			return err
		}, []string{"clients=1", "clients=3"}},
		experiments.KindSoak: {soak.Steps, func(ctx context.Context, st store.Store) error {
			soak.Runner.Store = st
			_, err := soak.Run(ctx)
			return err
		}, []string{"segment-00001", "segment-00002", "segment-00003"}},
		experiments.KindCompare: {func() ([]experiments.Step, error) { return compare.Steps(base, base) },
			func(ctx context.Context, st store.Store) error {
				_, err := compare.Run(ctx, with(func(r *llmeter.Runner) { r.Store = st }), base)
				return err
			}, []string{"001-a", "002-b", "003-b", "004-a"}},
	} {
		t.Run(kind, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				steps, err := tc.steps()
				require.NoError(t, err)
				st := new(store.Memory)
				require.NoError(t, tc.run(t.Context(), st))
				var made, names []string
				there, err := st.List(t.Context(), "here")
				require.NoError(t, err)
				for _, name := range there {
					if folder, ok := strings.CutSuffix(name, "/"); ok {
						made = append(made, folder)
					}
				}
				for _, s := range steps {
					names = append(names, s.Name)
					require.Equal(t, "here/"+s.Name, s.Runner.Folder)
					require.Equal(t, s.Name, s.Runner.RunName)
				}
				require.ElementsMatch(t, made, names)
				if tc.names != nil {
					require.Equal(t, tc.names, names)
				}
			})
		})
	}
}

func TestStepsOfASearchAreItsAscent(t *testing.T) {
	c := experiments.Capacity{
		Runner:     llmeter.Runner{Endpoint: slow(0, new(atomic.Int64)), Payloads: payloads, OutputPath: "base"},
		Objectives: []slo.Objective{slo.MustParse("ttft-p50 < 1s")}, Start: 2, Max: 6, RequestsPerLevel: 9,
	}
	steps, err := c.Steps()
	require.NoError(t, err)
	var clients, requests []int
	for _, s := range steps {
		clients, requests = append(clients, s.Runner.Clients), append(requests, s.Runner.Requests)
		require.Empty(t, s.Runner.Folder, "the folder is named by the time at which the search begins")
	}
	require.Equal(t, []int{2, 4, 6}, clients)
	require.Equal(t, []int{5, 3, 2}, requests, "at least nine in all")

	_, err = experiments.Capacity{}.Steps()
	require.ErrorContains(t, err, "invalid capacity search: ")
	require.ErrorContains(t, err, "Objectives are missing")
	_, err = experiments.Compare{}.Steps(llmeter.Runner{}, llmeter.Runner{})
	require.ErrorContains(t, err, "B: Endpoint is missing")
}
