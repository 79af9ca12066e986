package result_test

import (
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

// A view is what LLMeter said of one folder.
type view struct {
	Folder string
	Load   *struct {
		Summary   result.Stats
		Stats     result.Stats
		Responses int
		Failed    int
		First     json.RawMessage `json:"first_response"`
		Error     *struct{ Type string }
	}
	Without *struct {
		Stats     *result.Stats
		Responses int
	} `json:"load_without_responses"`
	LoadResponses *struct {
		Stats     result.Stats
		Responses int
	} `json:"load_responses"`
}

// views gives LLMeter 0.2.0's view of every folder in the test data, and makes it the working directory, as it was
// LLMeter's.
func views(t *testing.T) (all []view) {
	t.Chdir("testdata/llmeter")
	files, err := filepath.Glob("*/expected.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		if strings.HasPrefix(file, "legacy") {
			file = strings.Replace(file, "expected", "expected-0.2.0", 1)
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		all = append(all, viewsIn(t, data)...)
	}
	require.GreaterOrEqual(t, len(all), 30)
	return all
}

// viewsIn finds the views at any depth.
func viewsIn(t *testing.T, data []byte) (all []view) {
	var v view
	require.NoError(t, json.Unmarshal(data, &v), string(data[:min(len(data), 200)]))
	if v.Folder != "" {
		return []view{v}
	}
	var deeper map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(data, &deeper))
	for _, key := range []string{"stream", "nonstream", "levels", "1", "2", "4"} {
		if inner, ok := deeper[key]; ok && inner[0] == '{' {
			all = append(all, viewsIn(t, inner)...)
		}
	}
	for key, inner := range deeper {
		if strings.HasPrefix(key, "no-summary") || strings.HasPrefix(key, "s") && strings.Contains(key, "-") || key == "config-only" {
			all = append(all, viewsIn(t, inner)...)
		}
	}
	return all
}

func load(t *testing.T, folder string, o result.LoadOptions) *result.Result {
	t.Helper()
	res, err := result.Load(t.Context(), folder, o)
	require.NoError(t, err)
	return res
}

