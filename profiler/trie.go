package profiler

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sort"
	"time"

	"github.com/llmeter-go/llmeter/stats"
)

// A PredictionTrie predicts, for the nth LLM call of a function of the workflow, what will follow: what a server or a router can plan
// with. Its JSON is NAT's prediction_trie.json.
type PredictionTrie struct {
	Version      string    `json:"version"`
	GeneratedAt  time.Time `json:"generated_at"`
	WorkflowName string    `json:"workflow_name"`
	Root         *TrieNode `json:"root"`
}

// A TrieNode is a function, below the one that called it.
type TrieNode struct {
	Name     string               `json:"name"`
	ByIndex  map[int]Prediction   `json:"predictions_by_call_index"` // by the number of the LLM call in its function, from 1, as they began
	AnyIndex *Prediction          `json:"predictions_any_index"`     // nil without calls
	Children map[string]*TrieNode `json:"children"`
}

// A Prediction describes LLM calls that were at one place in the workflow.
type Prediction struct {
	RemainingCalls PredictionMetrics `json:"remaining_calls"` // LLM calls of the request that began later
	InterarrivalMS PredictionMetrics `json:"interarrival_ms"` // from the end of the call to the next start of one in the request, ms
	OutputTokens   PredictionMetrics `json:"output_tokens"`
	// LatencySensitivity says how much the request suffers from a slow call, 1 the least; nil = not asked for. It is relative to the
	// other calls of each request, so a lone most sensitive call is at the top however little it matters: see SensitivityScore.
	LatencySensitivity *int `json:"latency_sensitivity"`

	BranchRemainingCalls PredictionMetrics `json:"branch_remaining_calls"` // RemainingCalls of the same invocation of the function
	BranchInterarrivalMS PredictionMetrics `json:"branch_interarrival_ms"` // InterarrivalMS within the same invocation of the function
	SensitivityScore     *float64          `json:"sensitivity_score"`      // mean weighted score before it was made relative
}

// PredictionMetrics describes values; zeros for none.
type PredictionMetrics struct {
	SampleCount int     `json:"sample_count"`
	Mean        float64 `json:"mean"`
	P50         float64 `json:"p50"`
	P90         float64 `json:"p90"`
	P95         float64 `json:"p95"`
}

// trieWorkflow is what NAT calls every workflow.
const trieWorkflow = "profiled_workflow"

// BuildTrie learns from the LLM calls that ended without an error. A nil sensitivity leaves the latency sensitivity out.
func BuildTrie(requests []*Request, sensitivity *Sensitivity, at time.Time) *PredictionTrie {
	root := newSamples()
	for _, r := range requests {
		for _, c := range trieCalls(r, sensitivity) {
			node := root
			node.add(c)
			for _, name := range c.path {
				node = node.child(name)
				node.add(c)
			}
		}
	}
	scale := 0
	if sensitivity != nil {
		scale = sensitivity.Scale
	}
	return &PredictionTrie{"1.0", at.UTC(), trieWorkflow, root.node(RootID, scale)}
}

// LoadTrie reads a trie that was saved as JSON.
func LoadTrie(r io.Reader) (*PredictionTrie, error) {
	t := new(PredictionTrie)
	if err := json.NewDecoder(r).Decode(t); err != nil {
		return nil, fmt.Errorf("prediction trie: %w", err)
	}
	return t, nil
}

// Find predicts for a call at a path of functions, from the outermost, and its number among the LLM calls of its function, from 1:
// it goes down as far as the path is known, and takes the deepest prediction, at each node that for the number, or else that for any.
func (t *PredictionTrie) Find(path []string, callIndex int) (Prediction, bool) {
	var best Prediction
	found := false
	node := t.Root
	for i := 0; node != nil; i++ {
		if p, ok := node.ByIndex[callIndex]; ok {
			best, found = p, true
		} else if node.AnyIndex != nil {
			best, found = *node.AnyIndex, true
		}
		if i == len(path) {
			break
		}
		node = node.Children[path[i]]
	}
	return best, found
}

// A trieCall is an LLM call as a sample. What does not exist is negative.
type trieCall struct {
	path                                []string
	index                               int
	tokens                              float64
	remaining, interarrival             float64
	branchRemaining, branchInterarrival float64
	score, relative                     float64 // 0 if not asked for
}

