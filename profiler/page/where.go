package page

import (
	"cmp"
	"maps"
	"slices"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
)

// How much is shown.
const (
	maxRows      = 25   // of a table of operations
	maxOperation = 12   // bars of operations
	leastFrame   = 5e-4 // of the whole, below which a frame of a flame graph is not drawn
)

// whereTimeWent is the critical paths: by operation, and as a flame graph.
func (f *facts) whereTimeWent() figure.Section {
	s := figure.Section{Title: "Where the time went", Note: "The critical path of a request is the chain of work that its end waited for: looking back from the end, each " +
		"moment belongs to the call that ended last. Making a call beside it faster saves nothing."}
	if len(f.nested.Nodes) == 0 {
		return figure.Section{}
	}
	ops := f.operations()
	s.Blocks = append(s.Blocks, f.bottlenecks(ops), bottleneckBars(ops), f.flame("Critical paths", "All requests added up. A frame is a call below its callers; what its "+
		"children leave is its own time on the path. Click one to look closer.", critical))
	s.Blocks = append(s.Blocks, f.savings()...)
	s.Blocks = append(s.Blocks, figure.Details{Title: "Work, parallel work included", Blocks: []figure.Block{
		f.flame("Work", "Self times added up, whether or not anything waited for them: what runs side by side counts twice.", self),
	}})
	return s
}

// An op is what calls of one name took.
type op struct {
	category            profiler.Category
	name                string
	calls, failed, open int
	critical, total     float64 // seconds
	stats               *profiler.OperationStats
}

// operations are the calls by name, the most critical first.
func (f *facts) operations() []*op {
	byName := map[string]*op{}
	for _, key := range slices.Sorted(maps.Keys(f.simple.Operations)) {
		o := f.simple.Operations[key]
		byName[key] = &op{o.OperationType, o.OperationName, o.UsageCount + o.Failed, o.Failed, o.Unfinished, o.CriticalTime, o.TotalDuration, &o}
	}
	for i := range f.nested.Nodes {
		m := &f.nested.Nodes[i]
		if m.OperationType == profiler.LLM || m.OperationType == profiler.Tool {
			continue
		}
		key := string(m.OperationType) + ":" + m.OperationName
		if byName[key] == nil {
			byName[key] = &op{category: m.OperationType, name: m.OperationName}
		}
		o := byName[key]
		o.calls++
		o.critical += m.CriticalTime
		o.total += m.SelfTime
		if m.State == profiler.Failed {
			o.failed++
		}
	}
	ops := make([]*op, 0, len(byName))
	for _, key := range slices.Sorted(maps.Keys(byName)) {
		ops = append(ops, byName[key])
	}
	slices.SortStableFunc(ops, func(a, b *op) int { return cmp.Compare(b.critical, a.critical) })
	return ops
}

func (f *facts) bottlenecks(ops []*op) figure.Table {
	t := figure.Table{
		Title: "Bottlenecks", Note: "By self time on the critical path. Of functions the time is their own, without what they call.",
		Columns: []figure.Column{{Name: "operation"}, {Name: "critical", Right: true}, {Name: "share", Right: true}, {Name: "calls", Right: true}, {Name: "total", Right: true},
			{Name: "mean", Right: true}, {Name: "p95", Right: true}, {Name: "at once", Right: true}, {Name: "failed", Right: true}, {Name: "open", Right: true}},
	}
	for _, o := range ops[:min(len(ops), maxRows)] {
		row := cells(operation(o.category, o.name), figure.Seconds.Format(o.critical), f.share(o.critical), count(o.calls), figure.Seconds.Format(o.total))
		if o.stats != nil && o.stats.UsageCount > 0 {
			row = append(row, cells(figure.Seconds.Format(o.stats.AvgDuration), figure.Seconds.Format(o.stats.P95Duration), count(o.stats.MaxConcurrency))...)
		} else {
			row = append(row, cells("", "", "")...)
		}
		t.Rows = append(t.Rows, append(row, someOf(o.failed, figure.Bad), someOf(o.open, figure.Warn)))
	}
	t.Rows = append(t.Rows, append(cells("outside of all calls", figure.Seconds.Format(f.nested.Outside), f.share(f.nested.Outside)), cells("", "", "", "", "", "", "")...))
	if len(ops) > maxRows {
		t.Note += " The first " + count(maxRows) + " of " + count(len(ops)) + "."
	}
	return t
}

