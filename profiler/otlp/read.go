package otlp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/llmeter-go/llmeter/profiler"
)

// Read yields the traces of OTLP spans, one for each trace id, by their start. The spans of a trace may be anywhere in the text, so all
// are held. The text is one of these; the name stands in errors:
//   - JSON: any number of {"resourceSpans": […]}, as requests and as lines of a file,
//   - protobuf: one TracesData or ExportTraceServiceRequest.
//
// A span that cannot be one is left out and listed in the first trace's Problems, with its number among all spans as the step. Text that
// cannot be read ends with an error, after the traces of what came before.
func Read(r io.Reader, name string) iter.Seq2[*profiler.Trace, error] {
	return func(yield func(*profiler.Trace, error) bool) {
		var c collection
		err := c.read(bufio.NewReader(r))
		for i, t := range c.traces(name) {
			t.Number = i
			if !yield(t, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", name, err))
		}
	}
}

// A span is what matters of an OTLP span. Ids are hexadecimal.
type span struct {
	trace, id, parent string
	name, scope       string
	start, end        uint64 // nanoseconds since the epoch
	attributes        map[string]any
	events            []event
	failed            string // why it failed, "" if it did not
}

type event struct {
	name       string
	at         uint64
	attributes map[string]any
}

// A collection is all spans that were read.
type collection struct {
	spans []*span
	bad   []*profiler.ReadError
	n     int // spans seen
}

func (c *collection) read(b *bufio.Reader) error {
	if first, _ := b.Peek(1); len(first) == 1 && first[0] != '\n' {
		if first[0] == '{' || first[0] == '[' || first[0] == ' ' || first[0] == '\t' || first[0] == '\r' || first[0] == 0xef {
			return c.readJSON(b)
		}
		return errors.New("neither JSON nor protobuf of OTLP spans")
	}
	// A line feed begins a protobuf message with resource spans, and may begin JSON.
	text, err := io.ReadAll(b)
	if err != nil {
		return err
	}
	if c.readProto(text) == nil {
		return nil
	}
	return c.readJSON(bytes.NewReader(text))
}

func (c *collection) readProto(text []byte) error {
	var data tracepb.TracesData
	if err := proto.Unmarshal(text, &data); err != nil {
		return err
	}
	for _, resource := range data.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.add(fromProto(s, scope.GetScope().GetName()))
			}
		}
	}
	return nil
}

func (c *collection) readJSON(r io.Reader) error {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = b.Discard(3)
	}
	for d := json.NewDecoder(b); ; {
		var raw json.RawMessage
		if err := d.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("byte %d: %w", d.InputOffset(), err)
		}
		list := []json.RawMessage{raw}
		if raw[0] == '[' {
			if err := json.Unmarshal(raw, &list); err != nil {
				return err
			}
		}
		for _, raw := range list {
			if err := c.readExport(raw); err != nil {
				return fmt.Errorf("before byte %d: %w", d.InputOffset(), err)
			}
		}
	}
}

func (c *collection) readExport(raw json.RawMessage) error {
	var e jsonExport
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	for _, resource := range e.ResourceSpans {
		for _, scope := range append(resource.ScopeSpans, resource.Older...) {
			for _, raw := range scope.Spans {
				var s jsonSpan
				if err := json.Unmarshal(raw, &s); err != nil {
					c.reject(err)
					continue
				}
				c.add(s.span(scope.Scope.Name))
			}
		}
	}
	return nil
}

func (c *collection) reject(err error) {
	c.bad = append(c.bad, &profiler.ReadError{Step: c.n, Offset: -1, Err: err})
	c.n++
}

func (c *collection) add(s *span) {
	switch {
	case s.trace == "" || s.id == "":
		c.reject(fmt.Errorf("span %q has no trace id or no span id", s.name))
	case s.start == 0 || s.end == 0:
		c.reject(fmt.Errorf("span %q has no start or no end", s.name))
	default:
		c.n++
		c.spans = append(c.spans, s)
	}
}
