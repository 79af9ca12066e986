package report

import (
	"math"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/stats"
)

// How much is kept of the requests while they are read.
const (
	slowest    = 16   // requests whose phases are shown
	candidates = 1024 // requests of which the typical one is chosen
	examples   = 3    // different errors of a kind
	windows    = 100  // stretches of time, about; more where requests outlast the run
	leastOf    = 10   // stretches of time, and
	inWindow   = 15   // requests in each, where there are enough
)

// Facts are what a page tells of the requests of a run, gathered in one reading. Columns have a value for each request that
// was sent, in the order in which they ended. Times are in seconds, instants since the first request was sent.
type facts struct {
	res *result.Result
	st  result.Stats
	err error // the responses could not be read to their end

	sent, end        []float64
	ttft, ttlt, tpot []float64 // NaN of failed requests, and where not defined
	failed           []bool
	failedAt         []failure

	width    float64               // of a stretch of time
	count    int                   // of stretches of time
	last     float64               // when the last request ended
	tokens   map[int]float64       // output tokens that came in each stretch
	lags     [lags]map[int]float64 // the longest in each stretch
	inFlight stats.Steps
	gaps     stats.Sample // between tokens

	coarse            bool // instants are in whole seconds, as LLMeter's files have them
	streamed, retried int
	samples           map[endpoint.ErrorKind][]string
	slow              []*endpoint.Response // the slowest, by time until they ended
	slowStream        *endpoint.Response   // the slowest of those that are shown token by token
	streams           []*endpoint.Response // every stride-th of these
	seen, stride      int

	origin time.Time
	buffer stats.Gaps
}

// A failure is a request that failed after it was sent.
type failure struct {
	kind endpoint.ErrorKind
	end  float64
}

// What the client itself may have added.
const (
	queued  = iota // from when a request was due until it was sent
	writing        // from then until it was written
	late           // from when the kernel had what came until it was read
	lags
)

// gather reads the responses of a run.
func gather(res *result.Result) *facts {
	f := &facts{
		res: res, st: res.Stats(), tokens: map[int]float64{},
		samples: map[endpoint.ErrorKind][]string{}, stride: 1, coarse: true,
	}
	for i := range f.lags {
		f.lags[i] = map[int]float64{}
	}
	f.makeRoom()
	span := max(res.TotalTestTime, res.LastRequestTime.Sub(res.FirstRequestTime))
	n := min(max(res.TotalRequests/inWindow, leastOf), windows)
	f.width = figure.Nice(max(span.Seconds(), 0.1) / float64(n))
	for r, err := range res.Responses() {
		if err != nil {
			f.err = err
			break
		}
		f.add(r)
	}
	f.widen()
	return f
}

// makeRoom makes columns as long as the run says that they will be, within reason.
func (f *facts) makeRoom() {
	n := min(max(f.res.TotalRequests, 0), 1<<20)
	for _, column := range []*[]float64{&f.sent, &f.end, &f.ttft, &f.ttlt, &f.tpot} {
		*column = make([]float64, 0, n)
	}
	f.failed = make([]bool, 0, n)
}

// any reports whether a request was sent of which the instants are known.
func (f *facts) any() bool { return len(f.sent) > 0 }

func (f *facts) add(r *endpoint.Response) {
	if r.Failed() {
		f.addError(r.Error)
	}
	if r.Dispatched.IsZero() {
		return // never sent
	}
	if f.origin.IsZero() {
		f.origin = origin(f.res, r)
	}
	if r.RequestTime.Nanosecond() != 0 || len(r.Events)+len(r.Attempts) > 0 {
		f.coarse = false
	}
	sent := r.Dispatched.Sub(f.origin)
	end := max(endOf(r).Sub(f.origin), sent)
	f.sent, f.end = append(f.sent, sent.Seconds()), append(f.end, end.Seconds())
	f.inFlight.Add(sent, end)
	if n, _ := r.Retries(); n > 0 {
		f.retried++
	}
	f.addLags(r, sent)
	f.addSlow(r)
	ttft, ttlt, tpot := math.NaN(), math.NaN(), math.NaN()
	if r.Failed() {
		f.failedAt = append(f.failedAt, failure{kindOf(r.Error), end.Seconds()})
	} else {
		ttft, ttlt, tpot = metric(r, "ttft"), metric(r, "ttlt"), metric(r, "tpot")
		f.addTokens(r, sent)
	}
	f.ttft, f.ttlt, f.tpot, f.failed = append(f.ttft, ttft), append(f.ttlt, ttlt), append(f.tpot, tpot), append(f.failed, r.Failed())
}

// origin is when the first request was sent, on the clock of r.
func origin(res *result.Result, r *endpoint.Response) time.Time {
	if after := r.RequestTime.Sub(res.FirstRequestTime); after > 0 && !res.FirstRequestTime.IsZero() {
		return r.Dispatched.Add(-after)
	}
	return r.Dispatched
}

// endOf is when a request was over, as far as that is known.
func endOf(r *endpoint.Response) time.Time {
	if r.End.IsZero() {
		return r.LastToken
	}
	return r.End
}

// timeQueued is the time from when a request was due until it was sent.
func timeQueued(r *endpoint.Response) time.Duration {
	if r.Intended.IsZero() || r.Client >= 0 {
		return 0
	}
	return r.Dispatched.Sub(r.Intended)
}

