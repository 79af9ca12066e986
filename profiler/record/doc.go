// Package record records the calls of models that a Go program makes over HTTP, without changing the program: a [Transport] stands in
// the place of its HTTP client's.
//
// It knows the requests and answers of OpenAI's Chat Completions, Completions, Responses and Embeddings, of what is compatible with
// them, of Anthropic's Messages, and of Ollama, streamed or not. It knows nothing of who makes the calls, and of what is made
// of the recording. Whatever else goes through a Transport it passes on untouched.
package record
