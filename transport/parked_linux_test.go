package transport_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/transport"
)

func TestAParkedConnectionThatTheServerClosedIsReplaced(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	client := newClient(t, transport.Options{})
	base := "http://" + l.Addr().String()
	require.NoError(t, transport.Prewarm(t.Context(), client, base, 1))
	first, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, first.Close())
	go func() {
		second, err := l.Accept()
		if err != nil {
			return
		}
		defer second.Close()
		if _, err := http.ReadRequest(bufio.NewReader(second)); err == nil {
			io.WriteString(second, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	}()
	times, body, err := get(t.Context(), client, base)
	require.NoError(t, err)
	require.Equal(t, "ok", body)
	require.False(t, times.Reused)
}
