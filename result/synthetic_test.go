package result_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/store"
)

// A synthetic run: responses of every sort, with instants as a run of a program has them.
type synthetic struct {
	start     time.Time
	rand      *rand.Rand
	responses []*endpoint.Response
}

func newSynthetic(seed uint64, n int) *synthetic {
	s := &synthetic{start: time.Now(), rand: rand.New(rand.NewPCG(seed, seed))}
	for i := range n {
		s.responses = append(s.responses, s.response(i))
	}
	s.rand.Shuffle(n, func(i, j int) { s.responses[i], s.responses[j] = s.responses[j], s.responses[i] }) // as they finished
	return s
}

func (s *synthetic) duration(atMost time.Duration) time.Duration {
	return 1 + time.Duration(s.rand.Int64N(int64(atMost)))
}

func (s *synthetic) response(seq int) *endpoint.Response {
	at := s.start.Add(time.Duration(seq)*30*time.Millisecond + s.duration(20*time.Millisecond))
	r := &endpoint.Response{
		Seq: seq, Client: seq % 4, ID: fmt.Sprintf("id-%d", seq), Prompt: "Wie geht's? 日本語 🌸",
		Payload:     endpoint.Payload{Body: json.RawMessage(`{"z": 1, "a": [1.50, "<b>&amp;</b>", "\u00e9"], "model": "m"}`)},
		RequestTime: at.UTC().Truncate(time.Microsecond), Intended: at, Dispatched: at,
	}
	switch seq % 10 {
	case 3:
		s.whole(r)
	case 4:
		s.failed(r)
	case 5:
		s.cutStream(r)
	case 6:
		s.toolCalls(r)
	case 7:
		s.reasoningOnly(r)
	case 8:
		if seq%20 == 8 {
			*r = endpoint.Response{Seq: seq, Client: 1, Payload: r.Payload, Error: &endpoint.Error{Kind: endpoint.KindCallback, Message: "no"}}
		} else {
			s.stream(r)
			r.Error = &endpoint.Error{Kind: endpoint.KindCancelled, Message: "the run was aborted"}
		}
	default:
		s.stream(r)
	}
	return r
}

// event adds an event that comes a while after the last one.
func (s *synthetic) event(r *endpoint.Response, e endpoint.Event) time.Time {
	last := time.Duration(0)
	if n := len(r.Events); n > 0 {
		last = r.Events[n-1].At
	}
	e.At, e.Bytes = last+s.duration(30*time.Millisecond), int32(100+s.rand.IntN(100))
	r.Events = append(r.Events, e)
	return r.Dispatched.Add(e.At)
}

func (s *synthetic) tokens(r *endpoint.Response, n int, channel endpoint.Channel) {
	for range n {
		at := s.event(r, endpoint.Event{Text: int32(1 + s.rand.IntN(9)), Tokens: int32(1 + s.rand.IntN(2)), Channel: channel, SameRead: s.rand.IntN(4) == 0, Late: endpoint.Lateness(s.rand.IntN(300))})
		if r.FirstToken.IsZero() {
			r.FirstToken = at
		}
		if r.FirstText.IsZero() && channel == endpoint.Content {
			r.FirstText = at
		}
		r.LastToken = at
	}
}

func (s *synthetic) stream(r *endpoint.Response) {
	r.Streamed, r.Text, r.FinishReason = true, "“Sieben” \u2028 \x01 and\nmore \\ \"quoted\" 五", "stop"
	r.Intended = r.Dispatched.Add(-s.duration(time.Millisecond))
	s.event(r, endpoint.Event{})
	if r.Seq%3 == 0 {
		r.Reasoning = "hm <think>"
		s.tokens(r, 3, endpoint.Reasoning)
		r.ReasoningTokens, r.CachedTokens = endpoint.Counted(4), endpoint.Counted(0)
	}
	s.tokens(r, 2+s.rand.IntN(10), endpoint.Content)
	r.End = r.Dispatched.Add(r.Events[len(r.Events)-1].At + s.duration(time.Millisecond))
	r.InputTokens = endpoint.Count{N: 7 + s.rand.IntN(5), Source: endpoint.ByTokenizer}
	r.OutputTokens = endpoint.Counted(10 + s.rand.IntN(30))
	r.Attempts = []endpoint.Attempt{s.attempt(r, 200)}
	if r.Seq%4 == 0 {
		r.Payload.Labels = map[string]string{"cell": "8×16", "b": ""}
		r.Annotations = map[string]any{"cost_total": 0.1 * float64(r.Seq), "note": "naïve", "nested": map[string]any{"a": []any{true, nil}}}
	}
	r.Turn = r.Seq % 2
}

func (s *synthetic) attempt(r *endpoint.Response, status int) endpoint.Attempt {
	return endpoint.Attempt{
		URL: "http://127.0.0.1:8000/v1", RemoteAddr: "127.0.0.1:8000", Protocol: "HTTP/1.1", Reused: r.Seq > 4, Status: status,
		Start: r.Dispatched.Add(10 * time.Microsecond), Ready: r.Dispatched.Add(20 * time.Microsecond), Written: r.Dispatched.Add(30 * time.Microsecond),
		FirstByte: r.Dispatched.Add(time.Millisecond), End: r.End, DNS: 1, Connect: 2, TLS: 3,
		RateLimit: &endpoint.RateLimit{Requests: endpoint.Quota{Limit: 60, Remaining: s.rand.IntN(60), Reset: s.duration(time.Second)}},
	}
}

