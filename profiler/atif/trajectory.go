package atif

import (
	"encoding/json"
)

// Version is the version that is written. All of v1 are read.
const Version = "ATIF-v1.7"

// A Trajectory is the history of one run of an agent. Members that the format does not have are passed over when it is read.
type Trajectory struct {
	SchemaVersion          string                     `json:"schema_version"` // such as Version
	SessionID              string                     `json:"session_id,omitempty"`
	TrajectoryID           string                     `json:"trajectory_id,omitempty"` // required of an embedded one
	Agent                  Agent                      `json:"agent"`
	Steps                  []Step                     `json:"steps"`
	Notes                  string                     `json:"notes,omitempty"`
	FinalMetrics           *FinalMetrics              `json:"final_metrics,omitempty"`
	ContinuedTrajectoryRef string                     `json:"continued_trajectory_ref,omitempty"`
	Extra                  map[string]json.RawMessage `json:"extra,omitempty"`
	SubagentTrajectories   []*Trajectory              `json:"subagent_trajectories,omitempty"` // resolved by TrajectoryID
}

// An Agent is who acted.
type Agent struct {
	Name            string                     `json:"name"`    // required
	Version         string                     `json:"version"` // required
	ModelName       string                     `json:"model_name,omitempty"`
	ToolDefinitions []json.RawMessage          `json:"tool_definitions,omitempty"` // as OpenAI's function calling has them
	Extra           map[string]json.RawMessage `json:"extra,omitempty"`
}

// A Source says whose step it is.
type Source string

// The sources.
const (
	FromSystem Source = "system"
	FromUser   Source = "user"
	FromAgent  Source = "agent"
)

// A Step is one turn.
type Step struct {
	StepID           int                        `json:"step_id"`                    // from 1, without gaps
	Timestamp        string                     `json:"timestamp,omitempty"`        // ISO 8601
	Source           Source                     `json:"source"`                     // of the fields below, those marked are the agent's alone
	ModelName        string                     `json:"model_name,omitempty"`       // agent; "" = that of Agent
	ReasoningEffort  json.RawMessage            `json:"reasoning_effort,omitempty"` // agent; a text or a number
	Message          Content                    `json:"message"`
	ReasoningContent string                     `json:"reasoning_content,omitempty"` // agent
	ToolCalls        []ToolCall                 `json:"tool_calls,omitempty"`        // agent
	Observation      *Observation               `json:"observation,omitempty"`
	Metrics          *Metrics                   `json:"metrics,omitempty"` // agent
	IsCopiedContext  bool                       `json:"is_copied_context,omitempty"`
	LLMCallCount     *int                       `json:"llm_call_count,omitempty"` // calls of a model in this step; nil = not known
	Extra            map[string]json.RawMessage `json:"extra,omitempty"`
}

// A ToolCall is what an agent wanted done.
type ToolCall struct {
	ToolCallID   string                     `json:"tool_call_id"`  // required
	FunctionName string                     `json:"function_name"` // required
	Arguments    map[string]json.RawMessage `json:"arguments"`
	Extra        map[string]json.RawMessage `json:"extra,omitempty"`
}

// An Observation is what came back.
type Observation struct {
	Results []ObservationResult `json:"results"`
}

// An ObservationResult is the result of one tool call, or of something else if it names none.
type ObservationResult struct {
	SourceCallID          string                     `json:"source_call_id,omitempty"` // a ToolCallID of the same step
	Content               *Content                   `json:"content,omitempty"`
	SubagentTrajectoryRef []SubagentRef              `json:"subagent_trajectory_ref,omitempty"`
	Extra                 map[string]json.RawMessage `json:"extra,omitempty"`
}

// A SubagentRef names the trajectory of an agent that was called: by its TrajectoryID among those embedded, or by a path.
type SubagentRef struct {
	TrajectoryID   string                     `json:"trajectory_id,omitempty"`
	TrajectoryPath string                     `json:"trajectory_path,omitempty"`
	SessionID      string                     `json:"session_id,omitempty"` // for information
	Extra          map[string]json.RawMessage `json:"extra,omitempty"`
}

// Metrics are the tokens and the cost of a step; nil = not known.
type Metrics struct {
	PromptTokens       *int                       `json:"prompt_tokens,omitempty"` // cached ones included
	CompletionTokens   *int                       `json:"completion_tokens,omitempty"`
	CachedTokens       *int                       `json:"cached_tokens,omitempty"`
	CostUSD            *float64                   `json:"cost_usd,omitempty"`
	PromptTokenIDs     []int                      `json:"prompt_token_ids,omitempty"`
	CompletionTokenIDs []int                      `json:"completion_token_ids,omitempty"`
	Logprobs           []float64                  `json:"logprobs,omitempty"`
	Extra              map[string]json.RawMessage `json:"extra,omitempty"` // reasoning_tokens among others
}

// FinalMetrics are sums over the trajectory; nil = not known.
type FinalMetrics struct {
	TotalPromptTokens     *int                       `json:"total_prompt_tokens,omitempty"`
	TotalCompletionTokens *int                       `json:"total_completion_tokens,omitempty"`
	TotalCachedTokens     *int                       `json:"total_cached_tokens,omitempty"`
	TotalCostUSD          *float64                   `json:"total_cost_usd,omitempty"` // subagents included
	TotalSteps            *int                       `json:"total_steps,omitempty"`
	Extra                 map[string]json.RawMessage `json:"extra,omitempty"`
}

// isCall says whether a step of an agent is the call of a model.
func (s *Step) isCall() bool {
	if s.Source != FromAgent || s.IsCopiedContext {
		return false
	}
	if s.LLMCallCount != nil {
		return *s.LLMCallCount > 0
	}
	return s.Metrics != nil || s.ModelName != ""
}
