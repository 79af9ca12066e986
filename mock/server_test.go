package mock_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/llmeter-go/llmeter/mock"
)

func (c *client) get(t *testing.T, method, path, key string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.url+path, nil)
	require.NoError(t, err)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := c.http.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(data)
}

func TestModelsAreListedAndOthersRefused(t *testing.T) {
	list := func(body string) (names []string) {
		for _, m := range decode(t, body)["data"].([]any) {
			require.Equal(t, "model", pick(m, "object"))
			names = append(names, pick(m, "id").(string))
		}
		return names
	}
	inBubble(t, mock.Options{}, func(t *testing.T, c *client) {
		_, body := c.get(t, "GET", "/v1/models", "")
		require.Equal(t, []string{"mock"}, list(body))
		require.Equal(t, 200, c.whole(t, mock.Chat, `"model":"anything \"quoted\""`).status)
	})
	inBubble(t, mock.Options{Models: []string{"a", "b"}}, func(t *testing.T, c *client) {
		_, body := c.get(t, "GET", "/v1/models", "")
		require.Equal(t, []string{"a", "b"}, list(body))
		for _, api := range allAPIs {
			re := c.stream(t, api)
			require.Equal(t, 404, re.status)
			require.Equal(t, "model_not_found", pick(decode(t, re.body), "error", "code"))
			require.Equal(t, 200, c.stream(t, api, `"model":"b"`).status)
		}
		require.Equal(t, 404, c.Records()[0].Status)
	})
}

func TestKeyIsAskedForAndNeverTold(t *testing.T) {
	inBubble(t, mock.Options{APIKey: "sesame"}, func(t *testing.T, c *client) {
		for _, key := range []string{"", "wrong-key"} {
			for _, path := range []string{"/v1/models", paths[mock.Chat]} {
				method := map[bool]string{true: "GET", false: "POST"}[path == "/v1/models"]
				status, body := c.get(t, method, path, key)
				require.Equal(t, 401, status)
				require.Equal(t, "invalid_api_key", pick(decode(t, body), "error", "code"))
				require.NotContains(t, body, "wrong-key")
				require.NotContains(t, body, "sesame")
			}
		}
		status, _ := c.get(t, "GET", "/v1/models", "sesame")
		require.Equal(t, 200, status)
		status, _ = c.get(t, "GET", "/health", "")
		require.Equal(t, 200, status)
		require.Equal(t, 401, c.Records()[0].Status)
	})
}

func TestRequestsThatCannotBeAnsweredGetAnErrorObject(t *testing.T) {
	inBubble(t, mock.Options{}, func(t *testing.T, c *client) {
		for _, r := range []struct {
			api   mock.API
			body  string
			param any
		}{
			{mock.Chat, ``, nil},
			{mock.Chat, `[]`, nil},
			{mock.Chat, `{"messages":`, nil},
			{mock.Chat, `{}`, "messages"},
			{mock.Chat, `{"messages":[]}`, "messages"},
			{mock.Chat, `{"messages":[{"content":"x"}],"max_tokens":0}`, "max_tokens"},
			{mock.Chat, `{"messages":[{"content":"x"}],"max_completion_tokens":"9"}`, "max_completion_tokens"},
			{mock.Completions, `{}`, "prompt"},
			{mock.Responses, `{"max_output_tokens":1.5,"input":"x"}`, "max_output_tokens"},
			{mock.Responses, `{}`, "input"},
			{mock.Embeddings, `{}`, "input"},
			{mock.Embeddings, `{"input":"x","dimensions":-1}`, "dimensions"},
		} {
			re := c.do(t.Context(), r.api, r.body)
			require.Equal(t, 400, re.status, r.body)
			require.Equal(t, "invalid_request_error", pick(decode(t, re.body), "error", "type"))
			require.Equal(t, r.param, pick(decode(t, re.body), "error", "param"), r.body)
		}
		require.Len(t, c.Records(), 12)
		status, body := c.get(t, "GET", paths[mock.Chat], "")
		require.Equal(t, 404, status)
		require.Equal(t, "unknown_url", pick(decode(t, body), "error", "code"))
		require.Len(t, c.Records(), 12)
	})
}

