package prompt

import (
	"errors"
	"io"
	"iter"
	"os"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/endpoint"
)

// Prompts reads a text file, or the files directly inside a folder sorted by name, and makes a payload of each line that
// is not blank, stripped of the white space around it, as they are needed. It can be gone through again.
//
//	payloads := prompt.Prompts("prompts.txt", func(text string) (endpoint.Payload, error) {
//		return model.CreatePayload(256, endpoint.Text(text))
//	})
//
// patterns, as of [path.Match], say which files of a folder are read; none = all but hidden ones. A byte order mark is
// accepted. A line that create refuses, that is not UTF-8 or that is longer than [MaxSize] gives a *[LineError]; going
// on after it reads the next line. No prompt at all gives an error that matches [ErrEmpty].
func Prompts(path string, create func(prompt string) (endpoint.Payload, error), patterns ...string) iter.Seq2[endpoint.Payload, error] {
	return func(yield func(endpoint.Payload, error) bool) {
		files, err := promptFiles(path, patterns)
		if err != nil {
			yield(endpoint.Payload{}, err)
			return
		}
		chain(path, files, func(file string) iter.Seq2[endpoint.Payload, error] {
			return readPrompts(file, create)
		})(yield)
	}
}

// LoadPrompts gives all payloads that [Prompts] makes. If anything is broken it gives none of them, and all the
// problems, at most 20 of them, as one error.
func LoadPrompts(path string, create func(prompt string) (endpoint.Payload, error), patterns ...string) ([]endpoint.Payload, error) {
	return collect(Prompts(path, create, patterns...))
}

func promptFiles(name string, patterns []string) ([]string, error) {
	var bad []error
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			bad = append(bad, &os.PathError{Op: "match", Path: p, Err: err})
		}
	}
	if bad != nil {
		return nil, errors.Join(bad...)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	return folder(name, func(file string) bool {
		for _, p := range patterns {
			if ok, _ := path.Match(p, file); ok {
				return true
			}
		}
		return len(patterns) == 0
	})
}

func readPrompts(file string, create func(prompt string) (endpoint.Payload, error)) iter.Seq2[endpoint.Payload, error] {
	return func(yield func(endpoint.Payload, error) bool) {
		f, err := os.Open(file)
		if err != nil {
			yield(endpoint.Payload{}, err)
			return
		}
		defer f.Close() // only read
		for l := (lines{r: buffered(f), max: MaxSize}); ; {
			line, err := l.next()
			if err == io.EOF {
				return
			}
			if err != nil && err != ErrTooLong {
				yield(endpoint.Payload{}, err)
				return
			}
			text := strings.TrimSpace(string(line))
			if text == "" {
				continue
			}
			var p endpoint.Payload
			if err == nil {
				p, err = createFrom(text, create)
			}
			if err != nil {
				p, err = endpoint.Payload{}, &LineError{File: file, Line: l.line, Excerpt: excerpt(line, 0), Err: err}
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func createFrom(text string, create func(prompt string) (endpoint.Payload, error)) (endpoint.Payload, error) {
	if !utf8.ValidString(text) {
		return endpoint.Payload{}, errNotUTF8
	}
	p, err := create(text)
	if err == nil {
		err = p.Validate()
	}
	return p, err
}
