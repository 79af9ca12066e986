package result_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

// requireSameStats compares two sets of statistics key by key, exactly, the order included.
func requireSameStats(t require.TestingT, want, got result.Stats) {
	var keys, gotKeys []string
	for key, w := range want.All() {
		g, ok := got.Value(key)
		require.True(t, ok, "%s is missing", key)
		require.Equal(t, w, g, key)
		keys = append(keys, key)
	}
	for key := range got.All() {
		gotKeys = append(gotKeys, key)
	}
	require.Equal(t, keys, gotKeys)
}

// requireSameResponse compares everything that files keep.
func requireSameResponse(t require.TestingT, want, got *endpoint.Response) {
	w, g := *want, *got
	offsets := func(r *endpoint.Response) (all []time.Duration) {
		for _, at := range []time.Time{r.Intended, r.FirstToken, r.FirstText, r.LastToken, r.End} {
			if at.IsZero() {
				all = append(all, -1)
			} else {
				all = append(all, at.Sub(r.Dispatched))
			}
		}
		for _, a := range r.Attempts {
			for _, at := range []time.Time{a.Start, a.Ready, a.Written, a.FirstByte, a.End} {
				all = append(all, at.Sub(r.Dispatched))
			}
		}
		return all
	}
	require.Equal(t, offsets(&w), offsets(&g))
	for _, r := range []*endpoint.Response{&w, &g} {
		r.Intended, r.Dispatched, r.FirstToken, r.FirstText, r.LastToken, r.End = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
		r.Attempts = append([]endpoint.Attempt(nil), r.Attempts...)
		for i := range r.Attempts {
			a := &r.Attempts[i]
			a.Start, a.Ready, a.Written, a.FirstByte, a.End = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
		}
		if r.Error != nil {
			e := *r.Error
			e.Message = strings.Join(strings.Fields(e.Message), " ") // one line for people
			r.Error = &e
		}
	}
	require.Equal(t, w, g)
}

func TestSavingAndLoadingChangesNoNumber(t *testing.T) {
	s := newSynthetic(1, 400)
	live := s.save(t, store.Local{}, t.TempDir()+"/deep/run")
	require.Positive(t, live.CancelledRequests)
	loaded := load(t, live.OutputPath, result.LoadOptions{})
	require.Empty(t, loaded.Warnings[len(live.Warnings):])

	requireSameStats(t, live.Stats(), loaded.Stats())
	requireSameStats(t, live.Stats(), load(t, live.OutputPath, result.LoadOptions{WithoutResponses: true}).Stats())
	requireSameStats(t, live.Stats(), load(t, live.OutputPath, result.LoadOptions{LowMemory: true}).Stats())

	want, got := responses(t, live), responses(t, loaded)
	require.Len(t, got, len(want))
	for i := range want {
		requireSameResponse(t, want[i], got[i])
	}
	require.Equal(t, live.Errors(), loaded.Errors())
	for i, saved := range load(t, live.OutputPath, result.LoadOptions{WithoutResponses: true}).Errors() {
		want := live.Errors()[i]
		require.Equal(t, []any{want.Kind, want.Count, want.Sample}, []any{saved.Kind, saved.Count, saved.Sample})
	}
	require.Equal(t, live.FailedRequests(), loaded.FailedRequests())

	data, err := live.MarshalJSON()
	require.NoError(t, err)
	again, err := loaded.MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, string(data), string(again))
	require.JSONEq(t, string(live.Config), string(loaded.Config))
}

func TestSavingAndLoadingChangesNoNumberWhateverTheRun(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newSynthetic(rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 60).Draw(rt, "n"))
		live := s.save(t, new(store.Memory), "run")
		loaded, err := result.Load(t.Context(), "run", result.LoadOptions{Store: live.Store})
		require.NoError(rt, err)
		requireSameStats(rt, live.Stats(), loaded.Stats())
	})
}

