package experiments

// Knee gives the level at which the endpoint is used best: the one with the greatest power, throughput over latency
// (Kleinrock, "Power and Deterministic Rules of Thumb for Probabilistic Problems in Computer Communications", 1979). From one
// level to the next power rises as long as throughput grows by a larger factor than latency; beyond the knee more load buys
// more waiting than work. Throughput is requests_per_second, of successful requests; latency is their mean time until the last
// token, counted from when they were due.
//
// It is an estimate among the levels that were measured, without an interval. Clients and rates are looked at apart; where both
// have a knee, it is the one with more power. ok is false where neither has: fewer than three levels have successful requests,
// or power is greatest at the highest load, so that the knee may lie beyond.
func (r *LoadTestResult) Knee() (knee Level, ok bool) {
	var byClients, byRate []Level
	for _, l := range r.Levels {
		if l.Rate > 0 {
			byRate = append(byRate, l)
		} else {
			byClients = append(byClients, l)
		}
	}
	for _, levels := range [][]Level{byClients, byRate} {
		if l, found := kneeOf(levels); found && (!ok || l.power() > knee.power()) {
			knee, ok = l, true
		}
	}
	return knee, ok
}

// kneeOf is the knee of levels of one kind.
func kneeOf(levels []Level) (knee Level, ok bool) {
	var most float64
	var highest Load
	measured := 0
	for _, l := range levels {
		p := l.power()
		if p == 0 {
			continue
		}
		measured++
		if p > most {
			knee, most = l, p
		}
		if l.compare(highest) > 0 {
			highest = l.Load
		}
	}
	return knee, measured >= 3 && knee.Load != highest
}

// power is successful requests per second over the mean seconds of one; 0 if there was none.
func (l Level) power() float64 {
	st := l.Result.Stats()
	throughput, _ := st.Lookup("requests_per_second")
	latency, _ := st.Lookup("response-mean")
	if latency == 0 {
		latency, _ = st.Lookup("ttlt-mean") // responses of LLMeter's do not tell when they were due
	}
	if latency == 0 {
		return 0
	}
	return throughput / latency
}
