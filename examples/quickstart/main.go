// Quickstart runs a streamed load test over real sockets against the server that comes with the module, prints its table,
// saves a run folder, and writes a page with its figures into that folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/report"
)

func main() {
	if err := quickstart(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func quickstart(ctx context.Context) error {
	// A model server with known timing. Put the URL of your own in its place.
	server, err := mock.Start(mock.Options{
		TTFT: mock.LogNormal(120*time.Millisecond, 0.25),
		ITL:  mock.Fixed(8 * time.Millisecond),
	})
	if err != nil {
		return err
	}
	defer server.Close()

	ep := &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: server.URL + "/v1"}
	payload, err := ep.CreatePayload(64, endpoint.Text("Tell me about load balancers."))
	if err != nil {
		return err
	}

	res, err := llmeter.Runner{
		Endpoint:   ep,
		Payloads:   []llmeter.Payload{payload},
		Clients:    10,
		Requests:   12,
		OutputPath: "runs",
	}.Run(ctx)
	if err != nil {
		return err
	}
	if err := report.Text(os.Stdout, res); err != nil {
		return err
	}
	return writePage(filepath.Join(res.OutputPath, "report.html"), res)
}

// writePage writes what the table cannot show: distributions, everything over time, single requests. It opens in a browser.
func writePage(path string, res *llmeter.Result) error {
	page, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(report.HTML(page, res), page.Close()); err != nil {
		return err
	}
	fmt.Println("report in", path)
	return nil
}
