// Package openai speaks the APIs of OpenAI, and of the many servers that are compatible with them: Chat Completions
// ([CompletionEndpoint], [CompletionStreamEndpoint]), Responses ([ResponseEndpoint], [ResponseStreamEndpoint]),
// Completions of text ([TextCompletionEndpoint], [TextCompletionStreamEndpoint]) and Embeddings ([EmbeddingsEndpoint]).
//
// Each is a struct literal whose pointer is an endpoint:
//
//	ep := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: "http://127.0.0.1:8000/v1"}
//
// Only the first choice is the answer. If a payload asks for more (n > 1), what the others bring counts as events with
// tokens but its text is not kept.
//
// The package knows these wire formats: the shapes of requests, and what the events and documents of answers mean. It
// does not know how the bytes come over the network or when they came, nor anything of runs.
package openai

import (
	"cmp"
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

// A Config has the fields that all endpoints of this package have. A pointer to one converts to any of them:
//
//	ep := (*openai.ResponseStreamEndpoint)(&openai.Config{Model: "m"})
//
// After its first use it must be neither changed nor copied.
type Config struct {
	// Model is the name of the model, and replaces what a payload says. Required, unless every payload names one.
	Model string

	// BaseURL is where the API is, up to its version: "http://127.0.0.1:8000/v1". "" = the environment's
	// OPENAI_BASE_URL, else https://api.openai.com/v1. A query in it is sent with every request.
	BaseURL string

	// APIKey is sent as a bearer token. "" = the environment's OPENAI_API_KEY; servers of one's own may want none.
	APIKey string

	Organization string // the header OpenAI-Organization; "" = not sent
	Project      string // the header OpenAI-Project; "" = not sent

	// Header is sent with every request and overrides what the endpoint would send itself.
	Header http.Header

	// Client is best one of transport.New; nil = one of its own with default options. Other clients work, but they
	// cannot open connections before a run nor take the kernel's clock, and may follow redirects and use proxies.
	Client *http.Client

	Name     string // names the endpoint in results; "" = as LLMeter names this API, e.g. "openai"
	Provider string // who serves the model, in results; "" = "openai"

	made made
}

// made is what a Config needs at work. It is made at the first use.
type made struct {
	once    sync.Once
	err     error
	client  *http.Client
	own     bool // client is ours to close
	base    *url.URL
	shown   string // base without what may be secret in it
	header  http.Header
	secrets []string
	clocks  atomic.Uint32 // the clocks that have stamped answers so far: userClock | kernelClock
	target  atomic.Pointer[target]
}

// A target is where an api is below the base URL.
type target struct {
	api *api
	url *url.URL
}

const (
	defaultBaseURL = "https://api.openai.com/v1"

	userClock   = 1
	kernelClock = 2
)

// make gives what c needs at work. Its error says what is wrong with c.
func (c *Config) make() (*made, error) {
	m := &c.made
	m.once.Do(func() {
		m.base, m.err = url.Parse(c.baseURL())
		if m.err != nil || m.base.Host == "" || m.base.Scheme != "http" && m.base.Scheme != "https" {
			// Note: the URL is not shown, it may hold a credential.
			m.err = &endpoint.Error{Kind: endpoint.KindPayload, Message: "the base URL is not an http or https URL with a host"}
			return
		}
		m.base.Host = strings.TrimSuffix(m.base.Host, ":") // a port that is left out
		m.shown = (&url.URL{Scheme: m.base.Scheme, Host: m.base.Host, Path: m.base.Path}).String()
		m.header = c.header()
		m.secrets = secrets(m.header, m.base)
		if m.client = c.Client; m.client == nil {
			m.own = true
			m.client, m.err = transport.New(transport.Options{})
		}
	})
	return m, m.err
}

func (c *Config) baseURL() string {
	return cmp.Or(c.BaseURL, os.Getenv("OPENAI_BASE_URL"), defaultBaseURL)
}

// header gives the header of every request.
func (c *Config) header() http.Header {
	h := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"llmeter-go"}}
	if key := strings.TrimSpace(cmp.Or(c.APIKey, os.Getenv("OPENAI_API_KEY"))); key != "" {
		h.Set("Authorization", "Bearer "+key)
	}
	if c.Organization != "" {
		h.Set("OpenAI-Organization", c.Organization)
	}
	if c.Project != "" {
		h.Set("OpenAI-Project", c.Project)
	}
	for name, values := range c.Header {
		h[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	return h
}

// secrets gives all that no error may show.
func secrets(h http.Header, base *url.URL) []string {
	all := wire.SecretsIn(h)
	if password, ok := base.User.Password(); ok {
		all = append(all, password)
	}
	for name, values := range base.Query() {
		if wire.IsSecret(name) {
			all = append(all, values...)
		}
	}
	return all
}
