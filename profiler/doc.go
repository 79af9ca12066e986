// Package profiler finds where the time of an agent workflow goes, and what will happen next, from traces of its steps.
//
// It knows the traces of NVIDIA's NeMo Agent Toolkit (NAT, before that AgentIQ), the calls that they describe, and the
// analyses and files of NAT's profiler. It knows nothing of what a workflow does, and of command lines. OpenTelemetry spans are read
// and written by its subpackage otlp.
//
// A trace holds the steps of one request: events such as LLM_START, LLM_NEW_TOKEN and TOOL_END. [Read] yields traces from a
// file one by one, so that files may be larger than memory; [ReadRun] makes them of a run's requests. [Resolve] pairs the events of a trace to the [Span]s of a
// [Request] and finds the parent of each. Every analysis is a function of requests; [Runner] runs those that a [Config] names
// and writes the files.
//
// A [Recorder] makes traces of a Go program while it runs: [Recorder.Start] starts a span, whose context makes what is started in it its
// part. [Runner.RunPrompts] runs a workflow for many prompts, recorded, and profiles them. The calls of models over HTTP are recorded
// by the subpackage record, without changing the program that makes them.
//
// # Numbers
//
// The analyses keep the names and formulas of NAT 1.9 where they are right. Where a number of NAT is wrong or means little, it
// stays under its key only if the definition can be stated, and the right number stands beside it; the comments of the fields
// say which is which. Times are seconds: points in time since the epoch, as NAT writes them, at which a float64 resolves 0.24 µs.
//
// Whatever is undefined is absent (null in JSON), never 0. All results depend on the times and the contents of steps alone:
// the order in which steps of equal time are listed, and the choice of UUIDs, change nothing.
package profiler
