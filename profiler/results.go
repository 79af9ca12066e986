package profiler

// Results are what a Runner found. An analysis that was not asked for is nil. Their JSON is that of NAT's ProfilerResults.
type Results struct {
	WorkflowRuntimeMetrics *WorkflowRuntimeMetrics `json:"workflow_runtime_metrics"`
	LLMLatency             *InferenceMetrics       `json:"llm_latency_ci"`

	InferenceOptimization InferenceOptimization `json:"-"`
	SimpleStack           *SimpleStack          `json:"-"`
	NestedStack           *NestedStack          `json:"-"`
	Spikes                *Spikes               `json:"-"`
	Patterns              *Patterns             `json:"-"`
	Trie                  *PredictionTrie       `json:"-"`
	Forecast              *Forecast             `json:"-"`
	Profile               Profile               `json:"-"`
	Requests              []*Request            `json:"-"` // that the analyses looked at
	Usage                 []RequestUsage        `json:"-"` // of the requests of RunPrompts; nil for others
}

// Profile is the content of llmeter_profile.json: the analyses that NAT does not have. What was not asked for is nil.
type Profile struct {
	Schema        string         `json:"schema"` // "llmeter.profile/1"
	CriticalPaths *CriticalPaths `json:"critical_path"`
	Streaming     *Streaming     `json:"streaming"`
	Waiting       *Waiting       `json:"waiting"`
	Costs         *Costs         `json:"cost"`
	Anomalies     *Anomalies     `json:"anomalies"`
}

const profileSchema = "llmeter.profile/1"

// any says whether there is anything in it.
func (p *Profile) any() bool {
	return p.CriticalPaths != nil || p.Streaming != nil || p.Waiting != nil || p.Costs != nil || p.Anomalies != nil
}

// InferenceOptimization is the content of inference_optimization.json. What was not asked for is nil.
type InferenceOptimization struct {
	ConfidenceIntervals SimpleMetrics                `json:"confidence_intervals"`
	CommonPrefixes      map[string]CommonPrefixes    `json:"common_prefixes"`
	TokenUniqueness     map[string]UniquenessMetrics `json:"token_uniqueness"`
	WorkflowRuntimes    *WorkflowRuntimeMetrics      `json:"workflow_runtimes"`
	DynamoMetrics       any                          `json:"dynamo_metrics"`
	Input               InputSummary                 `json:"input"`
}

// An InputSummary says what was read, and what of it could not be used.
type InputSummary struct {
	Requests     int               `json:"requests"`
	Empty        int               `json:"empty_requests"` // without steps
	Steps        int               `json:"steps"`
	UnknownTypes map[EventType]int `json:"unknown_event_types"` // steps by type: kept in the files, not looked at
	Unreadable   int               `json:"unreadable"`          // steps, and other parts of the text, that were left out
	Problems     []string          `json:"problems"`            // the first hundred of these
	Incomplete   map[SpanState]int `json:"incomplete_spans"`    // by state
}

const maxProblems = 100

// add counts a trace.
func (s *InputSummary) add(t *Trace, r *Request) {
	s.Requests++
	s.Steps += len(t.Steps)
	if len(t.Steps) == 0 {
		s.Empty++
	}
	for kind, n := range r.Unknown {
		s.UnknownTypes[kind] += n
	}
	for state, n := range r.Incomplete() {
		s.Incomplete[state] += n
	}
	s.Unreadable += len(t.Problems)
	for _, p := range t.Problems {
		if len(s.Problems) == maxProblems {
			break
		}
		s.Problems = append(s.Problems, p.Error())
	}
}