func TestRecordsComeOverHTTPAsTheyAre(t *testing.T) {
	o := mock.Options{TTFT: mock.Fixed(200 * ms), ITL: mock.Fixed(10 * ms), Tokens: mock.Fixed(3), Faults: []mock.Fault{
		{Kind: mock.FaultStatus, On: []int{2}},
	}}
	inBubble(t, o, func(t *testing.T, c *client) {
		c.stream(t, mock.Chat)
		c.stream(t, mock.Responses)
		c.whole(t, mock.Embeddings)
		status, body := c.get(t, "GET", "/mock/records", "")
		require.Equal(t, 200, status)
		want := c.Records()
		require.Equal(t, 3, strings.Count(body, "\n"))
		for i, line := range strings.Split(strings.TrimSpace(body), "\n") {
			var got mock.Record
			require.NoError(t, json.Unmarshal([]byte(line), &got))
			require.True(t, want[i].Received.Equal(got.Received))
			got.Received = want[i].Received
			require.Equal(t, want[i], got)
		}
		require.Equal(t, "chatcmpl-mock-000001", want[0].ID)
		require.Equal(t, mock.FaultStatus, want[1].Fault)
		status, _ = c.get(t, "POST", "/mock/reset", "")
		require.Equal(t, 204, status)
		require.Empty(t, c.Records())
	})
}

func TestEventKindsSurviveText(t *testing.T) {
	for k := mock.KindOther; k <= mock.KindError; k++ {
		text, err := k.MarshalText()
		require.NoError(t, err)
		var again mock.EventKind
		require.NoError(t, again.UnmarshalText(text))
		require.Equal(t, k, again)
	}
	var k mock.EventKind
	require.ErrorContains(t, k.UnmarshalText([]byte("noise")), `"noise": want one of`)
	require.Equal(t, "EventKind(99)", mock.EventKind(99).String())
}

// A record can be read while its request is in flight, and holds what the client has seen.
func TestRecordHoldsWhatTheClientHasSeen(t *testing.T) {
	o := mock.Options{TTFT: mock.Fixed(100 * ms), ITL: mock.Fixed(100 * ms), Tokens: mock.Fixed(5)}
	inBubble(t, o, func(t *testing.T, c *client) {
		var group sync.WaitGroup
		group.Go(func() { c.stream(t, mock.Chat) })
		time.Sleep(250 * ms)
		rec := c.Records()[0]
		require.False(t, rec.Done)
		require.Equal(t, 2, rec.OutputTokens())
		group.Wait()
		require.Equal(t, 2, rec.OutputTokens(), "a record that was handed out does not change")
		require.True(t, c.Records()[0].Done)
	})
}

func TestRecordLimitKeepsTheLatest(t *testing.T) {
	inBubble(t, mock.Options{RecordLimit: 3}, func(t *testing.T, c *client) {
		for n := 1; n <= 8; n++ {
			c.whole(t, mock.Embeddings)
			var numbers []int
			for _, rec := range c.Records() {
				numbers = append(numbers, rec.Number)
			}
			var want []int
			for i := max(1, n-2); i <= n; i++ {
				want = append(want, i)
			}
			require.Equal(t, want, numbers)
		}
	})
}

func TestServerOnASocketAnswersAndLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t)
	s, err := mock.Start(mock.Options{TTFT: mock.Fixed(20 * ms), ITL: mock.Fixed(5 * ms), Tokens: mock.Fixed(5)})
	require.NoError(t, err)
	c := &client{s, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, s.URL}
	for _, api := range streamsAPIs {
		re := c.stream(t, api)
		require.NoError(t, re.err)
		require.Len(t, re.tokens(t), 5)
	}
	require.NoError(t, s.Close())
	for _, rec := range s.Records() {
		ttft, _ := rec.TTFT()
		require.GreaterOrEqual(t, ttft, 20*ms)
		require.GreaterOrEqual(t, rec.Ended, 40*ms)
	}
	require.NoError(t, s.Close())
	_, err = s.DialContext(t.Context(), "", "")
	require.ErrorIs(t, err, net.ErrClosed)
	require.ErrorIs(t, s.Serve(listen(t)), http.ErrServerClosed)
}

