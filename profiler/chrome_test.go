package profiler

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type chromeFile struct {
	Unit   string `json:"displayTimeUnit"`
	Events []struct {
		Name string         `json:"name"`
		Cat  string         `json:"cat"`
		Ph   string         `json:"ph"`
		Ts   int64          `json:"ts"`
		Dur  *int64         `json:"dur"`
		Pid  int            `json:"pid"`
		Tid  int            `json:"tid"`
		Args map[string]any `json:"args"`
	} `json:"traceEvents"`
}

func chromeOf(t require.TestingT, requests []*Request) (f chromeFile) {
	var b bytes.Buffer
	require.NoError(t, WriteChromeTrace(&b, requests))
	require.NoError(t, json.Unmarshal(b.Bytes(), &f))
	return f
}

func TestChromeTracesHoldEverySpan(t *testing.T) {
	f := chromeOf(t, requests(nil, []call{function("f", 10, 20).below(RootID), llm("a", 11, 13).below("f").using(4), tool("b", 12, 14).below("f"), tool("c", 15, -1).below("f")}))
	require.Equal(t, "ms", f.Unit)
	require.Len(t, f.Events, 5)
	require.Equal(t, []any{"process_name", "M", 2, "request 1"}, []any{f.Events[0].Name, f.Events[0].Ph, f.Events[0].Pid, f.Events[0].Args["name"]})
	a, b, c := f.Events[2], f.Events[3], f.Events[4]
	require.Equal(t, []any{"m", "LLM", "X", int64(1e6), int64(2e6), 2, 1}, []any{a.Name, a.Cat, a.Ph, a.Ts, *a.Dur, a.Pid, a.Tid})
	require.Equal(t, f.Events[1].Tid, a.Tid)
	require.NotEqual(t, a.Tid, b.Tid) // they run side by side
	require.Equal(t, "i", c.Ph)
	require.Nil(t, c.Dur)
	require.Equal(t, map[string]any{"uuid": "a", "state": "complete", "function": "", "prompt_tokens": 8.0, "completion_tokens": 4.0}, a.Args)
	require.Empty(t, chromeOf(t, nil).Events)
}

func TestASpanThatTookNoTimeHasADuration(t *testing.T) {
	f := chromeOf(t, requests([]call{tool("a", 3, 3)}))
	require.Equal(t, "X", f.Events[1].Ph)
	require.Zero(t, *f.Events[1].Dur)
}

func TestSpansOfAThreadNestInWholeMicroseconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := chromeOf(t, resolveAll(drawTraces(t)))
		for i, b := range f.Events {
			for _, a := range f.Events[:i] {
				if a.Ph != "X" || b.Ph != "X" || a.Pid != b.Pid || a.Tid != b.Tid {
					continue
				}
				require.True(t, a.Ts+*a.Dur <= b.Ts || a.Ts <= b.Ts && b.Ts+*b.Dur <= a.Ts+*a.Dur, "%v %v", a, b)
			}
		}
	})
}

func TestSpansOfOneLaneNestOrFollowOneAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range resolveAll(drawTraces(t)) {
			lanes := r.lanes()
			for i := range r.Spans {
				for j := range i {
					a, b := &r.Spans[j], &r.Spans[i]
					if lanes[i] != lanes[j] || !a.Timed() || !b.Timed() {
						continue
					}
					require.True(t, a.encloses(b) || a.End <= b.Start, "%v %v", a, b)
				}
			}
		}
	})
}
