package result_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

func begin(t testing.TB, st store.Store, payloads ...endpoint.Payload) *result.Writer {
	t.Helper()
	w, err := result.NewWriter(t.Context(), st, "run", result.WriterOptions{})
	require.NoError(t, err)
	require.NoError(t, w.Begin(payloads, map[string]any{"clients": 1}))
	w.Start(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	return w
}

func read(t testing.TB, st store.Store, name string) string {
	t.Helper()
	data, err := store.ReadFile(context.WithoutCancel(t.Context()), st, "run/"+name)
	require.NoError(t, err)
	return string(data)
}

func TestALineIsWhatLLMeterWrites(t *testing.T) {
	st := new(store.Memory)
	w := begin(t, st)
	r := at(1500*time.Millisecond+1, 3, 100*time.Millisecond, 250*time.Millisecond)
	r.Text, r.ID, r.Prompt, r.FinishReason = "a\"b\u2028\x7f\xff\x00ü", "id", "p", "stop"
	r.Payload.Body = json.RawMessage("{\n  \"b\": 1.50,\r\n \"a\": \"x\\ny\"}")
	r.InputTokens = endpoint.Count{N: 4, Source: endpoint.ByTokenizer}
	r.End = r.Dispatched.Add(300 * time.Millisecond)
	r.Annotations = map[string]any{"z": 1, "cost": 2.0, "llmeter": "taken", "list": []int{1}}
	w.Add(r)
	w.Add(&endpoint.Response{Seq: 1, Client: -1, Error: &endpoint.Error{Kind: endpoint.KindUnknown, Message: ""}})
	w.Add(&endpoint.Response{Seq: 2, Error: &endpoint.Error{Kind: endpoint.KindCancelled}})
	require.NoError(t, w.Close(nil))
	require.Equal(t, `{"response_text": "a\"b`+"\u2028\x7f"+`\ufffd\u0000ü", "input_payload": {"b":1.50,"a":"x\ny"}, "id": "id", "input_prompt": "p", `+
		`"time_to_first_token": 0.1, "time_to_last_token": 0.25, "num_tokens_input": 4, "num_tokens_output": 3, `+
		`"num_tokens_input_cached": null, "num_tokens_output_reasoning": null, "time_per_output_token": 0.075, "error": null, "retries": null, `+
		`"request_time": "2026-01-01T00:00:01.500000Z", "annotations": {"llmeter": {"seq": 0, "end": 0.3, "finish_reason": "stop", `+
		`"input_tokens_by": "tokenizer"}, "cost": 2.0, "list": [1], "z": 1}}`+"\n"+
		`{"response_text": null, "input_payload": null, "id": null, "input_prompt": null, "time_to_first_token": null, `+
		`"time_to_last_token": null, "num_tokens_input": null, "num_tokens_output": null, "num_tokens_input_cached": null, `+
		`"num_tokens_output_reasoning": null, "time_per_output_token": null, "error": "", "retries": null, "request_time": null, `+
		`"annotations": {"llmeter": {"seq": 1, "client": -1, "error_kind": "unknown"}}}`+"\n", read(t, st, "responses.jsonl"))
}

func TestPayloadsAreSavedByteForByteOnOneLineEach(t *testing.T) {
	st := new(store.Memory)
	body := `{"z": 1e3,  "a": "<&>\u00e9"}`
	w := begin(t, st, endpoint.Payload{Body: json.RawMessage(body)}, endpoint.Payload{Body: json.RawMessage("{\n\"a\": 1}")})
	require.NoError(t, w.Close(nil))
	require.Equal(t, body+"\n{\"a\":1}\n", read(t, st, "payload.jsonl"))
	require.Equal(t, "{\n    \"clients\": 1\n}", read(t, st, "run_config.json"))

	_, err := result.NewWriter(t.Context(), st, "run", result.WriterOptions{Overwrite: true})
	require.NoError(t, err)
	broken, err := result.NewWriter(t.Context(), new(store.Memory), "run", result.WriterOptions{Overwrite: true})
	require.NoError(t, err)
	require.ErrorContains(t, broken.Begin([]endpoint.Payload{{Body: json.RawMessage("{")}}, nil), "payload 0: the payload is not valid JSON")
}

func TestAFolderThatHoldsARunIsRefusedOrReplacedWhole(t *testing.T) {
	st := new(store.Memory)
	require.NoError(t, begin(t, st).Close(&result.Result{RunName: "old"}))
	require.NoError(t, st.WriteFile(t.Context(), "run/notes.txt", []byte("mine")))
	_, err := result.NewWriter(t.Context(), st, "run", result.WriterOptions{})
	require.ErrorIs(t, err, result.ErrExists)
	require.EqualError(t, err, "run: the folder already holds a run: payload.jsonl is there")

	w, err := result.NewWriter(t.Context(), st, "run", result.WriterOptions{Overwrite: true})
	require.NoError(t, err)
	names, err := st.List(t.Context(), "run")
	require.NoError(t, err)
	require.Equal(t, []string{"events.bin", "notes.txt", "responses.jsonl"}, names, "an old summary would make a new run look complete")
	require.NoError(t, w.Close(nil))
}

func TestWhatWasAddedIsInTheStoreAQuarterOfASecondLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := new(store.Memory)
		w := begin(t, st)
		lines := func() int {
			synctest.Wait()
			return strings.Count(read(t, st, "responses.jsonl"), "\n")
		}
		w.Add(at(0, 1, time.Second))
		require.Equal(t, 0, lines(), "writes are gathered")
		time.Sleep(250 * time.Millisecond)
		require.Equal(t, 1, lines())
		for i := range 10 { // a steady stream does not put it off
			time.Sleep(100 * time.Millisecond)
			w.Add(at(0, 1, time.Duration(i)))
		}
		require.GreaterOrEqual(t, lines(), 8)
		w.Flush()
		require.Equal(t, 11, lines())
		w.Add(at(0, 1, time.Second))
		require.NoError(t, w.Close(nil))
		require.Equal(t, 12, lines())
		w.Add(at(0, 1, time.Second)) // does nothing
		w.Flush()
		require.Equal(t, 12, lines())
	})
}

func TestAWriterLeavesNoGoroutineBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	require.NoError(t, begin(t, new(store.Memory)).Close(nil))
	w, err := result.NewWriter(t.Context(), new(store.Memory), "never begun", result.WriterOptions{})
	require.NoError(t, err)
	require.NoError(t, w.Close(nil))
}

// full is a store whose files of the given name take so many bytes more.
type full struct {
	store.Memory
	name  string
	room  int
	mutex sync.Mutex
}

func (f *full) Create(ctx context.Context, path string) (io.WriteCloser, error) {
	w, err := f.Memory.Create(ctx, path)
	if err != nil || !strings.HasSuffix(path, f.name) {
		return w, err
	}
	return &fullFile{f, w}, nil
}

type fullFile struct {
	disk *full
	io.WriteCloser
}

func (f *fullFile) Write(p []byte) (int, error) {
	f.disk.mutex.Lock()
	defer f.disk.mutex.Unlock()
	n := min(len(p), f.disk.room)
	f.disk.room -= n
	n, err := f.WriteCloser.Write(p[:n])
	if n < len(p) {
		err = errors.Join(err, syscall.ENOSPC)
	}
	return n, err
}

func TestAFullDiskLosesWhatDoesNotFitAndSaysSo(t *testing.T) {
	for _, name := range []string{"responses.jsonl", "events.bin"} {
		st := &full{name: name, room: 3000}
		w, err := result.NewWriter(t.Context(), st, "run", result.WriterOptions{})
		require.NoError(t, err)
		s := newSynthetic(1, 100)
		require.NoError(t, w.Begin(nil, nil))
		w.Start(s.start)
		for _, r := range s.responses {
			w.Add(r)
			if r.Seq%9 == 0 {
				w.Flush()
			}
		}
		res := s.result(t, "run")
		res.Store = st
		err = w.Close(res)
		require.ErrorIs(t, err, syscall.ENOSPC)
		loaded := load(t, "run", result.LoadOptions{Store: st})
		if name == "events.bin" {
			require.Equal(t, res.TotalRequests, len(responses(t, loaded)), "the lines are all there")
			require.Contains(t, codes(loaded), result.WarnMismatch)
			require.ErrorContains(t, err, "run/events.bin: ")
			continue
		}
		saved := len(responses(t, loaded))
		require.Positive(t, saved)
		require.EqualError(t, err, fmt.Sprintf("run/responses.jsonl: %d responses are not saved: no space left on device", res.TotalRequests-saved))
		require.Equal(t, res.TotalRequests, loaded.TotalRequests, "the summary is there")
		require.Len(t, responses(t, res), res.TotalRequests, "and all of it in memory")
	}
}

func TestWhatIsNoJSONIsSavedAsNullAndTold(t *testing.T) {
	st := new(store.Memory)
	w := begin(t, st)
	r := at(0, 1, time.Second)
	r.Payload.Body = json.RawMessage(`{"broken`)
	r.Annotations = map[string]any{"nan": math.NaN(), "func": func() {}, "good": 1}
	w.Add(r)
	err := w.Close(nil)
	require.ErrorContains(t, err, "run/responses.jsonl: 1 responses are saved with null for what is no JSON; the first: request 0: the payload is not valid JSON")
	require.ErrorContains(t, err, `annotation "nan": NaN is no number of JSON`)
	got := responses(t, load(t, "run", result.LoadOptions{Store: st}))
	require.Len(t, got, 1)
	require.Equal(t, map[string]any{"nan": nil, "func": nil, "good": 1.0}, got[0].Annotations)
}

