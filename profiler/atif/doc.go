// Package atif reads and writes trajectories of agents in the Agent Trajectory Interchange Format, ATIF v1.7, and turns them into traces
// and back.
//
// It knows the format as Harbor's RFC 0001 and the models of nvidia-nat-atif 1.9 describe it, and where NAT puts times and ancestry,
// for which the format itself has no place: under the keys invocation, ancestry, tool_invocations and tool_ancestry of extra. It knows
// nothing of what is made of traces, and does not follow references to other files.
//
// # What a trajectory says of time
//
// The format has one timestamp a step and does not say which instant of the step that is. So a call has an interval only where its
// producer recorded one, as NAT does: extra.invocation with start_timestamp and end_timestamp, or extra.span_event_timestamp with the
// timestamp as the end. Of any other call only an end is known, the timestamp of its step; nothing is guessed, and a profile counts such
// calls as unstarted. The first tokens of streamed answers, and the parent of a call other than its function, have no place and are lost.
//
// # Not verified
//
// Written after the published models and converter of NAT 1.9, not against the output of other producers. Two readings are ours: a step
// of an agent is the call of a model if it has metrics, a model_name or an llm_call_count above 0; and a tool call whose ancestry names
// the tool itself is the call of a function, because NAT lists functions among the tool calls. The key event_type of a tool call's
// extra, and input and error of a step's, are written by this package and known to no other.
package atif
