package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strconv"
)

// What follows finds and replaces one value in JSON text without decoding the rest, so that keys keep their order and
// bytes. It trusts its input to be JSON as far as finding the ends of values needs; Validate and the server check the rest.

// set gives a copy of b with value at path.
func set(b, value []byte, path []string) ([]byte, error) {
	if len(path) == 0 {
		return value, nil
	}
	at := skipSpace(b, 0)
	if at >= len(b) || b[at] != '{' && b[at] != '[' {
		return nil, errors.New("the path leads through a value that is neither object nor array")
	}
	start, end, found := child(b, at, path[0])
	if found {
		inner, err := set(b[start:end], value, path[1:])
		if err != nil {
			return nil, err
		}
		return slices.Concat(b[:start], inner, b[end:]), nil
	}
	inner := value
	for _, key := range slices.Backward(path[1:]) {
		inner = slices.Concat([]byte{'{'}, quote(key), []byte{':'}, inner, []byte{'}'})
	}
	return insert(b, at, path[0], inner)
}

// insert adds a member to the end of the object or array at b[at].
func insert(b []byte, at int, key string, value []byte) ([]byte, error) {
	end := skipValue(b, at) - 1
	if end <= at || b[end] != b[at]+('}'-'{') {
		return nil, errors.New("the JSON text is cut off")
	}
	count := 0
	for range members(b[at : end+1]) {
		count++
	}
	if b[at] == '[' {
		if key != strconv.Itoa(count) {
			return nil, errors.New("the array has no index " + strconv.Quote(key))
		}
	} else {
		value = slices.Concat(quote(key), []byte{':', ' '}, value)
	}
	tail := len(bytes.TrimRight(b[:end], " \t\r\n"))
	if count > 0 {
		value = slices.Concat([]byte{',', ' '}, value)
	}
	return slices.Concat(b[:tail], value, b[tail:]), nil
}

// remove gives a copy of the object without the members of that key, and reports whether there were any. Each member
// goes with the separator before it, the first one with the separator after it.
func remove(object []byte, key string) (kept []byte, found bool) {
	end, some := 0, false // of the member before; whether kept holds one
	for k, v := range members(object) {
		start := cap(object) - cap(k)
		if end == 0 {
			kept = append(kept, object[:start]...)
		}
		if unquote(k) == key {
			found = true
		} else {
			if some {
				kept = append(kept, object[end:start]...)
			}
			kept = append(kept, object[start:cap(object)-cap(v)+len(v)]...)
			some = true
		}
		end = cap(object) - cap(v) + len(v)
	}
	return append(kept, object[end:]...), found
}

// child finds the value under key in the object or array at b[at]. Of equal keys the last one counts, as for decoders.
func child(b []byte, at int, key string) (start, end int, found bool) {
	if at >= len(b) {
		return 0, 0, false
	}
	index := 0
	for k, v := range members(b[at:]) {
		name := strconv.Itoa(index)
		if k != nil {
			name = unquote(k)
		}
		if name == key {
			start, found = cap(b)-cap(v), true
			end = start + len(v)
		}
		index++
	}
	return start, end, found
}

// members gives the members of the object or array at the start of b: quoted key (nil in arrays) and value.
// The slices share b's bytes and its capacity, so that cap tells where they stand. Broken text ends the iteration.
func members(b []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		if len(b) == 0 || b[0] != '{' && b[0] != '[' {
			return
		}
		object := b[0] == '{'
		for i := skipSpace(b, 1); i < len(b) && b[i] != '}' && b[i] != ']'; {
			var key []byte
			if object {
				end := skipValue(b, i)
				key = b[i:end]
				if i = skipSpace(b, end); i >= len(b) || b[i] != ':' {
					return
				}
				i = skipSpace(b, i+1)
			}
			end := skipValue(b, i)
			if end == i || !yield(key, b[i:end]) {
				return
			}
			if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
				i = skipSpace(b, i+1)
			}
		}
	}
}

// skipValue gives the index behind the value at b[i], i itself if there is none, len(b) if it is cut off.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return i
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		for depth := 0; i < len(b); {
			switch b[i] {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return len(b)
	}
	for i < len(b) && bytes.IndexByte([]byte(",]}: \t\r\n"), b[i]) < 0 {
		i++
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

func quote(s string) []byte {
	q, _ := json.Marshal(s)
	return q
}

func unquote(b []byte) string {
	var s string
	if len(b) >= 2 && b[0] == '"' && bytes.IndexByte(b, '\\') < 0 {
		return string(b[1 : len(b)-1])
	}
	_ = json.Unmarshal(b, &s)
	return s
}
