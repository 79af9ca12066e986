// Package llmetertest is the bridge from measurements to package testing: a benchmark of an endpoint, objectives as lines of
// a test, a comparison with what was measured when all was well, and a model server that ends with the test.
//
//	func TestChat(t *testing.T) {
//		res := llmetertest.Run(t, llmeter.Runner{Endpoint: ep, Payloads: payloads, Clients: 4, Requests: 50})
//		llmetertest.Check(t, res, "ttft-p99 < 500ms", "failed_requests < 1")
//		llmetertest.Baseline(t, "testdata/chat.json", res)
//	}
//
//	func BenchmarkChat(b *testing.B) {
//		llmetertest.BenchmarkClients(b, llmeter.Runner{Endpoint: ep, Payloads: payloads}, 1, 4, 16)
//	}
//
// What takes time is skipped under -short. In a bubble of testing/synctest it takes none: there [Run] is never skipped,
// [NewServer] is reached in memory, and every time is exact.
//
// # Benchmarks
//
// One operation is one payload dealt: a request, or a conversation with all its turns. All clients together deal exactly
// b.N of them. What is reported has units that benchstat rescales, which are those that end in ns:
//
//	p50-ttft-ns, p99-ttft-ns   time to first token
//	p50-itl-ns, p99-itl-ns     time between tokens
//	p50-ttlt-ns, p99-ttlt-ns   time to last token, or to the whole answer
//	p50-response-ns, …         the same from when the schedule wanted the request to start; under an open loop only
//	tok/s, req/s               output tokens and successful requests per second
//	failed/op                  failed requests per operation
//
// A p99 stands there from 100 values on, since fewer cannot be expected to hold a value beyond it; -benchtime=200x asks for
// enough. There is no ns/op: with several requests in flight it would be the time between the ends of two requests, which
// is the inverse of req/s and reads like a latency. The first call of a benchmark has b.N = 1, so that -benchtime=200x
// sends 201 requests. The metrics are of the last call alone; a [Check] behind the benchmark sees every call, the first too.
//
// # Baselines
//
// A baseline is a small JSON file that is committed with the test. It holds the distribution of each latency, rounded to
// three digits, and how many requests failed. [Baseline] tests, one against the other and with the tolerance already given
// to the new values (divided by 1.1 for 10 %),
//
//   - each latency as a whole, by the test of Mann and Whitney: does the new value of a request tend to be larger?
//   - the slowest tenth of each latency: do more than their share of the new values reach the 90th percentile of both
//     together (Mood's test of the median, 1954, at another quantile)?
//   - failures, by the same test and without tolerance: did a larger share of requests fail?
//
// The p-values are widened for values that resemble their neighbours in time (z times the root of the share of information
// that is left, with package stats' effective n), corrected for their number after Holm, and compared to 0.05. So a failure
// says that the slow-down is larger than the tolerance, and more than the chance of one run; few requests hide a slow-down
// rather than invent one. What no test can know is how much two runs of the same code differ on this machine: the tolerance
// must be larger than that, and baselines belong to the machine that compares with them.
//
// The package knows testing, objectives and baselines. It knows nothing of how a run is made or what its numbers mean.
package llmetertest
