package prompt

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/endpoint"
)

// The names by which a run's folder is recognised and by which its payloads, and saved ones, go.
const (
	runConfigFile = "run_config.json"
	payloadFile   = "payload.jsonl"
)

// jsonLines are the extensions of files with one JSON object a line.
var jsonLines = []string{".jsonl", ".ndjson", ".manifest"}

// Payloads reads payloads from a file or a folder as they are needed, in order; it can be gone through again. Every
// payload is a JSON object whose bytes and order of keys are kept, so {"__llmeter_bytes__": …} stands as it was written.
//
//   - A file named .jsonl, .ndjson or .manifest holds one object a line. Blank lines are skipped.
//   - Any other file holds one object, several behind each other, or arrays of objects.
//   - A folder stands for the files directly inside whose names match *.json* or *.ndjson, sorted by name, hidden ones
//     left out. The folder of a run, which is one with a run_config.json, stands for its payload.jsonl alone.
//
// A byte order mark is accepted. A payload has at most [MaxSize] bytes. What is broken gives an error, a *[LineError]
// wherever there is a place to name; going on after it reads the next line, or the next file where the file does not hold
// one object a line. A file or folder without any payload gives an error that matches [ErrEmpty].
func Payloads(path string) iter.Seq2[endpoint.Payload, error] {
	return func(yield func(endpoint.Payload, error) bool) {
		files, err := payloadFiles(path)
		if err != nil {
			yield(endpoint.Payload{}, err)
			return
		}
		chain(path, files, readPayloads)(yield)
	}
}

// LoadPayloads gives all payloads that [Payloads] reads. If anything is broken it gives none of them, and all the
// problems, at most 20 of them, as one error.
func LoadPayloads(path string) ([]endpoint.Payload, error) {
	return collect(Payloads(path))
}

func payloadFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	if _, err := os.Stat(filepath.Join(path, runConfigFile)); err == nil {
		return []string{filepath.Join(path, payloadFile)}, nil
	}
	return folder(path, func(name string) bool {
		name = strings.ToLower(name)
		return strings.Contains(name, ".json") || strings.HasSuffix(name, ".ndjson")
	})
}

func readPayloads(file string) iter.Seq2[endpoint.Payload, error] {
	return func(yield func(endpoint.Payload, error) bool) {
		f, err := os.Open(file)
		if err != nil {
			yield(endpoint.Payload{}, err)
			return
		}
		defer f.Close() // only read
		if slices.Contains(jsonLines, strings.ToLower(filepath.Ext(file))) {
			readLines(f, file, MaxSize)(yield)
		} else {
			readObjects(f, file, MaxSize)(yield)
		}
	}
}

// readLines reads one object a line.
func readLines(r io.Reader, file string, max int) iter.Seq2[endpoint.Payload, error] {
	return func(yield func(endpoint.Payload, error) bool) {
		for l := (lines{r: buffered(r), max: max}); ; {
			line, err := l.next()
			body := bytes.TrimRight(line, " \t\r\n")
			indent := len(body)
			body = bytes.TrimLeft(body, " \t\r\n")
			indent -= len(body)
			switch {
			case err == io.EOF:
				return
			case err == ErrTooLong:
				err = &LineError{File: file, Line: l.line, Excerpt: excerpt(line, 0), Err: err}
			case err != nil:
				yield(endpoint.Payload{}, err)
				return
			case len(body) == 0:
				continue
			default:
				err = check(body, file, position{l.line, 1 + indent})
			}
			p := endpoint.Payload{}
			if err == nil {
				p.Body = bytes.Clone(body)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// check reports what keeps body from being one JSON object. It begins at the position at in file.
func check(body []byte, file string, at position) error {
	if body[0] == '{' && json.Valid(body) && utf8.Valid(body) {
		return nil
	}
	index, err := flaw(body)
	at = at.after(body[:index])
	return &LineError{File: file, Line: at.line, Column: at.column, Excerpt: excerpt(body, index), Err: err}
}

// flaw gives the first thing that keeps body from being one JSON object and the index of the byte where it shows.
func flaw(body []byte) (index int, err error) {
	for i := 0; i < len(body); {
		r, n := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && n == 1 {
			return i, errNotUTF8
		}
		i += n
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(body, new(json.RawMessage)); errors.As(err, &syntax) {
		return min(int(max(syntax.Offset, 1)), len(body)) - 1, syntax
	}
	return 0, errors.New("not a JSON object")
}
