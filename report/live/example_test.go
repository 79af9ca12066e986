package live_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/report/live"
)

// A run that is shown while it goes on. Standard error is no terminal in a test, so that there would be a line every two seconds.
func ExampleNew() {
	echo := endpoint.New(endpoint.Info{Model: "echo"}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		return &endpoint.Response{Text: "ok"}, nil
	})
	r := llmeter.Runner{Endpoint: echo, Payloads: []llmeter.Payload{endpoint.JSON(map[string]string{"prompt": "hello"})}, Clients: 2, Requests: 3}
	r.AddCallback(live.New(os.Stderr))
	res, err := r.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.TotalRequests, "requests")
	// Output: 6 requests
}

// A run that the program started: Ctrl-C cancels its context, also while the view reads keys.
func ExampleView_Follow() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	echo := endpoint.New(endpoint.Info{Model: "echo"}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		return &endpoint.Response{Text: "ok"}, nil
	})
	r := llmeter.Runner{Endpoint: echo, Payloads: []llmeter.Payload{endpoint.JSON(map[string]string{"prompt": "hello"})}}
	run, err := r.Start(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	view := &live.View{Out: os.Stderr, Specs: live.DefaultSpecs(), Interrupt: cancel}
	if err := view.Follow(ctx, run); err != nil {
		fmt.Println(err)
	}
	res, _ := run.Wait()
	fmt.Println(res.TotalRequests, "request")
	// Output: 1 request
}
