package prompt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

// expected is what LLMeter made of the files in testdata/llmeter.
type expected struct {
	Payloads map[string]struct{ Payloads []json.RawMessage }
	Prompts  struct{ Payloads []json.RawMessage } `json:"load_prompts"`
	Items    struct {
		Sorted [][2]any `json:"sorted_items"`
	} `json:"prompt_collection"`
}

func loadExpected(t *testing.T) (e expected) {
	t.Helper()
	data, err := os.ReadFile("testdata/llmeter/expected.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &e))
	return e
}

func write(t testing.TB, path, content string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

// bodies gives the bodies as text, and the errors.
func bodies(payloads iter.Seq2[endpoint.Payload, error]) (all []string, problems []error) {
	for p, err := range payloads {
		if err != nil {
			problems = append(problems, err)
		} else {
			all = append(all, string(p.Body))
		}
	}
	return all, problems
}

func TestPayloadsOfLLMeterAreReadAsLLMeterReadsThem(t *testing.T) {
	want := loadExpected(t).Payloads
	for _, name := range []string{"payload.jsonl", "bytes.jsonl", "one.json"} {
		payloads, err := LoadPayloads("testdata/llmeter/" + name)
		require.NoError(t, err)
		require.Len(t, payloads, len(want[name].Payloads))
		for i, p := range payloads {
			require.NoError(t, p.Validate())
			require.JSONEq(t, string(want[name].Payloads[i]), string(p.Body))
		}
	}
}

func TestBytesAndOrderOfKeysAreKept(t *testing.T) {
	for _, name := range []string{"payload.jsonl", "bytes.jsonl", "one.json"} {
		file, err := os.ReadFile("testdata/llmeter/" + name)
		require.NoError(t, err)
		all, problems := bodies(Payloads("testdata/llmeter/" + name))
		require.Empty(t, problems)
		require.Equal(t, string(file), strings.Join(all, "\n")+"\n")
	}
}

func TestArraysAreFlattened(t *testing.T) {
	all, problems := bodies(Payloads("testdata/llmeter/array.json"))
	require.Empty(t, problems)
	require.Equal(t, []string{`{"inputs": "a"}`, `{"inputs": "b"}`}, all)
}

func TestBrokenLineIsReportedAndTheNextOneRead(t *testing.T) {
	const file = "testdata/llmeter/bad_lines.jsonl"
	all, problems := bodies(Payloads(file))
	require.Equal(t, []string{`{"ok": 1}`, `{"ok": 2}`}, all)
	require.Len(t, problems, 1)

	payloads, err := LoadPayloads(file)
	require.Nil(t, payloads)
	require.EqualError(t, err, file+`:3:8: unexpected end of JSON input, near "{\"torn\":"`)
	var broken *LineError
	require.ErrorAs(t, err, &broken)
	require.Equal(t, LineError{File: file, Line: 3, Column: 8, Excerpt: `{"torn":`, Err: broken.Err}, *broken)
}

func TestLoadReportsAllProblemsUpToALimit(t *testing.T) {
	dir := t.TempDir()
	few := write(t, dir+"/few.jsonl", "{\"a\":1}\n[]\n{\"a\":2}\n{\n")
	_, err := LoadPayloads(few)
	require.EqualError(t, err, few+`:2:1: not a JSON object, near "[]"`+"\n"+few+`:4:1: unexpected end of JSON input, near "{"`)

	_, err = LoadPayloads(write(t, dir+"/many.jsonl", strings.Repeat("nonsense\n", 1000)))
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, maxProblems+1)
	require.Equal(t, "stopped after 20 problems", lines[maxProblems])
}

func TestBrokenPlacesAreNamed(t *testing.T) {
	dir := t.TempDir()
	check := func(name, content, want string) {
		t.Helper()
		file := write(t, filepath.Join(dir, name), content)
		_, err := LoadPayloads(file)
		require.EqualError(t, err, file+want)
	}
	check("tru.jsonl", `  {"a": tru}`, `:1:12: invalid character '}' in literal true (expecting 'e'), near "{\"a\": tru}"`)
	check("umlaut.jsonl", "{}\n"+`{"ää": x}`, `:2:8: invalid character 'x' looking for beginning of value, near "{\"ää\": x}"`)
	check("two.jsonl", `{"a":1} {"b":2}`, `:1:9: invalid character '{' after top-level value, near "{\"a\":1} {\"b\":2}"`)
	check("array.jsonl", `[{"a":1}]`, `:1:1: not a JSON object, near "[{\"a\":1}]"`)
	check("latin1.jsonl", "{\"a\":\"caf\xe9\"}", `:1:10: not valid UTF-8, near "{\"a\":\"caf\xe9\"}"`)
	check("long.jsonl", `{"a":"`+strings.Repeat("é", 40)+`" "b"}`, `:1:49: invalid character '"' after object key:value pair, near "ééééééééééé\" \"b\"}"`)
	check("after.jsonl", `{"a":x`+strings.Repeat("é", 20), `:1:6: invalid character 'x' looking for beginning of value, near "{\"a\":xééééééé"`)
	check("before.jsonl", `{"a":1,"`+strings.Repeat("é", 15)+`"}`, `:1:25: invalid character '}' after object key, near "ééééééééééé\"}"`)
	check("pretty.json", "{\n  \"a\": 1,\n  \"é\": ?\n}", `:3:8: invalid character '?' looking for beginning of value, near "\"é\": ?"`)
	check("open.json", "[\n {\"a\": 1},\n", `:3:1: the array is not closed`)
	check("cut.json", "[\n {\"a\": 1},\n {\"a\": [1,", `:3:10: unexpected end of JSON input, near "{\"a\": [1,"`)
	check("comma.json", `[{"a": 1},]`, `:1:11: want an object, near "]"`)
	check("nested.json", "[\n[{\"a\": 1}]]", `:2:1: want an object, near "[{\"a\": 1}]]"`)
	check("glued.json", `[{"a": 1} {"a": 2}]`, `:1:11: want a comma or the end of the array, near "{\"a\": 2}]"`)
	check("number.json", "{}\n 17\n", `:2:2: want an object or an array of objects, near "17"`)
	check("between.json", `{},{}`, `:1:3: want an object or an array of objects, near ",{}"`)
	check("quote.json", `{"a: 1, "b": 2}`, `:1:10: invalid character 'b' after object key, near "{\"a: 1, \"b\": 2}"`)
	check("text.txt", "hello", `:1:1: want an object or an array of objects, near "hello"`)
}

func TestLayoutsThatAreAccepted(t *testing.T) {
	dir := t.TempDir()
	check := func(name, content string, want ...string) {
		t.Helper()
		all, problems := bodies(Payloads(write(t, filepath.Join(dir, name), content)))
		require.Empty(t, problems)
		require.Equal(t, want, all)
	}
	check("bom.jsonl", byteOrderMark+"{\"a\":1}\r\n\r\n \t{\"b\" : 2} \r\n\n{\"c\":3}", `{"a":1}`, `{"b" : 2}`, `{"c":3}`)
	check("UPPER.JSONL", "{}\n{}", `{}`, `{}`)
	check("sagemaker.manifest", "{}\n", `{}`)
	check("bom.json", byteOrderMark+"\n{\"a\":\n1}", "{\"a\":\n1}")
	check("behind.json", `{"a":"}{\"\\"}{"b":[[{}]]} [ ] [{"c":1} , {"d":2}]{"e":5}`, `{"a":"}{\"\\"}`, `{"b":[[{}]]}`, `{"c":1}`, `{"d":2}`, `{"e":5}`)
	check("lines.json", "{\"a\":1}\n{\"a\":2}\n", `{"a":1}`, `{"a":2}`)
	check("noextension", "{\"a\":1}", `{"a":1}`)
}

func TestFolderIsReadSortedAndShallow(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"b.json": `{"n":2}`, "a.jsonl": `{"n":1}`, "c.ndjson": `{"n":3}`, "d.JSON": `[{"n":4}]`,
		"notes.txt": "x", ".hidden.json": "x", "sub/e.json": "x", "f.json/g.json": "x",
	} {
		write(t, filepath.Join(dir, name), content)
	}
	all, problems := bodies(Payloads(dir))
	require.Empty(t, problems)
	require.Equal(t, []string{`{"n":1}`, `{"n":2}`, `{"n":3}`, `{"n":4}`}, all)

	write(t, dir+"/b.json", "broken")
	all, problems = bodies(Payloads(dir))
	require.Len(t, problems, 1, "a broken file does not hide the files after it")
	require.Equal(t, []string{`{"n":1}`, `{"n":3}`, `{"n":4}`}, all)
}

func TestFolderOfARunGivesItsPayloadsAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/run_config.json", `{"clients": 1}`)
	write(t, dir+"/responses.jsonl", `{"id": "r"}`)
	_, err := LoadPayloads(dir)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "payload.jsonl")

	write(t, dir+"/payload.jsonl", `{"sent": 1}`)
	all, problems := bodies(Payloads(dir))
	require.Empty(t, problems)
	require.Equal(t, []string{`{"sent": 1}`}, all)
}

func TestNothingToReadIsAnError(t *testing.T) {
	dir := t.TempDir()
	_, err := LoadPayloads(dir + "/missing.jsonl")
	require.ErrorIs(t, err, fs.ErrNotExist)
	for _, path := range []string{dir, write(t, dir+"/e/blank.jsonl", "\n \n"), write(t, dir+"/e/array.json", "[]"), dir + "/e"} {
		_, err := LoadPayloads(path)
		require.ErrorIs(t, err, ErrEmpty)
		require.ErrorContains(t, err, path)
	}
}

func TestSequenceCanBeReadAgainAndLeft(t *testing.T) {
	payloads := Payloads("testdata/llmeter/payload.jsonl")
	for range 2 {
		n := 0
		for _, err := range payloads {
			require.NoError(t, err)
			if n++; n == 2 {
				break
			}
		}
	}
	all, _ := bodies(payloads)
	require.Len(t, all, 4)
}

