package mock

import "time"

// A batch is events that go into one write.
type batch struct {
	buf    []byte
	events []Event
}

// end marks the end of an event's bytes.
func (b *batch) end(kind EventKind, tokens int) {
	b.events = append(b.events, Event{Kind: kind, Tokens: int32(tokens)})
}

// flush writes the batch, if it holds anything, and empties it.
func (x *exchange) flush() error {
	if len(x.batch.buf) == 0 {
		return nil
	}
	last := x.batch.buf
	if x.tear != nil {
		var err error
		if last, err = x.writeAllButLast(last); err != nil {
			return err
		}
	}
	x.entry.sent(time.Now(), x.batch.events)
	err := x.write(last)
	x.batch.buf, x.batch.events, x.held = x.batch.buf[:0], x.batch.events[:0], 0
	return err
}

func (x *exchange) write(b []byte) error {
	if _, err := x.w.Write(b); err != nil {
		return err
	}
	return x.rc.Flush()
}

// writeAllButLast tears b into pieces at any bytes, writes all but the last and returns that one.
func (x *exchange) writeAllButLast(b []byte) ([]byte, error) {
	w := x.server.options.Writes
	for left := min(w.Tear, len(b)); left > 1; left-- {
		room := len(b) - (left - 1) // each later piece needs a byte
		cut := 1 + x.tear.IntN(min(room, 2*len(b)/left))
		if err := x.write(b[:cut]); err != nil {
			return nil, err
		}
		b = b[cut:]
		if w.Gap > 0 {
			if err := x.pause(w.Gap); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}
