package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// failures are the errors by kind, with examples.
func (f *facts) failures() figure.Section {
	s := figure.Section{Title: "Errors"}
	errs := f.res.Errors()
	if len(errs) == 0 {
		s.Blocks = []figure.Block{figure.Note{Tone: figure.Good, Text: "No request failed."}}
		if f.res.TotalRequests == 0 {
			s.Blocks = []figure.Block{figure.Note{Text: "There was no request."}}
		}
		return s
	}
	t := figure.Table{Columns: []figure.Column{{Name: "kind"}, {Name: "requests", Right: true}, {Name: "share", Right: true}, {Name: "examples"}}}
	for _, e := range errs {
		texts := f.samples[e.Kind]
		if len(texts) == 0 {
			texts = []string{e.Sample}
		}
		row := []string{string(e.Kind), Number(float64(e.Count)), Percent(float64(e.Count) / float64(max(f.res.TotalRequests, 1)))}
		for _, text := range texts {
			t.Rows = append(t.Rows, figure.Cells(append(row, withoutKind(text, string(e.Kind)))...))
			row = []string{"", "", ""}
		}
	}
	s.Blocks = []figure.Block{t}
	return s
}

// withoutKind leaves out the kind that the text of an error begins with.
func withoutKind(text, kind string) string {
	rest, ok := strings.CutPrefix(text, kind)
	if !ok || rest == "" {
		return text
	}
	return strings.TrimLeft(rest, ": ")
}

// trust says what is doubtful, and how the client did.
func trust(res *result.Result) figure.Section {
	s := figure.Section{Title: "Warnings"}
	if len(res.Warnings) == 0 {
		s.Blocks = append(s.Blocks, figure.Note{Tone: figure.Good, Text: "There are none."})
	} else {
		s.Blocks = append(s.Blocks, warnings(res.Warnings))
	}
	if res.Verdict.Level != "" {
		s.Blocks = append(s.Blocks, figure.Details{Title: "The client's own health", Blocks: health(res.Health)})
	}
	return s
}

func warnings(all []result.Warning) figure.Table {
	t := figure.Table{Columns: []figure.Column{{Name: "warning"}, {Name: "about"}}}
	for _, w := range all {
		about := strings.ReplaceAll(w.Metric, ",", ", ")
		if about == "" {
			about = "the run"
		}
		t.Rows = append(t.Rows, figure.Cells(w.Text, about))
	}
	return t
}

func health(h result.Health) []figure.Block {
	right := func(names ...string) (c []figure.Column) {
		c = []figure.Column{{Name: ""}}
		for _, n := range names {
			c = append(c, figure.Column{Name: n, Right: true})
		}
		return c
	}
	lags := figure.Table{Columns: right("p50", "p99", "longest", "n")}
	for _, l := range []struct {
		name string
		lag  result.Lag
	}{
		{"requests written late", h.SendLag}, {"stamps late, at most", h.StampError}, {"bytes waiting in the kernel", h.ReadDelay},
		{"pauses for the garbage collector", h.GCPause}, {"waits for a processor", h.SchedLatency},
	} {
		if l.lag.N > 0 {
			lags.Rows = append(lags.Rows, figure.Cells(l.name, Seconds(l.lag.P50), Seconds(l.lag.P99), Seconds(l.lag.Max), Number(float64(l.lag.N))))
		}
	}
	t := figure.Table{Columns: right("value")}
	add := func(shown bool, name, format string, args ...any) {
		if shown {
			t.Rows = append(t.Rows, figure.Cells(name, fmt.Sprintf(format, args...)))
		}
	}
	add(h.CPUUsed > 0, "processors used", "%s of %s", Number(h.CPUUsed), Number(h.CPUAvailable))
	add(h.EventsPerRead > 0, "events to a read from the network", "%s", Number(h.EventsPerRead))
	add(h.EventsPerRead > 0, "events that shared a read with others", "%s", Percent(h.SharedReads))
	add(h.InFlight > 0, "requests in flight, mean", "%s", Number(h.InFlight))
	add(h.MaxInFlight > 0, "requests in flight, most", "%s", Number(float64(h.MaxInFlight)))
	add(h.AskedInFlight > 0, "requests in flight, asked for", "%s", Number(float64(h.AskedInFlight)))
	add(h.Little > 0, "difference between L and λW", "%s", Percent(h.Little))
	add(h.AskedInFlight > 0, "until the last client had sent its first request", "%s", Seconds(h.StartSkew))
	add(h.Slots > 0, "requests of the schedule that were sent late", "%s of %s", Number(float64(h.LateSlots)), Number(float64(h.Slots)))
	add(h.Backlog > 0, "responses waiting to be processed, most", "%s", Number(float64(h.Backlog)))
	add(h.RequestQuota.Limit > 0, "least of the provider's request quota", "%s of %s", Number(float64(h.RequestQuota.LeastRemaining)), Number(float64(h.RequestQuota.Limit)))
	add(h.TokenQuota.Limit > 0, "least of the provider's token quota", "%s of %s", Number(float64(h.TokenQuota.LeastRemaining)), Number(float64(h.TokenQuota.Limit)))
	add(h.Descriptors > 0, "open files", "%s of %s", Number(float64(h.Descriptors)), Number(float64(h.DescriptorLimit)))
	add(h.Ports > 0 && h.PortLimit > 0, "local ports for one address, about", "%s of %s", Number(float64(h.Ports)), Number(float64(h.PortLimit)))
	return []figure.Block{lags, t}
}

// about says what the run was, and gives all of its statistics.
func about(res *result.Result, st result.Stats) figure.Section {
	all := figure.Details{Title: "All statistics", Blocks: []figure.Block{statistics(st)}}
	return figure.Section{Title: "The run", Blocks: append(identity(res), all)}
}

// identity says what the run was, and how it was configured.
func identity(res *result.Result) (blocks []figure.Block) {
	t := figure.Table{Columns: []figure.Column{{Name: "what"}, {Name: "value"}}}
	add := func(name, value string) {
		if value != "" {
			t.Rows = append(t.Rows, figure.Cells(name, value))
		}
	}
	add("name", res.RunName)
	add("description", res.RunDescription)
	add("model", res.ModelID)
	add("endpoint", res.EndpointName)
	add("provider", res.Provider)
	add("load", loadOf(res))
	if res.Conversations > 0 {
		add("conversations", Number(float64(res.Conversations)))
	}
	add("started", instant(res.StartTime))
	add("ended", instant(res.EndTime))
	add("folder", res.OutputPath)
	blocks = append(blocks, t)
	if len(res.Config) > 0 {
		blocks = append(blocks, figure.Details{Title: "Configuration", Blocks: []figure.Block{figure.Code{Text: pretty(res.Config)}}})
	}
	return blocks
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05.000 UTC")
}

func pretty(config json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, config, "", "  ") != nil {
		return clip(string(config), 50_000)
	}
	return clip(b.String(), 50_000)
}

// statistics is the table of all of them under their keys, times in seconds.
func statistics(st result.Stats) figure.Table {
	t := figure.Table{Note: "Times are in seconds, shares in parts of one.", Columns: []figure.Column{{Name: "key"}, {Name: "value", Right: true}}}
	for key, value := range st.All() {
		t.Rows = append(t.Rows, figure.Cells(key, plain(value)))
	}
	return t
}

func plain(value any) string {
	switch v := value.(type) {
	case nil:
		return "–"
	case float64:
		return strconv.FormatFloat(v, 'g', 6, 64)
	case time.Time:
		return instant(v)
	}
	return fmt.Sprint(value)
}