func TestNoCredentialIsWritten(t *testing.T) {
	st := new(store.Memory)
	w := begin(t, st)
	r := at(0, 1, time.Second)
	r.Attempts = []endpoint.Attempt{{URL: "https://user:sekret@host:1/v1?api-key=sekret#sekret"}, {URL: "://sekret@"}}
	w.Add(r)
	require.NoError(t, w.Close(&result.Result{}))
	names, err := st.List(t.Context(), "run")
	require.NoError(t, err)
	require.Len(t, names, 7)
	for _, name := range names {
		require.NotContains(t, read(t, st, name), "sekret", name)
	}
	got := responses(t, load(t, "run", result.LoadOptions{Store: st}))[0].Attempts
	require.Equal(t, []string{"https://host:1/v1", ""}, []string{got[0].URL, got[1].URL})
}

func TestAnUnwritableFolderIsToldAtOnce(t *testing.T) {
	_, err := result.NewWriter(t.Context(), store.Local{}, "/dev/null/run", result.WriterOptions{})
	require.ErrorContains(t, err, "/dev/null")
}

func benchmarkRun(chunks int) *endpoint.Response {
	r := at(0, chunks)
	for i := range chunks {
		r.Events = append(r.Events, endpoint.Event{At: time.Duration(i)*20*time.Millisecond + time.Duration(i*i%977), Bytes: 210, Text: 5, Tokens: 1})
	}
	r.FirstToken, r.FirstText = r.Dispatched.Add(r.Events[0].At), r.Dispatched.Add(r.Events[0].At)
	r.LastToken = r.Dispatched.Add(r.Events[chunks-1].At)
	r.End = r.LastToken
	r.Text, r.Prompt, r.ID, r.FinishReason = strings.Repeat("word ", chunks), "Tell me a story about words.", "chatcmpl-123456789", "stop"
	r.Payload.Body = json.RawMessage(`{"messages": [{"role": "user", "content": "Tell me a story about words."}], "max_tokens": 256, "model": "m", "stream": true, "stream_options": {"include_usage": true}}`)
	r.InputTokens = endpoint.Counted(9)
	r.Attempts = []endpoint.Attempt{{URL: "http://127.0.0.1:8000/v1", RemoteAddr: "127.0.0.1:8000", Protocol: "HTTP/1.1", Status: 200,
		Start: r.Dispatched, Ready: r.Dispatched, Written: r.Dispatched, FirstByte: r.FirstToken, End: r.End}}
	return r
}

// nowhere takes everything and keeps nothing.
type nowhere struct{ store.Memory }

func (*nowhere) Create(context.Context, string) (io.WriteCloser, error) { return discard{}, nil }

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

// BenchmarkWriter measures everything between Add and the store.
func BenchmarkWriter(b *testing.B) {
	const chunks = 200
	r := benchmarkRun(chunks)
	w := begin(b, new(nowhere))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.Add(r)
		if i%4096 == 0 {
			w.Flush()
		}
	}
	require.NoError(b, w.Close(nil))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "responses/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chunks, "ns/chunk")
}

func BenchmarkAccumulator(b *testing.B) {
	const chunks = 200
	var acc result.Accumulator
	r := benchmarkRun(chunks)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for j := range r.Events { // other values each time
			r.Events[j].At += time.Duration(j * (i % 1000))
		}
		acc.Add(r)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chunks, "ns/chunk")
}

func BenchmarkStats(b *testing.B) {
	var acc result.Accumulator
	s := newSynthetic(1, 2000)
	for _, r := range s.responses {
		acc.Add(r)
	}
	meta := s.meta("")
	for b.Loop() {
		acc.Stats(meta)
	}
}

// BenchmarkStatsOfALongRun is the worst case: as many requests and gaps as are kept, all of which are alike in time.
func BenchmarkStatsOfALongRun(b *testing.B) {
	var acc result.Accumulator
	for _, r := range answers(20_000, 63, 1) {
		acc.Add(r)
	}
	for i, r := range numberedRun(autoregressive(20_000, 0.99, 1)) {
		r.Seq = 20_000 + i
		acc.Add(r)
	}
	for b.Loop() {
		acc.Stats(&result.Result{})
	}
}

func BenchmarkLoad(b *testing.B) {
	const n, chunks = 10_000, 20
	st := new(store.Memory)
	w := begin(b, st)
	var acc result.Accumulator
	for seq := range n {
		r := benchmarkRun(chunks)
		r.Seq = seq
		w.Add(r)
		acc.Add(r)
	}
	res := new(result.Result)
	acc.Complete(res, nil)
	require.NoError(b, w.Close(res))
	for name, o := range map[string]result.LoadOptions{"memory": {Store: st}, "low memory": {Store: st, LowMemory: true}, "without responses": {Store: st, WithoutResponses: true}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := result.Load(b.Context(), "run", o)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/line")
		})
	}
}

func TestTheSameResultGivesTheSameFiles(t *testing.T) {
	files := func() []byte {
		st := new(store.Memory)
		w := begin(t, st)
		w.Add(at(0, 2, time.Second, 2*time.Second))
		require.NoError(t, w.Close(small(t)))
		var b bytes.Buffer
		for _, name := range []string{"responses.jsonl", "summary.json", "stats.json", "llmeter.json", "events.bin"} {
			b.WriteString(read(t, st, name))
		}
		return b.Bytes()
	}
	require.Equal(t, files(), files())
}
