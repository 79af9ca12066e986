package openai_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
)

var (
	png = endpoint.Image{MIME: "image/png", Data: []byte{1, 2, 3}}
	mp3 = endpoint.Audio{MIME: "audio/mpeg", Data: []byte{1, 2, 3}}
	wav = endpoint.Audio{MIME: "audio/wav", Data: []byte{1, 2, 3}}
	pdf = endpoint.Document{MIME: "application/pdf", Data: []byte{1, 2, 3}, Path: "/some/where/paper.pdf"}
)

type full interface {
	endpoint.Endpoint
	endpoint.Preparer
	endpoint.PayloadCreator
	endpoint.Prompter
	endpoint.Prewarmer
	endpoint.Clocked
	Close() error
	Class() string
	State() any
}

// every endpoint of the package has every ability.
var (
	_ full = (*openai.CompletionEndpoint)(nil)
	_ full = (*openai.CompletionStreamEndpoint)(nil)
	_ full = (*openai.TextCompletionEndpoint)(nil)
	_ full = (*openai.TextCompletionStreamEndpoint)(nil)
	_ full = (*openai.ResponseEndpoint)(nil)
	_ full = (*openai.ResponseStreamEndpoint)(nil)
	_ full = (*openai.EmbeddingsEndpoint)(nil)
)

func of(k kind) full { return k(&openai.Config{Model: "m"}).(full) }

func TestCreatePayload(t *testing.T) {
	check := func(k kind, maxTokens int, want string, parts ...endpoint.Part) {
		t.Helper()
		p, err := of(k).CreatePayload(maxTokens, parts...)
		require.NoError(t, err)
		require.Equal(t, want, string(p.Body))
	}
	for _, k := range []kind{chat, chatStream} {
		check(k, 7, `{"messages":[{"role":"user","content":"Hi <b>é</b>"}],"max_tokens":7}`, endpoint.Text("Hi <b>é</b>"))
		check(k, 0, `{"messages":[{"role":"user","content":"Hi"}],"max_tokens":256}`, endpoint.Text("Hi"))
		check(k, 7, `{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],"max_tokens":7}`, endpoint.Text("a"), endpoint.Text("b"))
		check(k, 7, `{"messages":[{"role":"user","content":[`+
			`{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}},{"type":"text","text":"what?"},`+
			`{"type":"input_audio","input_audio":{"data":"AQID","format":"mp3"}},{"type":"input_audio","input_audio":{"data":"AQID","format":"wav"}},`+
			`{"type":"file","file":{"file_data":"data:application/pdf;base64,AQID","filename":"paper.pdf"}},`+
			`{"type":"file","file":{"file_data":"data:application/pdf;base64,AQID"}}]}],"max_tokens":7}`,
			png, endpoint.Text("what?"), mp3, wav, pdf, endpoint.Document{MIME: pdf.MIME, Data: pdf.Data})
		check(k, 7, `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}}]}],"max_tokens":7}`, png)
	}
	for _, k := range []kind{text, textStream} {
		check(k, 7, `{"prompt":"Hi","max_tokens":7}`, endpoint.Text("Hi"))
		check(k, 0, `{"prompt":"a\nb","max_tokens":256}`, endpoint.Text("a"), endpoint.Text("b"))
	}
	for _, k := range []kind{response, responseStream} {
		check(k, 7, `{"input":"Hi","max_output_tokens":7}`, endpoint.Text("Hi"))
		check(k, 0, `{"input":[{"role":"user","content":"a"},{"role":"user","content":"b"}],"max_output_tokens":256}`, endpoint.Text("a"), endpoint.Text("b"))
		check(k, 7, `{"input":[{"role":"user","content":[{"type":"input_text","text":"what?"},{"type":"input_image","image_url":"data:image/png;base64,AQID"},`+
			`{"type":"input_file","file_data":"data:application/pdf;base64,AQID","filename":"paper.pdf"}]}],"max_output_tokens":7}`,
			endpoint.Text("what?"), png, pdf)
	}
	check(embeddings, 7, `{"input":"Hi"}`, endpoint.Text("Hi"))
	check(embeddings, 0, `{"input":["a","b"]}`, endpoint.Text("a"), endpoint.Text("b"))
}

