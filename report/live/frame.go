package live

import (
	"fmt"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
)

// judgeEvery is the pause between two looks at the client's own health, which costs more than all else.
const judgeEvery = 2 * time.Second

// A frame is what is shown at a moment.
type frame struct {
	name, target, load string // of the run

	progress llmeter.Progress
	share    float64       // of the run that is done; negative if not known
	left     time.Duration // until its end; negative if not known
	ending   bool          // nothing more is sent
	stats    llmeter.Stats
	past     past

	judged  bool
	health  result.Health
	verdict result.Verdict

	experiment *stage // nil for a single run
}

// A run gives the frames of a run. Frames are taken by one goroutine, responses added by another.
type run struct {
	of      *llmeter.Run
	lengths []time.Duration
	began   time.Time
	history history
	fixed   frame // what stays
	judged  time.Duration
}

func newRun(of *llmeter.Run) *run {
	cfg := of.Config()
	info := cfg.Endpoint.Info()
	r := &run{of: of, lengths: lengths(&cfg), began: time.Now().Add(-of.Progress().Elapsed)}
	r.fixed = frame{name: cfg.RunName, load: loadOf(&cfg), target: target(info.Model, info.Name, info.Provider)}
	return r
}

// follow takes note of the responses that the run tells of.
func (r *run) follow() {
	responses := r.of.Responses()
	go func() {
		for response := range responses {
			r.add(response)
		}
	}()
}

func (r *run) add(response *llmeter.Response) { r.history.add(time.Since(r.began), response) }

// frame is the present one.
func (r *run) frame() frame {
	f := r.fixed
	f.progress = r.of.Progress()
	f.stats = r.of.Points()
	f.past = r.history.past(f.progress.Elapsed)
	f.share, f.left = r.remaining(f.progress)
	f.ending = f.progress.Planned > 0 && f.progress.Sent == f.progress.Planned
	for _, length := range r.lengths {
		f.ending = f.ending || f.progress.Elapsed >= length
	}
	if f.progress.Finished > 0 && (!r.fixed.judged || f.progress.Elapsed-r.judged >= judgeEvery) {
		r.judged = f.progress.Elapsed
		r.fixed.health = r.of.Health()
		r.fixed.verdict = result.Judge(r.fixed.health, f.stats.Lookup)
		r.fixed.judged = true
	}
	f.judged, f.health, f.verdict = r.fixed.judged, r.fixed.health, r.fixed.verdict
	return f
}

// remaining estimates how much of the run is done, and how long the rest takes at the pace until now.
func (r *run) remaining(p llmeter.Progress) (share float64, left time.Duration) {
	share, left = -1, -1
	atMost := func(s float64, l time.Duration) {
		if s = min(s, 1); s > share {
			share, left = s, max(l, 0)
		}
	}
	if p.Planned > 0 && p.Finished > 0 {
		done := float64(p.Finished) / float64(p.Planned)
		atMost(done, time.Duration(float64(p.Elapsed)*(1-done)/done))
	} else if p.Planned > 0 {
		share = 0
	}
	for _, length := range r.lengths {
		atMost(float64(p.Elapsed)/float64(length), length-p.Elapsed)
	}
	return share, left
}

// lengths are the times after which nothing more is sent.
func lengths(cfg *llmeter.RunConfig) (all []time.Duration) {
	if cfg.Duration > 0 {
		all = append(all, cfg.Duration)
	}
	if cfg.Arrivals == nil {
		return all
	}
	if length, ends := load.Length(cfg.Arrivals); ends && length > 0 {
		all = append(all, length)
	}
	return all
}

// loadOf says in a few words what is sent: "20 clients × 100 requests".
func loadOf(cfg *llmeter.RunConfig) string {
	if cfg.Arrivals != nil {
		s := cfg.Arrivals.String()
		if cfg.MaxInFlight > 0 {
			s += fmt.Sprintf(", at most %d in flight", cfg.MaxInFlight)
		}
		return s
	}
	s := count(cfg.Clients, "client")
	switch {
	case cfg.Duration > 0:
		return s + " for " + cfg.Duration.String()
	case cfg.Requests > 0:
		return s + " × " + count(cfg.Requests, "request")
	case len(cfg.Payloads) > 0:
		return s + " × " + count(len(cfg.Payloads), "request")
	}
	return s
}

// target joins the names of what is measured that differ.
func target(names ...string) string {
	var different []string
	for _, name := range names {
		if n := len(different); name != "" && (n == 0 || different[n-1] != name) {
			different = append(different, name)
		}
	}
	return strings.Join(different, " · ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return report.Number(float64(n)) + " " + noun + "s"
}

// errors are the failures by kind, the most frequent first.
func (f *frame) errors() (parts []string) {
	for key, value := range f.stats.All() {
		if kind, ok := strings.CutPrefix(key, "errors-"); ok {
			parts = append(parts, fmt.Sprintf("%v %s", value, kind))
		}
	}
	return parts
}

// doubts are what spoils numbers, the worst first: "ttft-p50, ttft-p99 up to 12 ms".
func (f *frame) doubts() string {
	var parts []string
	metrics, order := map[string][]string{}, []string{}
	for _, r := range f.verdict.Reasons {
		by := report.Percent(r.Error) + " " + r.Unit
		if r.Unit == "s" {
			by = "up to " + report.Seconds(r.Error)
		}
		if metrics[by] == nil {
			order = append(order, by)
		}
		metrics[by] = append(metrics[by], r.Metric)
	}
	for _, by := range order {
		parts = append(parts, strings.Join(metrics[by], ", ")+" "+by)
	}
	return strings.Join(parts, "; ")
}

// symptoms are those numbers of the client's health that tell where the doubts come from.
func (f *frame) symptoms() string {
	h := &f.health
	var parts []string
	if h.LateSlots > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s sent late", report.Number(float64(h.LateSlots)), report.Number(float64(h.Slots))))
	}
	if n := f.progress.Backlog; n > 0 {
		parts = append(parts, report.Number(float64(n))+" queued")
	}
	if h.CPUAvailable > 0 && h.CPUUsed > 0 {
		parts = append(parts, fmt.Sprintf("CPU %.1f of %g", h.CPUUsed, h.CPUAvailable))
	}
	if h.SendLag.N > 0 {
		parts = append(parts, "send lag p99 "+report.Seconds(h.SendLag.P99))
	}
	if h.StampError.N > 0 {
		parts = append(parts, "stamp error p99 "+report.Seconds(h.StampError.P99))
	}
	return strings.Join(parts, " · ")
}
