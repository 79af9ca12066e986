package profiler

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// A UsageStatistic is what one LLM call of a request used. What is not known is null in JSON.
type UsageStatistic struct {
	UUID                string    `json:"uuid"`
	LLMName             string    `json:"llm_name"`
	FunctionName        string    `json:"function_name"` // that the call was made in
	State               SpanState `json:"state"`
	StartTime           float64   `json:"start_time"`            // seconds since the epoch
	Duration            *float64  `json:"duration"`              // in seconds; also of a failed call
	TimeToFirstToken    *float64  `json:"time_to_first_token"`   // in seconds, of a streamed answer
	SecondsBetweenCalls float64   `json:"seconds_between_calls"` // from the start of the call before in the same request; 0 for the first
	HTTPStatus          int       `json:"http_status,omitempty"` // of a call that was refused
	TokenUsage          LLMUsage  `json:"token_usage"`
}

// RequestUsage is a request of [Runner.RunPrompts], and what it used.
type RequestUsage struct {
	RequestNumber int              `json:"request_number"` // of its prompt, from 0
	Prompt        string           `json:"prompt"`
	Output        string           `json:"output"`
	Error         string           `json:"error,omitempty"` // with which the workflow failed
	Runtime       float64          `json:"runtime"`         // seconds from its first event to its last
	TotalTokens   int              `json:"total_tokens"`
	UsageStats    []UsageStatistic `json:"usage_stats"` // of its LLM calls, in the order in which they began
}

// UsageStatistics are those of the LLM calls of a request, in the order in which they began.
func UsageStatistics(r *Request) []UsageStatistic {
	all := []UsageStatistic{}
	for i := range r.Spans {
		if s := &r.Spans[i]; s.Category == LLM && s.Started() {
			u := UsageStatistic{
				UUID: s.UUID, LLMName: s.Name, FunctionName: s.Function.FunctionName, State: s.State,
				StartTime: s.Start, HTTPStatus: s.HTTPStatus, TokenUsage: LLMUsage(s.Tokens),
			}
			if s.Timed() {
				d := s.Duration()
				u.Duration = &d
			}
			if len(s.Chunks) > 0 {
				first := s.Chunks[0] - s.Start
				u.TimeToFirstToken = &first
			}
			all = append(all, u)
		}
	}
	slices.SortStableFunc(all, func(a, b UsageStatistic) int { return cmp.Compare(a.StartTime, b.StartTime) })
	for i := 1; i < len(all); i++ {
		all[i].SecondsBetweenCalls = all[i].StartTime - all[i-1].StartTime
	}
	return all
}

// usage adds what the requests used to what is known of them. Prompts that were never started have none.
func (w *played) usage(requests []*Request) []RequestUsage {
	all := make([]RequestUsage, 0, len(w.byUUID))
	for _, r := range requests {
		if r.Number >= len(w.requests) {
			continue // not a workflow
		}
		u := w.requests[r.Number]
		u.RequestNumber, u.Runtime, u.UsageStats = r.Number, r.Runtime(), UsageStatistics(r)
		for i := range u.UsageStats {
			u.TotalTokens += u.UsageStats[i].TokenUsage.TotalTokens
		}
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b RequestUsage) int { return cmp.Compare(a.RequestNumber, b.RequestNumber) })
	return all
}

// usage writes the usage of each request and of all. Files of requests from a profile before are removed.
func (o *output) usage(requests []RequestUsage) {
	if o.off {
		return
	}
	dir := filepath.Join(o.dir, usageDir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		o.errs = append(o.errs, err)
		return
	}
	old, _ := os.ReadDir(dir) // that it is there is known
	for _, f := range old {
		if ok, _ := filepath.Match("request_*.json", f.Name()); ok {
			_ = os.Remove(filepath.Join(dir, f.Name()))
		}
	}
	files := []file{{usageFile, indented(requests)}}
	for i := range requests {
		name := filepath.Join(usageDir, fmt.Sprintf("request_%d.json", requests[i].RequestNumber))
		files = append(files, file{name, func(w io.Writer) error { return indented(&requests[i])(w) }})
	}
	o.write(files)
}
