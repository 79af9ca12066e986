package eventlog

import "encoding/binary"

// A decoder takes fields off the front of a payload. When one is not there it turns bad, and gives zeros from then on.
type decoder struct {
	rest  []byte
	bad   bool
	texts *texts
}

// texts are those that were read, so that what comes again and again, such as addresses, costs no memory. Of many that differ,
// it forgets them.
type texts map[string]string

const mostTexts = 256

func (t *texts) get(b []byte) string {
	if s, ok := (*t)[string(b)]; ok || len(b) == 0 {
		return s
	}
	if *t == nil || len(*t) == mostTexts {
		*t = texts{}
	}
	s := string(b)
	(*t)[s] = s
	return s
}

func (d *decoder) fail() {
	d.rest, d.bad = nil, true
}

func (d *decoder) unsigned() uint64 {
	if len(d.rest) > 0 && d.rest[0] < 0x80 { // most are this small
		v := uint64(d.rest[0])
		d.rest = d.rest[1:]
		return v
	}
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) signed() int64 {
	v := d.unsigned()
	return int64(v>>1) ^ -int64(v&1)
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail()
		return 0
	}
	v := d.rest[0]
	d.rest = d.rest[1:]
	return v
}

func (d *decoder) text() string {
	n := d.unsigned()
	if n > uint64(len(d.rest)) {
		d.fail()
		return ""
	}
	s := d.texts.get(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

// count reads how many things follow, each of at least size bytes: never more than there is room for.
func (d *decoder) count(size int) int {
	n := d.unsigned()
	if n > uint64(len(d.rest)/size) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) response(r *Response, startMicro int64) {
	flags := d.unsigned()
	*r = Response{
		Seq: int(d.signed()), Client: int(d.signed()), Turn: int(d.signed()),
		Streamed: flags&hasStreamed != 0, RequestTime: Missing, Dispatched: Missing,
		Attempts: r.Attempts[:0], Events: r.Events[:0],
	}
	if flags&hasRequestTime != 0 {
		r.RequestTime = startMicro + d.signed()
	}
	if flags&hasDispatched != 0 {
		r.Dispatched = d.signed()
	}
	origin := r.origin()
	d.instants(flags/hasIntended, origin, r.instants())
	for i, c := range r.counts() {
		if flags&(hasInput<<i) == 0 {
			continue
		}
		if n, source := d.signed(), uint8(d.unsigned()); source != 0 {
			*c = Count{int(n), source}
		}
	}
	if flags&hasError != 0 {
		r.Error = d.error()
	}
	for range d.count(minAttempt) {
		r.Attempts = append(r.Attempts, d.attempt(origin))
	}
	r.Events = d.events(r.Events)
	if len(d.rest) > 0 {
		d.earlier(r.Attempts)
	}
}

// The fewest bytes of an attempt, an event, and the events of an earlier attempt.
const (
	minAttempt = 8
	minEvent   = 6
	minEarlier = 2
)

// earlier reads the events of earlier attempts.
func (d *decoder) earlier(attempts []Attempt) {
	for range d.count(minEarlier) {
		i := d.unsigned()
		if i >= uint64(len(attempts)) {
			d.fail()
			return
		}
		attempts[i].Events = d.events(nil)
	}
}

// instants reads those whose bits are set, from the lowest one.
func (d *decoder) instants(bits uint64, origin int64, instants [5]*int64) {
	for i, t := range instants {
		*t = Missing
		if bits&(1<<i) != 0 {
			*t = origin + d.signed()
		}
	}
}

func (d *decoder) error() *Error {
	return &Error{Kind: d.text(), Code: d.text(), Message: d.text(), Status: int(d.signed()), RetryAfter: d.signed()}
}

func (d *decoder) attempt(origin int64) Attempt {
	flags := d.unsigned()
	a := Attempt{
		Reused: flags&attemptReused != 0,
		URL:    d.text(), RemoteAddr: d.text(), Protocol: d.text(), Status: int(d.signed()),
	}
	d.instants(flags/attemptStart, origin, a.instants())
	a.DNS, a.Connect, a.TLS = d.signed(), d.signed(), d.signed()
	if flags&attemptError != 0 {
		a.Error = d.error()
	}
	if flags&attemptRateLimit != 0 {
		a.RateLimit = &RateLimit{Requests: d.quota(), Tokens: d.quota()}
	}
	return a
}

func (d *decoder) quota() Quota {
	return Quota{Limit: int(d.signed()), Remaining: int(d.signed()), Reset: d.signed()}
}

func (d *decoder) events(events []Event) []Event {
	last := int64(0)
	for range d.count(minEvent) {
		e := Event{At: last + d.signed(), Bytes: int32(d.unsigned()), Text: int32(d.unsigned())}
		tokens := d.unsigned()
		e.Tokens, e.SameRead = int32(tokens>>1), tokens&1 != 0
		e.Channel = d.byte()
		e.Late = uint16(d.unsigned())
		events = append(events, e)
		last = e.At
	}
	return events
}

func (d *decoder) run(r *Run, startMicro int64) {
	flags := d.unsigned()
	*r = Run{Interrupted: flags&runInterrupted != 0, TestTime: d.signed(), EndTime: Missing}
	if flags&runEndTime != 0 {
		r.EndTime = startMicro + d.signed()
	}
	for _, n := range r.counts() {
		*n = int(d.signed())
	}
}
