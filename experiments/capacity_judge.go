package experiments

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

// An observation is what one request tells of its level.
type observation struct {
	seq         int
	sent, ended time.Time
	values      []float64 // by the criteria
}

// A judge decides whether a level meets its objectives. All that it says follows from the observations, so that a level that
// is loaded is judged as it was when it ran.
type judge struct {
	criteria  []criterion
	clients   int
	rate      load.Rate
	settling  time.Duration // how long a level of an open loop must last to be met
	firstLook int           // requests until the first look; there are twice as many until each further one
	doubt     float64       // the probability of a wrong decision at one look, on either side
	level     float64       // of the intervals that are shown
}

// The search tries at most about so many levels, and looks so often at each: the doubt that it may have is divided among all.
const (
	levelsOfSearch = 16
	looksAtLevel   = 10
)

func (c Capacity) judge(l Load) *judge {
	j := &judge{clients: l.Clients, rate: l.Rate, level: c.level(), doubt: (1 - c.level()) / 2 / levelsOfSearch / looksAtLevel}
	bound := 0.0
	for _, o := range c.objectives() {
		cr, _ := criterionOf(o) // valid
		j.criteria = append(j.criteria, cr)
		bound = max(bound, slowest(o))
	}
	const first, perClient = 40, 3
	j.firstLook = max(first, perClient*l.Clients)
	if l.Rate > 0 {
		// A rate that is too high by the precision p makes requests wait p·t longer after a time t: after bound/p, all wait
		// longer than the bound. Twice that, and half of the requests tell.
		j.settling = time.Duration(2 * bound / c.precision() * float64(time.Second))
	}
	return j
}

func (j *judge) observe(r *llmeter.Response) observation {
	o := observation{seq: r.Seq, sent: r.Intended, ended: r.End, values: make([]float64, len(j.criteria))}
	if o.sent.IsZero() {
		o.sent = r.Dispatched
	}
	for i, c := range j.criteria {
		o.values[i] = math.NaN()
		if c.of != nil {
			o.values[i] = c.of(r)
		}
	}
	return o
}

// decide judges a level that has ended: as the first look that was sure has, else by all of it.
func (j *judge) decide(all []observation, res *llmeter.Result) (Decision, []Check, bool) {
	slices.SortFunc(all, func(a, b observation) int { return cmp.Compare(a.seq, b.seq) })
	for n := j.firstLook; n < len(all); n *= 2 {
		if d, checks, saturated := j.look(all[:n]); d != Unclear {
			return d, checks, saturated
		}
	}
	_, checks, saturated := j.look(all)
	for i, c := range j.criteria {
		if c.of == nil {
			checks[i] = wholeCheck(c.objective, res)
		}
	}
	return j.sum(all, checks, saturated), checks, saturated
}

// wholeCheck judges an objective that only the statistics of the whole level tell of.
func wholeCheck(o slo.Objective, res *llmeter.Result) Check {
	found := res.Check([]slo.Objective{o})[0]
	c := Check{Objective: o, Decision: Unclear, N: res.TotalRequests, Value: found.Value, Limit: o.Bound.Value()}
	if found.Interval != nil {
		c.Interval = stats.Interval(*found.Interval)
	}
	switch {
	case found.Interval != nil && !found.Sure():
	case found.Status == slo.Met:
		c.Decision = Met
	case found.Status == slo.Missed:
		c.Decision = Missed
	}
	return c
}

// look judges the first requests of a level, of which each has ended.
func (j *judge) look(seen []observation) (Decision, []Check, bool) {
	warmup := min(max(j.clients, len(seen)/4), len(seen)) // clients that start in step, and an empty server
	checks := make([]Check, len(j.criteria))
	for i, c := range j.criteria {
		var values stats.Series
		for _, o := range seen[warmup:] {
			if v := o.values[i]; !math.IsNaN(v) {
				values = append(values, v)
			}
		}
		checks[i] = j.check(c, values)
	}
	saturated := j.rate > 0 && len(seen) > 0 && saturated(seen, j.doubt)
	return j.sum(seen, checks, saturated), checks, saturated
}

// sum is the decision that follows from those of all objectives.
func (j *judge) sum(seen []observation, checks []Check, saturated bool) Decision {
	met := true
	for _, c := range checks {
		if c.Decision == Missed {
			return Missed
		}
		met = met && c.Decision == Met
	}
	switch {
	case saturated:
		return Missed
	case met && seen[len(seen)-1].sent.Sub(seen[0].sent) >= j.settling:
		return Met
	}
	return Unclear
}

func (j *judge) check(c criterion, values stats.Series) Check {
	check := Check{Objective: c.objective, Decision: Unclear, N: len(values), Limit: c.objective.Bound.Value(), Value: math.NaN()}
	if c.allowed >= 0 {
		check.Limit = c.allowed
	}
	switch {
	case len(values) == 0 || c.of == nil:
	case c.allowed >= 0:
		j.checkShare(&check, values)
	default:
		j.checkMean(&check, values)
	}
	return check
}

