// Package endpoint says what an LLM endpoint is to a benchmark: something that takes a [Payload] and gives a
// [Response] in which every instant is known. It holds the one stopwatch of the module ([New] and [NewStream]), the
// parts that payloads are made of, and the kinds of error that a request can end with.
//
// It knows no provider, no wire format and no network: the packages below it (openai and others) do. It knows nothing
// of runs, schedules or statistics either.
package endpoint

import (
	"context"
	"io"
)

// An Endpoint is one model behind one interface, for example the streaming Chat Completions of one server.
// Implementations are safe for concurrent use. Authors rarely implement it by hand: see [New] and [NewStream].
type Endpoint interface {
	// Info names the endpoint in results and files.
	Info() Info

	// Invoke sends one request and returns when its answer has ended. It honours ctx: when ctx is done, the request
	// is aborted. A failed request gives an error (best an *[Error]); a partial Response beside it is normal and holds
	// all that was measured until then.
	Invoke(ctx context.Context, p Payload) (*Response, error)
}

// Info is how results name an endpoint. Empty fields are written as unknown.
type Info struct {
	Name     string // the endpoint, e.g. "openai" ("endpoint_name" in files)
	Model    string // the model ("model_id" in files)
	Provider string // who serves it ("provider" in files)
}

// The optional abilities of an endpoint. They are found with [As], so that a wrapper need not repeat them.
type (
	// A Preparer completes payloads before they are due, e.g. with the model's name. The work is not timed.
	// Preparing a prepared payload again changes nothing; callers use [Prepare], which also remembers.
	Preparer interface {
		PreparePayload(p Payload) (Payload, error)
	}

	// A PayloadCreator makes a payload of at most maxTokens generated tokens (0 = 256) from one user message, whose
	// parts stand in the given order. It fails for parts that the wire format cannot carry.
	PayloadCreator interface {
		CreatePayload(maxTokens int, parts ...Part) (Payload, error)
	}

	// A Prompter extracts the prompt's text from a prepared payload, for token counts and for people. "" means that
	// there is none.
	Prompter interface {
		Prompt(p Payload) string
	}

	// A Prewarmer opens n connections before the first request, so that connecting is not part of any latency.
	Prewarmer interface {
		Prewarm(ctx context.Context, n int) error
	}

	// A Punctual endpoint may be invoked shortly before a request is due, under a context of [WithDue]: it does all that comes before
	// the first byte of the request, and sends that when it is due.
	Punctual interface {
		Punctual()
	}

	// A Clocked endpoint names the clock that stamps its chunks: "kernel" or "user".
	Clocked interface {
		Clock() string
	}
)

// As finds the first endpoint in e's chain that has the ability T. The chain is e, then whatever its
// Unwrap() Endpoint method gives, and so on.
func As[T any](e Endpoint) (T, bool) {
	for e != nil {
		if t, ok := e.(T); ok {
			return t, true
		}
		u, ok := e.(interface{ Unwrap() Endpoint })
		if !ok {
			break
		}
		e = u.Unwrap()
	}
	var none T
	return none, false
}

// Prepare completes p for e if e is a [Preparer] and p was not prepared by it already; otherwise p is returned as it is.
// Invoke calls it too, so that a program may send any payload; a run calls it before the request is due.
func Prepare(e Endpoint, p Payload) (Payload, error) {
	pr, ok := As[Preparer](e)
	if !ok || same(p.preparedBy, pr) {
		return p, nil
	}
	prepared, err := pr.PreparePayload(p)
	if err != nil {
		return p, &Error{Kind: KindPayload, Message: err.Error(), Err: err}
	}
	prepared.preparedBy = pr
	return prepared, nil
}

// Close releases what e holds, if it is an io.Closer.
func Close(e Endpoint) error {
	if c, ok := As[io.Closer](e); ok {
		return c.Close()
	}
	return nil
}