func TestLongLines(t *testing.T) {
	const limit = 200 << 10
	object := func(size int) string { return `{"a":"` + strings.Repeat("x", size-len(`{"a":""}`)) + `"}` }
	for _, end := range []string{"\n", "\r\n", ""} {
		text := object(limit) + "\n" + object(limit+1) + "\n" + object(3*limit) + "\n" + object(70<<10) + "\n" + object(limit) + end
		all, problems := bodies(readLines(strings.NewReader(text), "f", limit))
		require.Equal(t, []string{object(limit), object(70 << 10), object(limit)}, all)
		require.Len(t, problems, 2)
		for i, err := range problems {
			require.ErrorIs(t, err, ErrTooLong)
			require.EqualError(t, err, fmt.Sprintf(`f:%d: longer than 128 MiB, near "{\"a\":\"xxxxxxxxxx"`, i+2))
		}
	}
	all, problems := bodies(readObjects(strings.NewReader(object(limit)+"\n "+object(limit+1)), "f", limit))
	require.Equal(t, []string{object(limit)}, all)
	require.Len(t, problems, 1)
	require.ErrorIs(t, problems[0], ErrTooLong)
	require.ErrorContains(t, problems[0], "f:2:2: ")
}

// endless repeats its text and counts what is read of it.
type endless struct {
	text string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.read%len(e.text):])
	e.read += n
	return n, nil
}

func TestFilesAreStreamed(t *testing.T) {
	for _, read := range []func(io.Reader, string, int) iter.Seq2[endpoint.Payload, error]{readLines, readObjects} {
		r, n := &endless{text: "{\"a\": 1}\n"}, 0
		for _, err := range read(r, "f", MaxSize) {
			require.NoError(t, err)
			if n++; n == 20_000 {
				break
			}
		}
		require.LessOrEqual(t, r.read, n*len(r.text)+64<<10, "at most one buffer is read ahead")
	}
}

func TestReadErrorsEndTheSequence(t *testing.T) {
	broken := errors.New("broken disk")
	for _, read := range []func(io.Reader, string, int) iter.Seq2[endpoint.Payload, error]{readLines, readObjects} {
		for _, text := range []string{"{}\n", "{}\n{\"a", "{}\n[", "{}\n{\"\\"} {
			all, problems := bodies(read(io.MultiReader(strings.NewReader(text), failing{broken}), "f", MaxSize))
			require.Equal(t, []string{"{}"}, all)
			require.Equal(t, []error{broken}, problems)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func BenchmarkPayloads(b *testing.B) {
	line := `{"messages": [{"role": "user", "content": "` + strings.Repeat("word ", 200) + `"}], "max_tokens": 8}` + "\n"
	const count = 20_000
	lines := write(b, filepath.Join(b.TempDir(), "p.jsonl"), strings.Repeat(line, count))
	array := write(b, filepath.Join(b.TempDir(), "p.json"), "["+strings.TrimSuffix(strings.Repeat(line+",", count), ",")+"]")
	for name, file := range map[string]string{"lines": lines, "array": array} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(count * len(line)))
			for b.Loop() {
				for _, err := range Payloads(file) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func TestReadingAllocatesOnlyTheBodies(t *testing.T) {
	text := bytes.Repeat([]byte("{\"a\": \"some text of a prompt\"}\n"), 2_000)
	for name, read := range map[string]func(io.Reader, string, int) iter.Seq2[endpoint.Payload, error]{"lines": readLines, "objects": readObjects} {
		allocs := testing.AllocsPerRun(3, func() {
			for _, err := range read(bytes.NewReader(text), "f", MaxSize) {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
		// One for each body; a second one where the race detector makes encoding/json's pool forget.
		require.LessOrEqual(t, allocs, 2*2_000.0, name)
	}
}