func TestCreatePayloadRefusesWhatItCannotCarry(t *testing.T) {
	check := func(k kind, maxTokens int, want string, parts ...endpoint.Part) {
		t.Helper()
		_, err := of(k).CreatePayload(maxTokens, parts...)
		require.EqualError(t, err, want)
	}
	hi := endpoint.Text("Hi")
	check(chat, 7, "a payload needs at least one part")
	check(response, 7, "a payload needs at least one part")
	check(text, 7, "a payload needs at least one part")
	check(chat, -1, "-1 tokens: must not be negative", hi)
	check(response, -1, "-1 tokens: must not be negative", hi)
	check(text, -1, "-1 tokens: must not be negative", hi)
	check(chat, 7, "Chat Completions cannot carry a part that is nil", nil)
	check(chat, 7, "Chat Completions cannot carry video\n"+`Chat Completions cannot carry audio of type "audio/ogg"`,
		endpoint.Video{MIME: "video/mp4"}, hi, endpoint.Audio{MIME: "audio/ogg"})
	check(chat, 7, `Chat Completions cannot carry an image of type "application/pdf"`, endpoint.Image(pdf))
	check(chat, 7, `Chat Completions cannot carry a document of type ""`, endpoint.Document{})
	check(response, 7, `Responses cannot carry audio of type "audio/mpeg"`, mp3)
	check(text, 7, `Completions cannot carry an image of type "image/png"`, hi, png)
	check(embeddings, 7, `Embeddings cannot carry an image of type "image/png"`, png)
}

func TestPreparePayload(t *testing.T) {
	check := func(k kind, body, want string) {
		t.Helper()
		before := endpoint.Payload{Body: []byte(body), Labels: map[string]string{"cell": "1"}}
		p, err := of(k).PreparePayload(before)
		require.NoError(t, err)
		require.Equal(t, want, string(p.Body))
		require.Equal(t, body, string(before.Body))
		require.Equal(t, before.Labels, p.Labels)
		again, err := of(k).PreparePayload(p)
		require.NoError(t, err)
		require.Equal(t, want, string(again.Body))
	}
	for _, k := range []kind{chat, text, response} {
		check(k, `{"a":1}`, `{"a":1, "model": "m", "stream": false}`)
		check(k, `{"stream":true,"a":1,"model":"other"}`, `{"stream":false,"a":1,"model":"m"}`)
		check(k, `{"stream" : false,"model": "m"}`, `{"stream" : false,"model": "m"}`)
	}
	for _, k := range []kind{chatStream, textStream} {
		check(k, `{"a":1}`, `{"a":1, "model": "m", "stream": true, "stream_options": {"include_usage":true}}`)
		check(k, `{"stream_options":{}}`, `{"stream_options":{"include_usage":true}, "model": "m", "stream": true}`)
		check(k, `{"stream_options":null}`, `{"stream_options":{"include_usage":true}, "model": "m", "stream": true}`)
		check(k, `{"stream_options":{"include_usage":false}}`, `{"stream_options":{"include_usage":false}, "model": "m", "stream": true}`)
		check(k, `{"stream_options":{"other":1}}`, `{"stream_options":{"other":1}, "model": "m", "stream": true}`)
	}
	check(responseStream, `{"a":1}`, `{"a":1, "model": "m", "stream": true}`)
	check(embeddings, `{"input":"a"}`, `{"input":"a", "model": "m"}`)
}

func TestModelMayComeFromThePayload(t *testing.T) {
	e := &openai.CompletionEndpoint{}
	p, err := e.PreparePayload(endpoint.Payload{Body: []byte(`{"model":"theirs"}`)})
	require.NoError(t, err)
	require.Equal(t, `{"model":"theirs", "stream": false}`, string(p.Body))
	for _, body := range []string{`{}`, `{"model":null}`, `{"model":""}`} {
		r, err := e.Invoke(t.Context(), endpoint.Payload{Body: []byte(body)})
		require.EqualError(t, err, "payload: neither the endpoint nor the payload names a model")
		require.Equal(t, endpoint.KindPayload, r.Error.Kind)
		require.Empty(t, r.Attempts, "nothing was sent")
	}
	_, err = (&openai.CompletionStreamEndpoint{Model: "m"}).Invoke(t.Context(), endpoint.Payload{Body: []byte(`[]`)})
	require.ErrorContains(t, err, "payload: set")
}

func TestPrompt(t *testing.T) {
	check := func(k kind, body, want string) {
		t.Helper()
		require.Equal(t, want, of(k).Prompt(endpoint.Payload{Body: []byte(body)}))
	}
	check(chat, `{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"What"},{"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"is it?"}]},{"role":"assistant","content":null}]}`,
		"Be brief.\nWhat\nis it?")
	check(chatStream, `{"messages":[]}`, "")
	check(chatStream, `{}`, "")
	check(chatStream, `{"messages":7}`, "")
	check(text, `{"prompt":"a"}`, "a")
	check(textStream, `{"prompt":["a","b"]}`, "a\nb")
	check(textStream, `{"prompt":[1,2,3]}`, "")
	check(response, `{"input":"a"}`, "a")
	check(responseStream, `{"input":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"input_text","text":"b"},{"type":"input_image","image_url":"u"}]},{"type":"function_call_output","output":"x"}]}`, "a\nb")
	check(embeddings, `{"input":["a","b"]}`, "a\nb")
}
