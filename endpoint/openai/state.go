package openai

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint/internal/wire"
)

// A state is what LLMeter 0.2.0 writes for an endpoint of OpenAI, in its order. It holds no credential.
type state struct {
	ModelID      string            `json:"model_id"`
	EndpointName string            `json:"endpoint_name"`
	Provider     string            `json:"provider"`
	VisibleOnly  *bool             `json:"ttft_visible_tokens_only,omitempty"`
	Project      *string           `json:"project"`
	Organization *string           `json:"organization"`
	BaseURL      string            `json:"base_url"`
	MaxRetries   int               `json:"max_retries"`
	Timeout      any               `json:"timeout"`
	Headers      map[string]string `json:"default_headers,omitempty"`
	Query        map[string]string `json:"default_query,omitempty"`
}

// phaseTimeouts are LLMeter's own defaults, in seconds. This package leaves time limits to its client and to the run.
type phaseTimeouts struct {
	Connect json.Number `json:"connect"`
	Read    int         `json:"read"`
	Write   int         `json:"write"`
	Pool    int         `json:"pool"`
}

func (c *Config) state(a *api) state {
	info := c.info(a)
	s := state{
		ModelID: info.Model, EndpointName: info.Name, Provider: info.Provider,
		Project: orNull(c.Project), Organization: orNull(c.Organization),
		Timeout: phaseTimeouts{Connect: "5.0", Read: 600, Write: 600, Pool: 600},
		Headers: withoutSecrets(c.Header),
	}
	if c.Client != nil && c.Client.Timeout > 0 {
		s.Timeout = c.Client.Timeout.Seconds()
	}
	if u, err := url.Parse(c.baseURL()); err == nil {
		s.Query = withoutSecrets(http.Header(u.Query()))
		u.User, u.RawQuery = nil, ""
		s.BaseURL = strings.TrimRight(u.String(), "/") + "/"
	}
	if a == responseStream {
		visibleOnly := false // the time to first token counts from the first token of any kind
		s.VisibleOnly = &visibleOnly
	}
	return s
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// withoutSecrets gives the values that may be saved, nil if there are none.
func withoutSecrets(values http.Header) map[string]string {
	var kept map[string]string
	for name, v := range values {
		if wire.IsSecret(name) {
			continue
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[name] = strings.Join(v, ", ")
	}
	return kept
}
