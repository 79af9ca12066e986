package result

import (
	"cmp"
	"encoding/json"
	"io"

	"github.com/llmeter-go/llmeter/internal/jsontext"
	"github.com/llmeter-go/llmeter/slo"
)

// The schemas of JSON output and of llmeter.json.
const (
	schemaRun    = "llmeter.run/1"
	schemaRuns   = "llmeter.runs/1"
	schemaFolder = "llmeter.folder/1"
)

// unjudged is how an empty [Verdict.Level] is written.
const unjudged = "unjudged"

type verdictJSON struct {
	Level   string   `json:"level"`
	Clock   string   `json:"clock"`
	Reasons []Reason `json:"reasons"`
}

func (r *Result) verdictJSON() verdictJSON {
	return verdictJSON{cmp.Or(r.Verdict.Level, unjudged), r.Clock, append([]Reason{}, r.Verdict.Reasons...)}
}

// MarshalJSON writes the Result in the schema "llmeter.run/1": its name and folder, all statistics in one flat
// object, how its objectives came out, the warnings and the verdict. Responses are not part of it.
func (r *Result) MarshalJSON() ([]byte, error) {
	return jsontext.Encode(struct {
		Schema     string          `json:"schema"`
		RunName    string          `json:"run_name"`
		OutputPath string          `json:"output_path"`
		Stats      Stats           `json:"stats"`
		Objectives []objectiveJSON `json:"objectives"`
		Warnings   []Warning       `json:"warnings"`
		Verdict    verdictJSON     `json:"verdict"`
	}{
		schemaRun, r.RunName, r.OutputPath, r.Stats(), objectivesJSON(r.Check(r.Objectives)),
		append([]Warning{}, r.Warnings...), r.verdictJSON(),
	}, "")
}

// objectiveJSON is an outcome. Values are in SI base units, null where there is none.
type objectiveJSON struct {
	Objective slo.Objective `json:"objective"`
	Status    slo.Status    `json:"status"`
	Value     *float64      `json:"value"`
	Margin    *float64      `json:"margin"`
	Lo        *float64      `json:"ci95_lo"`
	Hi        *float64      `json:"ci95_hi"`
	N         int           `json:"n"` // 0 = not known
}

func objectivesJSON(outcomes []slo.Outcome) []objectiveJSON {
	all := make([]objectiveJSON, len(outcomes))
	for i, o := range outcomes {
		all[i] = objectiveJSON{Objective: o.Objective, Status: o.Status, N: o.N}
		if o.Status != slo.Undefined {
			all[i].Value, all[i].Margin = &o.Value, &o.Margin
		}
		if o.Interval != nil {
			all[i].Lo, all[i].Hi = &o.Interval.Lo, &o.Interval.Hi
		}
	}
	return all
}

// Runs are several Results, as one JSON value.
type Runs []*Result

// MarshalJSON writes the Results in the schema "llmeter.runs/1": each as "llmeter.run/1" in the list "runs".
func (rs Runs) MarshalJSON() ([]byte, error) {
	return jsontext.Encode(struct {
		Schema string    `json:"schema"`
		Runs   []*Result `json:"runs"`
	}{schemaRuns, append([]*Result{}, rs...)}, "")
}

// WriteJSON writes a *[Result] or [Runs] in its schema, indented and with a final line break.
func WriteJSON(w io.Writer, v json.Marshaler) error {
	data, err := jsontext.Encode(v, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// ownFile is llmeter.json: what LLMeter's files have no place for.
type ownFile struct {
	Schema            string          `json:"schema"`
	Config            json.RawMessage `json:"config"`
	Clock             string          `json:"clock"`
	Interrupted       bool            `json:"interrupted"`
	CancelledRequests int             `json:"cancelled_requests"`
	Conversations     int             `json:"conversations"`
	CoarseStamps      bool            `json:"coarse_stamps,omitempty"` // they came from LLMeter's files, in whole seconds
	Objectives        []slo.Objective `json:"objectives,omitempty"`
	Warmup            Cut             `json:"warmup,omitzero"`
	Cooldown          Cut             `json:"cooldown,omitzero"`
	Health            Health          `json:"health"`
	Verdict           verdictJSON     `json:"verdict"`
	Warnings          []Warning       `json:"warnings"`
	Errors            []ErrorCount    `json:"errors,omitempty"`
	Statistics        Stats           `json:"statistics"`
}

func (r *Result) ownFile(s Stats) ownFile {
	return ownFile{
		Schema: schemaFolder, Config: r.Config, Clock: r.Clock,
		Interrupted: r.Interrupted, CancelledRequests: r.CancelledRequests, Conversations: r.Conversations,
		CoarseStamps: r.data != nil && r.data.coarse, Objectives: r.Objectives, Warmup: r.Warmup, Cooldown: r.Cooldown, Health: r.Health, Verdict: r.verdictJSON(),
		Warnings: append([]Warning{}, r.Warnings...), Errors: r.Errors(), Statistics: s,
	}
}

// take gives r what the file says.
func (f *ownFile) take(r *Result) {
	r.Interrupted, r.CancelledRequests, r.Conversations = f.Interrupted, f.CancelledRequests, f.Conversations
	r.Clock, r.Health = f.Clock, f.Health
	r.Objectives, r.Warmup, r.Cooldown = f.Objectives, f.Warmup, f.Cooldown
	if string(f.Config) != "null" {
		r.Config = f.Config
	}
	if f.Verdict.Level != unjudged {
		r.Verdict.Level = f.Verdict.Level
	}
	r.Verdict.Reasons = f.Verdict.Reasons
	r.Warnings = append(f.Warnings, r.Warnings...)
	r.data.own, r.data.coarse, r.data.saved, r.data.errors = true, f.CoarseStamps, f.Statistics, f.Errors
}
