package experiments

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/stats"
	"github.com/llmeter-go/llmeter/transport"
)

// Calibrate measures what this machine can measure: it streams from package mock over the loopback interface, with more and
// more streams, and compares every stamp with the server's own record, until the run cannot be trusted any more.
//
// The server runs in the same process and takes about as much of the processors as the client. So the answer is a lower
// bound: against a server on another machine there is more left for the client. A network adds nothing to the errors, which
// count from the arrival of the bytes.
//
// The zero value takes less than ten seconds.
type Calibrate struct {
	// Streams are the levels, how many streams are open at once in each. They should rise. nil = 10, 20, 50, … 10,000.
	Streams []int
	// Gap is the time between the events of a stream. 0 = 10 ms.
	Gap time.Duration
	// Events is how many events with tokens an answer has. Each stream is two answers, one after the other. 0 = 20.
	Events int
	// Within is what all levels may take together: none begins that may be too long, and one that is, is not held. 0 = 9 s.
	Within time.Duration

	// Progress is called before each level. It should return soon. nil = nobody wants to know.
	Progress func(streams int)
}

// Why a Calibration has no higher level.
const (
	EndedUntrusted = "untrusted" // two levels in a row were not trusted
	EndedTime      = "time"      // there was no time for another one
	EndedFiles     = "files"     // the process may not open enough files or ports
	EndedLevels    = "levels"    // all levels were measured
)

// A Calibration is what [Calibrate] found.
type Calibration struct {
	Levels       []CalibrationLevel `json:"levels"`
	Clock        string             `json:"clock"`         // what stamped the events: "kernel" or "user"
	CPUAvailable float64            `json:"cpu_available"` // processors that client and server had together
	Gap          time.Duration      `json:"gap_ns"`        // between the events of a stream
	Took         time.Duration      `json:"took_ns"`
	Ended        string             `json:"ended"` // why there is no higher level, one of the constants
}

// A CalibrationLevel is one level of a [Calibration]. Times are in seconds.
type CalibrationLevel struct {
	Streams int `json:"streams"`
	// EventsPerSecond is the sum over streams of the rate at which the events of an answer came.
	EventsPerSecond float64 `json:"events_per_second"`
	// StampError is how far the stamps of events were from the server's record of its writes.
	StampError result.Lag `json:"stamp_error"`
	// SendLag is how long requests waited in this process until they were written.
	SendLag result.Lag `json:"send_lag"`
	// EventsPerRead is how many events came in one read; those that share one have one stamp.
	EventsPerRead float64 `json:"events_per_read"`
	CPUUsed       float64 `json:"cpu_used"` // processors, by client and server together
	// Verdict is the run's own: result.Trusted, result.Degraded or result.Invalid.
	Verdict string          `json:"verdict"`
	Reasons []result.Reason `json:"reasons,omitempty"` // of the verdict, the worst first
}

// Trusted reports whether a run at this level can be trusted as an instrument.
func (l CalibrationLevel) Trusted() bool { return l.Verdict == result.Trusted }

// Highest gives the highest level that was trusted; false if there is none.
func (c *Calibration) Highest() (highest CalibrationLevel, ok bool) {
	for _, l := range c.Levels {
		if l.Trusted() && l.Streams > highest.Streams {
			highest, ok = l, true
		}
	}
	return highest, ok
}

// calibrationAnswers is how many answers a stream has. Their times to first token differ, so that only the first requests of
// all streams start at once.
const calibrationAnswers = 2

// Run measures. When ctx ends it, it gives the levels until then beside the error.
func (c Calibrate) Run(ctx context.Context) (*Calibration, error) {
	c.setDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	server, err := mock.Start(c.server())
	if err != nil {
		return nil, err
	}
	defer server.Close()
	return c.climb(ctx, func(ctx context.Context, streams int) (*llmeter.Result, []mock.Record, error) {
		client, err := transport.New(transport.Options{})
		if err != nil {
			return nil, nil, err
		}
		defer client.CloseIdleConnections()
		return c.stream(ctx, server, client, streams)
	})
}

func (c *Calibrate) setDefaults() {
	if c.Streams == nil {
		c.Streams = []int{10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}
	}
	c.Gap = cmp.Or(c.Gap, 10*time.Millisecond)
	c.Events = cmp.Or(c.Events, 20)
	c.Within = cmp.Or(c.Within, 9*time.Second)
}

func (c *Calibrate) validate() error {
	var p problems
	for _, n := range c.Streams {
		if n <= 0 {
			p.complain("Streams: %d is not a number of streams", n)
		}
	}
	if c.Events < 2 {
		p.complain("Events: %d, an answer must have at least 2", c.Events)
	}
	p.negative("Gap", float64(c.Gap))
	p.negative("Within", float64(c.Within))
	return p.join()
}

