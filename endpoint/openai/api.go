package openai

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/url"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/internal/wire"
	"github.com/llmeter-go/llmeter/transport"
)

// An api is what the endpoints of this package differ in.
type api struct {
	class   string // see Class
	name    string // of the endpoint unless Config says otherwise
	path    string // below the base URL
	stream  bool
	decoder func() wire.Decoder // of one answer
}

func (c *Config) info(a *api) endpoint.Info {
	return endpoint.Info{Name: cmp.Or(c.Name, a.name), Model: c.Model, Provider: cmp.Or(c.Provider, "openai")}
}

// invoke sends p on behalf of e, the endpoint that c is.
func (c *Config) invoke(ctx context.Context, e endpoint.Endpoint, a *api, p endpoint.Payload) (*endpoint.Response, error) {
	p, err := endpoint.Prepare(e, p)
	var q *wire.Request
	if err == nil {
		q, err = c.request(a, p)
	}
	if !a.stream {
		return endpoint.New(c.info(a), func(ctx context.Context, _ endpoint.Payload) (*endpoint.Response, error) {
			if err != nil {
				return nil, err
			}
			return q.Whole(ctx, a.decoder())
		}).Invoke(ctx, p)
	}
	return endpoint.NewStream(c.info(a), func(ctx context.Context, _ endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		if err != nil {
			return func(yield func(endpoint.Chunk, error) bool) { yield(endpoint.Chunk{}, err) }
		}
		return q.Stream(ctx, a.decoder())
	}).Invoke(ctx, p)
}

// request makes the HTTP request for a prepared payload.
func (c *Config) request(a *api, p endpoint.Payload) (*wire.Request, error) {
	m, err := c.make()
	if err != nil {
		return nil, err
	}
	return &wire.Request{
		Client: m.client, URL: m.at(a), BaseURL: m.shown,
		Header: m.header, Body: p.Body, Secrets: m.secrets, Clock: m.stampedBy,
	}, nil
}

// at is the URL of an api.
func (m *made) at(a *api) *url.URL {
	t := m.target.Load()
	if t == nil || t.api != a {
		base := *m.base
		base.Path = cmp.Or(base.Path, "/")
		t = &target{a, base.JoinPath(a.path)}
		m.target.Store(t)
	}
	return t.url
}

// prepare sets the model, and what the API wants said of streaming.
func (c *Config) prepare(a *api, p endpoint.Payload) (endpoint.Payload, error) {
	if model, _ := p.Get("model"); c.Model == "" && (model == nil || model == "") {
		return p, errors.New("neither the endpoint nor the payload names a model")
	}
	var errs []error
	if c.Model != "" {
		errs = append(errs, set(&p, "model", c.Model))
	}
	if a != embeddings {
		errs = append(errs, set(&p, "stream", a.stream))
	}
	if a.stream && a != responseStream { // which reports tokens unasked, and may refuse the option
		errs = append(errs, includeUsage(&p))
	}
	return p, errors.Join(errs...)
}

// set puts v under a key that may have it already: then the bytes stay as they are.
func set(p *endpoint.Payload, key string, v any) error {
	if old, ok := p.Get(key); ok && old == v {
		return nil
	}
	return p.Set(v, key)
}

// includeUsage asks for token counts at the end of a stream, unless the payload has options of its own.
func includeUsage(p *endpoint.Payload) error {
	options, _ := p.Get("stream_options")
	if m, isObject := options.(map[string]any); options != nil && (!isObject || len(m) > 0) {
		return nil
	}
	return p.Set(map[string]bool{"include_usage": true}, "stream_options")
}

// prewarm opens n connections.
func (c *Config) prewarm(ctx context.Context, n int) error {
	m, err := c.make()
	if err != nil {
		return err
	}
	return transport.Prewarm(ctx, m.client, m.base.String(), n)
}

// close closes the connections that no request uses, unless the client is the user's.
func (c *Config) close() error {
	if m, _ := c.make(); m.own && m.client != nil {
		m.client.CloseIdleConnections()
	}
	return nil
}

// stampedBy notes the clock of a connection.
func (m *made) stampedBy(clock transport.Clock) {
	bit := uint32(userClock)
	if clock.Kernel() {
		bit = kernelClock
	}
	if m.clocks.Load()&bit == 0 {
		m.clocks.Or(bit)
	}
}

// clock names the worst clock that has stamped an answer so far.
func (c *Config) clock() string {
	if c.made.clocks.Load() == kernelClock {
		return "kernel"
	}
	return "user"
}
