// Package mock is a model server with known truth: it speaks OpenAI's wire formats and remembers when it sent what.
//
// It knows Chat Completions, Completions, Responses and Embeddings, streaming where the API has it, the list of models
// and a health check. It knows how to be slow on purpose (time to first token, time between tokens, finite slots with a
// queue), how to write badly (torn and merged writes), and how to fail in every way a client must survive. All of it is
// decided by [Options] and a seed, request by request, so that two servers with equal options treat their n-th requests
// alike whatever the clients do in between.
//
// What really happened is kept as a [Record] per request, given out by [Server.Records] and over HTTP at
// GET /mock/records (JSON lines; POST /mock/reset forgets them).
//
// A [Server] is an [net/http.Handler]. [Start] puts it on a real socket; [Server.DialContext] and [Server.Client] reach
// it in memory, without a socket, so that server and client can live in one testing/synctest bubble and every time is
// exact:
//
//	synctest.Test(t, func(t *testing.T) {
//		server, err := mock.New(mock.Options{TTFT: mock.Fixed(200 * time.Millisecond)})
//		require.NoError(t, err)
//		defer server.Close() // no goroutine may outlive the bubble
//		client := server.Client()
//		// A request to server.URL + "/v1/chat/completions" has its first token after 200 ms, to the nanosecond.
//	})
//
// On a socket the times are those of Go's timers, which may be a millisecond late; a record holds the time of
// each write as it was, not as it was meant.
//
// It does not know what a model is: its answers are words from a fixed list, one word a token, its prompt tokens are
// the words of the prompt, and it gives one choice whatever n says. It knows nothing of the endpoints and results of
// this module, so that none of them can agree with it by sharing a mistake.
package mock
