// Package stats is the statistics of a measuring instrument: samples that merge, quantiles and means with their
// intervals, values in time order, comparison of two sets of values, and the gaps within one streamed answer.
//
// It knows numbers, counts and durations. It knows nothing of requests, tokens' meaning, files or clocks.
//
// Three rules hold everywhere:
//
//   - An accumulator (Sample, Steps, Timeline) is ready as its zero value, takes Add and Merge in any order, and is then
//     read. What it answers depends on the multiset of values alone, so merging parts equals adding everything to one.
//   - What does not exist is NaN, never 0: the mean of nothing, the standard deviation of one value, the interval of a
//     p99 from ten values. The functions that yield a Warning say why in words.
//   - Nothing draws random numbers without a seed: the same values and the same seed give the same answer.
//
// No type of this package is safe for concurrent use, reading included: a read may first sort what was added.
// Every formula stands with its source in docs/statistics.md.
package stats
