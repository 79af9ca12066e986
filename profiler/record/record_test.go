package record_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/profiler"
	"github.com/llmeter-go/llmeter/profiler/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// roundTrip answers requests in the place of a server.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// answers gives each request the same answer. The header is "Name: value" texts.
func answers(status int, body io.Reader, header ...string) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		h := http.Header{}
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			h.Set(name, value)
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(body), Request: req}, nil
	}
}

// A recording gathers what a Transport records.
type recording struct {
	t      *testing.T
	rec    *profiler.Recorder
	file   bytes.Buffer
	client *http.Client
}

func newRecording(t *testing.T, base http.RoundTripper) *recording {
	r := &recording{t: t}
	r.rec = profiler.NewRecorder(&r.file)
	r.client = &http.Client{Transport: &record.Transport{Base: base, Recorder: r.rec}}
	return r
}

// post sends a request and gives the body of the answer.
func (r *recording) post(url, body string) string {
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(r.t, err)
	req.Header.Set("Authorization", "Bearer sk-very-secret")
	resp, err := r.client.Do(req)
	require.NoError(r.t, err)
	got, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	require.NoError(r.t, resp.Body.Close())
	return string(got)
}

// traces ends the recording.
func (r *recording) traces() (traces []*profiler.Trace) {
	require.NoError(r.t, r.rec.Close())
	require.NotContains(r.t, r.file.String(), "very-secret")
	for trace, err := range profiler.Read(&r.file, "recording") {
		require.NoError(r.t, err)
		require.Empty(r.t, trace.Problems)
		traces = append(traces, trace)
	}
	return traces
}

// one ends a recording of one call: its start, its pieces, its end.
func (r *recording) one() (start *profiler.StepPayload, chunks []string, end *profiler.StepPayload) {
	traces := r.traces()
	require.Len(r.t, traces, 1)
	steps := traces[0].Steps
	for i := range steps[1 : len(steps)-1] {
		require.Equal(r.t, profiler.LLMNewToken, steps[i+1].Payload.EventType)
		chunks = append(chunks, steps[i+1].Payload.Chunk())
	}
	start, end = &steps[0].Payload, &steps[len(steps)-1].Payload
	require.Equal(r.t, profiler.LLMStart, start.EventType)
	require.Equal(r.t, profiler.LLMEnd, end.EventType)
	return start, chunks, end
}

func TestAStreamedChatIsRecordedToTheNanosecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, err := mock.New(mock.Options{TTFT: mock.Fixed(200 * time.Millisecond), ITL: mock.Fixed(30 * time.Millisecond), CachedTokens: 2})
		require.NoError(t, err)
		defer server.Close()
		base := server.Client().Transport.(*http.Transport)
		defer base.CloseIdleConnections()
		r := newRecording(t, base)
		began := time.Now()
		at := func(ms int) float64 { return profiler.Seconds(began.Add(time.Duration(ms) * time.Millisecond)) }
		body := r.post(server.URL+"/v1/chat/completions", `{"model":"m","stream":true,"max_tokens":5,"stream_options":{"include_usage":true},
			"messages":[{"role":"system","content":"be kind"},{"role":"user","content":[{"type":"text","text":"hello"},{"type":"image_url","image_url":{"url":"data:xyz"}}]}]}`)
		traces := r.traces()
		require.Len(t, traces, 1)
		steps := traces[0].Steps
		require.Len(t, steps, 7)
		require.Equal(t, at(0), steps[0].Payload.EventTimestamp)
		require.Equal(t, "m", steps[0].Payload.Name)
		require.Equal(t, "be kind\nhello", steps[0].Payload.Input())
		text := ""
		for i := range 5 {
			p := &steps[1+i].Payload
			require.Equal(t, at(200+30*i), p.EventTimestamp)
			text += p.Chunk()
		}
		end := &steps[6].Payload
		require.Equal(t, at(320), end.EventTimestamp)
		require.Equal(t, at(0), end.SpanEventTimestamp)
		require.Equal(t, text, end.Output())
		require.Equal(t, profiler.TokenUsage{PromptTokens: 3, CompletionTokens: 5, CachedTokens: 2, TotalTokens: 8}, end.Tokens())
		require.Empty(t, end.Metadata)
		require.True(t, strings.HasSuffix(body, "data: [DONE]\n\n"))
	})
}

