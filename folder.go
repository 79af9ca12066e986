package llmeter

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

// openFolder prepares the run's folder and writes what is known before the first request.
func (run *Run) openFolder(ctx context.Context) error {
	folder := run.cfg.folder()
	if folder == "" {
		return nil
	}
	st := run.cfg.Store
	if st == nil {
		st = store.Local{}
	}
	w, err := result.NewWriter(ctx, st, folder, result.WriterOptions{Overwrite: run.cfg.Overwrite, NoEvents: run.cfg.NoEvents})
	if err != nil {
		return err
	}
	if err := w.Begin(run.cfg.Payloads, run.pythonConfig()); err != nil {
		return err
	}
	run.writer = w
	return nil
}

// pythonConfig is run_config.json: the keys of LLMeter 0.2.0 in its order and no others.
func (run *Run) pythonConfig() any {
	cfg := &run.cfg
	requests := run.limit
	var duration *float64
	if cfg.Duration > 0 {
		seconds := cfg.Duration.Seconds()
		requests, duration = 0, &seconds
	}
	return struct {
		Endpoint    *envelope   `json:"endpoint"`
		OutputPath  string      `json:"output_path"`
		Tokenizer   *envelope   `json:"tokenizer"`
		Clients     int         `json:"clients"`
		Requests    int         `json:"n_requests"`
		Duration    *float64    `json:"run_duration"`
		Payload     string      `json:"payload"`
		Name        string      `json:"run_name"`
		Description *string     `json:"run_description"`
		Timeout     float64     `json:"timeout"`
		Callbacks   []*envelope `json:"callbacks"`
		LowMemory   bool        `json:"low_memory"`
		Bars        *struct{}   `json:"progress_bar_stats"`
	}{
		Endpoint: savedEndpoint(cfg.Endpoint), OutputPath: cfg.folder(), Tokenizer: saved(cfg.tokenizer()),
		Clients: max(cfg.Clients, 1), Requests: requests, Duration: duration,
		Payload: store.Join(cfg.folder(), "payload.jsonl"), Name: cfg.RunName, Description: orNull(cfg.RunDescription),
		Timeout: cfg.Timeout.Seconds(), Callbacks: savedCallbacks(cfg.Callbacks), LowMemory: cfg.LowMemory,
	}
}

// ownConfig is the configuration as llmeter.json and reports show it: everything that shaped the run, nothing secret.
func (run *Run) ownConfig() json.RawMessage {
	cfg := &run.cfg
	info := cfg.Endpoint.Info()
	c := struct {
		Endpoint    string    `json:"endpoint,omitempty"`
		Model       string    `json:"model,omitempty"`
		Provider    string    `json:"provider,omitempty"`
		State       *envelope `json:"endpoint_state,omitempty"`
		Tokenizer   string    `json:"tokenizer,omitempty"`
		Payloads    int       `json:"payloads,omitempty"`
		Clients     int       `json:"clients,omitempty"`
		Requests    int       `json:"requests,omitempty"`
		Duration    string    `json:"duration,omitempty"`
		ThinkTime   string    `json:"think_time,omitempty"`
		Arrivals    string    `json:"arrivals,omitempty"`
		MaxInFlight int       `json:"max_in_flight,omitempty"`
		Until       string    `json:"until,omitempty"`
		Timeout     string    `json:"timeout"`
		Callbacks   []string  `json:"callbacks,omitempty"`
		LowMemory   bool      `json:"low_memory,omitempty"`
		NoEvents    bool      `json:"no_events,omitempty"`
		NoPrewarm   bool      `json:"no_prewarm,omitempty"`
		Seed        uint64    `json:"seed,omitempty"`
	}{
		Endpoint: info.Name, Model: info.Model, Provider: info.Provider, Payloads: len(cfg.Payloads), Clients: cfg.Clients, Requests: run.limit,
		MaxInFlight: cfg.MaxInFlight, Timeout: cfg.Timeout.String(), LowMemory: cfg.LowMemory,
		NoEvents: cfg.NoEvents, NoPrewarm: cfg.NoPrewarm, Seed: cfg.Seed,
	}
	if s, ok := endpoint.As[Saver](cfg.Endpoint); ok {
		c.State = saved(s)
	}
	if cfg.Duration > 0 {
		c.Duration = cfg.Duration.String()
	}
	if cfg.ThinkTime != nil {
		c.ThinkTime = cfg.ThinkTime.String()
	}
	if cfg.Arrivals != nil {
		c.Arrivals = cfg.Arrivals.String()
	}
	c.Until = cfg.Until.String()
	if cfg.Tokenizer != nil {
		c.Tokenizer = fmt.Sprintf("%T", cfg.Tokenizer)
	}
	for _, cb := range cfg.Callbacks {
		c.Callbacks = append(c.Callbacks, fmt.Sprintf("%T", cb))
	}
	data, err := json.Marshal(c)
	if err != nil { // the state of an endpoint that is not ours
		return json.RawMessage(`{}`)
	}
	return data
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