// trieCalls describes the LLM calls of a request, in the order in which they began.
func trieCalls(r *Request, sensitivity *Sensitivity) []trieCall {
	var spans []*Span
	var starts []float64
	branchStarts := map[string][]float64{}
	for i := range r.Spans {
		s := &r.Spans[i]
		if s.Category != LLM || !s.Started() {
			continue
		}
		starts = append(starts, s.Start)
		branchStarts[s.Function.FunctionID] = append(branchStarts[s.Function.FunctionID], s.Start)
		if s.State == Complete {
			spans = append(spans, s)
		}
	}
	slices.Sort(starts)
	inBranch := map[string]int{}
	for _, s := range spans {
		inBranch[s.Function.FunctionID]++
	}
	indexes := map[string]int{}
	calls := make([]trieCall, len(spans))
	for i, s := range spans {
		id := s.Function.FunctionID
		indexes[id]++
		calls[i] = trieCall{
			path: triePath(s.Function), index: indexes[id], tokens: float64(s.Tokens.CompletionTokens),
			remaining: float64(len(spans) - i - 1), interarrival: milliseconds(starts, s.End),
			branchRemaining: float64(inBranch[id] - indexes[id]), branchInterarrival: milliseconds(branchStarts[id], s.End),
		}
	}
	if sensitivity != nil {
		sensitivity.rate(r, spans, calls)
	}
	return calls
}

// triePath is the function of a call below the one that called it.
func triePath(f *InvocationNode) []string {
	if f.ParentName == "" {
		return []string{f.FunctionName}
	}
	return []string{f.ParentName, f.FunctionName}
}

// milliseconds from a moment to the next of the sorted starts behind it; negative for none.
func milliseconds(starts []float64, from float64) float64 {
	next := sort.Search(len(starts), func(i int) bool { return starts[i] > from })
	if next == len(starts) {
		return -1
	}
	return (starts[next] - from) * 1000
}

// trieSamples are the samples of one node.
type trieSamples struct {
	byIndex  map[int]*callSamples
	any      callSamples
	children map[string]*trieSamples
}

func newSamples() *trieSamples {
	return &trieSamples{byIndex: map[int]*callSamples{}, children: map[string]*trieSamples{}}
}

func (t *trieSamples) child(name string) *trieSamples {
	if t.children[name] == nil {
		t.children[name] = newSamples()
	}
	return t.children[name]
}

func (t *trieSamples) add(c trieCall) {
	if t.byIndex[c.index] == nil {
		t.byIndex[c.index] = new(callSamples)
	}
	t.byIndex[c.index].add(c)
	t.any.add(c)
}

func (t *trieSamples) node(name string, scale int) *TrieNode {
	n := &TrieNode{Name: name, ByIndex: map[int]Prediction{}, Children: map[string]*TrieNode{}}
	for index, s := range t.byIndex {
		n.ByIndex[index] = s.prediction(scale)
	}
	if len(t.any.tokens) > 0 {
		p := t.any.prediction(scale)
		n.AnyIndex = &p
	}
	for child, s := range t.children {
		n.Children[child] = s.node(child, scale)
	}
	return n
}

// callSamples are the values of calls at one place.
type callSamples struct {
	remaining, interarrival, tokens, branchRemaining, branchInterarrival, scores, relative []float64
}

func (s *callSamples) add(c trieCall) {
	s.remaining = append(s.remaining, c.remaining)
	s.tokens = append(s.tokens, c.tokens)
	s.branchRemaining = append(s.branchRemaining, c.branchRemaining)
	if c.interarrival >= 0 {
		s.interarrival = append(s.interarrival, c.interarrival)
	}
	if c.branchInterarrival >= 0 {
		s.branchInterarrival = append(s.branchInterarrival, c.branchInterarrival)
	}
	s.scores = append(s.scores, c.score)
	s.relative = append(s.relative, c.relative)
}

func (s *callSamples) prediction(scale int) Prediction {
	p := Prediction{
		RemainingCalls: describe(s.remaining), InterarrivalMS: describe(s.interarrival), OutputTokens: describe(s.tokens),
		BranchRemainingCalls: describe(s.branchRemaining), BranchInterarrivalMS: describe(s.branchInterarrival),
	}
	if scale > 0 {
		level, score := sensitivityLevel(stats.Mean(s.relative), scale), stats.Mean(s.scores)
		p.LatencySensitivity, p.SensitivityScore = &level, &score
	}
	return p
}

func describe(values []float64) PredictionMetrics {
	if len(values) == 0 {
		return PredictionMetrics{}
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return PredictionMetrics{
		len(values), stats.Mean(sorted), stats.Quantile(sorted, 0.50), stats.Quantile(sorted, 0.90), stats.Quantile(sorted, 0.95),
	}
}
