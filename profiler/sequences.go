package profiler

import "strings"

// CommonPrefixToken stands in a call's token for the beginning that its prompt shares with others.
const CommonPrefixToken = "<common_prefix>"

// A sequence is the calls of one request that ended without an error, in the order in which they began.
type sequence struct {
	request   int
	tokens    []int32
	durations []float64
}

// A vocabulary numbers the tokens that tell calls apart: "TOOL:" and the name, or "LLM:", the name, and "|" and the prompt.
type vocabulary struct {
	numbers map[string]int32
	names   []string
}

func (v *vocabulary) number(token string) int32 {
	if n, ok := v.numbers[token]; ok {
		return n
	}
	if v.numbers == nil {
		v.numbers = map[string]int32{}
	}
	n := int32(len(v.names))
	v.numbers[token] = n
	v.names = append(v.names, token)
	return n
}

// sequencesOf makes a sequence of each request with events. A prompt is cut to so many characters; with 0 it is left out.
func sequencesOf(requests []*Request, maxText int, prefixes *prefixCutter) ([]sequence, *vocabulary) {
	v := new(vocabulary)
	var all []sequence
	for _, r := range requests {
		if r.Steps == 0 {
			continue
		}
		seq := sequence{request: r.Number}
		for i := range r.Spans {
			if s := &r.Spans[i]; isCall(s) && s.State == Complete {
				seq.tokens = append(seq.tokens, v.number(callToken(s, maxText, prefixes)))
				seq.durations = append(seq.durations, s.Duration())
			}
		}
		all = append(all, seq)
	}
	return all, v
}

// callToken is what a call has in common with calls of its kind.
func callToken(s *Span, maxText int, prefixes *prefixCutter) string {
	token := s.operation()
	if s.Category != LLM || maxText <= 0 {
		return token
	}
	text := s.Input
	if n := prefixes.shared(s); n > 0 {
		text = CommonPrefixToken + text[n:]
	}
	if text = cutText(text, maxText); text == "" {
		return token
	}
	return token + "|" + text
}

// cutText is the beginning of a text, with each run of white space as one space and none at either end.
func cutText(text string, characters int) string {
	var b strings.Builder
	space := false
	for _, c := range text {
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			space = b.Len() > 0
			continue
		}
		if space {
			if characters--; characters <= 0 {
				break
			}
			b.WriteByte(' ')
			space = false
		}
		if characters--; characters < 0 {
			break
		}
		b.WriteRune(c)
	}
	return b.String()
}

// A prefixCutter knows what prompts share with others to the same model.
type prefixCutter struct {
	models map[string]map[string]int // bytes that a prompt shares, by model and prompt
}

// newPrefixCutter takes those prefixes after which at least the given share of a model's prompts part, and two at least, and which are
// longer than what stands for them.
func newPrefixCutter(requests []*Request, minFrequency float64) *prefixCutter {
	c := &prefixCutter{map[string]map[string]int{}}
	for name, calls := range promptsByLLM(requests) {
		texts := make([]string, len(calls))
		for i, s := range calls {
			texts[i] = s.Input
		}
		nodes := sharedPrefixes(texts)
		least := max(2, minFrequency*float64(len(texts)))
		lengths := map[string]int{}
		for _, n := range nodes {
			p := n.parent
			for p >= 0 && float64(nodes[p].count) < least {
				p = nodes[p].parent
			}
			if p >= 0 && len(nodes[p].prefix) > len(CommonPrefixToken) {
				lengths[n.prefix] = len(nodes[p].prefix)
			}
		}
		c.models[name] = lengths
	}
	return c
}

// shared is the length in bytes of the longest common prefix of the call's prompt after which it goes on in its own way; 0 for none.
func (c *prefixCutter) shared(s *Span) int {
	if c == nil {
		return 0
	}
	return c.models[s.operationName()][s.Input]
}
