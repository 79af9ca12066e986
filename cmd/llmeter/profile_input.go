package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/profiler"
	"github.com/llmeter-go/llmeter/profiler/atif"
	"github.com/llmeter-go/llmeter/profiler/otlp"
)

// A traceSource is a file of traces, or the folder of a run.
type traceSource struct {
	path, form string
}

// findTraces says what is to be read. A path that does not exist, or holds no traces, is an error before anything is read.
func findTraces(paths []string, form string) (sources []traceSource, err error) {
	var errs []error
	for _, path := range paths {
		found, err := findTrace(path, form)
		sources, errs = append(sources, found...), append(errs, err)
	}
	return sources, errors.Join(errs...)
}

func findTrace(path, form string) ([]traceSource, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir() && form == "run":
		return nil, fmt.Errorf("%s: --input-format run needs the folder of a run", path)
	case !info.IsDir():
		return []traceSource{{path, form}}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == name })
	}
	if form == "run" || form == "auto" && (has("responses.jsonl") || has("summary.json")) {
		return []traceSource{{path, "run"}}, nil
	}
	for _, name := range []string{profileTraces, profileTraces + ".gz"} {
		if has(name) { // what else is there was made of it
			return []traceSource{{filepath.Join(path, name), "nat"}}, nil
		}
	}
	var sources []traceSource
	for _, e := range entries {
		if e.Type().IsRegular() {
			sources = append(sources, traceFile(filepath.Join(path, e.Name()), form)...)
		}
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("%s: no run and no file of traces is in it (.json, .jsonl, .pb, also gzipped)", path)
	}
	return sources, nil
}

// traceFile is a file of a folder if it holds traces, as far as its name and its beginning tell.
func traceFile(path, form string) []traceSource {
	if !slices.Contains([]string{".json", ".jsonl", ".ndjson", ".pb", ".binpb", ".otlp"}, filepath.Ext(strings.TrimSuffix(path, ".gz"))) {
		return nil
	}
	if form != "auto" {
		return []traceSource{{path, form}}
	}
	f, err := os.Open(path)
	if err != nil {
		return []traceSource{{path, form}} // reading it says what is wrong
	}
	defer f.Close()
	text, err := decompressed(f)
	if err != nil {
		return []traceSource{{path, form}}
	}
	if head, _ := text.Peek(headSize); traceForm(head) != "" {
		return []traceSource{{path, traceForm(head)}}
	}
	return nil
}

// readTraces yields the traces of all sources, numbered through. What cannot be read of one does not keep the next ones from being read.
func readTraces(ctx context.Context, sources []traceSource) iter.Seq2[*profiler.Trace, error] {
	return func(yield func(*profiler.Trace, error) bool) {
		number := 0
		for _, source := range sources {
			for t, err := range source.read(ctx) {
				if t != nil {
					t.Number = number
					number++
				}
				if !yield(t, err) {
					return
				}
			}
		}
	}
}

func (s traceSource) read(ctx context.Context) iter.Seq2[*profiler.Trace, error] {
	return func(yield func(*profiler.Trace, error) bool) {
		if s.form == "run" {
			traces, err := profiler.ReadRun(ctx, s.path)
			if err != nil {
				yield(nil, err)
				return
			}
			traces(yield)
			return
		}
		f, err := os.Open(s.path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		text, err := decompressed(f)
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", s.path, err))
			return
		}
		form := s.form
		if form == "auto" {
			head, _ := text.Peek(headSize)
			form = traceForm(head)
		}
		read := profiler.Read // says what is wrong with what it does not know
		switch form {
		case "otlp":
			read = otlp.Read
		case "atif":
			read = atif.Read
		}
		read(text, s.path)(yield)
	}
}

// headSize is how much of a file is looked at to see its form.
const headSize = 1 << 16

func decompressed(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, headSize)
	if magic, _ := b.Peek(2); string(magic) != "\x1f\x8b" {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(z, headSize), nil
}

// traceForm tells the form of a text by the keys of its first objects; "" if they are of none.
func traceForm(head []byte) string {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if trimmed := bytes.TrimLeft(head, " \t\r\n"); len(trimmed) > 0 && trimmed[0] != '{' && trimmed[0] != '[' {
		if head[0] == '\n' { // the tag of a protobuf message's first field
			return "otlp"
		}
		return ""
	}
	d := json.NewDecoder(bytes.NewReader(head))
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		key, isText := token.(string)
		if !isText {
			if token == json.Delim('{') || token == json.Delim('[') {
				continue
			}
			return ""
		}
		if form, ok := formOfKey[key]; ok {
			return form
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return ""
		}
	}
}

// formOfKey is what keys of the outermost objects tell. Forms begin with objects, in lists or not, so the first texts are keys.
var formOfKey = map[string]string{
	"resourceSpans": "otlp", "resource_spans": "otlp",
	"schema_version": "atif", "session_id": "atif", "trajectory_id": "atif", "agent": "atif", "steps": "atif",
	"request_number": "nat", "intermediate_steps": "nat", "payload": "nat", "parent_id": "nat", "function_ancestry": "nat",
	"part_of": "nat", // a part of a recording
}