// TestTheMockIsUnderstood records every API of the mock, streamed and not, whatever it answers.
func TestTheMockIsUnderstood(t *testing.T) {
	for _, path := range []string{"chat/completions", "completions", "responses"} {
		for _, stream := range []bool{false, true} {
			for _, answer := range []mock.Answer{mock.AnswerText, mock.AnswerToolCall, mock.AnswerRefusal} {
				t.Run(fmt.Sprintf("%s/%t/%s", path, stream, answer), func(t *testing.T) {
					server, err := mock.New(mock.Options{Reasoning: mock.Fixed(2), Tokens: mock.Fixed(8), Answer: answer})
					require.NoError(t, err)
					defer server.Close()
					base := server.Client().Transport.(*http.Transport)
					defer base.CloseIdleConnections()
					r := newRecording(t, base)
					body, _ := json.Marshal(map[string]any{
						"model": "m", "stream": stream, "stream_options": map[string]bool{"include_usage": true}, "prompt": "one two", "input": "one two",
						"messages": []map[string]string{{"role": "user", "content": "one two"}},
					})
					r.post(server.URL+"/v1/"+path, string(body))
					_, chunks, end := r.one()
					truth := server.Records()[0]
					require.Empty(t, end.FailedWith())
					require.Equal(t, 8, end.Tokens().CompletionTokens)
					require.Equal(t, truth.PromptTokens, end.Tokens().PromptTokens)
					if stream {
						require.Len(t, chunks, 8)
					} else {
						require.Empty(t, chunks)
					}
					switch {
					case answer == mock.AnswerToolCall && path != "completions":
						require.Regexp(t, `^\n\nTool calls: \[\{"id":"[^"]+","name":"record_text","arguments":"\{.*\}"\}\]$`, end.Output())
					case stream && path == "completions":
						require.Equal(t, strings.Join(chunks, ""), end.Output())
					default:
						require.NotEmpty(t, end.Output())
						require.NotContains(t, end.Output(), "Tool calls")
					}
				})
			}
		}
	}
}

func TestWhatIsNotACallOfAModelIsPassedOnUnrecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecording(t, answers(200, strings.NewReader("hello")))
		for _, call := range []struct{ method, url, body string }{
			{"GET", "http://x/v1/chat/completions", ""}, {"POST", "http://x/api/chat", `{"message":"hi"}`}, {"POST", "http://x/v1/chat/completions", `not JSON`},
			{"POST", "http://x/v1/threads/1/messages", `{"model":"m","messages":[]}`}, {"POST", "http://x/search", `{"model":"m","input":"x"}`},
		} {
			body := &watched{Reader: strings.NewReader(call.body)}
			req, err := http.NewRequestWithContext(t.Context(), call.method, call.url, body)
			require.NoError(t, err)
			resp, err := r.client.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
		}
		require.Empty(t, r.traces())
	})
}

type watched struct {
	io.Reader
	closed bool
}

func (w *watched) Close() error {
	w.closed = true
	return nil
}

// TestARequestIsSentAsItIs says that a body that can be read only once reaches the server whole, and is closed.
func TestARequestIsSentAsItIs(t *testing.T) {
	const text = "{\"model\":\"m\", \"prompt\":\"x\" }\n"
	var sent string
	var sentRequest *http.Request
	r := newRecording(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		b, err := io.ReadAll(req.Body)
		sent, sentRequest = string(b), req
		if err == nil {
			err = req.Body.Close()
		}
		if err != nil {
			return nil, err
		}
		return answers(200, strings.NewReader(`{"choices":[{"text":"y"}]}`))(req)
	}))
	body := &watched{Reader: strings.NewReader(text)}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/v1/completions", body)
	require.NoError(t, err)
	resp, err := r.client.Transport.RoundTrip(req)
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.JSONEq(t, `{"choices":[{"text":"y"}]}`, string(got))
	require.Equal(t, text, sent)
	require.True(t, body.closed)
	require.Same(t, body, req.Body, "the caller's request is not changed")
	require.Equal(t, req.ContentLength, sentRequest.ContentLength)
	_, _, end := r.one()
	require.Equal(t, "y", end.Output())

	broken := io.MultiReader(strings.NewReader(text[:9]), io.MultiReader(failing{}))
	req, err = http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/v1/completions", broken)
	require.NoError(t, err)
	_, err = (&record.Transport{Base: r.client.Transport.(*record.Transport).Base, Recorder: r.rec}).RoundTrip(req)
	require.ErrorIs(t, err, io.ErrClosedPipe, "an error of the body is the sender's to see")
	require.Equal(t, text[:9], sent)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestRefusedCallsSayHowLongToWait(t *testing.T) {
	for header, want := range map[string]any{
		"": nil, "Retry-After: 2": 2.0, "Retry-After: 0.5": 0.5, "Retry-After-Ms: 1500": 1.5, "Retry-After: soon": nil,
		"Retry-After: Sat, 01 Jan 2000 00:00:07 GMT": 7.0, "Retry-After: -3": nil, "Retry-After: NaN": nil, "Retry-After: 1e300": nil,
	} {
		synctest.Test(t, func(t *testing.T) { // a bubble begins with the year 2000
			body := `{"error":{"message":"too many requests for sk-very-secret","type":"rate_limit"}}`
			r := newRecording(t, answers(429, strings.NewReader(body), header))
			require.Equal(t, body, r.post("http://x/v1/chat/completions", `{"model":"m","messages":[]}`))
			_, _, end := r.one()
			require.Equal(t, "HTTP 429: too many requests for [redacted]", end.FailedWith())
			facts := map[string]any{"error": end.FailedWith(), profiler.HTTPStatusKey: 429.0}
			if want != nil {
				facts[profiler.RetryAfterKey] = want
			}
			var got map[string]map[string]any
			require.NoError(t, json.Unmarshal(end.Metadata, &got))
			require.Equal(t, facts, got["provided_metadata"])
		})
	}
}

