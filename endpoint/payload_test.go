package endpoint_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/endpoint"
)

func raw(s string) endpoint.Payload { return endpoint.JSON(json.RawMessage(s)) }

func TestGetFindsValues(t *testing.T) {
	p := raw(` { "a" : 1, "b":{"c":[10, {"d":"x\"}"},[ ]], "e": null}, "a\u0062": true, "big": 12345678901234567890, "": "none" } `)
	check := func(want any, path ...string) {
		t.Helper()
		got, ok := p.Get(path...)
		require.True(t, ok, "%q", path)
		require.Equal(t, want, got, "%q", path)
	}
	check(json.Number("1"), "a")
	check(json.Number("10"), "b", "c", "0")
	check(`x"}`, "b", "c", "1", "d")
	check([]any{}, "b", "c", "2")
	check(nil, "b", "e")
	check(true, "ab")
	check(json.Number("12345678901234567890"), "big")
	check("none", "")
	for _, path := range [][]string{{"c"}, {"a", "b"}, {"b", "c", "3"}, {"b", "c", "-1"}, {"b", "c", "00"}, {"b", "e", "x"}} {
		_, ok := p.Get(path...)
		require.False(t, ok, "%q", path)
	}
	whole, ok := p.Raw()
	require.True(t, ok)
	require.Equal(t, strings.TrimSpace(string(p.Body)), string(whole))
	_, ok = raw("").Get()
	require.False(t, ok)
}

func TestLastOfEqualKeysCounts(t *testing.T) {
	p := raw(`{"a":1,"a":{"b":2},"\u0061":{"b":3}}`)
	got, _ := p.Get("a", "b")
	require.Equal(t, json.Number("3"), got)
	require.NoError(t, p.Set(4, "a", "b"))
	require.Equal(t, `{"a":1,"a":{"b":2},"\u0061":{"b":4}}`, string(p.Body))
	require.True(t, p.Delete("a"))
	require.Equal(t, `{}`, string(p.Body))
}

func TestSetKeepsAllOtherBytes(t *testing.T) {
	check := func(before string, v any, after string, path ...string) {
		t.Helper()
		p := raw(before)
		require.NoError(t, p.Set(v, path...))
		require.Equal(t, after, string(p.Body))
	}
	check(`{"z":1,  "a" : 2.50 , "é":"\u00e9"}`, 3, `{"z":1,  "a" : 3 , "é":"\u00e9"}`, "a")
	check(`{"z":1}`, "<&>", `{"z":1, "a": "<&>"}`, "a")
	check("{\n  \"z\": 1\n}", true, "{\n  \"z\": 1, \"a\": true\n}", "a")
	check(`{}`, 1, `{"a": {"b":{"c":1}}}`, "a", "b", "c")
	check(`{ }`, 1, `{"a": 1 }`, "a")
	check(``, 1, `{"a": 1}`, "a")
	check(`{"m":[{"c":"x"},{"c":"y"}]}`, "new", `{"m":[{"c":"x"},{"c":"new"}]}`, "m", "1", "c")
	check(`{"m":[1,2]}`, 3, `{"m":[1,2, 3]}`, "m", "2")
	check(`{"m":[]}`, map[string]int{"a": 1}, `{"m":[{"a":1}]}`, "m", "0")
	check(`{"a":{"b":null}}`, json.RawMessage(`{ "k" : [1] }`), `{"a":{"b":{ "k" : [1] }}}`, "a", "b")
	check(`{"a":1}`, json.RawMessage(`{"b":2}`), `{"b":2}`)
	check(`{"a":1}`, 2, `{"a":1, "quote\"\n": 2}`, "quote\"\n")
}

