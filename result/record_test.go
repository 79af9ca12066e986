package result_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

// records gives what the event log holds, and the error that it ends with.
func records(t testing.TB, st store.Store, folder string) (all []*result.Record, err error) {
	for r, err := range result.Events(context.WithoutCancel(t.Context()), st, folder) {
		if err != nil {
			return all, err
		}
		all = append(all, r)
	}
	return all, nil
}

func TestTheEventLogHoldsEveryInstantOfEveryRequest(t *testing.T) {
	s := newSynthetic(6, 200)
	s.save(t, store.Local{}, t.TempDir()+"/run")
	live := s.save(t, store.Local{}, t.TempDir())
	all, err := records(t, nil, live.OutputPath)
	require.NoError(t, err)
	require.Len(t, all, len(s.responses))
	for i, r := range s.responses {
		want := *r
		want.ID, want.Prompt, want.Text, want.Reasoning, want.Refusal, want.FinishReason = "", "", "", "", "", ""
		want.Payload, want.ToolCalls, want.Annotations = endpoint.Payload{}, nil, nil
		requireSameResponse(t, &want, &all[i].Response)
		require.True(t, s.start.Equal(all[i].Start))
		switch {
		case r.Cancelled():
			require.Equal(t, result.Cancelled, all[i].State)
		case r.Failed():
			require.Equal(t, result.Failed, all[i].State)
		default:
			require.Equal(t, result.Succeeded, all[i].State)
		}
	}
}

