package llmeter

import (
	"fmt"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
)

// A Plan is what a run would send, as far as that can be told before it begins.
type Plan struct {
	RunName  string `json:"run_name,omitempty"`
	Folder   string `json:"folder,omitempty"`   // "" = everything is kept in memory
	Clients  int    `json:"clients,omitempty"`  // 0 with Arrivals
	Arrivals string `json:"arrivals,omitempty"` // the schedule, "" with Clients

	// Requests is how many there are in all; 0 = that depends on how fast answers come.
	Requests int `json:"requests,omitempty"`
	// Sending is the time from the start until the last request is started at the latest; 0 = that depends on how fast answers
	// come.
	Sending time.Duration `json:"sending_ns,omitempty"`

	// InputTokens and OutputTokens are those of all requests: of their prompts, by the Runner's Tokenizer, and the most that the
	// payloads let answers have. 0 = not known.
	InputTokens  int `json:"input_tokens,omitempty"`
	OutputTokens int `json:"output_tokens,omitempty"`
	// InputPerRequest and OutputPerRequest are the means of the same over the payloads. 0 = not known.
	InputPerRequest  float64 `json:"input_tokens_per_request,omitempty"`
	OutputPerRequest float64 `json:"output_tokens_per_request,omitempty"`
}

// mostPlanned is how many payloads of a Source are looked at.
const mostPlanned = 100_000

// Plan tells what Run would send. It reads the payloads, of a Source the first 100,000, and sends and writes nothing. Callbacks
// are not asked: what they would change is not in the plan. Until, StopWhen and the end of a Source that has more payloads than
// were looked at may end the run earlier. Its errors are those of [Runner.Run] that come before the first request, except those
// of hooks and folders.
func (r Runner) Plan() (Plan, error) {
	if err := r.resolve(); err != nil {
		return Plan{}, err
	}
	p := Plan{RunName: r.RunName, Folder: r.folder(), Clients: r.Clients, Sending: r.Duration}
	if r.Arrivals == nil {
		p.Requests = r.Clients * r.requestsPerClient()
	} else {
		p.Arrivals = r.Arrivals.String()
		p.schedule(r)
	}
	if r.Source != nil {
		return p, p.source(&r)
	}
	return p, p.payloads(&r)
}

// schedule counts the requests of arrivals.
func (p *Plan) schedule(r Runner) {
	_, ends := load.Length(r.Arrivals)
	if !ends && r.Requests == 0 && r.Duration == 0 {
		return // it has no end, or does not say
	}
	for offset := range r.Arrivals.Offsets(r.Seed) {
		if r.Requests > 0 && p.Requests == r.Requests || r.Duration > 0 && offset >= r.Duration {
			break
		}
		p.Requests, p.Sending = p.Requests+1, offset
	}
}

// payloads counts the tokens of a deck, of which each request takes the next one.
func (p *Plan) payloads(r *Runner) error {
	counter := newTokenCounter(r)
	counts := make([]tokens, len(r.Payloads))
	var round tokens
	for i, payload := range r.Payloads {
		var err error
		if counts[i], err = counter.count(payload); err != nil {
			return fmt.Errorf("payload %d: %w", i+1, err)
		}
		round = round.plus(counts[i])
	}
	// Whole rounds of the deck, and the beginning of another one.
	all, deck := round.times(p.Requests/round.n), load.NewDeck(round.n, r.Seed)
	for i := range p.Requests % round.n {
		all = all.plus(counts[deck.At(uint64(i))])
	}
	p.tokens(round, all)
	return nil
}

// source counts the requests and tokens of a Source, as far as it is looked at.
func (p *Plan) source(r *Runner) error {
	counter, most, seen, ended := newTokenCounter(r), mostPlanned, tokens{}, true
	if p.Requests > 0 {
		most = min(most, p.Requests)
	}
	for payload, err := range r.Source {
		if seen.n == most {
			ended = false
			break
		}
		var one tokens
		if err == nil {
			one, err = counter.count(payload)
		}
		if err != nil {
			return fmt.Errorf("source of payloads: %w", err)
		}
		seen = seen.plus(one)
	}
	if ended && (p.Requests > 0 || r.Duration == 0) {
		p.Requests = seen.n
	}
	all := tokens{}
	if seen.n == p.Requests {
		all = seen
	}
	p.tokens(seen, all)
	return nil
}

// tokens fills in the tokens of the payloads, and those of all requests, if their number is known.
func (p *Plan) tokens(payloads, all tokens) {
	if payloads.n > 0 && payloads.input {
		p.InputTokens, p.InputPerRequest = all.in, float64(payloads.in)/float64(payloads.n)
	}
	if payloads.n > 0 && payloads.output {
		p.OutputTokens, p.OutputPerRequest = all.out, float64(payloads.out)/float64(payloads.n)
	}
}

// tokens are those of n payloads.
type tokens struct {
	n, in, out    int
	input, output bool // both are known of each
}

func (t tokens) plus(o tokens) tokens {
	if t.n == 0 {
		return o
	}
	return tokens{t.n + o.n, t.in + o.in, t.out + o.out, t.input && o.input, t.output && o.output}
}

func (t tokens) times(n int) tokens { return tokens{t.n * n, t.in * n, t.out * n, t.input, t.output} }

// A tokenCounter counts the tokens of payloads.
type tokenCounter struct {
	endpoint  Endpoint
	prompter  endpoint.Prompter // nil if the endpoint is none
	tokenizer Tokenizer
}

func newTokenCounter(r *Runner) tokenCounter {
	prompter, _ := endpoint.As[endpoint.Prompter](r.Endpoint)
	return tokenCounter{r.Endpoint, prompter, r.tokenizer()}
}

// count knows nothing of a conversation, whose turns are not known before.
func (c tokenCounter) count(given Payload) (t tokens, err error) {
	if err := given.Validate(); err != nil {
		return t, err
	}
	p, err := endpoint.Prepare(c.endpoint, given)
	if err != nil {
		return t, err
	}
	t.n = 1
	if p.Next != nil {
		return t, nil
	}
	if c.prompter != nil {
		text := c.prompter.Prompt(p)
		t.in, t.input = c.tokenizer.Count(text), text != ""
	}
	t.out, t.output = p.MaxTokens()
	return t, nil
}