// checkShare compares the share of requests on the wrong side with what is allowed, by the exact binomial test. Requests that
// are alike in time count as fewer. Where hardly any is on the wrong side, they do not tell how alike they are; so to be met, it
// is also asked of those that came half as near to the bound as the median.
func (j *judge) checkShare(check *Check, values stats.Series) {
	wrong := atLeast(values, 1)
	check.Value = stats.Mean(wrong)
	n := math.Floor(wrong.EffectiveN())
	check.Interval = stats.Wilson(uint64(math.Round(check.Value*n)), uint64(n), j.level)
	median := stats.Quantile(stats.Sorted(values), 0.5)
	fewer := min(n, math.Floor(atLeast(values, (median+1)/2).EffectiveN()))
	switch {
	case binomialTail(fewer, fewer-math.Ceil(check.Value*fewer), 1-check.Limit) <= j.doubt:
		check.Decision = Met
	case binomialTail(n, math.Floor(check.Value*n), check.Limit) <= j.doubt:
		check.Decision = Missed
	}
}

// atLeast is 1 where a series is not below the bound, else 0.
func atLeast(values stats.Series, bound float64) stats.Series {
	is := make(stats.Series, len(values))
	for i, v := range values {
		if v >= bound {
			is[i] = 1
		}
	}
	return is
}

// checkMean compares a mean with its bound, by Student's interval. It takes more than a few values to be of use.
func (j *judge) checkMean(check *Check, values stats.Series) {
	const least = 30
	check.Value = stats.Mean(values)
	check.Interval = values.MeanInterval(j.level)
	sure := values.MeanInterval(1 - 2*j.doubt)
	if len(values) < least || !sure.Exists() {
		return
	}
	holds := func(v float64) bool {
		o := check.Objective
		return o.Check(func(string) (float64, bool) { return v, true }).Status == slo.Met
	}
	switch lo, hi := holds(sure.Lo), holds(sure.Hi); {
	case lo && hi:
		check.Decision = Met
	case !lo && !hi:
		check.Decision = Missed
	}
}

// binomialTail is the probability of k or more successes in n attempts, each with probability p.
func binomialTail(n, k, p float64) float64 {
	switch {
	case k <= n*p:
		return 1 // more than a half or so: nothing that matters
	case p <= 0 || k > n:
		return 0
	}
	lgamma := func(x float64) float64 { v, _ := math.Lgamma(x + 1); return v }
	term := math.Exp(lgamma(n) - lgamma(k) - lgamma(n-k) + k*math.Log(p) + (n-k)*math.Log1p(-p))
	sum := term
	for ; k < n && term > sum*1e-12; k++ {
		term *= (n - k) / (k + 1) * p / (1 - p)
		sum += term
	}
	return sum
}

// saturated reports whether requests come faster than they are answered: whether in the second half of the time significantly
// more were sent than ended, by the normal test of two counts. While the first answers are still to come that is no wonder,
// so the first half must have been long enough for those.
func saturated(seen []observation, doubt float64) bool {
	first, last := seen[0].sent, seen[len(seen)-1].sent
	half := last.Sub(first) / 2
	var early []float64
	var sent, ended float64
	for _, o := range seen {
		if o.sent.Sub(first) <= half/5 {
			early = append(early, o.ended.Sub(o.sent).Seconds())
		}
		if o.sent.Sub(first) > half {
			sent++
		}
		if at := o.ended.Sub(first); at > half && at <= 2*half {
			ended++
		}
	}
	usual := stats.Quantile(stats.Sorted(early), 0.9)
	return half.Seconds() > 3*usual && (sent-ended)/math.Sqrt(sent+ended) > normalQuantile(1-doubt)
}

// A watcher ends a level as soon as it is decided.
type watcher struct {
	llmeter.NopCallback
	*judge
	seen  []observation       // without a gap, from the first request on
	early map[int]observation // those that have ended before one that was sent before them
	next  int                 // requests until the next look
}

// AfterInvoke looks at the level when enough requests have ended.
func (w *watcher) AfterInvoke(_ context.Context, r *llmeter.Response) error {
	if w.early == nil {
		w.early, w.next = map[int]observation{}, w.firstLook
	}
	w.early[r.Seq] = w.observe(r)
	for o, ok := w.early[len(w.seen)]; ok; o, ok = w.early[len(w.seen)] {
		delete(w.early, o.seq)
		w.seen = append(w.seen, o)
	}
	for ; len(w.seen) >= w.next; w.next *= 2 {
		if d, _, _ := w.look(w.seen[:w.next]); d != Unclear {
			return llmeter.ErrStop
		}
	}
	return nil
}