func TestAResultThatIsSavedElsewhereIsTheSame(t *testing.T) {
	s := newSynthetic(2, 60)
	dir := t.TempDir()
	inMemory := s.result(t, "")
	require.ErrorContains(t, inMemory.Save(t.Context(), ""), "neither OutputPath nor an argument names a folder")
	require.NoError(t, inMemory.Save(t.Context(), dir+"/a"))
	a := load(t, dir+"/a", result.LoadOptions{LowMemory: true})
	a.RunName = "renamed"
	require.NoError(t, a.Save(t.Context(), dir+"/b"))
	b := load(t, dir+"/b", result.LoadOptions{})
	require.Equal(t, "renamed", b.RunName)
	for key, want := range inMemory.Stats().All() {
		if key == "output_path" || key == "run_name" {
			continue
		}
		got, _ := b.Stats().Value(key)
		require.Equal(t, want, got, key)
	}
	require.ErrorIs(t, inMemory.Save(t.Context(), dir+"/b"), result.ErrExists)
	require.NoError(t, b.Contribute("new", 1))
	require.NoError(t, b.Save(t.Context(), ""))
	v, _ := load(t, dir+"/b", result.LoadOptions{}).Stats().Lookup("new")
	require.Equal(t, 1.0, v)
}

func TestAFolderOfLLMeterIsTheSameWhenSavedByUs(t *testing.T) {
	dir := t.TempDir()
	for _, v := range views(t) {
		if v.Load.Error != nil || v.Load.Responses == 0 {
			continue
		}
		res := load(t, v.Folder, result.LoadOptions{})
		to := filepath.Join(dir, v.Folder)
		require.NoError(t, res.Save(t.Context(), to))
		again := load(t, to, result.LoadOptions{})
		res.OutputPath = to
		requireSameStats(t, res.Stats(), again.Stats())
		for _, name := range []string{"payload.jsonl", "run_config.json"} {
			if want, err := os.ReadFile(filepath.Join(v.Folder, name)); err == nil {
				got, err := os.ReadFile(filepath.Join(to, name))
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
		}
	}
}

func TestWithoutTheEventLogOnlyTheStreamsAreUnknown(t *testing.T) {
	s := newSynthetic(3, 100)
	live := s.save(t, store.Local{}, t.TempDir())
	require.NoError(t, os.Remove(filepath.Join(live.OutputPath, "events.bin")))
	loaded := load(t, live.OutputPath, result.LoadOptions{})
	for key, want := range live.Stats().All() { // the gaps are those of stats.json
		got, _ := loaded.Stats().Value(key)
		require.Equal(t, want, got, key)
	}
	want, got := responses(t, live), responses(t, loaded)
	for i := range want {
		w := *want[i]
		w.Events, w.Streamed = nil, got[i].Streamed
		if w.Attempts != nil { // only how many there were, and how the last one ended
			w.Attempts, got[i].Attempts = nil, nil
		}
		requireSameResponse(t, &w, got[i])
	}
}

// cut copies a folder as a killed process leaves it: no summary, and the other files cut.
func cut(t testing.TB, from, to string, lines, events int) {
	for name, n := range map[string]int{"responses.jsonl": lines, "events.bin": events, "run_config.json": 1 << 30, "payload.jsonl": 1 << 30} {
		data, err := os.ReadFile(filepath.Join(from, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(to, 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(to, name), data[:min(n, len(data))], 0o666))
	}
}

func TestAKilledRunLoadsUpToWhereItWasKilled(t *testing.T) {
	s := newSynthetic(4, 80)
	whole := s.save(t, store.Local{}, t.TempDir())
	size := func(name string) int {
		info, err := os.Stat(filepath.Join(whole.OutputPath, name))
		require.NoError(t, err)
		return int(info.Size())
	}
	lines, events := size("responses.jsonl"), size("events.bin")
	for _, share := range []float64{0.3, 0.77, 0.9999, 1} {
		to := t.TempDir()
		cut(t, whole.OutputPath, to, int(share*float64(lines)), int(share*float64(events)))
		res := load(t, to, result.LoadOptions{})
		n := len(responses(t, res))
		require.InDelta(t, share*float64(whole.TotalRequests), n, 12)
		require.Equal(t, n, res.TotalRequests)
		require.Contains(t, codes(res), result.WarnRecovered)
		require.Equal(t, "m", res.ModelID)
		require.Equal(t, 4, res.Clients)
		require.Equal(t, s.start.UTC().Truncate(time.Microsecond), res.StartTime)
		_, ok := res.Stats().Lookup("requests_per_second")
		require.True(t, ok, "the event log knows how long it took")
		if share == 1 {
			require.Equal(t, whole.CancelledRequests, res.CancelledRequests)
			itl, _ := res.Stats().Lookup("itl-p99")
			want, _ := whole.Stats().Lookup("itl-p99")
			require.Equal(t, want, itl)
		}
	}
	to := t.TempDir()
	cut(t, whole.OutputPath, to, 0, 16)
	res := load(t, to, result.LoadOptions{})
	require.Zero(t, res.TotalRequests)
}

func TestTheLogOfAKilledRunTellsWhoSentItsRequests(t *testing.T) {
	for clients, of := range map[int]func(i int) int{
		0: func(int) int { return -1 }, // an open loop
		7: func(i int) int { return i % 7 },
	} {
		st, s := new(store.Memory), newSynthetic(11, 40)
		w, err := result.NewWriter(t.Context(), st, "run", result.WriterOptions{})
		require.NoError(t, err)
		require.NoError(t, w.Begin(nil, nil))
		w.Start(s.start)
		for i, r := range s.responses {
			r.Client = of(i)
			w.Add(r)
		}
		w.Flush()
		require.NoError(t, st.WriteFile(t.Context(), "log/events.bin", []byte(read(t, st, "events.bin"))))
		for _, folder := range []string{"run", "log"} {
			require.Equal(t, clients, load(t, folder, result.LoadOptions{Store: st}).Clients)
		}
	}
}

func TestRecordsAreFoundWhateverTheOrderOfLines(t *testing.T) {
	s := newSynthetic(5, 40)
	live := s.save(t, store.Local{}, t.TempDir())
	name := filepath.Join(live.OutputPath, "responses.jsonl")
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(data), "\n")
	lines[0], lines[20], lines[3] = lines[20], lines[0], "{broken\n"
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(lines, "")), 0o666))
	loaded := load(t, live.OutputPath, result.LoadOptions{})
	bySeq := map[int]*endpoint.Response{}
	for _, r := range s.responses {
		bySeq[r.Seq] = r
	}
	all := responses(t, loaded)
	require.Len(t, all, live.TotalRequests-1)
	for _, r := range all {
		requireSameResponse(t, bySeq[r.Seq], r)
	}
	texts := []string{}
	for _, w := range loaded.Warnings {
		texts = append(texts, w.Text)
	}
	require.Contains(t, strings.Join(texts, "\n"), name+", line 4 cannot be read and is left out: column 2")
}

