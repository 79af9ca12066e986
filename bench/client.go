//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/transport"
)

// newEndpoint is llmeter's side of every comparison.
func newEndpoint(url string, userClock bool) (*openai.CompletionStreamEndpoint, error) {
	client, err := transport.New(transport.Options{UserClock: userClock})
	return &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: url + "/v1", Client: client}, err
}

// ask is a request for so many tokens.
func ask(ep *openai.CompletionStreamEndpoint, tokens int) (llmeter.Payload, error) {
	return ep.CreatePayload(tokens, endpoint.Text("Tell me how many streams you can hold."))
}

// complete runs r and gives its result. A request that failed makes the measurement worthless.
func complete(r llmeter.Runner) (*llmeter.Result, error) {
	res, err := r.Run(context.Background())
	if err != nil {
		return nil, err
	}
	if failed := res.Errors(); len(failed) > 0 {
		return nil, fmt.Errorf("%d requests failed: %s", failed[0].Count, failed[0].Sample)
	}
	return res, nil
}

// A lineCounter is the floor: the least that a client of net/http can do with a stream, which is to count its lines.
type lineCounter struct {
	client *http.Client
	url    string
	body   []byte
}

func newLineCounter(url string, body []byte) *lineCounter {
	// as many kept connections as there are, as for llmeter
	t := &http.Transport{MaxIdleConnsPerHost: 1 << 20, DisableCompression: true}
	return &lineCounter{&http.Client{Transport: t}, url + "/v1/chat/completions", body}
}

// events sends one request and counts the events of its answer.
func (c *lineCounter) events() (n int, err error) {
	resp, err := c.client.Post(c.url, "application/json", bytes.NewReader(c.body))
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, errors.New(resp.Status)
	}
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return n, nil // the end: what is cut short is found by its number of events
		}
		if bytes.HasPrefix(line, []byte("data:")) {
			n++
		}
	}
}

// A steadyWall finds out whether the wall clock was set meanwhile.
type steadyWall struct{ begin time.Time }

// check fails if wall clock and monotonic clock have not run alike since the beginning.
func (w steadyWall) check() error {
	now := time.Now()
	mono := now.Sub(w.begin)
	wall := now.Round(0).Sub(w.begin.Round(0))
	if apart := (wall - mono).Abs(); apart > 50*time.Microsecond {
		return fmt.Errorf("the wall clock was set during the run, by %v", apart)
	}
	return nil
}
