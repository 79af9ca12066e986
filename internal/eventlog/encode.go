package eventlog

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendHeader appends the header of a log that begins at start.
func AppendHeader(b []byte, start time.Time) []byte {
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint16(b, version)
	return binary.LittleEndian.AppendUint64(b, uint64(start.UnixNano()))
}

// AppendResponse appends the frame of r to a log that begins at start. It keeps nothing of r.
func AppendResponse(b []byte, start time.Time, r *Response) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0, typeResponse)
	b = appendResponse(b, start.UnixMicro(), r)
	return closeFrame(b, at)
}

// AppendPart appends a frame with what is known of a request in flight: r, with the events from index first on. Parts of one
// request follow each other without a gap; one that goes back to an earlier index takes back what stood there before.
func AppendPart(b []byte, start time.Time, first int, r *Response) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0, typePart)
	b = binary.AppendUvarint(b, uint64(first))
	b = appendResponse(b, start.UnixMicro(), r)
	return closeFrame(b, at)
}

// AppendRun appends the frame of the end of the run.
func AppendRun(b []byte, start time.Time, r *Run) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0, typeRun)
	b = binary.AppendUvarint(b, flag(runInterrupted, r.Interrupted)|flag(runEndTime, r.EndTime != Missing))
	b = binary.AppendVarint(b, r.TestTime)
	if r.EndTime != Missing {
		b = binary.AppendVarint(b, r.EndTime-start.UnixMicro())
	}
	for _, n := range r.counts() {
		b = binary.AppendVarint(b, int64(*n))
	}
	return closeFrame(b, at)
}

// closeFrame completes the frame that begins at the given place.
func closeFrame(b []byte, at int) []byte {
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-frameHead))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[at:], castagnoli))
}

// counts are the numbers of r in their order in the file.
func (r *Run) counts() [4]*int {
	return [...]*int{&r.Clients, &r.Requests, &r.Cancelled, &r.Conversations}
}

// instants are the instants of r that are written relative to Dispatched, in their order in the file.
func (r *Response) instants() [5]*int64 {
	return [...]*int64{&r.Intended, &r.FirstToken, &r.FirstText, &r.LastToken, &r.End}
}

// counts are the token counts of r in their order in the file.
func (r *Response) counts() [4]*Count {
	return [...]*Count{&r.Input, &r.Output, &r.Cached, &r.Reasoning}
}

// instants are the instants of a in their order in the file.
func (a *Attempt) instants() [5]*int64 {
	return [...]*int64{&a.Start, &a.Ready, &a.Written, &a.FirstByte, &a.End}
}

// origin is what the instants of r are written relative to.
func (r *Response) origin() int64 {
	if r.Dispatched == Missing {
		return 0
	}
	return r.Dispatched
}

func flag(bit uint64, is bool) uint64 {
	if is {
		return bit
	}
	return 0
}

func (r *Response) flags() uint64 {
	flags := flag(hasStreamed, r.Streamed) | flag(hasError, r.Error != nil) |
		flag(hasRequestTime, r.RequestTime != Missing) | flag(hasDispatched, r.Dispatched != Missing)
	for i, t := range r.instants() {
		flags |= flag(hasIntended<<i, *t != Missing)
	}
	for i, c := range r.counts() {
		flags |= flag(hasInput<<i, c.Source != 0)
	}
	return flags
}

func appendResponse(b []byte, startMicro int64, r *Response) []byte {
	b = binary.AppendUvarint(b, r.flags())
	b = binary.AppendVarint(b, int64(r.Seq))
	b = binary.AppendVarint(b, int64(r.Client))
	b = binary.AppendVarint(b, int64(r.Turn))
	if r.RequestTime != Missing {
		b = binary.AppendVarint(b, r.RequestTime-startMicro)
	}
	if r.Dispatched != Missing {
		b = binary.AppendVarint(b, r.Dispatched)
	}
	origin := r.origin()
	b = appendInstants(b, origin, r.instants())
	for _, c := range r.counts() {
		if c.Source != 0 {
			b = binary.AppendVarint(b, int64(c.N))
			b = binary.AppendUvarint(b, uint64(c.Source))
		}
	}
	b = appendError(b, r.Error)
	b = binary.AppendUvarint(b, uint64(len(r.Attempts)))
	for i := range r.Attempts {
		b = appendAttempt(b, origin, &r.Attempts[i])
	}
	return appendEarlier(appendEvents(b, r.Events), r.Attempts)
}

// appendEarlier appends the events of earlier attempts, and nothing where there are none, as of nearly all requests.
func appendEarlier(b []byte, attempts []Attempt) []byte {
	n := 0
	for i := range attempts {
		if len(attempts[i].Events) > 0 {
			n++
		}
	}
	if n == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(n))
	for i := range attempts {
		if len(attempts[i].Events) > 0 {
			b = binary.AppendUvarint(b, uint64(i))
			b = appendEvents(b, attempts[i].Events)
		}
	}
	return b
}

func appendInstants(b []byte, origin int64, instants [5]*int64) []byte {
	for _, t := range instants {
		if *t != Missing {
			b = binary.AppendVarint(b, *t-origin)
		}
	}
	return b
}

func appendError(b []byte, e *Error) []byte {
	if e == nil {
		return b
	}
	b = appendString(b, e.Kind)
	b = appendString(b, e.Code)
	b = appendString(b, e.Message)
	b = binary.AppendVarint(b, int64(e.Status))
	return binary.AppendVarint(b, e.RetryAfter)
}

func appendAttempt(b []byte, origin int64, a *Attempt) []byte {
	flags := flag(attemptReused, a.Reused) | flag(attemptError, a.Error != nil) | flag(attemptRateLimit, a.RateLimit != nil)
	for i, t := range a.instants() {
		flags |= flag(attemptStart<<i, *t != Missing)
	}
	b = binary.AppendUvarint(b, flags)
	b = appendString(b, a.URL)
	b = appendString(b, a.RemoteAddr)
	b = appendString(b, a.Protocol)
	b = binary.AppendVarint(b, int64(a.Status))
	b = appendInstants(b, origin, a.instants())
	b = binary.AppendVarint(b, a.DNS)
	b = binary.AppendVarint(b, a.Connect)
	b = binary.AppendVarint(b, a.TLS)
	b = appendError(b, a.Error)
	if a.RateLimit == nil {
		return b
	}
	for _, q := range []*Quota{&a.RateLimit.Requests, &a.RateLimit.Tokens} {
		b = binary.AppendVarint(b, int64(q.Limit))
		b = binary.AppendVarint(b, int64(q.Remaining))
		b = binary.AppendVarint(b, q.Reset)
	}
	return b
}

func appendEvents(b []byte, events []Event) []byte {
	b = binary.AppendUvarint(b, uint64(len(events)))
	last := int64(0)
	for i := range events {
		e := &events[i]
		b = binary.AppendVarint(b, e.At-last)
		b = binary.AppendUvarint(b, uint64(uint32(e.Bytes)))
		b = binary.AppendUvarint(b, uint64(uint32(e.Text)))
		b = binary.AppendUvarint(b, uint64(uint32(e.Tokens))<<1|flag(1, e.SameRead))
		b = append(b, e.Channel)
		b = binary.AppendUvarint(b, uint64(e.Late))
		last = e.At
	}
	return b
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