// TestLLMeterLoadsWhatWeWrite needs LLMETER_PYTHON to name a Python that has LLMeter 0.2.0.
func TestLLMeterLoadsWhatWeWrite(t *testing.T) {
	python := os.Getenv("LLMETER_PYTHON")
	if python == "" {
		t.Skip("LLMETER_PYTHON does not name a Python with LLMeter 0.2.0")
	}
	dir := t.TempDir()
	for i, n := range []int{1, 2, 37, 400} {
		folder := filepath.Join(dir, string(rune('a'+i)))
		newSynthetic(uint64(10+i), n).save(t, store.Local{}, folder)
		out, err := exec.Command(python, "../internal/interop/check_folder.py", folder).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

func TestValuesThatCannotBeRightDoNotSpoilTheOthers(t *testing.T) {
	st := new(store.Memory)
	line := func(seq, more, stamp string) string {
		return `{"response_text": "a", "time_to_first_token": 0.25, "time_to_last_token": 0.5, "num_tokens_output": 3, "error": null, ` +
			`"request_time": "` + stamp + `", "annotations": {"llmeter": {"seq": ` + seq + more + `}}}` + "\n"
	}
	lines := line("0", `, "output_tokens_by": "a guess"`, "2026-01-01T00:00:00Z") + line("1", "", "9999-12-31T23:59:59Z") +
		line("2", "", "once upon a time") + line("3", `, "end": 1e300`, "0001-01-01T00:00:01Z")
	require.NoError(t, st.WriteFile(t.Context(), "run/responses.jsonl", []byte(lines)))
	res := load(t, "run", result.LoadOptions{Store: st})
	require.NoError(t, res.Save(t.Context(), "again"))
	for _, folder := range []string{"run", "again"} {
		res := load(t, folder, result.LoadOptions{Store: st})
		require.Equal(t, 4.0, lookup(t, res.Stats(), "ttlt-n"), folder)
		require.Equal(t, 0.5, lookup(t, res.Stats(), "ttlt-p99.9"), folder)
		require.Equal(t, 0.125, lookup(t, res.Stats(), "tpot-mean"), folder)
		require.Equal(t, 12.0, lookup(t, res.Stats(), "total_output_tokens"), folder)
		require.Equal(t, "once upon a time", responses(t, res)[2].Annotations["request_time"])
		require.Zero(t, res.TotalTestTime)
	}
}
