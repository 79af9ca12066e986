package transport_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/transport"
)

func TestDoTellsWhatATraceTells(t *testing.T) {
	for name, secure := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			var told [2][]transport.Times
			for i, get := range []func(context.Context, *http.Client, string) (transport.Times, string, error){get, getTraced} {
				inBubble(t, 30*time.Millisecond, transport.Options{}, secure, slowly, func(t *testing.T, client *http.Client, _ *pipes) {
					for range 2 {
						times, body, err := get(t.Context(), client, name+"://model.test/v1")
						require.NoError(t, err)
						require.Equal(t, "hello", body)
						times.LocalAddr, times.RemoteAddr = nil, nil
						told[i] = append(told[i], times)
					}
				})
			}
			require.Equal(t, told[0], told[1])
		})
	}
}

func TestDoDealsWithRedirectsAsItsClientWould(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/" {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
		io.WriteString(w, r.URL.Path+" "+r.Header.Get("X-Asked")+" "+string(body))
	}
	for name, test := range map[string]struct {
		edit   func(*http.Client)
		status int
		body   string
	}{
		"of New":            {func(*http.Client) {}, http.StatusTemporaryRedirect, "/ yes question"},
		"told to follow":    {func(c *http.Client) { c.CheckRedirect = nil }, http.StatusOK, "/elsewhere yes question"},
		"with a time limit": {func(c *http.Client) { c.CheckRedirect, c.Timeout = nil, time.Minute }, http.StatusOK, "/elsewhere yes question"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 0, transport.Options{}, false, handler, func(t *testing.T, client *http.Client, _ *pipes) {
				test.edit(client)
				req, err := http.NewRequest(http.MethodPost, "http://model.test/", strings.NewReader("question"))
				require.NoError(t, err)
				req.Header.Set("X-Asked", "yes")
				resp, err := transport.Do(t.Context(), client, new(transport.Timing), req)
				require.NoError(t, err)
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.Equal(t, test.status, resp.StatusCode)
				require.Equal(t, test.body, string(body))
			})
		})
	}
}

func TestDoSendsTheCredentialsOfItsURL(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		io.WriteString(w, user)
	}
	inBubble(t, 0, transport.Options{}, false, handler, func(t *testing.T, client *http.Client, _ *pipes) {
		_, body, err := get(t.Context(), client, "http://ann:secret@model.test/")
		require.NoError(t, err)
		require.Equal(t, "ann", body)
	})
}

func TestAHeldRequestIsSentWhenItIsDue(t *testing.T) {
	var arrived time.Time
	handler := func(w http.ResponseWriter, r *http.Request) { arrived = time.Now() }
	for name, secure := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 30*time.Millisecond, transport.Options{}, secure, handler, func(t *testing.T, client *http.Client, _ *pipes) {
				url := name + "://model.test/v1"
				require.NoError(t, transport.Prewarm(t.Context(), client, url, 1))
				for range 2 {
					due := time.Now().Add(1234567)
					timing := new(transport.Timing)
					timing.Hold(due)
					times, _, err := getTimed(t.Context(), client, url, timing)
					require.NoError(t, err)
					require.Equal(t, due, arrived)
					require.Equal(t, due, times.Dispatched)
					require.Equal(t, due, times.ConnReady)
					require.Equal(t, due, times.WroteRequest)
					require.True(t, times.Reused)
				}
			})
		})
	}
}

func TestARequestThatIsHeldTooLateIsSentAtOnce(t *testing.T) {
	inBubble(t, 30*time.Millisecond, transport.Options{}, false, slowly, func(t *testing.T, client *http.Client, _ *pipes) {
		now, timing := time.Now(), new(transport.Timing)
		timing.Hold(now.Add(10 * time.Millisecond)) // there is no connection yet
		times, _, err := getTimed(t.Context(), client, "http://model.test/", timing)
		require.NoError(t, err)
		require.Equal(t, now.Add(10*time.Millisecond), times.Dispatched)
		require.Equal(t, now.Add(30*time.Millisecond), times.WroteRequest)
		require.Equal(t, 30*time.Millisecond, times.Connect)
	})
}
