// Package load says when requests start.
//
// Arrivals are plain values: a seed and a value give the same schedule on every machine, so that many machines can each
// compute their own stripe of one schedule (Shard) without speaking to each other, and a test can assert every instant.
// The package knows rates, durations, random numbers and the files that traces come in. It does not know what a request
// is, holds no clock and starts no goroutine: whoever sends keeps time.
//
// Offsets are never re-anchored. Offset i of a constant schedule is computed from i, not by adding gaps, and the gaps of
// random schedules are never rescaled to hit a count: a Poisson process has a random number of arrivals, and this one too.
//
// # Text
//
// Parse reads, and String prints, this language. Words are lower case, spaces separate.
//
//	schedule = part { "then" part }
//	part     = "const" RATE [ "for" TIME ]                             evenly spaced
//	         | "poisson" RATE [ "for" TIME ]                           exponential gaps
//	         | "gamma" RATE [ "burstiness" NUMBER ] [ "for" TIME ]     gamma gaps, CV = 1/√burstiness
//	         | "uniform" RATE [ "for" TIME ]                           gaps uniform from 0 to twice the mean
//	         | "ramp" RATE "to" RATE "over" TIME                       the rate changes by equal amounts
//	         | "exponential" "ramp" RATE "to" RATE "over" TIME         the rate changes by equal factors
//	         | "steps" RATE { "," RATE } "each" TIME                   one level after another
//	         | "pause" TIME                                            nothing
//	         | "trace" ENTRY { "," ENTRY } [ "speed" NUMBER ]          recorded instants
//	         | "shard" RANK "/" WORLD "of" part                        every WORLDth arrival, from RANK, counted from 0
//	         | "(" schedule ")"
//	ENTRY    = TIME [ INPUT "/" OUTPUT ]                               tokens of the prompt and of the answer
//	RATE     = NUMBER "/" ( "s" | "m" | "h" )
//	TIME     = as time.ParseDuration reads it: "90s", "1m30s", "250ms"
//
// A part without "for" has no end, so only the last part of a schedule may be one. A part that lasts d has its arrivals
// in [0, d): the first of the next part may be at d, and "const 20/s for 1m" is 1,200 arrivals.
//
//	ramp 1/s to 200/s over 5m then const 200/s for 10m then pause 30s then poisson 50/s for 2m
//
// The pauses of closed-loop users have texts of their own; see ParseThinkTime.
package load