func responses(t *testing.T, res *result.Result) (all []*endpoint.Response) {
	t.Helper()
	for r, err := range res.Responses() {
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

func codes(res *result.Result) (all []string) {
	for _, w := range res.Warnings {
		all = append(all, w.Code)
	}
	return all
}

// requireLLMeter checks that got holds every key of want with its value and type, in its order, and no further key of
// LLMeter's except those that begin with one of also. Floats may differ by the noise below a nanosecond that Python's
// clock readings carry.
func requireLLMeter(t *testing.T, folder string, want, got result.Stats, also ...string) {
	t.Helper()
	var wantKeys, gotKeys []string
	for key, w := range want.All() {
		g, ok := got.Value(key)
		require.True(t, ok, "%s: %s is missing", folder, key)
		wantKeys = append(wantKeys, key)
		switch w := w.(type) {
		case float64:
			require.IsType(t, w, g, "%s: %s", folder, key)
			require.InDelta(t, w, g, 1e-9*math.Abs(w), "%s: %s", folder, key)
		case string:
			if key == "output_path" {
				w = folder // LLMeter keeps the place where the folder once was
			}
			if at, err := time.Parse(time.RFC3339, w); err == nil && strings.HasSuffix(key, "_time") {
				require.Equal(t, at.UTC(), g, "%s: %s", folder, key)
				continue
			}
			require.Equal(t, w, g, "%s: %s", folder, key)
		default:
			require.Equal(t, w, g, "%s: %s", folder, key)
		}
	}
	for key := range got.All() {
		if _, ok := want.Value(key); ok {
			gotKeys = append(gotKeys, key)
			continue
		}
		allowed := slices.ContainsFunc(also, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
		require.True(t, ours(key) || allowed, "%s: LLMeter has no %s here", folder, key)
	}
	require.Equal(t, wantKeys, gotKeys, "%s: order of keys", folder)
}

func ours(key string) bool {
	metric, _, _ := strings.Cut(key, "-")
	return slices.Contains([]string{"ttft", "ttfct", "ttlt", "tpot", "itl", "icl", "stall", "response", "errors",
		"cancelled_requests", "conversations", "requests_per_second", "output_tokens_per_second"}, metric) ||
		strings.HasPrefix(key, "failed_requests_rate-ci95-")
}

const tpotPrefix = "time_per_output_token-"

func TestFoldersOfLLMeterLoadWithItsNumbers(t *testing.T) {
	for _, v := range views(t) {
		if v.Load == nil || v.Load.Error != nil {
			continue
		}
		t.Run(v.Folder, func(t *testing.T) {
			res := load(t, v.Folder, result.LoadOptions{})
			got, want := res.Stats(), v.Load.Stats
			if n, _ := want.Lookup("total_requests"); n != float64(v.Load.Responses) && v.Load.Responses > 0 {
				// LLMeter shows the saved TPOT of n responses beside the TTFT of those in the file.
				want = without(want, tpotPrefix)
				require.Contains(t, codes(res), result.WarnMismatch)
			}
			requireLLMeter(t, v.Folder, want, got, tpotPrefix) // TPOT needs no stats.json here, as it does there
			all := responses(t, res)
			require.Len(t, all, v.Load.Responses)
			require.Equal(t, v.Load.Failed, res.FailedRequests())
			if v.Load.Responses > 0 {
				requireFirst(t, v.Load.First, all[0])
			}
		})
	}
}

func without(s result.Stats, prefix string) (kept result.Stats) {
	data := []byte{'{'}
	for key, value := range s.All() {
		if !strings.HasPrefix(key, prefix) {
			if len(data) > 1 {
				data = append(data, ',')
			}
			k, _ := json.Marshal(key)
			v, _ := json.Marshal(value)
			if f, ok := value.(float64); ok && f == math.Trunc(f) {
				v = append(v, ".0"...)
			}
			data = append(append(append(data, k...), ':'), v...)
		}
	}
	if err := json.Unmarshal(append(data, '}'), &kept); err != nil {
		panic(err)
	}
	return kept
}

// requireFirst compares a response with LLMeter's reading of the same line.
func requireFirst(t *testing.T, want json.RawMessage, r *endpoint.Response) {
	t.Helper()
	var w struct {
		Text        *string         `json:"response_text"`
		Payload     json.RawMessage `json:"input_payload"`
		ID          string
		Prompt      string         `json:"input_prompt"`
		TTFT        *float64       `json:"time_to_first_token"`
		TTLT        *float64       `json:"time_to_last_token"`
		TPOT        *float64       `json:"time_per_output_token"`
		Input       *int           `json:"num_tokens_input"`
		Output      *int           `json:"num_tokens_output"`
		Cached      *int           `json:"num_tokens_input_cached"`
		Reasoning   *int           `json:"num_tokens_output_reasoning"`
		Error       *string        `json:"error"`
		Retries     *int           `json:"retries"`
		At          time.Time      `json:"request_time"`
		Annotations map[string]any `json:"annotations"`
	}
	require.NoError(t, json.Unmarshal(want, &w))
	require.Equal(t, w.Text == nil, r.Text == "")
	if w.Text != nil {
		require.Equal(t, *w.Text, r.Text)
	}
	require.JSONEq(t, string(w.Payload), string(r.Payload.Body))
	require.Equal(t, w.ID, r.ID)
	require.Equal(t, w.Prompt, r.Prompt)
	measure := func(want *float64, key string) {
		got, ok := r.Metric(key)
		require.Equal(t, want != nil, ok, key)
		if want != nil {
			require.InDelta(t, *want, got, 1e-9, key)
		}
	}
	measure(w.TTFT, "ttft")
	measure(w.TTLT, "ttlt")
	measure(w.TPOT, "tpot")
	count := func(want *int, got endpoint.Count) {
		require.Equal(t, want != nil, got.Known())
		if want != nil {
			require.Equal(t, *want, got.N)
		}
	}
	count(w.Input, r.InputTokens)
	count(w.Output, r.OutputTokens)
	count(w.Cached, r.CachedTokens)
	count(w.Reasoning, r.ReasoningTokens)
	require.Equal(t, w.Error != nil, r.Failed())
	if w.Error != nil {
		require.Equal(t, endpoint.KindUnknown, r.Error.Kind)
		require.Equal(t, *w.Error, r.Error.Message)
	}
	require.True(t, w.At.Equal(r.RequestTime))
	if len(w.Annotations) > 0 {
		require.Equal(t, w.Annotations, r.Annotations)
	}
}

func TestFoldersOfLLMeterLoadWithoutResponses(t *testing.T) {
	for _, v := range views(t) {
		if v.Without == nil || v.Load.Error != nil {
			continue
		}
		t.Run(v.Folder, func(t *testing.T) {
			res := load(t, v.Folder, result.LoadOptions{WithoutResponses: true})
			if v.Without.Stats == nil { // LLMeter has no numbers then; we read the responses once
				requireLLMeter(t, v.Folder, v.Load.Stats, res.Stats(), tpotPrefix)
				return
			}
			requireLLMeter(t, v.Folder, *v.Without.Stats, res.Stats())
			require.Equal(t, v.Load.Failed, res.FailedRequests())
			if v.LoadResponses == nil {
				return
			}
			all, err := res.LoadResponses(t.Context())
			require.NoError(t, err)
			require.Len(t, all, v.LoadResponses.Responses)
			// LLMeter forgets here what it does not compute itself.
			requireLLMeter(t, v.Folder, v.LoadResponses.Stats, res.Stats(), tpotPrefix, "output_tps", "interrupted", "cost_")
			require.Equal(t, load(t, v.Folder, result.LoadOptions{}).Stats(), res.Stats())
		})
	}
}

func TestFoldersOfLLMeterLoadWithLowMemory(t *testing.T) {
	for _, v := range views(t) {
		if v.Load.Error != nil {
			continue
		}
		whole, low := load(t, v.Folder, result.LoadOptions{}), load(t, v.Folder, result.LoadOptions{LowMemory: true})
		require.Equal(t, whole.Stats(), low.Stats(), v.Folder)
		require.Equal(t, whole.Warnings, low.Warnings, v.Folder)
		if v.Load.Responses > 0 {
			require.Equal(t, responses(t, whole), responses(t, low), v.Folder)
		}
	}
}

func TestFoldersThatLLMeterCannotLoadGiveWhatIsLeftOfThem(t *testing.T) {
	views(t)
	for folder, want := range map[string]struct {
		responses int
		warning   string
	}{
		"interrupted-cuts/no-summary-torn":        {7, "interrupted-cuts/no-summary-torn/responses.jsonl, line 8 is cut off and is left out: "},
		"interrupted-cuts/summary-torn-responses": {7, "interrupted-cuts/summary-torn-responses/responses.jsonl, line 8 is cut off and is left out: "},
		"interrupted-cuts/no-summary-blank-line":  {8, ""},
		"interrupted-cuts/no-summary-no-newline":  {8, ""},
	} {
		res := load(t, folder, result.LoadOptions{})
		require.Len(t, responses(t, res), want.responses, folder)
		var texts []string
		for _, w := range res.Warnings {
			texts = append(texts, w.Text)
		}
		require.Contains(t, strings.Join(texts, "\n"), want.warning)
		require.Equal(t, strings.Contains(folder, "no-summary"), slices.Contains(codes(res), result.WarnRecovered))
		require.Equal(t, "ref-model", res.ModelID)
		require.Equal(t, folder, res.OutputPath)
	}
	_, err := result.Load(t.Context(), "interrupted-cuts/config-only", result.LoadOptions{})
	require.ErrorIs(t, err, result.ErrNoRun)
	require.ErrorContains(t, err, "run_config.json is there: the run ended before its first response")
	_, err = result.Load(t.Context(), "no/such/folder", result.LoadOptions{})
	require.ErrorIs(t, err, result.ErrNoRun)
}

func TestStatisticsAloneStillTellWhatTheRunWas(t *testing.T) {
	views(t)
	res := load(t, "interrupted-cuts/stats-only", result.LoadOptions{})
	require.Equal(t, 8, res.TotalRequests)
	require.Equal(t, "ref-model", res.ModelID)
	require.Equal(t, 3056528611*time.Nanosecond, res.TotalTestTime)
	require.Empty(t, responses(t, res))
	require.Equal(t, []string{result.WarnMissing, result.WarnRecovered}, codes(res))
	_, err := res.LoadResponses(t.Context())
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestTheResultOfAnInterruptedLLMeterRunSaysSo(t *testing.T) {
	views(t)
	for _, folder := range []string{"interrupted-sigint/run", "interrupted-sigint-timebound/run"} {
		res := load(t, folder, result.LoadOptions{})
		require.True(t, res.Interrupted)
		require.Zero(t, res.TotalTestTime)
		v, _ := res.Stats().Value("interrupted")
		require.Equal(t, true, v)
	}
}

func TestAFolderOfALaterLLMeterLoads(t *testing.T) {
	views(t)
	res := load(t, "later", result.LoadOptions{})
	all := responses(t, res)
	require.Len(t, all, 2)
	ttft, _ := all[0].TTFT()
	ttfct, _ := all[0].TTFCT()
	require.Equal(t, 100*time.Millisecond, ttft)
	require.Equal(t, 400*time.Millisecond, ttfct)
	require.Equal(t, map[string]any{"reasoning_type": "summary", "cost_total": 0.25}, all[0].Annotations)
	_, ok := all[1].TTFCT()
	require.False(t, ok, "there was no visible content")
	v, ok := res.Stats().Lookup("time_to_first_content_token-average")
	require.True(t, ok)
	require.Equal(t, 0.4, v)
	v, _ = res.Stats().Lookup("ttfct-p50")
	require.Equal(t, 0.4, v)
	costs, err := res.GetDimension("cost_total")
	require.NoError(t, err)
	require.Equal(t, 0.25, costs[0])
	require.True(t, math.IsNaN(costs[1]))
}

func TestTheConfigurationOfAFolderOfLLMeterIsWhatItsFilesName(t *testing.T) {
	config := func(folder string) string { return string(load(t, folder, result.LoadOptions{}).Config) }
	require.JSONEq(t, `{"endpoint": "openai", "model": "ref-model", "provider": "openai", "tokenizer": "llmeter.tokenizers.DummyTokenizer",
		"endpoint_class": "llmeter.endpoints.openai.OpenAICompletionStreamEndpoint", "clients": 2, "duration": "400ms", "timeout": "1m0s",
		"callbacks": ["llmeter.callbacks.cost.model.CostModel"], "low_memory": true}`, config("testdata/llmeter/cost-timebound-lowmem/run"))
	require.Contains(t, config("testdata/llmeter/legacy-0.1.12-cost-2x3/run"), `"endpoint_class":"OpenAICompletionStreamEndpoint","clients":2,"requests":3`)
	require.Empty(t, config("testdata/llmeter/later"))
}

func TestTheConfigurationHasNothingOfTheStateOfWhatItNames(t *testing.T) {
	st := new(store.Memory)
	require.NoError(t, st.WriteFile(t.Context(), "run/summary.json", []byte(`{"total_requests": 0}`)))
	require.NoError(t, st.WriteFile(t.Context(), "run/run_config.json", []byte(`{"endpoint": {"__llmeter_class__": "a.B", "api_key": "sekret",
		"__llmeter_state__": {"model_id": "m", "api_key": "sekret", "endpoint_name": ["sekret"]}}, "clients": "two", "timeout": NaN, "callbacks": ["sekret"]}`)))
	require.JSONEq(t, `{"endpoint_class": "a.B", "model": "m"}`, string(load(t, "run", result.LoadOptions{Store: st}).Config))
}
