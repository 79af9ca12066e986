package experiments

// Knee gives the level at which the endpoint is used best: the one with the greatest power, throughput over latency
// (Kleinrock, "Power and Deterministic Rules of Thumb for Probabilistic Problems in Computer Communications", 1979). From one
// level to the next power rises as long as throughput grows by a larger factor than latency; beyond the knee more load buys
// more waiting than work. Throughput is requests_per_second, of successful requests; latency is their mean time until the last
// token, counted from when they were due.
//
// It is an estimate among the levels that were measured, without an interval. ok is false where they do not show a knee: fewer
// than three have successful requests, or power is greatest at the highest load of its kind, so that the knee may lie beyond.
func (r *LoadTestResult) Knee() (knee Level, ok bool) {
	var most float64
	highest := map[bool]Load{} // of clients and of rates
	measured := 0
	for _, l := range r.Levels {
		p := l.power()
		if p == 0 {
			continue
		}
		measured++
		if p > most {
			knee, most = l, p
		}
		if of := l.Rate > 0; l.compare(highest[of]) > 0 {
			highest[of] = l.Load
		}
	}
	if measured < 3 || knee.Load == highest[knee.Rate > 0] {
		return Level{}, false
	}
	return knee, true
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
