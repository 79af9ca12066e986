package profiler

import (
	"slices"
	"sort"
)

// A NOVA row says what lay ahead at an event: what a server that knew the workflow could plan with. An event here is a
// function of the workflow, and a session a request. Times are milliseconds.
type NOVA struct {
	EventID           string  // the name of the function
	RequestsRemaining int     // LLM calls that the function was still to start; -1 for a function without LLM calls
	TimeToNextEvent   float64 // until the next of them started; -1 for none
	TimeToEventEnd    float64 // until the last of them started; -1 for none
	PredictedOSL      int     // tokens that the call was to generate; -1 on all rows but LLM_START, and where not known
	TimeToSessionEnd  float64 // until the last event of the request
}

// NOVAColumns computes a NOVA row for each row of one request, in any order of rows, in n log n time.
func NOVAColumns(rows []Row) []NOVA {
	columns := make([]NOVA, len(rows))
	starts := map[string][]float64{} // of LLM calls, by function
	tokens := map[string]int{}       // generated, by UUID
	var end float64
	for i := range rows {
		r := &rows[i]
		if i == 0 || r.EventTimestamp > end {
			end = r.EventTimestamp
		}
		switch r.EventType {
		case LLMStart:
			starts[r.FunctionName] = append(starts[r.FunctionName], r.EventTimestamp)
		case LLMEnd:
			if r.UUID != "" {
				tokens[r.UUID] = r.CompletionTokens
			}
		}
	}
	for _, s := range starts {
		slices.Sort(s)
	}
	for i := range rows {
		r, n := &rows[i], &columns[i]
		*n = NOVA{r.FunctionName, -1, -1, -1, -1, (end - r.EventTimestamp) * 1000}
		if s := starts[r.FunctionName]; len(s) > 0 {
			n.ahead(s, r.EventTimestamp)
		}
		if osl, ok := tokens[r.UUID]; ok && r.EventType == LLMStart {
			n.PredictedOSL = osl
		}
	}
	return columns
}

// ahead fills in what the sorted starts say at a time.
func (n *NOVA) ahead(starts []float64, at float64) {
	next := sort.Search(len(starts), func(i int) bool { return starts[i] > at })
	n.RequestsRemaining = len(starts) - next
	if next < len(starts) {
		n.TimeToNextEvent = (starts[next] - at) * 1000
		n.TimeToEventEnd = (starts[len(starts)-1] - at) * 1000
	}
}
