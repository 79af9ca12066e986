package live

import (
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/result"
)

// screen is what a model draws after some messages.
func screen(m model, msgs ...tea.Msg) (model, string) {
	var next tea.Model = m
	for _, msg := range msgs {
		next, _ = next.Update(msg)
	}
	return next.(model), next.View().Content
}

func TestTheDashboardFitsItsTerminal(t *testing.T) {
	for _, width := range []int{40, 80, 200} {
		_, drawn := screen(model{keys: keys{stop: func() {}, abort: func() {}}}, shown(t), tea.WindowSizeMsg{Width: width, Height: 24})
		golden(t, "width-"+strconv.Itoa(width), drawn, false)
	}
}

func TestTheDashboardShowsFurtherNumbers(t *testing.T) {
	_, drawn := screen(model{specs: DefaultSpecs()}, shown(t), tea.WindowSizeMsg{Width: 80, Height: 24})
	golden(t, "specs", drawn, false)
}

func TestTheDashboardSaysWhatSpoilsNumbers(t *testing.T) {
	f := shown(t)
	f.verdict = result.Verdict{Level: result.Degraded, Reasons: []result.Reason{
		{Metric: "itl-p99", Error: 0.0122, Unit: "s"}, {Metric: "schedule", Error: 0.12, Unit: "of the requests late"}, {Metric: "stall-p99", Error: 0.0122, Unit: "s"},
	}}
	f.health = result.Health{
		SendLag: result.Lag{N: 9, P99: 0.0012}, StampError: result.Lag{N: 9, P99: 0.0122}, Slots: 2000, LateSlots: 240, CPUUsed: 1.84, CPUAvailable: 2,
	}
	f.progress.Backlog = 1200
	_, drawn := screen(model{}, f, tea.WindowSizeMsg{Width: 80, Height: 24})
	golden(t, "degraded", drawn, false)
	f.verdict.Level = result.Invalid
	_, drawn = screen(model{}, f, tea.WindowSizeMsg{Width: 80, Height: 24})
	golden(t, "looks", drawn, true)
}

func TestTheDashboardShowsWhereAnExperimentStands(t *testing.T) {
	f := shown(t)
	p := experiments.Progress{Run: "00020-clients", Done: 3, Found: 2, Runs: 5, Elapsed: 51 * time.Second}
	s := stageOf(p, f.share)
	require.InDelta(t, 0.724, s.share, 1e-9)
	require.Equal(t, 43, int(s.left.Seconds()), "1.62 runs in 51 s, 1.38 are left")
	f.experiment = &s
	_, drawn := screen(model{keys: keys{abort: func() {}}}, f, tea.WindowSizeMsg{Width: 80, Height: 24})
	golden(t, "experiment", drawn, false)

	_, drawn = screen(model{}, &frame{share: -1, left: -1, experiment: &stage{Progress: experiments.Progress{Done: 1}, share: -1, left: -1}}, tea.WindowSizeMsg{Width: 80, Height: 24})
	require.Contains(t, drawn, "1 run done")
}

func TestBeforeAnythingIsKnownTheDashboardSaysSo(t *testing.T) {
	f := &frame{name: "new", load: "1 client for 1m0s", share: 0, left: time.Minute}
	_, drawn := screen(model{}, f, tea.WindowSizeMsg{Width: 80, Height: 24})
	golden(t, "new", drawn, false)
}

func TestNoLineIsLongerThanTheTerminalAndNoneIsTooMany(t *testing.T) {
	f := shown(t)
	f.name, f.target = "日本語の実行 🌸\x1b[2J", strings.Repeat("very long model · ", 9)
	rapid.Check(t, func(t *rapid.T) {
		width, height := rapid.IntRange(1, 250).Draw(t, "width"), rapid.IntRange(1, 60).Draw(t, "height")
		_, drawn := screen(model{specs: DefaultSpecs()}, f, tea.WindowSizeMsg{Width: width, Height: height})
		lines := strings.Split(drawn, "\n")
		require.LessOrEqual(t, len(lines), height)
		for _, line := range lines {
			require.LessOrEqual(t, lipgloss.Width(line), width)
		}
		require.NotContains(t, drawn, "\x1b[2J")
	})
}

// pressed counts what keys do.
type pressed struct{ stopped, aborted int }

func (p *pressed) keys() keys {
	return keys{stop: func() { p.stopped++ }, abort: func() { p.aborted++ }}
}

var (
	keyQ     = tea.KeyPressMsg{Code: 'q', Text: "q"}
	keyX     = tea.KeyPressMsg{Code: 'x', Text: "x"}
	keyCtrlC = tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
)

func TestTheFirstKeyStopsTheSecondAborts(t *testing.T) {
	for _, key := range []tea.KeyPressMsg{keyQ, keyCtrlC} {
		var p pressed
		m, drawn := screen(model{keys: p.keys()}, shown(t), tea.WindowSizeMsg{Width: 80, Height: 24}, keyX)
		require.Equal(t, pressed{}, p)
		require.Contains(t, drawn, "q stops, twice aborts")
		m, drawn = screen(m, key)
		require.Equal(t, pressed{1, 0}, p)
		require.Contains(t, drawn, "stopping: what is in flight finishes; q again aborts")
		m, drawn = screen(m, key)
		require.Equal(t, pressed{1, 1}, p)
		require.Contains(t, drawn, "aborting")
		screen(m, key, keyQ, keyCtrlC)
		require.Equal(t, pressed{1, 1}, p, "the rest is up to the program")
	}
}

func TestCtrlCInterruptsWhereTheProgramWantsIt(t *testing.T) {
	var p pressed
	k := p.keys()
	k.ctrlC = true
	m, drawn := screen(model{keys: k}, shown(t), tea.WindowSizeMsg{Width: 80, Height: 24})
	require.Contains(t, drawn, "q stops, Ctrl-C aborts")
	screen(m, keyCtrlC)
	require.Equal(t, pressed{0, 1}, p)
	screen(m, keyQ, keyQ)
	require.Equal(t, pressed{1, 2}, p)
}

func TestAnExperimentCanBeAbortedOnly(t *testing.T) {
	var p pressed
	k := keys{abort: p.keys().abort}
	m, drawn := screen(model{keys: k}, shown(t), tea.WindowSizeMsg{Width: 80, Height: 24}, keyQ)
	require.Contains(t, drawn, "Ctrl-C aborts")
	require.Equal(t, pressed{}, p)
	screen(m, keyCtrlC)
	require.Equal(t, pressed{0, 1}, p)
}

func TestWithoutAnAbortKeysAreNotRead(t *testing.T) {
	var p pressed
	screen(model{keys: keys{stop: p.keys().stop}}, keyQ, keyCtrlC)
	require.Equal(t, pressed{}, p)
	require.Nil(t, new(View).input(keys{stop: func() {}}))
}
