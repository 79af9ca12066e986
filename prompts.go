package llmeter

import (
	"unsafe"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/tokenizer"
)

// prompts knows the prompts of payloads that were sent, so that one which is sent again and again is taken apart and counted
// once. Of payloads that all differ it forgets them before they become much.
type prompts struct {
	of    endpoint.Prompter   // nil: nobody can tell them
	count tokenizer.Tokenizer // of those of which the endpoint does not report the tokens
	known map[sentBody]*promptText
	size  int // of what known holds
}

// promptsLimit is how many bytes of payloads and prompts are held.
const promptsLimit = 4 << 20

// A sentBody is the body of a payload: not its text but the very bytes, which nobody changes once they were sent.
type sentBody struct {
	first  *byte
	length int
}

// A promptText is the text of a prompt, and its tokens if they were counted.
type promptText struct {
	text    string
	tokens  int
	counted bool
}

// fill sets the prompt of a response that has none, and its tokens where the endpoint did not report them.
func (p *prompts) fill(r *Response) {
	if r.Prompt != "" || p.of == nil {
		return
	}
	prompt := p.get(r.Payload) // shared
	r.Prompt = prompt.text
	if r.Failed() || r.InputTokens.Known() || prompt.text == "" {
		return
	}
	if !prompt.counted {
		prompt.tokens, prompt.counted = p.count.Count(prompt.text), true
	}
	r.InputTokens = endpoint.Count{N: prompt.tokens, Source: endpoint.ByTokenizer}
}

func (p *prompts) get(of Payload) *promptText {
	body := sentBody{unsafe.SliceData(of.Body), len(of.Body)}
	if known, ok := p.known[body]; ok {
		return known
	}
	found := &promptText{text: p.of.Prompt(of)}
	size := len(of.Body) + len(found.text)
	if p.size += size; p.known == nil || p.size > promptsLimit {
		p.known, p.size = map[sentBody]*promptText{}, size
	}
	p.known[body] = found
	return found
}