func TestTheEventLogCanBeReadInPart(t *testing.T) {
	s := newSynthetic(6, 20)
	live := s.save(t, new(store.Memory), "run")
	for r, err := range result.Events(t.Context(), live.Store, "run") {
		require.NoError(t, err)
		require.Equal(t, s.responses[0].Seq, r.Seq)
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range result.Events(ctx, live.Store, "run") {
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestADamagedEventLogIsReadUpToThere(t *testing.T) {
	s := newSynthetic(6, 20)
	live := s.save(t, new(store.Memory), "run")
	log := read(t, live.Store, "events.bin")
	write := func(data string) {
		require.NoError(t, live.Store.WriteFile(t.Context(), "run/events.bin", []byte(data)))
	}

	write(log[:len(log)-300])
	all, err := records(t, live.Store, "run")
	require.Greater(t, len(all), 10)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Regexp(t, `^run/events\.bin: byte \d+: the frame is cut off$`, err.Error())

	write(log[:100] + "\x00" + log[101:])
	all, err = records(t, live.Store, "run")
	require.Empty(t, all)
	require.EqualError(t, err, "run/events.bin: byte 16: the checksum of the frame is wrong")

	write("what is this?" + log)
	_, err = records(t, live.Store, "run")
	require.EqualError(t, err, "run/events.bin: byte 0: this is not an event log")

	_, err = records(t, live.Store, "nowhere")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// The lines are a promise to programs that read them.
func TestRecordsAsJSONStayWhatTheyAre(t *testing.T) {
	st := new(store.Memory)
	w := begin(t, st)
	r := at(1500*time.Millisecond+1, 3, 100*time.Millisecond, 250*time.Millisecond)
	r.Client, r.Turn, r.Intended, r.End = -1, 2, r.Dispatched.Add(-time.Microsecond), r.LastToken.Add(1)
	r.Events[0] = endpoint.Event{At: 100 * time.Millisecond, Bytes: 210}
	r.Events[1].Channel, r.Events[1].SameRead, r.Events[1].Late = endpoint.Reasoning, true, 3
	r.InputTokens, r.ReasoningTokens = endpoint.Count{N: 4, Source: endpoint.ByTokenizer}, endpoint.Counted(0)
	refused := &endpoint.Error{Kind: endpoint.KindServerStatus, Status: 503, Code: "a", Message: "busy <&>", RetryAfter: 1500 * time.Millisecond}
	r.Attempts = []endpoint.Attempt{
		{URL: "http://a", Status: 503, Start: r.Dispatched, Ready: r.Dispatched.Add(1), Written: r.Dispatched.Add(2), Error: refused},
		{URL: "http://b", RemoteAddr: "b:80", Protocol: "HTTP/1.1", Reused: true, Status: 200, Start: r.Dispatched.Add(time.Millisecond),
			FirstByte: r.Dispatched.Add(2 * time.Millisecond), End: r.End, DNS: 1, Connect: time.Second, TLS: time.Minute,
			RateLimit: &endpoint.RateLimit{Requests: endpoint.Quota{Limit: 60, Reset: time.Second}}},
	}
	w.Add(r)
	w.Add(&endpoint.Response{Seq: 1, Error: &endpoint.Error{Kind: endpoint.KindCallback, Message: "no"}})
	w.Add(&endpoint.Response{Seq: 2, Error: &endpoint.Error{Kind: endpoint.KindCancelled}})
	w.Watch(t.Context(), endpoint.Response{Seq: 3, Client: 7, Dispatched: r.Dispatched})
	require.NoError(t, w.Close(nil))
	all, err := records(t, st, "run")
	require.NoError(t, err)
	var got bytes.Buffer
	lines := json.NewEncoder(&got)
	lines.SetEscapeHTML(false)
	for _, r := range all {
		require.NoError(t, lines.Encode(r))
	}
	const golden = "testdata/events.jsonl"
	if *update {
		require.NoError(t, os.WriteFile(golden, got.Bytes(), 0o666))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}

// answering streams a token every 110 ms until its context is done.
var answering = endpoint.NewStream(endpoint.Info{}, func(ctx context.Context, _ endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
	return func(yield func(endpoint.Chunk, error) bool) {
		for i := range 1000 {
			select {
			case <-time.After(110 * time.Millisecond):
				yield(endpoint.Chunk{Text: "x", Channel: endpoint.Channel((i + 1) % 2)}, nil)
			case <-ctx.Done():
				yield(endpoint.Chunk{}, ctx.Err())
				return
			}
		}
	}
})

// snapshot copies what a killed program would leave.
func snapshot(t *testing.T, st store.Store, to string) {
	for _, name := range []string{"responses.jsonl", "events.bin", "run_config.json"} {
		require.NoError(t, st.WriteFile(t.Context(), to+"/"+name, []byte(read(t, st, name))))
	}
}

func TestWhatWasInFlightWhenTheRunWasKilledIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := new(store.Memory)
		w, err := result.NewWriter(t.Context(), st, "run", result.WriterOptions{})
		require.NoError(t, err)
		require.NoError(t, w.Begin(nil, nil))
		start := time.Now()
		w.Start(start)
		ctx, cancel := context.WithCancel(t.Context())
		for seq := range 3 {
			go func() {
				ctx := w.Watch(ctx, endpoint.Response{Seq: seq, Client: seq, Dispatched: time.Now()})
				if seq == 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, 530*time.Millisecond)
					defer stop()
				}
				r, _ := answering.Invoke(ctx, endpoint.Payload{})
				r.Seq, r.Client = seq, seq
				w.Add(r)
			}()
		}
		w.Watch(ctx, endpoint.Response{Seq: 3, Client: 3, Dispatched: start, Intended: start.Add(-1)}) // of an endpoint that cannot be watched
		time.Sleep(1200 * time.Millisecond)
		synctest.Wait()
		snapshot(t, st, "killed")
		all, err := records(t, st, "killed")
		require.NoError(t, err)
		require.Len(t, all, 4)
		require.Equal(t, result.Failed, all[0].State)
		require.Len(t, all[0].Events, 4)
		for _, r := range all[1:3] {
			require.Equal(t, result.Unfinished, r.State)
			require.True(t, r.Dispatched.Equal(start))
			require.Len(t, r.Events, 9, "those of the time until the last quarter of a second")
			ttft, _ := r.TTFT()
			ttfct, _ := r.TTFCT()
			ttlt, _ := r.TTLT()
			require.Equal(t, []time.Duration{110 * time.Millisecond, 220 * time.Millisecond, 990 * time.Millisecond}, []time.Duration{ttft, ttfct, ttlt})
			require.True(t, r.End.IsZero())
		}
		require.Equal(t, 3, all[3].Seq)
		require.Empty(t, all[3].Events)
		require.Equal(t, start.Add(-1).UTC(), all[3].Intended)

		res := load(t, "killed", result.LoadOptions{Store: st})
		require.Equal(t, 1, res.TotalRequests)
		require.Zero(t, res.CancelledRequests)
		require.Equal(t, 990*time.Millisecond, res.TotalTestTime, "when something was heard last")
		require.Contains(t, res.Warnings, result.Warning{Code: result.WarnUnfinished, Text: "3 requests were in flight when the run was killed: " +
			"they are in no statistic; killed/events.bin holds what had come of them"})
		require.Equal(t, 1.0, lookup(t, res.Stats(), "failed_requests"))

		cancel()
		synctest.Wait()
		require.NoError(t, w.Close(nil))
		all, err = records(t, st, "run")
		require.NoError(t, err)
		require.Equal(t, []result.State{result.Failed, result.Cancelled, result.Cancelled, result.Unfinished},
			[]result.State{all[0].State, all[1].State, all[2].State, all[3].State})
		require.Len(t, all[1].Events, 10)
	})
}

func TestARunWithoutAnEventLogWritesNoneAndWatchesNothing(t *testing.T) {
	st := new(store.Memory)
	w, err := result.NewWriter(t.Context(), st, "run", result.WriterOptions{NoEvents: true})
	require.NoError(t, err)
	require.NoError(t, w.Begin(nil, nil))
	w.Start(time.Now())
	require.Equal(t, t.Context(), w.Watch(t.Context(), endpoint.Response{}))
	w.Add(at(0, 1, time.Second))
	require.NoError(t, w.Close(&result.Result{}))
	_, err = records(t, st, "run")
	require.True(t, errors.Is(err, fs.ErrNotExist))
	require.Len(t, responses(t, load(t, "run", result.LoadOptions{Store: st})), 1)
}
