package prompt

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

func inputs(text string) (endpoint.Payload, error) {
	return endpoint.JSON(map[string]any{"inputs": text, "n": 1}), nil
}

func TestPromptsAreThoseOfLLMeter(t *testing.T) {
	payloads, err := LoadPrompts("testdata/llmeter/prompts.txt", inputs)
	require.NoError(t, err)
	want := loadExpected(t).Prompts.Payloads
	require.Len(t, payloads, len(want))
	for i, p := range payloads {
		require.JSONEq(t, string(want[i]), string(p.Body))
	}
}

func TestPromptsOfAFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/b.txt", byteOrderMark+"three\r\n\r\n")
	write(t, dir+"/a.txt", "one\n\n  two ")
	write(t, dir+"/c.md", "four")
	write(t, dir+"/.hidden", "x")
	write(t, dir+"/sub/d.txt", "x")
	check := func(want string, patterns ...string) {
		t.Helper()
		payloads, err := LoadPrompts(dir, inputs, patterns...)
		require.NoError(t, err)
		var texts []string
		for _, p := range payloads {
			text, _ := p.Get("inputs")
			texts = append(texts, text.(string))
		}
		require.Equal(t, want, strings.Join(texts, " "))
	}
	check("one two three four")
	check("one two three", "*.txt")
	check("one two four", "a*", "*.md")

	_, err := LoadPrompts(dir, inputs, "*.csv")
	require.ErrorIs(t, err, ErrEmpty)
	_, err = LoadPrompts(dir, inputs, "[", "*", "x[")
	require.ErrorIs(t, err, path.ErrBadPattern)
	require.EqualError(t, err, "match [: syntax error in pattern\nmatch x[: syntax error in pattern")
	_, err = LoadPrompts(dir+"/missing", inputs)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestPromptErrorsNameTheLine(t *testing.T) {
	refuse := errors.New("no such words here")
	file := write(t, t.TempDir()+"/p.txt", "fine\n\nbad word\nnot \xff UTF-8\nempty\nfine")
	create := func(text string) (endpoint.Payload, error) {
		switch text {
		case "bad word":
			return endpoint.Payload{}, refuse
		case "empty":
			return endpoint.Payload{}, nil
		}
		return inputs(text)
	}
	payloads, err := LoadPrompts(file, create)
	require.Nil(t, payloads)
	require.ErrorIs(t, err, refuse)
	require.EqualError(t, err, file+`:3: no such words here, near "bad word"`+"\n"+
		file+`:4: not valid UTF-8, near "not \xff UTF-8"`+"\n"+
		file+`:5: payload is empty, near "empty"`)

	all, problems := bodies(Prompts(file, create))
	require.Len(t, all, 2)
	require.Len(t, problems, 3)
}
