// Package result holds what a run brought: its responses, the statistics over them, and the files in which both are kept.
//
// A [Result] answers questions: [Result.Stats], [Result.Responses], [Result.Errors]. An [Accumulator] computes the
// statistics while responses come in, a [Writer] saves them, and [Load] reads them back, from folders of this module
// and of LLMeter (Python) alike; [Events] reads the log of every instant. Saving and loading changes no number.
//
// Two definitions of statistics stand side by side. LLMeter's keys ("time_to_first_token-p90") keep LLMeter's
// formulas, so that numbers can be compared: they cover all requests that carry the value, failed ones too, and their
// percentiles may lie outside the data. Ours ("ttft-p90") are what docs/metrics.md defines: successful requests only,
// type-7 quantiles, with their number and their confidence interval.
//
// # The folder of a run
//
//	payload.jsonl, run_config.json                   written by LLMeter too, and before the first request
//	responses.jsonl, summary.json, stats.json        written by LLMeter too
//	llmeter.json                                     configuration, warnings, verdict, statistics
//	events.bin                                       every instant of every request; see docs/events.md
//
// LLMeter 0.2.0 loads such a folder. What its keys cannot hold of a response stands in the response's annotations
// under "llmeter".
//
// The package knows responses, statistics and files. It knows nothing of how a run is made, and reads no clock.
package result
