package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
)

// Stats are the statistics of a run: one flat, ordered map from keys to values. A value is a float64, int, string, bool,
// time.Time, or nil where LLMeter has a key for something that is not known. Durations are in seconds.
// The zero Stats is empty.
type Stats struct {
	entries []entry
	index   map[string]int
}

type entry struct {
	key   string
	value any
}

// Lookup gives the number under key. ok is false if there is none, or the value is no number. How often a kind of error came
// ("errors-timeout") is 0 without a key of its own, where the kinds of all failures are known.
func (s Stats) Lookup(key string) (value float64, ok bool) {
	switch v := s.value(key).(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, !s.has(key) && s.neverCame(key)
}

// neverCame reports whether key is that of a kind of error of which it is known that no request failed with it.
func (s Stats) neverCame(key string) bool {
	kind, ok := strings.CutPrefix(key, errorsPrefix)
	return ok && slices.Contains(endpoint.FailureKinds(), endpoint.ErrorKind(kind)) && s.has(runKeys[0]) && s.failuresOfNoKind() == 0
}

// Value gives the value under key, whatever its type. ok is false if there is no such key.
func (s Stats) Value(key string) (value any, ok bool) {
	i, ok := s.index[key]
	if !ok {
		return nil, false
	}
	return s.entries[i].value, true
}

// All gives keys and values in their order.
func (s Stats) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, e := range s.entries {
			if !yield(e.key, e.value) {
				return
			}
		}
	}
}

// Len is the number of keys.
func (s Stats) Len() int { return len(s.entries) }

func (s Stats) value(key string) any {
	v, _ := s.Value(key)
	return v
}

func (s Stats) has(key string) bool {
	_, ok := s.index[key]
	return ok
}

// set puts value under key, at the end if the key is new. What is no number of JSON is left out.
func (s *Stats) set(key string, value any) {
	if f, ok := value.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return
	}
	if i, ok := s.index[key]; ok {
		s.entries[i].value = value
		return
	}
	if s.index == nil {
		s.index = make(map[string]int, 160)
	}
	s.index[key] = len(s.entries)
	s.entries = append(s.entries, entry{key, value})
}

// MarshalJSON writes one object with the keys in their order. Floats that are whole keep a decimal point, so that
// readers see the same type again.
func (s Stats) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, e := range s.entries {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendString(b, e.key), ": "...)
		switch v := e.value.(type) {
		case nil:
			b = append(b, "null"...)
		case float64:
			b = appendFloat(b, v)
		case int:
			b = strconv.AppendInt(b, int64(v), 10)
		case bool:
			b = strconv.AppendBool(b, v)
		case string:
			b = appendString(b, v)
		case time.Time:
			b = appendStamp(b, v)
		default:
			return nil, fmt.Errorf("%s: a %T is no statistic", e.key, v)
		}
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads one flat object, keeping the order of its keys and the difference between 8 and 8.0. Nested
// values are left out: no statistic is one.
func (s *Stats) UnmarshalJSON(data []byte) error {
	*s = Stats{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errors.New("statistics must be a JSON object"), err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return err
		}
		switch v := value.(type) {
		case json.Number:
			value = number(v.String())
		case map[string]any, []any:
			continue
		}
		s.set(key.(string), value)
	}
	_, err := d.Token()
	return err
}

// number gives an int for text without a decimal point or exponent that fits, else a float64.
func number(text string) any {
	if !strings.ContainsAny(text, ".eE") {
		if i, err := strconv.Atoi(text); err == nil {
			return i
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil
	}
	return f
}