func (f *facts) share(seconds float64) string {
	if !(f.nested.Wall > 0) {
		return "–"
	}
	return figure.Fraction.Format(seconds / f.nested.Wall)
}

// someOf is a number that stands out unless it is 0, which is left blank.
func someOf(n int, tone figure.Tone) figure.Cell {
	if n == 0 {
		return figure.Cell{}
	}
	return figure.Cell{Text: count(n), Tone: tone}
}

func bottleneckBars(ops []*op) figure.Figure {
	fig := figure.Figure{Title: "Time by operation", Note: "On the critical path, and beside it, where nothing waited.", Wide: true, X: figure.Axis{Label: "time", Unit: figure.Seconds}}
	on := figure.Bars{Name: "critical path", Color: figure.Blue, Stack: "time"}
	beside := figure.Bars{Name: "beside it", Color: figure.Gray, Stack: "time"}
	for _, o := range ops[:min(len(ops), maxOperation)] {
		fig.Y.Categories = append(fig.Y.Categories, operation(o.category, clip(o.name, 30)))
		on.Values, beside.Values = append(on.Values, o.critical), append(beside.Values, max(0, o.total-o.critical))
	}
	fig.Series = []figure.Series{on, beside}
	return fig
}

// The kinds of bars and frames, by nodeKind.
var kinds = []figure.Kind{{Name: "LLM", Color: figure.Blue}, {Name: "TOOL", Color: figure.Green}, {Name: "FUNCTION", Color: figure.Orange}}

func nodeKind(c profiler.Category) int {
	switch c {
	case profiler.LLM:
		return 0
	case profiler.Tool:
		return 1
	}
	return 2
}

func critical(m *profiler.NodeMetrics) float64 { return m.CriticalTime }
func self(m *profiler.NodeMetrics) float64     { return m.SelfTime }

// A branch is the calls of one name below the same callers.
type branch struct {
	name     string
	kind     int
	own, all float64
	below    map[string]*branch
	order    []*branch
}

func (b *branch) child(name string, kind int) *branch {
	if c := b.below[name]; c != nil {
		return c
	}
	if b.below == nil {
		b.below = map[string]*branch{}
	}
	c := &branch{name: name, kind: kind}
	b.below[name] = c
	b.order = append(b.order, c)
	return c
}

// sum adds up what is below.
func (b *branch) sum() float64 {
	b.all = b.own
	for _, c := range b.order {
		b.all += c.sum()
	}
	return b.all
}

// frame leaves out what is too small to be seen, the largest first.
func (b *branch) frame(least float64) figure.Frame {
	f := figure.Frame{Name: b.name, Kind: b.kind, Value: b.all}
	slices.SortStableFunc(b.order, func(a, b *branch) int { return cmp.Or(cmp.Compare(b.all, a.all), cmp.Compare(a.name, b.name)) })
	for _, c := range b.order {
		if c.all > least {
			f.Children = append(f.Children, c.frame(least))
		}
	}
	return f
}

func (f *facts) flame(title, note string, of func(*profiler.NodeMetrics) float64) figure.Figure {
	root := &branch{name: "all requests", kind: len(kinds)}
	var path []*branch
	for i := range f.nested.Nodes {
		m := &f.nested.Nodes[i]
		above := root
		if m.Depth > 0 {
			above = path[m.Depth-1]
		}
		b := above.child(operation(m.OperationType, m.OperationName), nodeKind(m.OperationType))
		b.own += of(m)
		path = append(path[:m.Depth], b)
	}
	if title == "Critical paths" {
		root.own = f.nested.Outside
	}
	total := root.sum()
	return figure.Figure{
		Title: title, Note: note, Wide: true, X: figure.Axis{Label: "time", Unit: figure.Seconds}, Empty: "No call took any time.",
		Series: []figure.Series{figure.Flame{Kinds: append(slices.Clone(kinds), figure.Kind{Name: "requests", Color: figure.Gray}), Root: root.frame(total * leastFrame)}},
	}
}
