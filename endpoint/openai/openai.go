// Package openai speaks the APIs of OpenAI, and of the many servers that are compatible with them: Chat Completions
// ([CompletionEndpoint], [CompletionStreamEndpoint]), Responses ([ResponseEndpoint], [ResponseStreamEndpoint]),
// Completions of text ([TextCompletionEndpoint], [TextCompletionStreamEndpoint]) and Embeddings ([EmbeddingsEndpoint]).
//
// Each is a struct literal whose pointer is an endpoint:
//
//	ep := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: "http://127.0.0.1:8000/v1"}
//
// The package knows these wire formats: the shapes of requests, and what the events and documents of answers mean. It
// does not know how the bytes come over the network or when they came, nor anything of runs.
package openai

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/internal/wire"
	"github.com/llmeter-go/llmeter/transport"
)

// A Config has the fields that all endpoints of this package have. Its pointer converts to a pointer to any of them:
//
//	ep := (*openai.ResponseStreamEndpoint)(&openai.Config{Model: "m"})
//
// The fields must not be changed after the first use, and the value not be copied.
type Config struct {
	// Model is the name of the model. Required, unless every payload names one; it replaces what a payload says.
	Model string

	// BaseURL is where the API is, up to its version: "http://127.0.0.1:8000/v1". "" = the environment's
	// OPENAI_BASE_URL, else https://api.openai.com/v1. A query in it is sent with every request.
	BaseURL string

	// APIKey is sent as a bearer token; "" = the environment's OPENAI_API_KEY. None is needed if the server wants none.
	APIKey string

	Organization string // the OpenAI-Organization header; "" = not sent
	Project      string // the OpenAI-Project header; "" = not sent

	// Header is sent with every request, and overrides what the endpoint would send itself.
	Header http.Header

	// Client is best one of transport.New; nil = such a client of its own, with default options. Another client works,
	// but cannot be warmed before a run nor take the kernel's clock, and may follow redirects and use proxies.
	Client *http.Client

	Name     string // the endpoint's name in results; "" = that of LLMeter for this API, e.g. "openai"
	Provider string // who serves the model, in results; "" = "openai"

	made made
}

// made is what a Config needs at work, made at its first use.
type made struct {
	once    sync.Once
	client  *http.Client
	own     bool // the client is ours to close
	base    *url.URL
	header  http.Header
	secrets []string
	err     error
	clocks  atomic.Uint32 // which clocks have stamped answers: 1 = user, 2 = kernel
}

const defaultBaseURL = "https://api.openai.com/v1"

func (c *Config) make() *made {
	c.made.once.Do(func() {
		m := &c.made
		if m.client = c.Client; m.client == nil {
			m.client, m.err = transport.New(transport.Options{})
			m.own = true
		}
		base, err := url.Parse(c.baseURL())
		if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
			// Note: the URL is not shown, it may hold a credential.
			m.err = &endpoint.Error{Kind: endpoint.KindPayload, Message: "the base URL is not an http or https URL with a host"}
			return
		}
		m.base = base
		key := strings.TrimSpace(cmp.Or(c.APIKey, os.Getenv("OPENAI_API_KEY")))
		m.header = http.Header{"Content-Type": {"application/json"}, "User-Agent": {"llmeter-go"}}
		set := func(name, value string) {
			if value != "" {
				m.header.Set(name, value)
			}
		}
		if key != "" {
			set("Authorization", "Bearer "+key)
		}
		set("OpenAI-Organization", c.Organization)
		set("OpenAI-Project", c.Project)
		for name, values := range c.Header {
			m.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
		m.secrets = wire.SecretsIn(m.header)
		if password, ok := base.User.Password(); ok {
			m.secrets = append(m.secrets, password)
		}
		for name, values := range base.Query() {
			if wire.IsSecret(name) {
				m.secrets = append(m.secrets, values...)
			}
		}
	})
	return &c.made
}

func (c *Config) baseURL() string {
	return cmp.Or(c.BaseURL, os.Getenv("OPENAI_BASE_URL"), defaultBaseURL)
}

// An api is what the endpoints differ in.
type api struct {
	path   string // below the base URL
	class  string // of LLMeter, see Class
	name   string // of the endpoint by default
	stream bool
	chunks func() wire.Decoder // of one answer; to be given back with putBack
}

func (c *Config) info(a *api) endpoint.Info {
	return endpoint.Info{Name: cmp.Or(c.Name, a.name), Model: c.Model, Provider: cmp.Or(c.Provider, "openai")}
}
