//go:build linux

package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
)

// An ingestJob reads answers that are there already.
type ingestJob struct {
	Folder             string
	Clients, Responses int
	Repeat             int
}

// ingested is how fast that went, run by run.
type ingested struct{ EventsPerSecond, CPUPerEvent []float64 }

func ingestEvents(job ingestJob) (out ingested, err error) {
	work, err := replayed(job.Clients, job.Responses)
	if err != nil {
		return out, err
	}
	for range job.Repeat {
		before, start := cpuTime(), time.Now()
		events, err := work(job.Folder)
		if err != nil {
			return out, err
		}
		out.EventsPerSecond = append(out.EventsPerSecond, perSecond(events, time.Since(start)))
		out.CPUPerEvent = append(out.CPUPerEvent, (cpuTime()-before).Seconds()/float64(events))
	}
	return out, nil
}

// replayed gives a run whose answers come from memory, an event a read; the run gives the number of its events.
func replayed(clients, responses int) (func(folder string) (int, error), error) {
	server, err := mock.New(mock.Options{RecordLimit: 1})
	if err != nil {
		return nil, err
	}
	defer server.Close()
	ep := &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: server.URL + "/v1"}
	payload, err := ask(ep, tokens)
	if err != nil {
		return nil, err
	}
	if payload, err = ep.PreparePayload(payload); err != nil {
		return nil, err
	}
	answer, err := record(server, server.URL, payload.Body)
	if err != nil {
		return nil, err
	}
	ep = &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: server.URL + "/v1", Client: &http.Client{Transport: answer}}
	r := llmeter.Runner{Endpoint: ep, Payloads: []llmeter.Payload{payload}, Clients: clients, Requests: responses / clients}
	return func(folder string) (int, error) {
		r.Folder, r.Overwrite = folder, true
		_, err := complete(r)
		return responses / clients * clients * tokens, err
	}, nil
}

// ingest is how many events a client takes in when no network slows it down.
func ingest(b *bench) ([]table, error) {
	t := table{
		head: []string{"clients", "events", "runs", "events/s", "quartiles", "CPU µs/event"},
		note: "Answers of 100 tokens from memory, an event a read, on all processors; statistics, event log and all files written, from the start of the run until its files are closed.",
	}
	const clients = 100
	job := ingestJob{b.folder("ingest"), clients, pick(b, 40_000, 5_000), pick(b, 7, 3)}
	in, err := call[ingested](b, "", "ingest", job)
	if err != nil {
		return nil, err
	}
	rate := in.EventsPerSecond
	t.add(fmt.Sprint(clients), fmt.Sprint(job.Responses*tokens), fmt.Sprint(job.Repeat), fmt.Sprintf("%.0f", quantile(rate, 0.5)),
		fmt.Sprintf("%.0f … %.0f", quantile(rate, 0.25), quantile(rate, 0.75)), fmt.Sprintf("%.2f", quantile(in.CPUPerEvent, 0.5)*1e6))
	return []table{t}, nil
}