func (c *Calibrate) server() mock.Options {
	return mock.Options{
		TTFT: mock.Uniform(50*time.Millisecond, 150*time.Millisecond), ITL: mock.Fixed(c.Gap), Tokens: mock.Fixed(c.Events),
	}
}

// A measurement lets so many streams run at once and gives the run and the server's record of it.
type measurement func(ctx context.Context, streams int) (*llmeter.Result, []mock.Record, error)

// climb measures level by level until there is a reason to stop.
func (c *Calibrate) climb(ctx context.Context, measure measurement) (*Calibration, error) {
	start := time.Now()
	cal := &Calibration{Gap: c.Gap, Ended: EndedLevels}
	untrusted := 0
	var last time.Duration // of the level before
	for _, streams := range c.Streams {
		left := c.Within - time.Since(start)
		if 2*last > left {
			cal.Ended = EndedTime
			break
		}
		// Note: each stream has two ends here.
		if transport.Headroom(transport.SystemLimits(), transport.Need{Conns: 2 * streams, Addresses: 2}) != nil {
			cal.Ended = EndedFiles
			break
		}
		if c.Progress != nil {
			c.Progress(streams)
		}
		begun := time.Now()
		err := c.measure(ctx, cal, left, streams, measure)
		if err != nil {
			cal.Took = time.Since(start)
			return cal, err
		}
		last = time.Since(begun)
		if untrusted++; cal.Levels[len(cal.Levels)-1].Trusted() {
			untrusted = 0
		}
		if untrusted == 2 {
			cal.Ended = EndedUntrusted
			break
		}
	}
	cal.Took = time.Since(start)
	return cal, nil
}

// measure adds a level. One that is not through when the time is up counts as one that the machine could not hold.
func (c *Calibrate) measure(ctx context.Context, cal *Calibration, left time.Duration, streams int, measure measurement) error {
	limited, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	res, records, err := measure(limited, streams)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if limited.Err() != nil && res != nil {
		reason := result.Reason{Metric: "in_flight", Error: 1, Unit: "fewer than asked for"}
		res.Verdict = result.Verdict{Level: result.Invalid, Reasons: []result.Reason{reason}}
		err = nil
	}
	if err != nil {
		return err
	}
	cal.Clock, cal.CPUAvailable = res.Clock, res.Health.CPUAvailable
	level := CalibrationLevel{
		Streams: streams, SendLag: res.Health.SendLag, EventsPerRead: res.Health.EventsPerRead,
		CPUUsed: res.Health.CPUUsed, Verdict: res.Verdict.Level, Reasons: res.Verdict.Reasons,
	}
	if err := level.compare(res, records); err != nil {
		return err
	}
	cal.Levels = append(cal.Levels, level)
	return nil
}

// stream makes the run of one level.
func (c *Calibrate) stream(ctx context.Context, server *mock.Server, client *http.Client, streams int) (*llmeter.Result, []mock.Record, error) {
	server.Reset()
	ep := &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: server.URL + "/v1", Client: client}
	payload, err := ep.CreatePayload(c.Events, endpoint.Text("How much can you bear?"))
	if err != nil {
		return nil, nil, err
	}
	res, err := llmeter.Runner{Endpoint: ep, Payloads: []llmeter.Payload{payload}, Clients: streams, Requests: calibrationAnswers}.Run(ctx)
	return res, server.Records(), err
}

// compare sets what only the responses and the server's record tell.
func (l *CalibrationLevel) compare(res *llmeter.Result, records []mock.Record) error {
	if errs := res.Errors(); len(errs) > 0 {
		return fmt.Errorf("with %d streams, %d requests failed: %s", l.Streams, res.FailedRequests(), errs[0].Sample)
	}
	sent := make(map[string]*mock.Record, len(records))
	for i := range records {
		sent[records[i].ID] = &records[i]
	}
	var stamps stats.Sample
	for r, err := range res.Responses() {
		if err != nil {
			return err
		}
		record := sent[r.ID]
		if record == nil || len(record.Events) != len(r.Events) {
			return fmt.Errorf("the server's record of request %s does not fit its answer", r.ID)
		}
		since := r.Dispatched.Sub(record.Received)
		tokens := 0
		for i := range r.Events {
			if r.Events[i].Tokens > 0 {
				stamps.Add(max(0, since+r.Events[i].At-record.Events[i].At).Seconds())
				tokens++
			}
		}
		if took := r.LastToken.Sub(r.FirstToken); took > 0 {
			l.EventsPerSecond += float64(tokens-1) / took.Seconds() / calibrationAnswers
		}
	}
	if stamps.N() > 0 {
		l.StampError = result.Lag{N: stamps.N(), P50: stamps.Quantile(0.5), P99: stamps.Quantile(0.99), Max: stamps.Max()}
	}
	return nil
}
