package experiments_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/result"
)

func TestLevelsHaveLLMetersNumbersOfRequests(t *testing.T) {
	for _, c := range []struct {
		perClient, perRun int
		want              map[int]int // requests of each client, by the number of clients
	}{
		{0, 0, map[int]int{1: 10, 2: 5, 3: 4, 4: 3, 7: 2, 9: 2, 10: 1, 20: 1}},
		{3, 0, map[int]int{1: 10, 2: 5, 3: 4, 4: 3, 5: 3}},
		{1, 1, map[int]int{1: 1, 3: 1}},
		{2, 100, map[int]int{7: 15, 50: 2, 60: 2}},
	} {
		for clients, want := range c.want {
			bubble(t, func(t *testing.T) {
				res, err := experiments.LoadTest{
					Runner:            llmeter.Runner{Endpoint: slow(time.Second, new(atomic.Int64)), Payloads: payloads},
					SequenceOfClients: []int{clients}, MinRequestsPerClient: c.perClient, MinRequestsPerRun: c.perRun,
				}.Run(t.Context())
				require.NoError(t, err)
				level, ok := res.ByClients(clients)
				require.True(t, ok)
				require.Equal(t, want, level.Requests, "%d clients", clients)
				require.Equal(t, want*clients, level.TotalRequests)
				require.Equal(t, time.Duration(want)*time.Second, level.TotalTestTime)
			})
		}
	}
}

func TestEveryLevelHasAFolderOfItsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := new(watched)
		res, err := experiments.LoadTest{
			Runner: llmeter.Runner{
				Endpoint: slow(time.Second, new(atomic.Int64)), Payloads: payloads, Store: st, OutputPath: "out",
			},
			SequenceOfClients: []int{2, 1, 2}, SequenceOfRates: []load.Rate{0.5, 20}, TestName: "test",
			Arrivals: func(r load.Rate) load.Arrivals { return load.Constant{Rate: r} },
		}.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, "test", res.TestName)
		require.Equal(t, "out/test", res.OutputPath)
		names, err := st.List(t.Context(), "out/test")
		require.NoError(t, err)
		require.Equal(t, []string{
			"00000.5-per-second/", "00001-clients/", "00002-clients-2/", "00002-clients/", "00020-per-second/", "experiment.json",
		}, names)
		require.Len(t, res.Levels, 5)
		require.Equal(t, 2, res.Levels[0].Clients)
		require.Equal(t, 1, res.Levels[1].Clients)
		last, _ := res.ByClients(2)
		require.Equal(t, "00002-clients-2", last.RunName)
		slowest, ok := res.ByRate(0.5)
		require.True(t, ok)
		require.Equal(t, 19*time.Second, slowest.TotalTestTime) // ten requests, one every two seconds, and the last one's answer
		_, ok = res.ByRate(1)
		require.False(t, ok)

		loaded, err := experiments.LoadLoadTest(t.Context(), "out/test", experiments.LoadTestOptions{LoadOptions: result.LoadOptions{Store: st}})
		require.NoError(t, err)
		require.Empty(t, loaded.Warnings)
		require.Equal(t, "test", loaded.TestName)
		var loads []experiments.Load
		for _, l := range loaded.Levels {
			loads = append(loads, l.Load)
			require.Equal(t, 10, l.Result.TotalRequests)
		}
		require.Equal(t, []experiments.Load{{Clients: 1}, {Clients: 2}, {Clients: 2}, {Rate: 0.5}, {Rate: 20}}, loads)
	})
}

func TestWithADurationTheMinimumsDoNotCount(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res, err := experiments.LoadTest{
			Runner: llmeter.Runner{
				Endpoint: slow(300*time.Millisecond, new(atomic.Int64)), Payloads: payloads, Duration: time.Second,
			},
			SequenceOfClients: []int{1, 2}, SequenceOfRates: []load.Rate{3}, MinRequestsPerRun: 1000,
			Arrivals: func(r load.Rate) load.Arrivals { return load.Constant{Rate: r} },
		}.Run(t.Context())
		require.NoError(t, err)
		for i, want := range []int{4, 8, 3} {
			require.Equal(t, want, res.Levels[i].Result.TotalRequests)
		}
	})
}

func TestALoadTestThatCannotRunSaysAllThatIsWrong(t *testing.T) {
	_, err := experiments.LoadTest{}.Run(t.Context())
	require.ErrorContains(t, err, "SequenceOfClients and SequenceOfRates are both empty")
	require.ErrorContains(t, err, "Endpoint is missing")
	calls := new(atomic.Int64)
	_, err = experiments.LoadTest{
		Runner:            llmeter.Runner{Endpoint: slow(0, calls), Payloads: payloads, Clients: 3, Requests: 2, Timeout: -1},
		SequenceOfClients: []int{1, 0}, MinRequestsPerRun: -1,
	}.Run(t.Context())
	for _, problem := range []string{
		"SequenceOfClients[1]: 0", "MinRequestsPerRun: -1 is negative", "Runner.Clients is set by the test", "Runner.Requests", "Timeout is negative",
	} {
		require.ErrorContains(t, err, problem)
	}
	_, err = experiments.LoadTest{
		Runner: llmeter.Runner{Endpoint: slow(0, calls), Payloads: payloads}, SequenceOfRates: []load.Rate{1, -1},
	}.Run(t.Context())
	require.ErrorContains(t, err, "SequenceOfRates[1]")
	require.Zero(t, calls.Load())
}

func TestALevelThatFailsEndsTheTestWithTheLevelsUntilThen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(12500*time.Millisecond, cancel)
		res, err := experiments.LoadTest{
			Runner:            llmeter.Runner{Endpoint: slow(time.Second, new(atomic.Int64)), Payloads: payloads},
			SequenceOfClients: []int{1, 2, 4},
		}.Run(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "2 clients")
		require.Len(t, res.Levels, 2)
		require.True(t, res.Levels[1].Result.Interrupted)
		require.Equal(t, 4, res.Levels[1].Result.TotalRequests)
	})
}

