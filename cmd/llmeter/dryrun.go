package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
)

// A dryRun is the plan of a run or an experiment.
type dryRun struct {
	Schema   string         `json:"schema"`
	Kind     string         `json:"kind"`
	Endpoint string         `json:"endpoint"`
	Models   []string       `json:"models"`
	Folder   string         `json:"folder,omitempty"`
	Runs     []llmeter.Plan `json:"runs"`
	Note     string         `json:"note,omitempty"`
}

// plan prints what would be sent, and sends nothing.
func (f *outputFlags) plan(t *terminal, kind string, steps []experiments.Step, note string) error {
	d := dryRun{Schema: "llmeter.plan/1", Kind: kind, Folder: f.Output, Note: note}
	for _, step := range steps {
		p, err := step.Runner.Plan()
		if err != nil {
			return err
		}
		p.RunName = cmp.Or(step.Name, "run")
		info := step.Runner.Endpoint.Info()
		d.Endpoint, d.Runs = info.Name, append(d.Runs, p)
		if !slices.Contains(d.Models, info.Model) {
			d.Models = append(d.Models, info.Model)
		}
	}
	if f.Format == "json" {
		out := json.NewEncoder(t.out)
		out.SetIndent("", "  ")
		return out.Encode(d)
	}
	return d.text(t.out)
}

func (d *dryRun) text(w io.Writer) error {
	fmt.Fprintf(w, "plan of a %s · %s · %s\n\n", d.Kind, strings.Join(d.Models, ", "), d.Endpoint)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "run\tload\trequests\tsent within\ttokens in\tout at most")
	for rest := d.Runs; len(rest) > 0; {
		n := alike(rest)
		p, name := rest[0], rest[0].RunName
		if n > 1 {
			name = fmt.Sprintf("%s … %s, each", name, rest[n-1].RunName)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", name, loadOf(p), requests(p), within(p),
			tokens(p.InputTokens, p.InputPerRequest), tokens(p.OutputTokens, p.OutputPerRequest))
		rest = rest[n:]
	}
	if n := len(d.Runs); n > 1 {
		all := d.all()
		fmt.Fprintf(t, "in all\t%d runs\t%s\t%s\t%s\t%s\n", n, requests(all), within(all), tokens(all.InputTokens, 0), tokens(all.OutputTokens, 0))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if d.Note != "" {
		fmt.Fprintf(w, "\n%s\n", d.Note)
	}
	where := "kept in memory"
	if d.Folder != "" {
		where = "saved in " + d.Folder
	}
	_, err := fmt.Fprintf(w, "\nIt would be %s. Nothing was sent.\n", where)
	return err
}

// alike is how many of the first runs differ in their names alone.
func alike(runs []llmeter.Plan) int {
	n := 0
	for _, p := range runs {
		p.RunName, p.Folder = runs[0].RunName, runs[0].Folder
		if p != runs[0] {
			break
		}
		n++
	}
	return n
}

// all is the sum of the runs, without what is not known of each of them.
func (d *dryRun) all() (all llmeter.Plan) {
	sum := func(of func(*llmeter.Plan) int) (total int) {
		for i := range d.Runs {
			n := of(&d.Runs[i])
			if n == 0 {
				return 0
			}
			total += n
		}
		return total
	}
	all.Requests = sum(func(p *llmeter.Plan) int { return p.Requests })
	all.Sending = time.Duration(sum(func(p *llmeter.Plan) int { return int(p.Sending) }))
	all.InputTokens = sum(func(p *llmeter.Plan) int { return p.InputTokens })
	all.OutputTokens = sum(func(p *llmeter.Plan) int { return p.OutputTokens })
	return all
}

// loadOf is the load of a run in a few words.
func loadOf(p llmeter.Plan) string {
	if p.Arrivals == "" {
		return experiments.Load{Clients: p.Clients}.String()
	}
	const most = 24
	if text := []rune(p.Arrivals); len(text) > most {
		return string(text[:most-1]) + "…"
	}
	return p.Arrivals
}

func requests(p llmeter.Plan) string {
	if p.Requests == 0 {
		return "as many as fit"
	}
	return report.Number(float64(p.Requests))
}

// within is the time in which all requests are started.
func within(p llmeter.Plan) string {
	switch {
	case p.Sending == 0:
		return "until answered"
	case p.Sending < time.Minute:
		return report.Seconds(p.Sending.Seconds())
	}
	return p.Sending.Round(time.Second).String()
}

// tokens are those of all requests, or of one where their number is not known.
func tokens(all int, perRequest float64) string {
	switch {
	case all > 0:
		return report.Number(float64(all))
	case perRequest > 0:
		return report.Number(perRequest) + " each"
	}
	return "–"
}
