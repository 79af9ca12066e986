package prompt

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/endpoint"
)

// MaxSize is how many bytes one payload or one prompt in a file may have. A longer one is an error: most likely the
// file is of another kind, and reading it as one line would fill the memory.
const MaxSize = 128 << 20

// maxProblems is how many problems a load collects before it gives up.
const maxProblems = 20

var (
	// ErrEmpty is matched by the error for a file or folder that holds no payload or prompt at all.
	ErrEmpty = errors.New("holds nothing to send")

	// ErrTooLong is matched by the error for a payload or prompt of more than [MaxSize] bytes.
	ErrTooLong = fmt.Errorf("longer than %d MiB", MaxSize>>20)

	errNotUTF8 = errors.New("not valid UTF-8")
)

// A LineError says where a file is broken.
type LineError struct {
	File    string
	Line    int    // from 1
	Column  int    // of the character that does not fit, or the last one before something missing; in characters from 1; 0 = the whole line
	Excerpt string // what stands there, a few characters; may be ""
	Err     error
}

// Error gives all of it on one line, beginning with file:line:column as editors take it.
func (e *LineError) Error() string {
	place := fmt.Sprintf("%s:%d", e.File, e.Line)
	if e.Column > 0 {
		place += fmt.Sprintf(":%d", e.Column)
	}
	if e.Excerpt == "" {
		return fmt.Sprintf("%s: %v", place, e.Err)
	}
	return fmt.Sprintf("%s: %v, near %q", place, e.Err, e.Excerpt)
}

// Unwrap gives the cause.
func (e *LineError) Unwrap() error { return e.Err }

// excerpt gives the part of b's line that surrounds the byte at, b[at].
func excerpt(b []byte, at int) string {
	const before, after = 24, 16
	from, to := max(0, at-before), min(len(b), at+after)
	for i := from; i < to; i++ {
		switch {
		case b[i] != '\n':
		case i < at:
			from = i + 1
		default:
			to = i
		}
	}
	for from < to && !utf8.RuneStart(b[from]) {
		from++
	}
	for to < len(b) && !utf8.RuneStart(b[to]) {
		to--
	}
	return strings.TrimSpace(string(b[from:max(from, to)]))
}

// folder gives the files directly inside path that want takes by name, sorted. Hidden files are never taken.
func folder(path string, want func(name string) bool) ([]string, error) {
	entries, err := os.ReadDir(path) // sorted
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && !strings.HasPrefix(name, ".") && want(name) {
			files = append(files, filepath.Join(path, name))
		}
	}
	return files, nil
}

// chain goes through the payloads of one file after another. No payload at all is an error.
func chain(path string, files []string, read func(file string) iter.Seq2[endpoint.Payload, error]) iter.Seq2[endpoint.Payload, error] {
	return func(yield func(endpoint.Payload, error) bool) {
		empty := true
		for _, file := range files {
			for p, err := range read(file) {
				empty = false
				if !yield(p, err) {
					return
				}
			}
		}
		if empty {
			yield(endpoint.Payload{}, fmt.Errorf("%s: %w", path, ErrEmpty))
		}
	}
}

// collect gives all payloads, or all problems up to [maxProblems].
func collect(payloads iter.Seq2[endpoint.Payload, error]) ([]endpoint.Payload, error) {
	var all []endpoint.Payload
	var problems []error
	for p, err := range payloads {
		if err == nil {
			all = append(all, p)
			continue
		}
		if problems = append(problems, err); len(problems) == maxProblems {
			problems = append(problems, fmt.Errorf("stopped after %d problems", maxProblems))
			break
		}
	}
	if problems != nil {
		return nil, errors.Join(problems...)
	}
	return all, nil
}
