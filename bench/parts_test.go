//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/mock"
)

func TestATableIsAlignedMarkdown(t *testing.T) {
	tab := table{head: []string{"name", "µs"}, note: "A note."}
	tab.add("a", "1.0")
	tab.add("longer", "22")
	require.Equal(t, `| name   |  µs |
| ------ | --: |
| a      | 1.0 |
| longer |  22 |

A note.
`, tab.markdown())
}

func TestAPartIsWrittenBetweenItsMarkers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "doc.md")
	require.NoError(t, os.WriteFile(file, []byte("before\n<!-- bench a -->\nold\n<!-- end a -->\nafter\n"), 0o666))
	require.NoError(t, rewrite(file, "a", "new"))
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "before\n<!-- bench a -->\n\nnew\n<!-- end a -->\nafter\n", string(got))
	require.ErrorContains(t, rewrite(file, "b", "new"), "no markers")
}

func TestListsOfProcessorsAreRead(t *testing.T) {
	require.Equal(t, []int{0, 1, 2, 5}, processors("0-2,5"))
	require.Empty(t, processors(""))
}

func TestArrivalsAreJudgedByTheirSchedule(t *testing.T) {
	begin := time.Now()
	var seen []mock.Record
	for i, late := range []time.Duration{0, 0, 0, 3 * time.Millisecond, 0} {
		seen = append(seen, mock.Record{Received: begin.Add(time.Duration(i)*100*time.Millisecond + late)})
	}
	r := arrivals(paceJob{Rate: 10, Requests: 7}, seen)
	require.Equal(t, 2, r.lost)
	require.InDelta(t, 10, r.achieved, 1e-6)
	require.InDelta(t, 0, r.p50, 1e-9)
	require.InDelta(t, 0.003, r.most, 1e-9)
}

func TestEventsAreComparedWithTheRecord(t *testing.T) {
	const ms = time.Millisecond
	received := time.Now().Round(0)
	dispatched := received.Add(-2 * ms)
	record := mock.Record{ID: "x", Received: received, Events: []mock.Event{{At: 50 * ms, Tokens: 1}, {At: 60 * ms, Tokens: 1}, {At: 70 * ms, Tokens: 1}, {At: 80 * ms, Tokens: 1}}}
	r := &llmeter.Response{
		ID: "x", Dispatched: dispatched, Intended: dispatched, FirstToken: dispatched.Add(53 * ms),
		Attempts: []endpoint.Attempt{{Reused: true, Written: dispatched.Add(1 * ms), FirstByte: dispatched.Add(3 * ms)}},
		Events: []endpoint.Event{ // the second comes in the read of the third
			{At: 53 * ms}, {At: 73 * ms}, {At: 73 * ms, SameRead: true}, {At: 82 * ms},
		},
	}
	c := comparer{
		records: map[string]mock.Record{"x": record}, started: map[int]bool{},
		late: map[int][]time.Duration{0: {5 * ms, 5 * ms, 5 * ms, 5 * ms}},
	}
	require.NoError(t, c.add(r))
	require.Equal(t, 2, c.shared)
	require.EqualValues(t, 4, c.all.N())
	require.InDelta(t, 0.011, c.all.Max(), 1e-9) // written at 60 of the server's clock, which is 62 of ours
	require.EqualValues(t, 2, c.alone.N())
	require.InDelta(t, 0.001, c.alone.Max(), 1e-9)
	require.InDelta(t, 0.020, c.bound.Max(), 1e-9)
	require.EqualValues(t, 3, c.readDelay.N())
	require.InDelta(t, 0.006, c.readDelay.Max(), 1e-9)
	require.InDelta(t, 0.002, c.sendLag.Max(), 1e-9)
	require.EqualValues(t, 1, c.first.N)
	require.InDelta(t, 0.050, c.first.Server, 1e-9)
	require.InDelta(t, 0.001, c.first.Sending, 1e-9)
	require.InDelta(t, 0.001, c.first.Waiting, 1e-9)
	require.InDelta(t, 0.001, c.first.Receiving, 1e-9)
	require.ErrorContains(t, c.add(r), "record has 0", "a record is used once")
}
