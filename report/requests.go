package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/figure"
)

// mostText is how much of a text is shown, in characters.
const mostText = 5000

// The phases of a request, in the order in which it meets them.
const (
	waiting = iota
	connecting
	sending
	firstByte
	firstToken
	answer
	failing
)

var phases = []figure.Kind{
	waiting:    {Name: "wait before sending", Color: figure.Orange},
	connecting: {Name: "connect", Color: figure.Purple},
	sending:    {Name: "send", Color: figure.Gray},
	firstByte:  {Name: "to the first byte", Color: figure.Sky},
	firstToken: {Name: "to the first token", Color: figure.Blue},
	answer:     {Name: "tokens", Color: figure.Green},
	failing:    {Name: "to the failure", Color: figure.Red},
}

// requests shows single requests: the slowest by their phases, two of them token by token.
func (f *facts) requests() figure.Section {
	s := figure.Section{Title: "Requests", Blocks: []figure.Block{f.waterfall()}}
	typical := f.typical()
	if f.slowStream != nil {
		s.Blocks = append(s.Blocks, stream("The slowest stream, token by token", f.slowStream))
	}
	if typical != nil && typical != f.slowStream {
		s.Blocks = append(s.Blocks, stream("A typical stream, its time to last token being the median's, token by token", typical))
	}
	return s
}

func (f *facts) waterfall() figure.Figure {
	t := figure.Timeline{Kinds: phases}
	lanes := make([]string, len(f.slow))
	for lane, r := range f.slow {
		lanes[lane] = named(r)
		t.Bars = append(t.Bars, bars(r, lane)...)
	}
	title, note := "The slowest requests", "From when each was due until its answer was complete."
	if f.retried > 0 {
		note += " " + plural(f.retried, "request") + " of this run were sent more than once; every attempt is shown."
	}
	return figure.Figure{
		Title: title, Note: note, Wide: true, X: figure.Axis{Label: "since it was due", Unit: figure.Seconds, Time: true},
		Y: figure.Axis{Label: "request", Categories: lanes}, Series: []figure.Series{t}, Empty: "Nothing is known of when requests began and ended.",
	}
}

// bars are the phases of a request. Instants that are not known make no phase: the next known one ends the next phase, which
// then begins earlier.
func bars(r *endpoint.Response, lane int) (all []figure.Bar) {
	origin := due(r)
	at := origin
	until := func(phase int, end time.Time) {
		if end.After(at) { // zero, or before the last one, where two clocks meet
			label := ""
			if phase == answer && r.OutputTokens.Known() {
				label = plural(r.OutputTokens.N, "token") + ", "
			}
			all = append(all, figure.Bar{Lane: lane, Kind: phase, Start: at.Sub(origin).Seconds(), End: end.Sub(origin).Seconds(),
				Label: label + Seconds(end.Sub(at).Seconds())})
			at = end
		}
	}
	until(waiting, r.Dispatched)
	for i := range r.Attempts {
		a := &r.Attempts[i]
		until(waiting, a.Start)
		until(connecting, a.Ready)
		until(sending, a.Written)
		until(firstByte, a.FirstByte)
		if i < len(r.Attempts)-1 {
			until(failing, a.End)
		}
	}
	until(firstToken, r.FirstToken)
	until(answer, r.LastToken)
	if r.Failed() {
		until(failing, endOf(r))
	}
	return all
}

// stream shows one request token by token.
func stream(title string, r *endpoint.Response) figure.Details {
	d := figure.Details{Title: title + ": " + named(r), Blocks: []figure.Block{numbersOf(r), gapsOf(r)}}
	for _, text := range []struct{ title, text string }{
		{"Prompt", r.Prompt}, {"Reasoning", r.Reasoning}, {"Answer", r.Text}, {"Refusal", r.Refusal}, {"Tool calls", toolCalls(r)},
	} {
		if text.text != "" {
			d.Blocks = append(d.Blocks, figure.Note{Title: text.title, Text: clip(text.text, mostText)})
		}
	}
	return d
}

func toolCalls(r *endpoint.Response) string {
	var b strings.Builder
	for _, call := range r.ToolCalls {
		fmt.Fprintf(&b, "%s(%s)\n", call.Name, call.Arguments)
	}
	return b.String()
}

func numbersOf(r *endpoint.Response) figure.Tiles {
	tiles := figure.Tiles{{Label: "TTFT", Value: Seconds(metric(r, "ttft"))}, {Label: "TTLT", Value: Seconds(metric(r, "ttlt"))},
		{Label: "TPOT", Value: Seconds(metric(r, "tpot"))}, {Label: "longest gap", Value: Seconds(metric(r, "stall"))}, count("tokens out", r.OutputTokens)}
	in := count("tokens in", r.InputTokens)
	if r.CachedTokens.Known() && r.CachedTokens.N > 0 {
		in.Note += ", " + Number(float64(r.CachedTokens.N)) + " cached"
	}
	return append(tiles, in)
}

func count(label string, c endpoint.Count) figure.Tile {
	if !c.Known() {
		return figure.Tile{Label: label, Value: "–"}
	}
	return figure.Tile{Label: label, Value: Number(float64(c.N)), Note: "by " + c.Source.String()}
}

// gapsOf has a point for each event that bears tokens, with the text that it brought.
func gapsOf(r *endpoint.Response) figure.Figure {
	texts := map[endpoint.Channel]string{endpoint.Content: r.Text, endpoint.Reasoning: r.Reasoning, endpoint.RefusalText: r.Refusal}
	series := map[endpoint.Channel]*figure.Scatter{}
	var order []endpoint.Channel
	last := time.Duration(-1)
	for i := range r.Events {
		e := &r.Events[i]
		if e.Tokens <= 0 {
			continue
		}
		text := cut(texts, e)
		if last >= 0 {
			s := series[e.Channel]
			if s == nil {
				s = &figure.Scatter{Name: channelName(e.Channel)}
				series[e.Channel], order = s, append(order, e.Channel)
			}
			s.X, s.Y = append(s.X, e.At.Seconds()), append(s.Y, max((e.At-last).Seconds(), leastGap))
			s.Labels = append(s.Labels, text)
		}
		last = e.At
	}
	fig := figure.Figure{
		Title: "Gaps between events with tokens", Note: "Each point is an event, at the instant at which it came, and how long after the one before; less than " + Seconds(leastGap) + " is drawn as that.", Wide: true,
		X: figure.Axis{Label: "since it was sent", Unit: figure.Seconds, Time: true}, Y: figure.Axis{Label: "gap", Unit: figure.Seconds, Log: true},
	}
	for _, c := range order {
		fig.Series = append(fig.Series, *series[c])
	}
	if ttft := metric(r, "ttft"); !math.IsNaN(ttft) {
		fig.Marks = []figure.Mark{{X: ttft, Label: "first token"}}
	}
	return fig
}

func channelName(c endpoint.Channel) string { return strings.ReplaceAll(c.String(), "_", " ") }

// cut takes the text of an event from that of its channel.
func cut(texts map[endpoint.Channel]string, e *endpoint.Event) string {
	text := texts[e.Channel]
	n := min(int(max(e.Text, 0)), len(text))
	texts[e.Channel] = text[n:]
	if n == 0 {
		return plural(int(e.Tokens), "token")
	}
	return clip(strings.ToValidUTF8(text[:n], "\ufffd"), 200)
}
