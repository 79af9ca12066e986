package transport_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/llmeter-go/llmeter/transport"
)

// A connection is opened before the start, one request is sent over it, and its times are looked at.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hi") }))
	defer server.Close()

	client, err := transport.New(transport.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	ctx := context.Background()
	if err := transport.Prewarm(ctx, client, server.URL, 1); err != nil {
		fmt.Println(err)
		return
	}

	var timing transport.Timing
	req, err := http.NewRequestWithContext(transport.Trace(ctx, &timing), http.MethodGet, server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	times := timing.Times()
	fmt.Println(string(body), err)
	fmt.Println("open before:", times.Reused, "connecting took:", times.Connect)
	// Output:
	// hi <nil>
	// open before: true connecting took: 0s
}