func TestLoadTestsOfLLMeterLoad(t *testing.T) {
	t.Chdir("testdata/llmeter")
	res, err := experiments.LoadLoadTest(t.Context(), "loadtest-levels-1-2-4/test/", experiments.LoadTestOptions{})
	require.NoError(t, err)
	require.Empty(t, res.Warnings)
	require.Equal(t, "test", res.TestName)
	var want struct {
		Live map[string]struct {
			Stats     map[string]any
			Responses int
		}
	}
	data, err := os.ReadFile("loadtest-levels-1-2-4/expected.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &want))
	require.Len(t, res.Levels, 3)
	for i, clients := range []string{"1", "2", "4"} {
		level := res.Levels[i]
		require.Equal(t, clients+map[bool]string{true: " client", false: " clients"}[clients == "1"], level.String())
		require.Len(t, responses(t, level.Result), want.Live[clients].Responses)
		for _, key := range []string{"time_to_first_token-p50", "time_to_last_token-p90", "output_tps", "failed_requests_rate"} {
			got, ok := level.Result.Stats().Lookup(key)
			require.True(t, ok, key)
			require.InEpsilon(t, 1+want.Live[clients].Stats[key].(float64), 1+got, 1e-12, key)
		}
	}
	quick, err := experiments.LoadLoadTest(t.Context(), "loadtest-levels-1-2-4/test",
		experiments.LoadTestOptions{TestName: "mine", LoadOptions: result.LoadOptions{WithoutResponses: true}})
	require.NoError(t, err)
	require.Equal(t, "mine", quick.TestName)
	require.Len(t, quick.Levels, 3)
}

func TestLevelsInOneFolderLoadAsTheOneThatLLMeterMakesOfThem(t *testing.T) {
	t.Chdir("testdata/llmeter")
	res, err := experiments.LoadLoadTest(t.Context(), "loadtest-as-is-1-2-4", experiments.LoadTestOptions{})
	require.NoError(t, err)
	require.Len(t, res.Levels, 1)
	require.Equal(t, 4, res.Levels[0].Clients)
	require.Len(t, responses(t, res.Levels[0].Result), 20)
	require.Equal(t, result.WarnMismatch, res.Levels[0].Result.Warnings[0].Code) // its summary tells of 8

	_, err = experiments.LoadLoadTest(t.Context(), "loadtest-as-is-1-2-4/test", experiments.LoadTestOptions{})
	require.ErrorIs(t, err, result.ErrNoRun)
	require.ErrorContains(t, err, "it is the folder of a single run")
	_, err = experiments.LoadLoadTest(t.Context(), "nowhere", experiments.LoadTestOptions{})
	require.ErrorIs(t, err, result.ErrNoRun)
}

func TestFoldersThatAreNoRunAreLeftOutWithAWarning(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/llmeter/loadtest-levels-1-2-4/test")))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "notes"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes", "a.txt"), []byte("a"), 0o666))
	broken := filepath.Join(dir, "00002-clients")
	for _, name := range []string{"summary.json", "stats.json"} {
		require.NoError(t, os.WriteFile(filepath.Join(broken, name), []byte("{"), 0o666))
	}
	require.NoError(t, os.Remove(filepath.Join(broken, "responses.jsonl")))
	res, err := experiments.LoadLoadTest(t.Context(), dir, experiments.LoadTestOptions{})
	require.NoError(t, err)
	require.Len(t, res.Levels, 2)
	require.Len(t, res.Warnings, 2)
	require.Contains(t, res.Warnings[0].Text, "00002-clients")
	require.Contains(t, res.Warnings[1].Text, "notes")
	require.Equal(t, experiments.WarnSkipped, res.Warnings[1].Code)
}

// TestLLMeterLoadsOurLoadTests needs LLMETER_PYTHON to name a Python that has LLMeter 0.2.0.
func TestLLMeterLoadsOurLoadTests(t *testing.T) {
	python := os.Getenv("LLMETER_PYTHON")
	if python == "" {
		t.Skip("LLMETER_PYTHON does not name a Python with LLMeter 0.2.0")
	}
	dir := t.TempDir()
	res, err := experiments.LoadTest{
		Runner:            llmeter.Runner{Endpoint: slow(time.Millisecond, new(atomic.Int64)), Payloads: payloads, OutputPath: dir},
		SequenceOfClients: []int{1, 2, 4}, TestName: "ours",
	}.Run(t.Context())
	require.NoError(t, err)
	out, err := exec.Command(python, "-c", `
import json, sys
from llmeter.experiments import LoadTestResult
r = LoadTestResult.load(sys.argv[1])
print(json.dumps({"name": r.test_name, "levels": {c: len(x.responses) for c, x in sorted(r.results.items())},
    "p50": {c: x.stats["time_to_first_token-p50"] for c, x in r.results.items()}}))`, res.OutputPath).CombinedOutput()
	require.NoError(t, err, string(out))
	var got struct {
		Name   string
		Levels map[string]int
		P50    map[string]float64
	}
	require.NoError(t, json.Unmarshal(out, &got), string(out))
	require.Equal(t, "ours", got.Name)
	require.Equal(t, map[string]int{"1": 10, "2": 10, "4": 12}, got.Levels)
	for _, level := range res.Levels {
		p50, _ := level.Result.Stats().Lookup("time_to_first_token-p50")
		require.Equal(t, p50, got.P50[map[int]string{1: "1", 2: "2", 4: "4"}[level.Clients]])
	}
}
