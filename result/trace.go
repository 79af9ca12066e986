package result

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/stats"
)

// The metrics of which a request has one value; itl and icl have many.
var single = [...]int{ttft, ttfct, ttlt, tpot, stall, response}

// A traced is what a trace keeps of one request. Of one that failed that is that it did.
type traced struct {
	seq    int
	at     time.Time            // dispatched
	values [len(single)]float64 // NaN = not defined
	gaps   []gap                // between its events; nil if they were not kept
	failed bool
	good   uint64 // bit i: it is good by the i-th goodput of its accumulator
}

// newTraced is a request of which no value is defined yet.
func newTraced(seq int, at time.Time) traced {
	t := traced{seq: seq, at: at}
	for i := range t.values {
		t.values[i] = math.NaN()
	}
	return t
}

// A gap is the length of a gap in nanoseconds, at most 2^40 of them (18 minutes), and below that the number of tokens of the
// event that ended it.
type gap uint64

const gapTokenBits = 24

func newGap(length time.Duration, tokens int) gap {
	return gap(min(length, 1<<(64-gapTokenBits)-1))<<gapTokenBits | gap(min(tokens, 1<<gapTokenBits-1))
}

// seconds is the length of the gap, or that of those between the tokens of its event, and how many these are.
func (g gap) seconds(byToken bool) (length, count float64) {
	length = float64(g >> gapTokenBits)
	if !byToken {
		return length / float64(time.Second), 1
	}
	count = float64(g & (1<<gapTokenBits - 1))
	return length / (float64(time.Second) * count), count
}

// How much a trace keeps. Above that it keeps every second block of consecutive requests, every fourth, and so on: within a
// block neighbours stay neighbours, from which it is seen how alike they are.
const (
	traceBlock = 128
	traceLimit = 1 << 14 // requests
	gapLimit   = 1 << 20 // gaps: 8 MiB
	traceMost  = 40      // doublings of the distance between blocks, after which they cannot help
)

// A trace keeps requests in the order in which they were sent, all of them up to a limit and a part beyond that.
// What it keeps depends on the set of requests alone. The zero value is ready.
type trace struct {
	kept      []traced
	gaps      int  // that are kept
	spread    int  // one of 2^spread blocks is kept,
	gapSpread int  // and the gaps of one of 2^gapSpread
	lost      bool // no part is small enough: nothing is kept
	lostGaps  bool // the same of gaps
	sorted    bool
}

// wantsGaps reports whether the gaps of a request would be kept.
func (t *trace) wantsGaps(seq int) bool {
	return !t.lost && !t.lostGaps && inPart(seq, t.spread) && inPart(seq, t.gapSpread)
}

// inPart reports whether the block of a request is one of every 2^spread.
func inPart(seq, spread int) bool { return seq/traceBlock&(1<<spread-1) == 0 }

// add keeps a request, or not; its gaps belong to the trace from then on.
func (t *trace) add(r traced) {
	if t.lost || !inPart(r.seq, t.spread) {
		return
	}
	if !t.wantsGaps(r.seq) {
		r.gaps = nil
	}
	t.gaps += len(r.gaps)
	t.kept, t.sorted = append(t.kept, r), false
	t.bound()
}

// merge adds all requests that o keeps, and leaves out those that it has left out. places says which of the receiver's goodputs those of o
// are.
func (t *trace) merge(o *trace, places []int) {
	t.lost, t.lostGaps = t.lost || o.lost, t.lostGaps || o.lostGaps
	t.spread, t.gapSpread = max(t.spread, o.spread), max(t.gapSpread, o.gapSpread)
	t.thin()
	for _, r := range o.kept {
		var good uint64
		for i, place := range places {
			good |= r.good >> i & 1 << place
		}
		r.good = good
		t.add(r)
	}
}

// bound halves what is kept as often as needed.
func (t *trace) bound() {
	for len(t.kept) > traceLimit || t.gaps > gapLimit {
		switch {
		case len(t.kept) > traceLimit && t.spread < traceMost:
			t.spread++
		case len(t.kept) > traceLimit:
			t.lost = true
		case t.gapSpread < traceMost:
			t.gapSpread = max(t.spread, t.gapSpread+1)
		default:
			t.lostGaps = true
		}
		t.thin()
	}
}

// thin drops what does not belong to the kept part.
func (t *trace) thin() {
	t.kept = slices.DeleteFunc(t.kept, func(r traced) bool { return t.lost || !inPart(r.seq, t.spread) })
	t.gaps = 0
	for i := range t.kept {
		if !t.wantsGaps(t.kept[i].seq) {
			t.kept[i].gaps = nil
		}
		t.gaps += len(t.kept[i].gaps)
	}
}

// all gives the requests in the order in which they were sent. Requests of which this is not known, because they came from a
// tool that does not number them, give none.
func (t *trace) all() []traced {
	if !t.sorted {
		slices.SortFunc(t.kept, func(a, b traced) int {
			return cmp.Or(cmp.Compare(a.seq, b.seq), a.at.Compare(b.at),
				slices.Compare(a.values[:], b.values[:]), slices.Compare(a.gaps, b.gaps))
		})
		t.sorted = true
	}
	if n := len(t.kept); n > 0 && t.kept[0].seq == t.kept[n-1].seq {
		return nil
	}
	return t.kept
}

// series are the values of a metric of which a request has one, in the order of sending.
func (t *trace) series(metric int) stats.Series {
	i := slices.Index(single[:], metric)
	s := make(stats.Series, 0, len(t.kept))
	for _, r := range t.all() {
		if v := r.values[i]; !math.IsNaN(v) {
			s = append(s, v)
		}
	}
	return s
}
