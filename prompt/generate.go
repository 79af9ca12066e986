package prompt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
)

const (
	batchPrompts = 50 // asked for at once
	shownPrompts = 20 // shown as what is there already
	shownBytes   = 60 // of an answer, in errors
	extraAnswers = 5  // beyond twice as many as there are batches
)

// A TooFewError says that a model did not give as many different prompts as it was asked for.
type TooFewError struct {
	Want, Got int
	Answers   int    // how often it was asked
	Last      string // the beginning of its last answer
}

// Error says how many there are, and how the last answer begins.
func (e *TooFewError) Error() string {
	return fmt.Sprintf("the model gave %d of %d different prompts in %d answers, the last of which begins %q", e.Got, e.Want, e.Answers, e.Last)
}

// Generate asks a model for n different prompts about a topic, or after an instruction such as "questions of a tourist in Rome". The
// endpoint must be an [endpoint.PayloadCreator].
//
// The model is asked for a JSON array; a numbered or bulleted list, JSON of other shapes, and what is around these are understood as
// well. Prompts that differ in case, white space and final punctuation alone count once. As long as there are too few, the model is
// asked again for those that are missing, 50 at a time, up to 5 + 2·⌈n/50⌉ times in all; then the prompts that there are come beside a
// *[TooFewError]. They come beside the endpoint's error if it fails.
func Generate(ctx context.Context, e endpoint.Endpoint, topic string, n int) ([]string, error) {
	creator, err := generator(e, topic, n)
	if err != nil {
		return nil, err
	}
	var got []string
	seen := map[string]bool{}
	last := ""
	limit := extraAnswers + 2*((n+batchPrompts-1)/batchPrompts)
	for range limit {
		batch := min(n-len(got), batchPrompts)
		payload, err := creator.CreatePayload(200+150*batch, endpoint.Text(instruction(topic, batch, got)))
		if err != nil {
			return got, fmt.Errorf("prompts cannot be asked for: %w", err)
		}
		r, err := e.Invoke(ctx, payload)
		if err != nil {
			return got, fmt.Errorf("generating prompts, with %d of %d: %w", len(got), n, err)
		}
		last = r.Text
		for _, text := range parseAnswer(r.Text) {
			if key := likeness(text); !seen[key] && len(got) < n {
				seen[key] = true
				got = append(got, text)
			}
		}
		if len(got) == n {
			return got, nil
		}
	}
	last = strings.ToValidUTF8(last[:min(len(last), shownBytes)], "")
	return got, &TooFewError{Want: n, Got: len(got), Answers: limit, Last: last}
}

func generator(e endpoint.Endpoint, topic string, n int) (endpoint.PayloadCreator, error) {
	var errs []error
	if n < 1 {
		errs = append(errs, fmt.Errorf("%d prompts cannot be generated", n))
	}
	if strings.TrimSpace(topic) == "" {
		errs = append(errs, errors.New("generating prompts needs a topic or an instruction"))
	}
	if e == nil {
		return nil, errors.Join(append(errs, errors.New("generating prompts needs an endpoint"))...)
	}
	creator, ok := endpoint.As[endpoint.PayloadCreator](e)
	if !ok {
		errs = append(errs, fmt.Errorf("endpoint %T cannot create payloads", e))
	}
	return creator, errors.Join(errs...)
}

func instruction(topic string, n int, got []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Write %d different prompts that a person might send to an assistant.\nTopic or instruction: %s\n", n, topic)
	b.WriteString("Each must make sense by itself. Answer with a JSON array of strings and nothing else.\n")
	if len(got) > 0 {
		shown, _ := json.Marshal(got[max(0, len(got)-shownPrompts):]) // texts alone
		fmt.Fprintf(&b, "These exist already, so write others: %s\n", shown)
	}
	return b.String()
}

// likeness is the same for prompts that are alike.
func likeness(text string) string {
	return strings.TrimRight(strings.ToLower(strings.Join(strings.Fields(text), " ")), " .!?")
}

// LoadTexts gives the prompts that [Prompts] reads, as texts. If anything is broken it gives none of them, and all the problems, at most
// 20 of them, as one error.
func LoadTexts(path string, patterns ...string) ([]string, error) {
	var texts []string
	_, err := LoadPrompts(path, func(text string) (endpoint.Payload, error) {
		texts = append(texts, text)
		return endpoint.Payload{Body: json.RawMessage("{}")}, nil
	}, patterns...)
	if err != nil {
		return nil, err
	}
	return texts, nil
}
