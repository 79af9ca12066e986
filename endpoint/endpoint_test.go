package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

// A full endpoint has an ability and can be closed.
type full struct {
	endpoint.Endpoint
	prepared, closed int
	err              error
}

func (f *full) PreparePayload(p endpoint.Payload) (endpoint.Payload, error) {
	f.prepared++
	if f.err != nil {
		return p, f.err
	}
	return p, p.Set("m", "model")
}

func (f *full) Close() error { f.closed++; return nil }

// A wrapper adds nothing.
type wrapper struct{ inner endpoint.Endpoint }

func (w wrapper) Info() endpoint.Info { return w.inner.Info() }
func (w wrapper) Invoke(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
	return w.inner.Invoke(ctx, p)
}
func (w wrapper) Unwrap() endpoint.Endpoint { return w.inner }

func TestAbilitiesAreFoundThroughWrappers(t *testing.T) {
	f := &full{}
	e := wrapper{wrapper{f}}
	found, ok := endpoint.As[endpoint.Preparer](e)
	require.True(t, ok)
	require.Same(t, f, found)
	_, ok = endpoint.As[endpoint.Prompter](e)
	require.False(t, ok)
	_, ok = endpoint.As[endpoint.Prompter](nil)
	require.False(t, ok)
	_, ok = endpoint.As[endpoint.Prompter](wrapper{nil})
	require.False(t, ok)
	require.NoError(t, endpoint.Close(e))
	require.Equal(t, 1, f.closed)
	require.NoError(t, endpoint.Close(wrapper{stream(nil)}))
}

func TestPrepareRemembers(t *testing.T) {
	f := &full{}
	p, err := endpoint.Prepare(wrapper{f}, raw(`{}`))
	require.NoError(t, err)
	require.Equal(t, `{"model": "m"}`, string(p.Body))
	q, err := endpoint.Prepare(f, p)
	require.NoError(t, err)
	require.Equal(t, p.Body, q.Body)
	require.Equal(t, 1, f.prepared)

	edited := p
	require.NoError(t, edited.Set("other", "model")) // a hook edits it
	edited, err = endpoint.Prepare(f, edited)
	require.NoError(t, err)
	require.Equal(t, `{"model": "m"}`, string(edited.Body))
	require.Equal(t, 2, f.prepared)

	other := &full{}
	_, err = endpoint.Prepare(other, p)
	require.NoError(t, err)
	require.Equal(t, 1, other.prepared, "another endpoint prepares it for itself")

	plain, err := endpoint.Prepare(stream(nil), raw(`{}`))
	require.NoError(t, err)
	require.Equal(t, `{}`, string(plain.Body))
}

func TestPrepareFailsAsAPayload(t *testing.T) {
	cause := errors.New("no model")
	_, err := endpoint.Prepare(&full{err: cause}, raw(`{}`))
	require.ErrorIs(t, err, cause)
	require.Equal(t, "payload: no model", err.Error())
}

func TestAsError(t *testing.T) {
	require.Nil(t, endpoint.AsError(nil))
	var none *endpoint.Error
	require.Nil(t, endpoint.AsError(none))
	e := &endpoint.Error{Kind: endpoint.KindReset}
	require.Same(t, e, endpoint.AsError(fmt.Errorf("read: %w", e)))
	kind := func(err error) endpoint.ErrorKind { return endpoint.AsError(err).Kind }
	require.Equal(t, endpoint.KindTimeout, kind(fmt.Errorf("x: %w", context.DeadlineExceeded)))
	require.Equal(t, endpoint.KindCancelled, kind(context.Canceled))
	boom := errors.New("boom")
	require.Equal(t, endpoint.KindUnknown, kind(boom))
	require.ErrorIs(t, endpoint.AsError(boom), boom)
}

func TestErrorIsOneLine(t *testing.T) {
	e := &endpoint.Error{Kind: endpoint.KindServerStatus, Status: 503, Code: "overloaded", Message: "try\n\t again "}
	require.Equal(t, "http_5xx (HTTP 503) [overloaded]: try again", e.Error())
	require.Equal(t, "reset", (&endpoint.Error{Kind: endpoint.KindReset}).Error())
	require.Equal(t, "reset: boom", (&endpoint.Error{Kind: endpoint.KindReset, Err: errors.New("boom")}).Error())
}

func TestErrorCutsAPageAtACharacter(t *testing.T) {
	for shift := range 3 {
		e := &endpoint.Error{Kind: endpoint.KindMalformed, Message: strings.Repeat("x", shift) + strings.Repeat("日", 1000)}
		text := strings.TrimPrefix(e.Error(), "malformed: ")
		require.True(t, utf8.ValidString(text))
		require.LessOrEqual(t, len(text), endpoint.MaxMessage+len("…"))
		require.GreaterOrEqual(t, len(text), endpoint.MaxMessage)
	}
}

func TestNoConnection(t *testing.T) {
	for _, k := range []endpoint.ErrorKind{endpoint.KindDNS, endpoint.KindConnect, endpoint.KindTLS, endpoint.KindTimeoutConnect, endpoint.KindTimeoutTLS} {
		require.True(t, k.NoConnection(), k)
	}
	for _, k := range []endpoint.ErrorKind{endpoint.KindUnauthorized, endpoint.KindTimeoutFirstByte, endpoint.KindReset} {
		require.False(t, k.NoConnection(), k)
	}
}
