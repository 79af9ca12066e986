package prompt

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/endpoint"
)

// anObject draws the text of a JSON object, on one line or on several.
func anObject(pretty bool) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		value := rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.Map(rapid.Int(), func(n int) any { return n }),
			rapid.Map(rapid.SliceOfN(rapid.String(), 0, 3), func(s []string) any { return s }),
			rapid.Map(rapid.MapOfN(rapid.String(), rapid.Bool(), 0, 3), func(m map[string]bool) any { return m }),
		)
		object, err := json.Marshal(rapid.MapOfN(rapid.String(), value, 0, 4).Draw(t, "object"))
		require.NoError(t, err)
		if pretty && rapid.Bool().Draw(t, "indented") {
			var b bytes.Buffer
			require.NoError(t, json.Indent(&b, object, "", "\t"))
			return b.String()
		}
		return string(object)
	})
}

var aSpace = rapid.StringOfN(rapid.RuneFrom([]rune(" \t\r\n")), 0, 3, -1)

func TestLawWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objects := rapid.SliceOfN(anObject(true), 0, 5).Draw(t, "objects")
		var text strings.Builder
		var want []string
		for len(objects) > 0 { // some of them alone, some in arrays
			text.WriteString(aSpace.Draw(t, "space"))
			n := rapid.IntRange(0, len(objects)).Draw(t, "in array")
			if n == 0 {
				text.WriteString(objects[0])
				want, objects = append(want, objects[0]), objects[1:]
				continue
			}
			text.WriteString("[" + aSpace.Draw(t, "space"))
			text.WriteString(strings.Join(objects[:n], aSpace.Draw(t, "space")+","+aSpace.Draw(t, "space")))
			text.WriteString("]")
			want, objects = append(want, objects[:n]...), objects[n:]
		}
		got, problems := bodies(readObjects(strings.NewReader(text.String()), "f", MaxSize))
		require.Empty(t, problems)
		require.Equal(t, want, got)
	})
}

func TestLawLoadUndoesSave(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		var payloads []endpoint.Payload
		for _, o := range rapid.SliceOfN(anObject(false), 1, 5).Draw(t, "objects") {
			payloads = append(payloads, endpoint.Payload{Body: json.RawMessage(o)})
		}
		file, err := SavePayloads(dir, payloads)
		require.NoError(t, err)
		loaded, err := LoadPayloads(file)
		require.NoError(t, err)
		require.Equal(t, payloads, loaded)
	})
}

func seeds(f *testing.F) {
	files, err := filepath.Glob("testdata/llmeter/*.json*")
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	for _, s := range []string{"", "\ufeff{}", "{\r\n}\r\n", "[{},{}]{}", "[", "{\"\\", "{\"a\":\"\\u00", "{}}", "]", "[,]", "{\"\xff\":1}", "nul", "[[]]",
		"{\"a\":" + strings.Repeat("[", 100)} {
		f.Add([]byte(s))
	}
}

// requirePlace checks that err names a place that exists in text.
func requirePlace(t *testing.T, err error, text []byte) {
	var e *LineError
	require.ErrorAs(t, err, &e)
	lines := bytes.Split(text, []byte("\n"))
	require.LessOrEqual(t, 1, e.Line)
	require.LessOrEqual(t, e.Line, len(lines))
	require.LessOrEqual(t, 1, e.Column)
	require.LessOrEqual(t, e.Column, utf8.RuneCount(lines[e.Line-1])+1)
	require.LessOrEqual(t, len(e.Excerpt), 48)
}

func FuzzLinesAgreeWithSplitting(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		var want []string
		broken := map[int]bool{}
		plain := bytes.TrimPrefix(text, []byte(byteOrderMark))
		for i, line := range bytes.Split(plain, []byte("\n")) {
			switch line = bytes.Trim(line, " \t\r"); {
			case len(line) == 0:
			case json.Valid(line) && line[0] == '{' && utf8.Valid(line):
				want = append(want, string(line))
			default:
				broken[i+1] = true
			}
		}
		got, problems := bodies(readLines(bytes.NewReader(text), "f", MaxSize))
		require.Equal(t, want, got)
		require.Len(t, problems, len(broken))
		for _, err := range problems {
			requirePlace(t, err, plain)
			var e *LineError
			require.ErrorAs(t, err, &e)
			require.True(t, broken[e.Line])
		}
	})
}

func FuzzObjectsAgreeWithDecoder(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		plain := bytes.TrimPrefix(text, []byte(byteOrderMark))
		want, ok := decodeObjects(plain)
		got, problems := bodies(readObjects(bytes.NewReader(text), "f", MaxSize))
		if ok {
			require.Empty(t, problems)
			require.Equal(t, want, got)
			return
		}
		require.Len(t, problems, 1)
		requirePlace(t, problems[0], plain)
	})
}

// decodeObjects is the slow, obvious reader: whole values, one after another.
func decodeObjects(text []byte) (all []string, ok bool) {
	object := func(raw json.RawMessage) bool {
		all = append(all, string(raw))
		return len(raw) > 0 && raw[0] == '{' && utf8.Valid(raw)
	}
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var raw json.RawMessage
		if err := d.Decode(&raw); errors.Is(err, io.EOF) {
			return all, true
		} else if err != nil {
			return nil, false
		}
		var array []json.RawMessage
		if raw[0] != '[' {
			array = []json.RawMessage{raw}
		} else if json.Unmarshal(raw, &array) != nil {
			return nil, false
		}
		for _, raw := range array {
			if !object(raw) {
				return nil, false
			}
		}
	}
}
