package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/result"
)

// Records are the table that CSV writes. All rows are as long as the head.
type records struct {
	head []string
	rows [][]string
}

func (r records) write(w io.Writer) error {
	c := csv.NewWriter(w)
	if err := c.Write(r.head); err != nil {
		return err
	}
	return c.WriteAll(r.rows)
}

// field writes a value as it is in JSON, but a text without quotes, and what is not known as nothing.
func field(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339Nano)
	case error:
		return v.Error()
	}
	return fmt.Sprint(value)
}

func fieldsOf(values ...any) (row []string) {
	for _, v := range values {
		row = append(row, field(v))
	}
	return row
}

// withStats puts the statistics of each row that are to be kept behind its own columns, all that any row has, sorted by their
// keys. A column of its own hides the statistic of the same name.
func (r records) withStats(all []result.Stats, keep func(key string) bool) records {
	keys := map[string]bool{}
	for _, st := range all {
		for key := range st.All() {
			if keep(key) && !slices.Contains(r.head, key) {
				keys[key] = true
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		r.head = append(r.head, key)
		for i, st := range all {
			value, _ := st.Value(key)
			r.rows[i] = append(r.rows[i], field(value))
		}
	}
	return r
}

// recordsOf has a row for each entry: its labels under head, its verdict, its error, its statistics.
func recordsOf(head []string, entries []entry) records {
	r := records{head: append(slices.Clone(head), "verdict", "error")}
	all := make([]result.Stats, len(entries))
	for i, e := range entries {
		verdict := ""
		if e.res != nil {
			verdict = e.res.Verdict.Level
		}
		var err any
		if e.err != nil {
			err = e.err
		}
		r.rows = append(r.rows, append(slices.Clone(e.labels), fieldsOf(verdict, err)...))
		all[i] = e.st
	}
	return r.withStats(all, func(string) bool { return true })
}

func (r runs) records() records { return recordsOf([]string{"run"}, r.entries()) }

func (l loadTest) records() records { return recordsOf([]string{"load"}, l.entries()) }

func (s sweep) records() records { return recordsOf(s.Axes, s.entries()) }

func (c capacity) records() records {
	entries := c.entries()
	for i, l := range c.Levels {
		entries[i].labels = append(entries[i].labels, fieldsOf(string(l.Decision), l.Saturated)...)
	}
	return recordsOf([]string{"load", "decision", "saturated"}, entries)
}

func (s soak) records() records {
	entries := s.entries()
	for i, segment := range s.Segments {
		entries[i].labels = fieldsOf(i+1, segment.Start, segment.Length.Seconds())
	}
	return recordsOf([]string{"segment", "start", "length"}, entries)
}

func (h heatmap) records() records {
	r := records{head: []string{"input_from", "input_below", "output_from", "output_below", "requests", "failed"}}
	var all []result.Stats
	for _, c := range h.grid.Cells {
		r.rows = append(r.rows, fieldsOf(c.Input.Lo, c.Input.Hi, c.Output.Lo, c.Output.Hi, c.Requests, c.Failed))
		all = append(all, c.Stats)
	}
	return r.withStats(all, func(key string) bool { return strings.Contains(key, "-") }) // not those of a run as a whole
}

func (c comparison) records() records {
	r := records{head: []string{"key", "change", "a", "b", "n_a", "n_b", "delta", "relative", "lo", "hi", "p", "adjusted_p", "detectable"}}
	for _, d := range c.Differences {
		r.rows = append(r.rows, differenceFields(d))
	}
	return r
}

func differenceFields(d experiments.Difference) []string {
	return fieldsOf(d.Key, string(d.Change), d.A, d.B, d.NA, d.NB, d.Delta, d.Relative(), d.Interval.Lo, d.Interval.Hi, d.P, d.Adjusted, d.Detectable)
}