func (s *synthetic) whole(r *endpoint.Response) {
	r.Text = "ok"
	r.End = r.Dispatched.Add(s.duration(3 * time.Second))
	r.LastToken = r.End
	r.InputTokens, r.OutputTokens = endpoint.Counted(5), endpoint.Counted(s.rand.IntN(50))
}

func (s *synthetic) failed(r *endpoint.Response) {
	r.End = r.Dispatched.Add(s.duration(time.Second))
	r.Error = &endpoint.Error{Kind: endpoint.KindRateLimited, Status: 429, Code: "slow_down", Message: "calm  down,\nplease", RetryAfter: 1500 * time.Millisecond}
	first := s.attempt(r, 503)
	first.Error = &endpoint.Error{Kind: endpoint.KindServerStatus, Status: 503, Message: "busy"}
	if r.Seq%20 == 4 {
		first.Events = []endpoint.Event{{At: 5, Bytes: 30}, {At: 70, Text: 2, Tokens: 1, Channel: endpoint.Reasoning, SameRead: true, Late: 9}}
	}
	r.Attempts = []endpoint.Attempt{first, s.attempt(r, 429)}
}

func (s *synthetic) cutStream(r *endpoint.Response) {
	s.stream(r)
	r.FinishReason, r.OutputTokens = "", endpoint.Count{}
	r.Error = &endpoint.Error{Kind: endpoint.KindTruncated, Status: 200, Message: "the stream ended in mid-answer"}
}

func (s *synthetic) toolCalls(r *endpoint.Response) {
	s.stream(r)
	r.Text, r.FirstText, r.FinishReason = "", time.Time{}, "tool_calls"
	r.ToolCalls = []endpoint.ToolCall{{ID: "c1", Name: "weather", Arguments: `{"city":"Zürich"}`}, {ID: "c2", Name: "time"}}
	for i := range r.Events {
		r.Events[i].Channel = endpoint.ToolCallArguments
	}
}

func (s *synthetic) reasoningOnly(r *endpoint.Response) {
	r.Streamed, r.Reasoning, r.Refusal, r.FinishReason = true, "…", "I will not", "length"
	s.tokens(r, 1, endpoint.Reasoning)
	r.End = r.LastToken
	r.OutputTokens = endpoint.Count{N: 1, Source: endpoint.ByEvents}
}

// goals are the objectives of every synthetic run.
var goals = []slo.Objective{
	slo.MustParse("ttft-p99 < 1s"), slo.MustParse("goodput(ttft<20ms,tpot<8ms) > 50%"), slo.MustParse("goodput(stall<25ms,itl<12ms) > 10%"),
}

// meta is the Result of the run without what the responses say.
func (s *synthetic) meta(folder string) *result.Result {
	return &result.Result{
		Clients: 4, Requests: len(s.responses) / 4, TotalTestTime: 4*time.Second + 123456789, ModelID: "m", OutputPath: folder, EndpointName: "openai",
		Provider: "openai", RunName: "run ü", StartTime: s.start, EndTime: s.start.Add(4*time.Second + 123456789),
		Objectives: goals, Warmup: result.Cut{Requests: 5}, Interrupted: true, Clock: "user", Config: json.RawMessage(`{"clients":4}`),
		Verdict:  result.Verdict{Level: "degraded", Reasons: []result.Reason{{Metric: "itl-p99", Error: 0.001, Unit: "s"}}},
		Warnings: []result.Warning{{Code: "few-samples", Metric: "ttft-p99", Text: "too few"}},
	}
}

// result is the Result in memory.
func (s *synthetic) result(t require.TestingT, folder string) *result.Result {
	acc := accumulateGoals(s.responses...)
	res := s.meta(folder)
	acc.Complete(res, s.responses)
	require.NoError(t, res.Contribute("cost_total", 1.25))
	require.NoError(t, res.Contribute("cost_per request", 8))
	return res
}

// save writes the run as a run writes it.
func (s *synthetic) save(t testing.TB, st store.Store, folder string) *result.Result {
	w, err := result.NewWriter(t.Context(), st, folder, result.WriterOptions{})
	require.NoError(t, err)
	require.NoError(t, w.Begin([]endpoint.Payload{s.responses[0].Payload}, s.config(folder)))
	w.Start(s.start)
	for _, r := range s.responses {
		w.Add(r)
	}
	res := s.result(t, folder)
	res.Store = st
	require.NoError(t, w.Close(res))
	return res
}

func (s *synthetic) config(folder string) any {
	return struct {
		Endpoint   map[string]any `json:"endpoint"`
		OutputPath string         `json:"output_path"`
		Clients    int            `json:"clients"`
		Requests   int            `json:"n_requests"`
		RunName    string         `json:"run_name"`
	}{map[string]any{"__llmeter_class__": "x.Y", "__llmeter_state__": map[string]any{"model_id": "m", "endpoint_name": "openai"}}, folder, 4, 10, "run ü"}
}
