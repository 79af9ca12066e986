package prompt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

func TestAnswersAreUnderstood(t *testing.T) {
	for answer, want := range map[string][]string{
		`["one", "two\nlines"]`: {"one", "two\nlines"},
		"Sure! Here are [3] prompts:\n```json\n[\n  \"one\",\n  \"two\"\n]\n```\nAnything else?": {"one", "two"},
		`["one", "two", "cut off in the mid`:                                                     {"one", "two"},
		`[{"id":1,"prompt":"one"},{"question":"two"},{"x":"y","z":1}]`:                           {"one", "two"},
		`{"prompts": ["one", "two"], "count": 2}`:                                                {"one", "two"},
		`{"prompt_1": "one", "prompt_2": "two", "topic": "no"}`:                                  {"one", "two"},
		"{\"prompt\":\"one\"}\n{\"prompt\":\"two\"}\n":                                           {"one", "two"},
		"<think>1. hm\n2. so</think>\n1. one\n2. two":                                            {"one", "two"},
		"Here they are:\r\n1. one\r\n2) \"two\"\r\n(3) **three**\r\n\r\nLet me know!":            {"one", "two", "three"},
		"- one\n* two\n• three":                                                                  {"one", "two", "three"},
		"**1.** one\n**2.** “two”\n":                                                             {"one", "two"},
		"Prompt 1: one\nPrompt 2: two":                                                           {"one", "two"},
		"1. one:\n   - a\n   - b\n2. two\nmore\n\n   3. Explain [\"a\"]":                         {"one:\n- a\n- b", "two\nmore"},
		"1. Explain [\"a\", \"b\"]\n2. two":                                                      {"Explain [\"a\", \"b\"]", "two"},
		"one\n\ntwo\n":                                                                           {"one", "two"},
		"2024 was a good year, why?":                                                             {"2024 was a good year, why?"},
		`"quoted" words stay "quoted"`:                                                           {`"quoted" words stay "quoted"`},
		"":                                                                                       nil,
		"I cannot help:":                                                                         nil,
		"[1, 2]":                                                                                 {"[1, 2]"},
	} {
		require.Equal(t, want, parseAnswer(answer), answer)
	}
}

func FuzzParseAnswer(f *testing.F) {
	for _, s := range []string{`["a"]`, "1. a\n  - b", "```\n{\"prompt\":\"a\"}", "<think></think>", "**\"", "[[[[{"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		for _, p := range parseAnswer(answer) {
			require.NotEmpty(t, strings.TrimSpace(p))
		}
	})
}

// model answers with texts in turn, the last again and again, and notes what it is asked.
type model struct {
	answers []string
	asked   []string
}

func (m *model) Info() endpoint.Info { return endpoint.Info{Model: "m"} }

func (m *model) Invoke(_ context.Context, p endpoint.Payload) (*endpoint.Response, error) {
	asked, _ := p.Get("prompt")
	m.asked = append(m.asked, asked.(string))
	answer := m.answers[min(len(m.asked), len(m.answers))-1]
	if answer == "fail" {
		return nil, errors.New("no model")
	}
	return &endpoint.Response{Text: answer}, nil
}

func (m *model) CreatePayload(maxTokens int, parts ...endpoint.Part) (endpoint.Payload, error) {
	return endpoint.JSON(map[string]any{"prompt": parts[0], "max_tokens": maxTokens}), nil
}

func TestGenerateAsksAgainForWhatIsMissing(t *testing.T) {
	m := &model{answers: []string{`["What is Rome?", "what is  rome", "Where is it?"]`, "1. Where is it\n2. How old is it?\n3. One too many", "unused"}}
	got, err := Generate(t.Context(), m, "Rome", 3)
	require.NoError(t, err)
	require.Equal(t, []string{"What is Rome?", "Where is it?", "How old is it?"}, got)
	require.Len(t, m.asked, 2)
	require.Contains(t, m.asked[0], "Write 3 different")
	require.Contains(t, m.asked[0], "Rome")
	require.Contains(t, m.asked[1], "Write 1 different")
	require.Contains(t, m.asked[1], `["What is Rome?","Where is it?"]`)
}

func TestGenerateAsksForManyInBatches(t *testing.T) {
	m := &model{}
	for i := range 3 {
		var batch []string
		for j := range 50 {
			batch = append(batch, fmt.Sprintf("prompt %d", 50*i+j))
		}
		b, _ := json.Marshal(batch)
		m.answers = append(m.answers, string(b))
	}
	got, err := Generate(t.Context(), m, "numbers", 120)
	require.NoError(t, err)
	require.Len(t, got, 120)
	require.Len(t, m.asked, 3)
	require.Contains(t, m.asked[2], "Write 20 different")
}

func TestGenerateGivesUp(t *testing.T) {
	m := &model{answers: []string{`["one"]`}}
	got, err := Generate(t.Context(), m, "Rome", 3)
	var few *TooFewError
	require.ErrorAs(t, err, &few)
	require.Equal(t, TooFewError{Want: 3, Got: 1, Answers: 7, Last: `["one"]`}, *few)
	require.EqualError(t, err, `the model gave 1 of 3 different prompts in 7 answers, the last of which begins "[\"one\"]"`)
	require.Equal(t, []string{"one"}, got)

	got, err = Generate(t.Context(), &model{answers: []string{`["one"]`, "fail"}}, "Rome", 3)
	require.EqualError(t, err, "generating prompts, with 1 of 3: no model")
	require.Equal(t, []string{"one"}, got)
}

func TestGenerateReportsAllThatIsWrong(t *testing.T) {
	_, err := Generate(t.Context(), endpoint.New(endpoint.Info{}, nil), " ", 0)
	require.ErrorContains(t, err, "0 prompts")
	require.ErrorContains(t, err, "topic")
	require.ErrorContains(t, err, "cannot create payloads")
	_, err = Generate(t.Context(), nil, "Rome", 1)
	require.EqualError(t, err, "generating prompts needs an endpoint")
}

func TestLoadTexts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "prompts.txt")
	require.NoError(t, os.WriteFile(path, []byte("\xef\xbb\xbfone\n\n  two \n"), 0o600))
	got, err := LoadTexts(path)
	require.NoError(t, err)
	require.Equal(t, []string{"one", "two"}, got)
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err = LoadTexts(path)
	require.ErrorIs(t, err, ErrEmpty)
}