func listen(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

func TestCloseEndsRequestsInFlight(t *testing.T) {
	defer goleak.VerifyNone(t)
	s, err := mock.Start(mock.Options{Slots: 2, Faults: []mock.Fault{
		{Kind: mock.FaultStall, After: 1, On: []int{1, 2}}, {Kind: mock.FaultSlowHeaders, On: []int{3, 4}},
	}})
	require.NoError(t, err)
	c := &client{s, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, s.URL}
	var group sync.WaitGroup
	for range 4 { // any two of them stall or have slow headers, the other two wait for a slot
		group.Go(func() {
			if re := c.stream(t, mock.Chat); re.err == nil {
				t.Error("an answer came to its end")
			}
		})
	}
	require.Eventually(t, func() bool {
		records := s.Records()
		read := 0
		for _, rec := range records {
			if rec.Model != "" {
				read++
			}
		}
		return read == 4
	}, 10*time.Second, ms)
	require.NoError(t, s.Close())
	group.Wait()
	for _, rec := range s.Records() {
		require.True(t, rec.Done)
		require.True(t, rec.Gone)
	}
}

func TestServeSpeaksTLSThroughATLSListener(t *testing.T) {
	defer goleak.VerifyNone(t)
	helper := httptest.NewTLSServer(nil) // for its certificate, and a client that trusts it
	certificate, trusting := helper.TLS.Certificates, helper.Client()
	helper.Close()
	s, err := mock.New(mock.Options{Faults: []mock.Fault{{Kind: mock.FaultReset, After: 3, On: []int{2}}}})
	require.NoError(t, err)
	l := listen(t)
	var group sync.WaitGroup
	group.Go(func() { s.Serve(tls.NewListener(l, &tls.Config{Certificates: certificate})) })
	c := &client{s, trusting, "https://" + l.Addr().String()}
	require.Len(t, c.stream(t, mock.Chat, `"max_tokens":5`).tokens(t), 5)
	require.Error(t, c.stream(t, mock.Chat).err)
	stranger := &client{s, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, c.url}
	var unknown *tls.CertificateVerificationError
	require.ErrorAs(t, stranger.stream(t, mock.Chat).err, &unknown)
	require.NoError(t, s.Close())
	group.Wait()
	trusting.CloseIdleConnections()
}

func TestServerIsAPlainHandler(t *testing.T) {
	defer goleak.VerifyNone(t)
	s, err := mock.New(mock.Options{Tokens: mock.Fixed(5)})
	require.NoError(t, err)
	host := httptest.NewServer(s)
	defer host.Close()
	c := &client{s, host.Client(), host.URL}
	require.Len(t, c.stream(t, mock.Chat).tokens(t), 5)
	require.Len(t, s.Records(), 1)
}

func TestStartListensWhereToldAndSaysWhere(t *testing.T) {
	defer goleak.VerifyNone(t)
	s, err := mock.Start(mock.Options{Addr: ":0"})
	require.NoError(t, err)
	defer s.Close()
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, s.URL)
	_, err = mock.Start(mock.Options{Addr: strings.TrimPrefix(s.URL, "http://")})
	require.Error(t, err)
	_, err = mock.Start(mock.Options{Addr: "no such place"})
	require.Error(t, err)
}

func TestDialGivesUpWithItsContext(t *testing.T) {
	s, err := mock.New(mock.Options{})
	require.NoError(t, err)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		conn, err := s.DialContext(ctx, "", "")
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			return
		}
		conn.Close()
	}
	t.Fatal("a cancelled context never stopped a dial")
}

// A body that does not come leaves a record of a client that left.
func TestClientThatLeavesInsideItsRequestIsGone(t *testing.T) {
	inBubble(t, mock.Options{}, func(t *testing.T, c *client) {
		conn, err := c.DialContext(t.Context(), "", "")
		require.NoError(t, err)
		w := bufio.NewWriter(conn)
		w.WriteString("POST /v1/chat/completions HTTP/1.1\r\nHost: mock\r\nContent-Length: 100\r\n\r\n{")
		require.NoError(t, w.Flush())
		time.Sleep(time.Second)
		require.NoError(t, conn.Close())
		time.Sleep(time.Second)
		rec := c.Records()[0]
		require.True(t, rec.Gone)
		require.Equal(t, time.Second, rec.Ended)
		require.Zero(t, rec.Status)
	})
}

func TestFaultsOfTheConnectionResetAStreamOfHTTP2(t *testing.T) {
	for _, kind := range []mock.FaultKind{mock.FaultCut, mock.FaultReset} {
		s, err := mock.New(mock.Options{Faults: []mock.Fault{{Kind: kind, After: 2, On: []int{1}}}})
		require.NoError(t, err)
		host := httptest.NewUnstartedServer(s)
		host.EnableHTTP2 = true
		host.StartTLS()
		c := &client{s, host.Client(), host.URL}
		re := c.stream(t, mock.Chat)
		require.ErrorContains(t, re.err, "stream error")
		require.Len(t, re.tokens(t), 2)
		require.Len(t, c.stream(t, mock.Chat, `"max_tokens":5`).tokens(t), 5)
		host.Close()
	}
}

func FuzzRequest(f *testing.F) {
	for _, api := range allAPIs {
		f.Add(request(api, false))
		f.Add(request(api, true))
	}
	f.Add(`{"messages":[1,"a",null,{"content":[{"text":{}}]}],"max_tokens":2}`)
	f.Add(`{"input":[[],1,{}],"dimensions":3,"encoding_format":"base64"}`)
	f.Fuzz(func(t *testing.T, body string) {
		s, err := mock.New(mock.Options{Tokens: mock.Fixed(3)})
		require.NoError(t, err)
		for _, api := range allAPIs {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, paths[api], strings.NewReader(body)))
			require.Contains(t, []int{200, 400}, w.Code)
			if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
				require.True(t, json.Valid(w.Body.Bytes()), w.Body.String())
			}
			require.True(t, s.Records()[0].Done)
			s.Reset()
		}
	})
}