func TestSetSaysWhyItFails(t *testing.T) {
	check := func(body string, v any, want string, path ...string) {
		t.Helper()
		p := raw(body)
		require.ErrorContains(t, p.Set(v, path...), want)
		require.Equal(t, body, string(p.Body), "a failed Set changes nothing")
	}
	check(`{"a":1}`, 1, `neither object nor array`, "a", "b")
	check(`{"a":[1]}`, 1, `no index "2"`, "a", "2")
	check(`{"a":[1]}`, 1, `no index "x"`, "a", "x")
	check(`{"a":1}`, func() {}, `set ["a"]: json: unsupported type`, "a")
	check(`{"a":1}`, json.RawMessage(`{`), `not valid JSON`, "a")
	check(`{"a":1`, 1, `cut off`, "b")
}

func TestSetNeverWritesIntoSharedBytes(t *testing.T) {
	p := raw(`{"a":1,"b":[1,2,3]}`)
	q := p
	require.NoError(t, q.Set(9, "a"))
	require.True(t, q.Delete("b"))
	require.Equal(t, `{"a":1,"b":[1,2,3]}`, string(p.Body))
	part, _ := p.Raw("a")
	_ = append(part, "!!!"...)
	require.Equal(t, `{"a":1,"b":[1,2,3]}`, string(p.Body))
}

func TestDeleteKeepsAllOtherBytes(t *testing.T) {
	check := func(before, after string, path ...string) {
		t.Helper()
		p := raw(before)
		require.Equal(t, before != after, p.Delete(path...))
		require.Equal(t, after, string(p.Body))
	}
	check(`{ "a":1,  "b" : 2 ,"c": [3] }`, `{ "b" : 2 ,"c": [3] }`, "a")
	check(`{ "a":1,  "b" : 2 ,"c": [3] }`, `{ "a":1 ,"c": [3] }`, "b")
	check(`{ "a":1,  "b" : 2 ,"c": [3] }`, `{ "a":1,  "b" : 2 }`, "c")
	check(`{"m":[{"x":1},{"x":2,"y":3}]}`, `{"m":[{"x":1},{"y":3}]}`, "m", "1", "x")
	check(`{"a":1,"a":2,"b":3,"a":4}`, `{"b":3}`, "a")
	check(`{"a":1}`, `{}`, "a")
	check(`{"a":[1]}`, `{"a":[1]}`, "a", "0")
	check(`{"a":1}`, `{"a":1}`, "b")
	check(`{"a":1}`, `{"a":1}`, "a", "b")
	check(`{"a":1}`, `{"a":1}`)
}

func TestValidate(t *testing.T) {
	check := func(p endpoint.Payload, want string) {
		t.Helper()
		if want == "" {
			require.NoError(t, p.Validate())
		} else {
			require.ErrorContains(t, p.Validate(), want)
		}
	}
	check(raw(`{"a":[1,{}]} `), "")
	check(endpoint.JSON(map[string]any{"a": "<b>"}), "")
	check(endpoint.JSON(struct{ A int }{1}), "")
	check(endpoint.Payload{}, "empty")
	check(raw(`{"a":}`), "not a JSON object")
	check(raw(`{"a":1}{}`), "not a JSON object")
	check(endpoint.JSON([]int{1}), "not a JSON object")
	check(endpoint.JSON(nil), "null")
	check(endpoint.JSON(func() {}), "unsupported type")
}

func TestJSONKeepsBytes(t *testing.T) {
	require.Equal(t, "{ \"b\":1,\"a\": 2 }", string(raw("{ \"b\":1,\"a\": 2 }").Body))
	require.Equal(t, `{"a":"<&>"}`, string(endpoint.JSON(map[string]string{"a": "<&>"}).Body))
}

func TestCloneSharesNothingThatAHookEdits(t *testing.T) {
	p := raw(`{"a":1}`)
	p.Labels = map[string]string{"cell": "1"}
	c := p.Clone()
	c.Body[2], c.Labels["cell"] = 'x', "2"
	require.Equal(t, `{"a":1}`, string(p.Body))
	require.Equal(t, "1", p.Labels["cell"])
	require.Nil(t, endpoint.Payload{}.Clone().Labels)
}