// timeWriting is the time until the request was written, without connecting, which is the network's.
func timeWriting(r *endpoint.Response) time.Duration {
	if len(r.Attempts) == 0 || r.Attempts[0].Written.IsZero() {
		return 0
	}
	a := &r.Attempts[0]
	d := a.Written.Sub(r.Dispatched)
	if !a.Reused && !a.Ready.IsZero() {
		d -= a.Ready.Sub(a.Start)
	}
	return d
}

func metric(r *endpoint.Response, key string) float64 {
	if v, ok := r.Metric(key); ok {
		return v
	}
	return math.NaN()
}

func kindOf(e *endpoint.Error) endpoint.ErrorKind {
	if e.Kind == "" {
		return endpoint.KindUnknown
	}
	return e.Kind
}

func (f *facts) addError(e *endpoint.Error) {
	kind := kindOf(e)
	if known := f.samples[kind]; len(known) < examples {
		if text := clip(e.Error(), 500); !slices.Contains(known, text) {
			f.samples[kind] = append(known, text)
		}
	}
}

func (f *facts) addLags(r *endpoint.Response, sent time.Duration) {
	window := f.window(sent)
	f.addLag(queued, window, timeQueued(r))
	f.addLag(writing, window, timeWriting(r))
	var longest endpoint.Lateness
	for i := range r.Events {
		e := &r.Events[i]
		if e.Late == 0 {
			continue
		}
		if w := f.window(sent + e.At); w != window {
			f.addLag(late, window, longest.Duration())
			window, longest = w, 0
		}
		longest = max(longest, e.Late)
	}
	f.addLag(late, window, longest.Duration())
}

func (f *facts) addLag(of, window int, d time.Duration) {
	if d > 0 {
		f.lags[of][window] = max(f.lags[of][window], d.Seconds())
	}
}

// addTokens counts tokens when their event was read. Those of which no event tells were there by the first one that tells of
// any; those of an answer without events by its end.
func (f *facts) addTokens(r *endpoint.Response, sent time.Duration) {
	tokens, rest := r.TokensPerEvent(), 0
	if r.OutputTokens.Known() {
		rest = r.OutputTokens.N
	}
	for _, n := range tokens {
		rest -= n
	}
	f.buffer.Reset()
	window, sum, next := 0, max(rest, 0), 0
	for i := range r.Events {
		e := &r.Events[i]
		if e.Tokens <= 0 {
			continue
		}
		f.buffer.Event(e.At, tokens[next])
		if w := f.window(sent + e.At); w != window {
			if next > 0 {
				f.tokens[window] += float64(sum)
				sum = 0
			}
			window = w
		}
		sum += tokens[next]
		next++
	}
	if ttlt, ok := r.TTLT(); ok && next == 0 {
		window = f.window(sent + ttlt)
	}
	f.tokens[window] += float64(sum)
	f.buffer.ITL(&f.gaps)
	if r.Streamed {
		f.streamed++
	}
	if next > 1 {
		f.addStream(r)
	}
}

// addStream remembers a stream as one that may be typical, or as the slowest.
func (f *facts) addStream(r *endpoint.Response) {
	if f.slowStream == nil || metric(r, "ttlt") > metric(f.slowStream, "ttlt") {
		f.slowStream = r
	}
	if f.seen++; (f.seen-1)%f.stride != 0 {
		return
	}
	if len(f.streams) == candidates {
		for i := range candidates / 2 {
			f.streams[i] = f.streams[2*i]
		}
		clear(f.streams[candidates/2:])
		f.streams = f.streams[:candidates/2]
		f.stride *= 2
	}
	if (f.seen-1)%f.stride == 0 {
		f.streams = append(f.streams, r)
	}
}

// typical is the stream whose time to last token is nearest the median; nil if there are no streams.
func (f *facts) typical() (best *endpoint.Response) {
	median := lookup(f.st, "ttlt-p50")
	if len(f.streams) == 0 || math.IsNaN(median) {
		return nil
	}
	away := func(r *endpoint.Response) float64 { return math.Abs(metric(r, "ttlt") - median) }
	best = f.streams[0]
	for _, r := range f.streams {
		if away(r) < away(best) {
			best = r
		}
	}
	return best
}

func (f *facts) addSlow(r *endpoint.Response) {
	i := len(f.slow)
	for i > 0 && took(r) > took(f.slow[i-1]) {
		i--
	}
	if i < slowest {
		f.slow = slices.Insert(f.slow, i, r)
		f.slow = f.slow[:min(len(f.slow), slowest)]
	}
}

// due is when a request was to start.
func due(r *endpoint.Response) time.Time {
	if r.Intended.IsZero() || r.Intended.After(r.Dispatched) {
		return r.Dispatched
	}
	return r.Intended
}

// took is how long a request took, from when it was due.
func took(r *endpoint.Response) time.Duration { return max(endOf(r).Sub(due(r)), 0) }

// window is the stretch of time that an instant belongs to.
func (f *facts) window(at time.Duration) int { return max(int(at.Seconds()/f.width), 0) }

// widen counts the stretches of time, and makes them wider where there are too many, for files that say of a run that it was
// shorter than its requests.
func (f *facts) widen() {
	last := 0.0
	for _, end := range f.end {
		last = max(last, end)
	}
	by := int(last/f.width)/(10*windows) + 1
	f.width *= float64(by)
	f.count, f.last = int(last/f.width)+1, last
	if by == 1 {
		return
	}
	tokens := map[int]float64{}
	for w, n := range f.tokens {
		tokens[w/by] += n
	}
	f.tokens = tokens
	for i, lag := range f.lags {
		f.lags[i] = map[int]float64{}
		for w, d := range lag {
			f.lags[i][w/by] = max(f.lags[i][w/by], d)
		}
	}
}
