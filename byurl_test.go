package llmeter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/transport"
)

func TestARunAgainstSeveralURLsHasResultsOfEach(t *testing.T) {
	var urls []string
	for _, faults := range [][]mock.Fault{nil, {{Kind: mock.FaultStatus, Rate: 1}}} {
		server, err := mock.Start(mock.Options{Tokens: mock.Fixed(2), Faults: faults})
		require.NoError(t, err)
		defer server.Close()
		urls = append(urls, server.URL+"/v1")
	}
	client, err := transport.New(transport.Options{URLs: urls})
	require.NoError(t, err)
	ep := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: urls[0], Client: client}
	payload, err := ep.CreatePayload(2, endpoint.Text("hi"))
	require.NoError(t, err)
	for _, r := range []llmeter.Runner{{}, {Folder: t.TempDir(), LowMemory: true}} {
		r.Endpoint, r.Payloads, r.Requests = ep, []llmeter.Payload{payload}, 10
		failed := map[string]int{}
		for _, part := range run(t, r).ByURL() {
			require.Equal(t, 5, part.Result.TotalRequests)
			failed[part.URL] = part.Result.FailedRequests()
		}
		require.Equal(t, map[string]int{urls[0]: 0, urls[1]: 5}, failed)
	}
	require.Empty(t, (&result.Result{}).ByURL())
}
