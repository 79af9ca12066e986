package llmeter

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"unsafe"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
)

// A deck deals payloads to all clients, each with what the endpoint makes of it beforehand, so that bodies are encoded
// before they are due.
type deck struct {
	endpoint endpoint.Endpoint

	cards []card
	order *load.Deck

	sourced chan card // of a Source; nil without one
	quit    chan struct{}
}

// readAhead is how many payloads of a Source are made before they are needed, so that a slow one does not delay a schedule.
const readAhead = 256

// A card is a payload as the user gave it and as it is sent, or why it cannot be sent.
type card struct {
	given, prepared Payload
	err             error
	sourceErr       error // the source failed: there is no card
}

func (d *deck) fill(cfg *Runner) {
	d.endpoint = cfg.Endpoint
	if cfg.Source != nil {
		d.sourced, d.quit = make(chan card, readAhead), make(chan struct{})
		go d.read(cfg.Source)
		return
	}
	d.order = load.NewDeck(len(cfg.Payloads), cfg.Seed)
	d.cards = make([]card, len(cfg.Payloads))
	for i, p := range cfg.Payloads {
		d.cards[i] = d.prepare(p)
	}
}

// read reads a source to its end, its first error, or the end of the run.
func (d *deck) read(source iter.Seq2[Payload, error]) {
	defer close(d.sourced)
	for p, err := range source {
		c := card{sourceErr: err}
		if err == nil {
			c = d.prepare(p)
		}
		select {
		case d.sourced <- c:
		case <-d.quit:
			return
		}
		if err != nil {
			return
		}
	}
}

func (d *deck) prepare(p Payload) card {
	prepared, err := endpoint.Prepare(d.endpoint, p)
	return card{given: p, prepared: prepared, err: err}
}

// deal gives the next card. ok is false when there is none left, or nothing is to be sent any more; err is an error of
// the source, which ends the run.
func (d *deck) deal(sending context.Context) (c card, ok bool, err error) {
	if d.sourced == nil {
		return d.cards[d.order.Next()], true, nil
	}
	select {
	case c, ok = <-d.sourced:
	case <-sending.Done():
		return card{}, false, nil
	}
	if c.sourceErr != nil {
		return card{}, false, fmt.Errorf("source of payloads: %w", c.sourceErr)
	}
	return c, ok, nil
}

func (d *deck) close() {
	if d.quit != nil {
		close(d.quit)
	}
}

// copyForHooks gives a copy of the payload that hooks may edit. Its bytes are shared: hooks replace them.
func (c card) copyForHooks() Payload {
	p := c.given
	p.Labels = maps.Clone(p.Labels)
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
