// Package llmeter measures LLM endpoints: how fast they are, how they behave under load, and how sure each number is.
//
// A [Runner] describes a run as a plain value; [Runner.Run] executes it and gives a [Result]:
//
//	res, err := llmeter.Runner{
//		Endpoint: &openai.CompletionStreamEndpoint{Model: "m", BaseURL: "http://127.0.0.1:8000/v1"},
//		Payloads: payloads,
//		Clients:  8,
//		Duration: time.Minute,
//	}.Run(ctx)
//
// A failed request is data: it stands in the Result. A failed run is an error. A doubtful number is a warning in the
// Result. The three are never mixed.
//
// The package knows runs: who sends which payload when, and what happens to the answers. What an endpoint is stands in
// package endpoint, the providers below it, statistics in stats, the files of a run in result. It prints nothing,
// installs no signal handler and keeps no global state.
package llmeter
