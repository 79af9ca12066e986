package prompt

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/tokenizer"
)

// A Collection describes prompts for every combination of input and output lengths, as a latency heatmap needs them.
// It is a plain value; the same value gives the same prompts in the same order.
//
// Each prompt is a piece of the source text from a random place, or random common words if there is no source, that has
// exactly the asked number of tokens when it is counted as a whole. It stands as in the source, line breaks included,
// and ends with a whole word where that fits.
type Collection struct {
	// InputLengths are the lengths of the prompts in tokens, each at least 1. Required.
	InputLengths []int

	// OutputLengths are the greatest numbers of tokens to be generated, each at least 1. Required.
	OutputLengths []int

	// RequestsPerCombination is how many prompts each combination of lengths gets, every one cut anew; 0 = 1.
	RequestsPerCombination int

	// Source is the text that prompts are cut from. SourceFile names a UTF-8 file instead. Neither = random common
	// words. A piece that reaches the end of the text goes on at its beginning, up to where it started.
	Source, SourceFile string

	// Loop lets pieces go round a source that is too short for them as often as needed; otherwise that is an error.
	Loop bool

	// UniquePrefix starts each prompt with words of its own, three or as many as fit, so that a server's cache of
	// prefixes is of no use within the collection. They count as part of the length.
	UniquePrefix bool

	// Tokenizer counts; nil = [tokenizer.Words], which counts words.
	Tokenizer tokenizer.Tokenizer

	// Seed chooses places, words and order.
	Seed uint64
}

// The labels of a [Sample].
const (
	LabelInputLength  = "input_length"
	LabelOutputLength = "output_length"
)

// A Sample is one prompt of a [Collection].
type Sample struct {
	Text         string
	InputLength  int // tokens in Text
	OutputLength int // tokens to be generated at most
}

// Labels gives the lengths of s as decimal numbers, for [endpoint.Payload.Labels].
func (s Sample) Labels() map[string]string {
	return map[string]string{
		LabelInputLength:  strconv.Itoa(s.InputLength),
		LabelOutputLength: strconv.Itoa(s.OutputLength),
	}
}

// Payload makes the request for s and adds its labels.
func (s Sample) Payload(c endpoint.PayloadCreator) (endpoint.Payload, error) {
	p, err := c.CreatePayload(s.OutputLength, endpoint.Text(s.Text))
	if err != nil {
		return endpoint.Payload{}, err
	}
	labels := maps.Clone(p.Labels)
	if labels == nil {
		labels = make(map[string]string)
	}
	maps.Copy(labels, s.Labels())
	p.Labels = labels
	return p, nil
}

// Payloads makes the samples and a labelled request for each.
func (c Collection) Payloads(creator endpoint.PayloadCreator) ([]endpoint.Payload, error) {
	samples, err := c.Samples()
	if err != nil {
		return nil, err
	}
	payloads := make([]endpoint.Payload, len(samples))
	for i, s := range samples {
		if payloads[i], err = s.Payload(creator); err != nil {
			return nil, fmt.Errorf("prompt of %d tokens for %d: %w", s.InputLength, s.OutputLength, err)
		}
	}
	return payloads, nil
}

// Samples makes the prompts: every combination of lengths exactly RequestsPerCombination times, in random order. It fails
// if c is not valid, or if for any input length the source is too short or no text of exactly that length is found.
func (c Collection) Samples() ([]Sample, error) {
	source, err := c.source()
	if err := errors.Join(c.validate(), err); err != nil {
		return nil, err
	}
	d := drawer{tokenizer: c.Tokenizer, source: source}
	if d.tokenizer == nil {
		d.tokenizer = new(tokenizer.Words)
	}
	if c.UniquePrefix {
		d.taken = map[string]bool{}
	}
	var samples []Sample
	var problems []error
	for _, n := range c.InputLengths {
		for i := range len(c.OutputLengths) * max(c.RequestsPerCombination, 1) {
			text, err := d.draw(random(c.Seed, 1+len(samples)), n)
			if err != nil {
				problems = append(problems, fmt.Errorf("input length %d: %w", n, err))
				break
			}
			samples = append(samples, Sample{text, n, c.OutputLengths[i%len(c.OutputLengths)]})
		}
	}
	if problems != nil {
		return nil, errors.Join(problems...)
	}
	random(c.Seed, 0).Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	return samples, nil
}

func (c Collection) validate() error {
	var problems []error
	lengths := func(name string, all []int) {
		if len(all) == 0 {
			problems = append(problems, fmt.Errorf("%s: at least one is required", name))
		}
		for _, n := range all {
			if n < 1 {
				problems = append(problems, fmt.Errorf("%s: %d is not a length, which is at least 1", name, n))
			}
		}
	}
	lengths("InputLengths", c.InputLengths)
	lengths("OutputLengths", c.OutputLengths)
	if c.RequestsPerCombination < 0 {
		problems = append(problems, fmt.Errorf("RequestsPerCombination: %d is negative", c.RequestsPerCombination))
	}
	return errors.Join(problems...)
}

func (c Collection) source() (source, error) {
	switch {
	case c.Source != "" && c.SourceFile != "":
		return nil, errors.New("only one of Source and SourceFile can be the source")
	case c.Source == "" && c.SourceFile == "":
		return randomWords, nil
	case c.Source != "":
		return pieces(c.Source, c.Loop)
	}
	text, err := os.ReadFile(c.SourceFile)
	if err != nil {
		return nil, err
	}
	s, err := pieces(string(text), c.Loop)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.SourceFile, err)
	}
	return s, nil
}

// random gives the generator for one purpose, so that what one prompt draws does not move the others.
func random(seed uint64, purpose int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(purpose)))
}

// CreatePromptCollection is [Collection.Samples] under the name that it has in LLMeter.
func CreatePromptCollection(c Collection) ([]Sample, error) { return c.Samples() }
