package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
)

const maxIncomplete = 50

// incomplete lists the spans that failed, or of which an end is not known.
func (f *facts) incomplete() figure.Section {
	t := figure.Table{Columns: []figure.Column{{Name: "request"}, {Name: "what"}, {Name: "state"}, {Name: "at", Right: true}, {Name: "took", Right: true}, {Name: "id"}}}
	n := 0
	for _, q := range f.Requests {
		for i := range q.Spans {
			s := &q.Spans[i]
			if s.State == profiler.Complete {
				continue
			}
			if n++; n > maxIncomplete {
				continue
			}
			at, took, tone := s.Start, "–", figure.Warn
			if !s.Started() {
				at = s.End
			}
			if s.State == profiler.Failed {
				took, tone = figure.Seconds.Format(s.Duration()), figure.Bad
			}
			name := s.Name
			if name == "" && s.Function != nil {
				name = s.Function.FunctionName
			}
			row := append(cells(count(q.Number), operation(s.Category, name)), figure.Cell{Text: s.State.String(), Tone: tone})
			t.Rows = append(t.Rows, append(row, cells(figure.Seconds.Format(at-f.origin), took, clip(s.UUID, 40))...))
		}
	}
	if n == 0 {
		return figure.Section{}
	}
	if n > maxIncomplete {
		t.Note = fmt.Sprintf("The first %d of %s.", maxIncomplete, count(n))
	}
	return figure.Section{Title: "Incomplete and failed", Blocks: []figure.Block{t},
		Note: "A span without an end did not finish before the trace ended, or failed where nobody recorded it. None of these is taken as the caller of others."}
}

// input says what was read.
func (f *facts) input() figure.Section {
	in := f.InferenceOptimization.Input
	s := figure.Section{Title: "Input"}
	if f.steps == 0 && in.Unreadable == 0 && in.Requests == 0 {
		return figure.Section{}
	}
	t := figure.Table{Columns: []figure.Column{{Name: "what"}, {Name: "count", Right: true}}, Rows: [][]figure.Cell{
		cells("requests", count(in.Requests)), cells("of them without steps", count(in.Empty)), cells("steps", count(in.Steps)), cells("parts that could not be read", count(in.Unreadable)),
	}}
	for _, state := range slices.Sorted(maps.Keys(in.Incomplete)) {
		t.Rows = append(t.Rows, cells("spans that are "+state.String(), count(in.Incomplete[state])))
	}
	for _, kind := range slices.Sorted(maps.Keys(in.UnknownTypes)) {
		t.Rows = append(t.Rows, cells("steps of the unknown type "+clip(string(kind), 60), count(in.UnknownTypes[kind])))
	}
	s.Blocks = append(s.Blocks, t)
	if len(in.Problems) > 0 {
		title := "What could not be read"
		if in.Unreadable > len(in.Problems) {
			title += fmt.Sprintf(", the first %d of %s", len(in.Problems), count(in.Unreadable))
		}
		s.Blocks = append(s.Blocks, figure.Details{Title: title, Blocks: []figure.Block{figure.Code{Text: strings.Join(in.Problems, "\n")}}})
	}
	return s
}
