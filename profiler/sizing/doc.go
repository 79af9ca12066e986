// Package sizing answers how many GPUs a number of users needs, from latencies that were measured at several concurrencies.
//
// It knows the calculation of NAT's "nat sizing calc" and its files, and says beside each of its numbers how sure it is. It knows
// nothing of how the latencies were measured.
//
// # The calculation
//
// The 95th percentile of a latency is fitted as a line over the concurrency, by least squares. Where the line reaches the target is the
// number of users that the GPUs of the test can serve; so many users more need so many times the GPUs. This takes for granted that users
// are as busy as the clients of the test, and that twice the GPUs serve twice the users.
//
// NAT's numbers stand under its keys, with its two passes that remove outliers. Ours are fitted to all points, removing nothing, with
// intervals at 95 %: of slope and intercept by Student's t, and of the concurrency at the target by Fieller's theorem (1954), which is
// where the confidence band of the line crosses the target. They rest on the points alone, three at least, and hold if a line is what
// the points lie on; whether they do is checked and said: see [Queueing].
//
// An estimate that would need the line beyond twice the highest measured concurrency is refused: nothing is known of what happens there.
package sizing