func TestFailuresAreNamed(t *testing.T) {
	const stream = "Content-Type: text/event-stream"
	piece := "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
	for name, c := range map[string]struct {
		base http.RoundTripper
		want string
	}{
		"no answer":        {roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }), "unexpected EOF"},
		"error in stream":  {answers(200, strings.NewReader(piece+"data: {\"error\":{\"message\":\"overloaded\"}}\n\n"), stream), "overloaded"},
		"error in answer":  {answers(200, strings.NewReader(`{"error":"model not loaded"}`)), "model not loaded"},
		"cut stream":       {answers(200, io.MultiReader(strings.NewReader(piece), failing{}), stream), "io: read/write on closed pipe"},
		"stream ends":      {answers(200, strings.NewReader(piece), stream), "the answer ended before its end was announced"},
		"page":             {answers(200, strings.NewReader("<html>")), "the answer is not JSON"},
		"page with status": {answers(502, strings.NewReader("<html>bad gateway</html>\n")), "HTTP 502: <html>bad gateway</html>"},
		"nothing":          {answers(503, strings.NewReader("")), "HTTP 503: Service Unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecording(t, c.base)
			resp, err := r.client.Post("http://x/v1/chat/completions", "application/json", strings.NewReader(`{"model":"m","messages":[]}`))
			if err == nil {
				_, _ = io.ReadAll(resp.Body)
				require.NoError(t, resp.Body.Close())
			}
			_, _, end := r.one()
			require.Equal(t, c.want, end.FailedWith())
		})
	}
}

func TestACallThatIsCancelledFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, err := mock.New(mock.Options{TTFT: mock.Fixed(time.Second), ITL: mock.Fixed(time.Second)})
		require.NoError(t, err)
		defer server.Close()
		base := server.Client().Transport.(*http.Transport)
		r := newRecording(t, base)
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		began := time.Now()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/chat/completions",
			strings.NewReader(`{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}`))
		require.NoError(t, err)
		resp, err := r.client.Do(req)
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, resp.Body.Close())
		_, chunks, end := r.one()
		require.Len(t, chunks, 2)
		require.Equal(t, "context deadline exceeded", end.FailedWith())
		require.Equal(t, profiler.Seconds(began.Add(2500*time.Millisecond)), end.EventTimestamp)
		require.Equal(t, 2, end.Tokens().CompletionTokens, "counted, since nobody has said")
		require.Contains(t, string(end.Metadata), `"completion_tokens_from":"events"`)
		base.CloseIdleConnections()
	})
}

func TestAnAnswerThatIsClosedEarly(t *testing.T) {
	whole := `{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`
	for read, want := range map[int]string{len(whole): "", 20: "closed before the end of the answer"} {
		r := newRecording(t, answers(200, strings.NewReader(whole)))
		resp, err := r.client.Post("http://x/v1/chat/completions", "application/json", strings.NewReader(`{"model":"m","messages":[]}`))
		require.NoError(t, err)
		_, err = io.ReadFull(resp.Body, make([]byte, read))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, resp.Body.Close())
		_, _, end := r.one()
		require.Equal(t, want, end.FailedWith())
	}
}

func TestTheSpanIsPartOfTheOneOfTheContext(t *testing.T) {
	var file bytes.Buffer
	rec := profiler.NewRecorder(&file)
	client := &http.Client{Transport: &record.Transport{Base: roundTrip(func(req *http.Request) (*http.Response, error) {
		return answers(200, strings.NewReader(`{"choices":[]}`))(req)
	})}}
	for _, ctx := range []context.Context{profiler.NewContext(t.Context(), rec), t.Context()} { // the second has no recorder
		ctx, agent := profiler.Start(ctx, profiler.Workflow, "agent")
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://x/openai/deployments/gpt/chat/completions?api-version=1", strings.NewReader(`{"messages":[]}`))
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		agent.End()
	}
	require.NoError(t, rec.Close())
	n := 0
	for trace, err := range profiler.Read(&file, "recording") {
		require.NoError(t, err)
		require.Len(t, trace.Steps, 4)
		require.Equal(t, trace.Steps[0].Payload.UUID, trace.Steps[1].ParentID)
		require.Equal(t, "gpt", trace.Steps[1].Payload.Name)
		n++
	}
	require.Equal(t, 1, n)
}

func TestAnAnswerThatCannotBeReadIsPassedOn(t *testing.T) {
	r := newRecording(t, answers(200, strings.NewReader("\x1f\x8b…"), "Content-Encoding: gzip"))
	require.Equal(t, "\x1f\x8b…", r.post("http://x/v1/chat/completions", `{"model":"m","messages":[]}`))
	_, _, end := r.one()
	require.Empty(t, end.FailedWith())
	require.JSONEq(t, `{"provided_metadata":{"answer_unread":"content encoding gzip"}}`, string(end.Metadata))
}
