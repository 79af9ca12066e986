package endpoint

import (
	"slices"
	"time"
)

// TTFT is the time to the first event that carries generated tokens of any channel. It is unknown without streaming.
func (r *Response) TTFT() (time.Duration, bool) { return since(r.Dispatched, r.FirstToken) }

// TTFCT is the time to the first event with visible content. It equals TTFT where there is no reasoning.
func (r *Response) TTFCT() (time.Duration, bool) { return since(r.Dispatched, r.FirstText) }

// TTLT is the time to the last event that carries generated tokens; without streaming, to the end of the answer.
func (r *Response) TTLT() (time.Duration, bool) { return since(r.Dispatched, r.LastToken) }

// ResponseTime is TTLT counted from the moment at which the schedule wanted the request to start, so that waiting on
// this side is part of it. In a closed loop it equals TTLT.
func (r *Response) ResponseTime() (time.Duration, bool) {
	if r.Intended.IsZero() {
		return r.TTLT()
	}
	return since(r.Intended, r.LastToken)
}

// TPOT is the time per output token after the first, in seconds: (TTLT − TTFT) / (output tokens − 1).
// It is undefined for fewer than 2 tokens and without streaming.
func (r *Response) TPOT() (seconds float64, ok bool) {
	first, ok1 := r.TTFT()
	last, ok2 := r.TTLT()
	if !ok1 || !ok2 || !r.OutputTokens.Known() || r.OutputTokens.N < 2 {
		return 0, false
	}
	return (last - first).Seconds() / float64(r.OutputTokens.N-1), true
}

// Retries is the number of attempts after the first, unknown if the endpoint does not report attempts.
func (r *Response) Retries() (int, bool) { return len(r.Attempts) - 1, len(r.Attempts) > 0 }

// CountFrom makes all latencies of r count from the dispatch of an earlier attempt at the same request.
func (r *Response) CountFrom(first *Response) {
	r.Events = r.EventsFrom(first)
	r.RequestTime, r.Intended, r.Dispatched = first.RequestTime, first.Intended, first.Dispatched
}

// EventsFrom gives the events of r, at times since the dispatch of an earlier attempt at the same request.
func (r *Response) EventsFrom(first *Response) []Event {
	events, shift := slices.Clone(r.Events), r.Dispatched.Sub(first.Dispatched)
	for i := range events {
		events[i].At += shift
	}
	return events
}

// WithoutRetries gives TTFT and TTLT counted from the start of the last attempt: what they would have been without the
// attempts before it and the pauses between them. They are negative if unknown.
func (r *Response) WithoutRetries() (ttft, ttlt time.Duration) {
	start := r.Dispatched
	if n := len(r.Attempts); n > 1 {
		start = r.Attempts[n-1].Start
	}
	ttft, ttlt = -1, -1
	if d, ok := since(start, r.FirstToken); ok {
		ttft = d
	}
	if d, ok := since(start, r.LastToken); ok {
		ttlt = d
	}
	return ttft, ttlt
}

// Status is the HTTP status of the last attempt, 0 if there was none.
func (r *Response) Status() int {
	if n := len(r.Attempts); n > 0 {
		return r.Attempts[n-1].Status
	}
	if r.Error != nil {
		return r.Error.Status
	}
	return 0
}

// Failed reports whether the request failed or was cancelled.
func (r *Response) Failed() bool { return r.Error != nil }

// Cancelled reports whether the request was aborted by its own side.
func (r *Response) Cancelled() bool { return r.Error != nil && r.Error.Kind == KindCancelled }

// Metric gives a measure of this one request by its key, in seconds or tokens: ttft, ttfct, ttlt, tpot, response,
// stall (longest gap between token-bearing events), input_tokens, output_tokens, cached_tokens, reasoning_tokens.
// ok is false if it is undefined for this request or no such key exists.
func (r *Response) Metric(key string) (value float64, ok bool) {
	switch key {
	case "ttft":
		return seconds(r.TTFT())
	case "ttfct":
		return seconds(r.TTFCT())
	case "ttlt":
		return seconds(r.TTLT())
	case "response":
		return seconds(r.ResponseTime())
	case "tpot":
		return r.TPOT()
	case "stall":
		return seconds(r.longestGap())
	case "input_tokens":
		return tokens(r.InputTokens)
	case "output_tokens":
		return tokens(r.OutputTokens)
	case "cached_tokens":
		return tokens(r.CachedTokens)
	case "reasoning_tokens":
		return tokens(r.ReasoningTokens)
	}
	return 0, false
}

// MetricKeys are the keys that [Response.Metric] knows.
func MetricKeys() []string {
	return []string{"ttft", "ttfct", "ttlt", "tpot", "response", "stall",
		"input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"}
}

func (r *Response) longestGap() (gap time.Duration, ok bool) {
	var last time.Duration
	seen := 0
	for _, e := range r.Events {
		if e.Tokens == 0 {
			continue
		}
		if seen++; seen > 1 {
			gap = max(gap, e.At-last)
		}
		last = e.At
	}
	return gap, seen > 1
}

// TokensPerEvent gives the number of tokens of each event that bears any, in order. What the endpoint said of its
// events holds. Where it could not say (each such event then counts as 1) and the total is known and larger, the total
// is apportioned to the events by the bytes of their text, at least 1 each. Reasoning tokens that no event shows are
// not part of that total. So the sum is the number of tokens streamed wherever there are at least as many as events.
func (r *Response) TokensPerEvent() []int {
	bearing := 0
	for i := range r.Events {
		if r.Events[i].Tokens > 0 {
			bearing++
		}
	}
	if bearing == 0 {
		return nil
	}
	counts := make([]int, 0, bearing)
	sum, bytes, reasoning := 0, 0, false
	for i := range r.Events {
		if e := &r.Events[i]; e.Tokens > 0 {
			counts = append(counts, int(e.Tokens))
			sum += int(e.Tokens)
			bytes += int(e.Text)
			reasoning = reasoning || e.Channel == Reasoning
		}
	}
	total := r.OutputTokens.N // 0 if unknown
	if !reasoning {
		total -= r.ReasoningTokens.N
	}
	if total > sum && sum == len(counts) && bytes > 0 {
		apportion(counts, r.Events, bytes, total-sum)
	}
	return counts
}

// apportion adds extra to the counts of the events that bear tokens, in proportion to their bytes of text, total in all. Each
// gets the difference between two rounded running sums, so that the parts add up to exactly extra and no part is off by one or
// more.
func apportion(counts []int, events []Event, total, extra int) {
	run, given, i := 0, 0, 0
	for _, e := range events {
		if e.Tokens <= 0 {
			continue
		}
		run += int(e.Text)
		upTo := int((int64(extra)*int64(run) + int64(total)/2) / int64(total))
		counts[i] += upTo - given
		given = upTo
		i++
	}
}

func since(from, to time.Time) (time.Duration, bool) {
	if from.IsZero() || to.IsZero() {
		return 0, false
	}
	return to.Sub(from), true
}

func seconds(d time.Duration, ok bool) (float64, bool) { return d.Seconds(), ok }

func tokens(c Count) (float64, bool) { return float64(c.N), c.Known() }