// value draws any JSON value.
func value(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64Range(-1e9, 1e9).AsAny(), rapid.String().AsAny(),
	}
	if depth > 0 {
		leaves = append(leaves, rapid.SliceOfN(value(depth-1), 0, 4).AsAny(), rapid.MapOfN(key(), value(depth-1), 0, 4).AsAny())
	}
	return rapid.OneOf(leaves...)
}

func key() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "model", "0", "1", `"`, `\`, "é", "", "\n"}), rapid.String())
}

// Set then Get gives the value; the result is valid and what decoders see of all else is as before; Delete undoes it.
func TestSetGetDeleteLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.MapOfN(key(), value(2), 0, 5).Draw(t, "object")
		path := rapid.SliceOfN(key(), 1, 3).Draw(t, "path")
		v := value(2).Draw(t, "value")
		p := endpoint.JSON(object)
		if p.Validate() != nil {
			t.Skip("not encodable")
		}
		p.Body = spaced(t, p.Body)
		before := decode(t, p.Body)
		q := p
		if q.Set(v, path...) != nil {
			return // the path leads through a value that is neither object nor array
		}
		require.NoError(t, q.Validate())
		got, ok := q.Raw(path...)
		require.True(t, ok)
		want, _ := json.Marshal(v)
		require.JSONEq(t, string(want), string(got))
		after := decode(t, q.Body)
		require.Equal(t, without(before, path[0]), without(after, path[0]))
		if _, had := p.Get(path[0]); !had {
			require.True(t, q.Delete(path[0]))
			require.Equal(t, before, decode(t, q.Body))
		}
	})
}

// spaced is body with random white space between its parts.
func spaced(t *rapid.T, body []byte) []byte {
	indents := rapid.SampledFrom([]string{"", " ", "\t", "  "}).Draw(t, "indent")
	if indents == "" {
		return body
	}
	var v json.RawMessage = body
	out, err := json.MarshalIndent(v, "", indents)
	require.NoError(t, err)
	return out
}

func decode(t require.TestingT, body []byte) map[string]any {
	var m map[string]any
	require.NoError(t, json.Unmarshal(body, &m))
	return m
}

func without(m map[string]any, key string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if k != key {
			out[k] = v
		}
	}
	return out
}

// FuzzPayload edits any text at any path: nothing panics, and what was valid stays valid.
func FuzzPayload(f *testing.F) {
	for _, body := range []string{
		`{"a":1}`, `{"a":{"b":[1,{"c":"\u00e9\"}"}]}}`, ` { "a" : [ ] , "a" : null } `, `{"a":1,"\u0061":2}`, `{"a":1`, `{"a" 1}`, `[1,2]`,
		`{"":{"":0}}`, `{"a":"\`, `{:1}`, `{"a":[}`, "\"", ``, `{"a":tru`, `{,}`, `{"a":1]`,
	} {
		for _, path := range []string{"a", "a.b.1.c", "a.0", "..", "b", "é"} {
			f.Add([]byte(body), path, `{"x":[1,"2"]}`)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, dotted, value string) {
		if !utf8.ValidString(dotted) {
			return // encoding/json replaces what is not UTF-8, also in keys
		}
		p, path := endpoint.Payload{Body: body}, strings.Split(dotted, ".")
		valid := p.Validate() == nil
		set, deleted := p, p
		err := set.Set(json.RawMessage(value), path...)
		if deleted.Delete(path...) && valid {
			require.NoError(t, deleted.Validate())
			_, found := deleted.Get(path...)
			require.False(t, found)
		}
		require.Equal(t, string(body), string(p.Body))
		if err != nil || !valid {
			return
		}
		require.NoError(t, set.Validate())
		got, ok := set.Raw(path...)
		require.True(t, ok)
		require.Equal(t, strings.TrimSpace(value), string(got), fmt.Sprintf("%s at %q", set.Body, path))
	})
}
