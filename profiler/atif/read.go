package atif

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/profiler"
)

// ReadTrajectories yields the trajectories of a JSON text one after the other: one object, any number of them such as JSON Lines, or a
// list. The name stands in errors. What cannot be read ends it with an error; one that is not a trajectory is yielded as an error, and
// the next ones follow.
func ReadTrajectories(r io.Reader, name string) iter.Seq2[*Trajectory, error] {
	return func(yield func(*Trajectory, error) bool) {
		b := bufio.NewReader(r)
		first := skipSpace(b)
		d := json.NewDecoder(b)
		if first == '[' {
			_, _ = d.Token()
		}
		for n := 0; ; n++ {
			t, err := next(d, first == '[')
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				err = &profiler.ReadError{File: name, Request: n, Place: n + 1, Step: -1, Offset: d.InputOffset(), Err: err}
			}
			if !yield(t, err) || broken(err) {
				return
			}
		}
	}
}

// skipSpace goes to the first byte that is neither white space nor a byte order mark, and gives it; 0 at the end.
func skipSpace(b *bufio.Reader) byte {
	for {
		c, err := b.ReadByte()
		switch {
		case err != nil:
			return 0
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xef || c == 0xbb || c == 0xbf:
		default:
			_ = b.UnreadByte()
			return c
		}
	}
}

// next reads the next trajectory; io.EOF is the end of the text, or of its list.
func next(d *json.Decoder, list bool) (*Trajectory, error) {
	if list && !d.More() {
		if _, err := d.Token(); err != nil {
			return nil, cut(err)
		}
		return nil, io.EOF
	}
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		if list {
			err = cut(err)
		}
		return nil, err
	}
	return parse(raw)
}

func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// errForm is matched by errors after which the text goes on.
var errForm = errors.New("not a trajectory")

func broken(err error) bool { return err != nil && !errors.Is(err, errForm) }

func parse(raw json.RawMessage) (*Trajectory, error) {
	t := new(Trajectory)
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, fmt.Errorf("%w: %w", errForm, err)
	}
	if !versions.MatchString(t.SchemaVersion) {
		return nil, fmt.Errorf("%w: schema_version %q is not one of ATIF v1", errForm, t.SchemaVersion)
	}
	t.compact()
	return t, nil
}

// compact leaves no null among the embedded trajectories.
func (t *Trajectory) compact() {
	t.SubagentTrajectories = slices.DeleteFunc(t.SubagentTrajectories, func(sub *Trajectory) bool { return sub == nil })
	for _, sub := range t.SubagentTrajectories {
		sub.compact()
	}
}

// Read yields a trace for each trajectory of a text; see [ReadTrajectories] and [Trajectory.Trace].
func Read(r io.Reader, name string) iter.Seq2[*profiler.Trace, error] {
	return func(yield func(*profiler.Trace, error) bool) {
		number := 0
		for t, err := range ReadTrajectories(r, name) {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			trace := t.Trace()
			trace.Number = number
			for _, p := range trace.Problems {
				p.File, p.Request, p.Place = name, number, number+1
			}
			number++
			if !yield(trace, nil) {
				return
			}
		}
	}
}

// layouts of ISO 8601 that Python's datetime.isoformat and others write. Without a zone it is UTC.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02"}

func parseTime(s string) (time.Time, error) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("not ISO 8601")
}

// seconds is a timestamp in seconds since the epoch; ok is false for none and for what is no timestamp.
func seconds(timestamp string) (s float64, ok bool) {
	t, err := parseTime(timestamp)
	if err != nil {
		return 0, false
	}
	return profiler.Seconds(t), true
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}
