package llmeter

import (
	"fmt"
	"iter"
	"sync"
	"unsafe"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
)

// A deck deals payloads to all clients, each with what the endpoint makes of it beforehand, so that bodies are encoded
// before they are due.
type deck struct {
	endpoint endpoint.Endpoint

	cards    []card
	order    *load.Deck
	mu       sync.Mutex // guards next
	next     func() (endpoint.Payload, error, bool)
	stopNext func()
}

// A card is a payload as the user gave it and as it is sent, or why it cannot be sent.
type card struct {
	given, prepared Payload
	err             error
}

func (d *deck) fill(cfg *Runner) error {
	d.endpoint = cfg.Endpoint
	if cfg.Source != nil {
		d.next, d.stopNext = iter.Pull2(cfg.Source)
		return nil
	}
	d.order = load.NewDeck(len(cfg.Payloads), cfg.Seed)
	d.cards = make([]card, len(cfg.Payloads))
	for i, p := range cfg.Payloads {
		d.cards[i] = d.prepare(p)
	}
	return nil
}

func (d *deck) prepare(p Payload) card {
	prepared, err := endpoint.Prepare(d.endpoint, p)
	return card{given: p, prepared: prepared, err: err}
}

// deal gives the next card. ok is false when there is none left; err is an error of the source, which ends the run.
func (d *deck) deal() (c card, ok bool, err error) {
	if d.next == nil {
		return d.cards[d.order.Next()], true, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p, err, ok := d.next()
	if err != nil {
		return card{}, false, fmt.Errorf("source of payloads: %w", err)
	}
	if !ok {
		return card{}, false, nil
	}
	return d.prepare(p), true, nil
}

func (d *deck) close() {
	if d.stopNext != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.stopNext()
	}
}

// copyForHooks gives a copy of the payload that hooks may edit. Its bytes are shared: hooks replace them.
func (c card) copyForHooks() Payload {
	p := c.given
	if p.Labels != nil {
		labels := make(map[string]string, len(p.Labels))
		for k, v := range p.Labels {
			labels[k] = v
		}
		p.Labels = labels
	}
	return p
}

// edited gives what is to be sent after hooks turned the card's payload into p. Only an edit of its body costs another
// preparation.
func (d *deck) edited(c card, p Payload) (Payload, error) {
	if len(p.Body) == len(c.given.Body) && unsafe.SliceData(p.Body) == unsafe.SliceData(c.given.Body) {
		prepared := c.prepared
		prepared.Labels, prepared.Next = p.Labels, p.Next
		return prepared, c.err
	}
	return endpoint.Prepare(d.endpoint, p)
}
