package atif

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var versions = regexp.MustCompile(`^ATIF-v1\.\d+$`)

// Validate reports everything in which the trajectory breaks the rules of the format, all at once. A trajectory without steps is
// allowed, as NAT allows it.
func (t *Trajectory) Validate() error {
	p := problems{}
	p.check(versions.MatchString(t.SchemaVersion), "schema_version %q is not one of ATIF v1", t.SchemaVersion)
	p.check(t.Agent.Name != "", "agent has no name")
	p.check(t.Agent.Version != "", "agent has no version")
	for i := range t.Steps {
		p.at(fmt.Sprintf("steps[%d]", i)).step(&t.Steps[i], i+1)
	}
	seen := map[string]bool{}
	for i, sub := range t.SubagentTrajectories {
		in := p.at(fmt.Sprintf("subagent_trajectories[%d]", i))
		if sub == nil {
			in.check(false, "is null")
			continue
		}
		in.check(sub.TrajectoryID != "", "has no trajectory_id")
		in.check(!seen[sub.TrajectoryID], "trajectory_id %q occurs twice", sub.TrajectoryID)
		seen[sub.TrajectoryID] = true
		if err := sub.Validate(); err != nil {
			in.check(false, "%v", err)
		}
	}
	return p.err()
}

// problems collects what is wrong.
type problems struct {
	where string
	all   *[]error
}

func (p *problems) at(where string) problems {
	if p.all == nil {
		p.all = new([]error)
	}
	return problems{where + ": ", p.all}
}

func (p *problems) check(ok bool, format string, args ...any) {
	if ok {
		return
	}
	if p.all == nil {
		p.all = new([]error)
	}
	*p.all = append(*p.all, fmt.Errorf(p.where+format, args...))
}

func (p *problems) err() error {
	if p.all == nil {
		return nil
	}
	return errors.Join(*p.all...)
}

func (p problems) step(s *Step, id int) {
	p.check(s.StepID == id, "step_id is %d, not %d", s.StepID, id)
	if s.Timestamp != "" {
		_, err := parseTime(s.Timestamp)
		p.check(err == nil, "timestamp %q is not ISO 8601", s.Timestamp)
	}
	p.content(s.Message)
	p.check(s.LLMCallCount == nil || *s.LLMCallCount >= 0, "llm_call_count is negative")
	switch s.Source {
	case FromAgent:
	case FromSystem, FromUser:
		var agents []string
		for name, given := range map[string]bool{
			"model_name": s.ModelName != "", "reasoning_effort": s.ReasoningEffort != nil, "reasoning_content": s.ReasoningContent != "",
			"tool_calls": s.ToolCalls != nil, "metrics": s.Metrics != nil,
		} {
			if given {
				agents = append(agents, name)
			}
		}
		p.check(len(agents) == 0, "a step of the %s has what only an agent's has: %s", s.Source, strings.Join(sorted(agents), ", "))
	default:
		p.check(false, "source %q is none of system, user and agent", s.Source)
	}
	calls := map[string]bool{}
	for i, c := range s.ToolCalls {
		p.check(c.ToolCallID != "" && c.FunctionName != "", "tool_calls[%d] has no tool_call_id or no function_name", i)
		calls[c.ToolCallID] = true
	}
	if s.Observation == nil {
		return
	}
	for i, r := range s.Observation.Results {
		p.check(r.SourceCallID == "" || calls[r.SourceCallID], "observation.results[%d]: source_call_id %q is none of its tool calls", i, r.SourceCallID)
		if r.Content != nil {
			p.content(*r.Content)
		}
		for _, ref := range r.SubagentTrajectoryRef {
			p.check(ref.TrajectoryID != "" || ref.TrajectoryPath != "", "observation.results[%d]: a reference has neither trajectory_id nor trajectory_path", i)
		}
	}
}

func (p *problems) content(c Content) {
	for i, part := range c.Parts {
		switch part.Type {
		case "text":
			p.check(part.Text != nil && part.Source == nil, "part %d is a text and needs text and nothing else", i)
		case "image":
			p.check(part.Source != nil && part.Text == nil, "part %d is an image and needs source and nothing else", i)
		default:
			p.check(false, "part %d is of type %q, neither text nor image", i, part.Type)
		}
	}
}
