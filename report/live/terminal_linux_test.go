package live_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/term"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/report/live"
)

// A terminal is a pseudo-terminal of 80 columns and 24 lines, and what was written to it.
type terminal struct {
	tty, far *os.File

	mu      sync.Mutex
	written bytes.Buffer
	more    chan struct{}
	read    chan struct{} // closed when all was read
}

func openTerminal(t *testing.T, mode int) *terminal {
	far, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	control := func(request uintptr, arg unsafe.Pointer) {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, far.Fd(), request, uintptr(arg))
		require.Zero(t, errno)
	}
	var number, unlock int32
	control(syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	control(syscall.TIOCGPTN, unsafe.Pointer(&number))
	control(syscall.TIOCSWINSZ, unsafe.Pointer(&[4]uint16{24, 80}))
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), mode|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	p := &terminal{tty: tty, far: far, more: make(chan struct{}, 1), read: make(chan struct{})}
	go p.keep()
	return p
}

func (p *terminal) keep() {
	defer close(p.read)
	for b := make([]byte, 4096); ; {
		n, err := p.far.Read(b)
		p.mu.Lock()
		p.written.Write(b[:n])
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
		if err != nil { // the last one who had the terminal open has closed it
			return
		}
	}
}

// waitFor waits until something was written.
func (p *terminal) waitFor(t *testing.T, text string) {
	for limit := time.After(10 * time.Second); !strings.Contains(p.all(), text); {
		select {
		case <-p.more:
		case <-limit:
			t.Fatalf("%q was not written: %q", text, p.all())
		}
	}
}

func (p *terminal) all() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written.String()
}

func (p *terminal) press(t *testing.T, keys string) {
	_, err := p.far.WriteString(keys)
	require.NoError(t, err)
}

const (
	takeScreen = "\x1b[?1049h"
	giveScreen = "\x1b[?1049l"
)

// endless answers when the request is aborted, or at once when free is closed.
func endless(free chan struct{}) llmeter.Runner {
	ep := endpoint.New(endpoint.Info{Model: "m"}, func(ctx context.Context, _ endpoint.Payload) (*endpoint.Response, error) {
		select {
		case <-free:
			return &endpoint.Response{Text: "ok"}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	return llmeter.Runner{
		Endpoint: ep, Payloads: []llmeter.Payload{endpoint.JSON(map[string]string{"prompt": "hello"})}, Clients: 3, Requests: 100, RunName: "at-night",
	}
}

// onTerminal runs f with a View on a terminal, and checks that the terminal is afterwards as it was before.
func onTerminal(t *testing.T, mode int, f func(p *terminal, view *live.View)) {
	if term.IsTerminal(int(os.Stdin.Fd())) {
		t.Skip("keys would be read from standard input")
	}
	t.Setenv("TERM", "xterm-256color")
	p := openTerminal(t, mode)
	before, err := term.GetState(int(p.tty.Fd()))
	require.NoError(t, err)
	f(p, &live.View{Out: p.tty})
	after, err := term.GetState(int(p.tty.Fd()))
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoError(t, p.tty.Close())
	<-p.read
	require.NoError(t, p.far.Close())
	drawn := p.all()
	require.Equal(t, 1, strings.Count(drawn, takeScreen))
	require.Equal(t, 1, strings.Count(drawn, giveScreen))
	require.Contains(t, drawn[strings.Index(drawn, giveScreen):], "\x1b[?25h", "the cursor is back")
}

func TestQStopsARunOnATerminalWhichIsThenAsBefore(t *testing.T) {
	onTerminal(t, os.O_RDWR, func(p *terminal, view *live.View) {
		free := make(chan struct{})
		r := endless(free)
		r.AddCallback(view)
		run, err := r.Start(t.Context())
		require.NoError(t, err)
		p.waitFor(t, "at-night")
		p.press(t, "q")
		p.waitFor(t, "stopping")
		close(free)
		res, err := run.Wait()
		require.NoError(t, err)
		require.Equal(t, 3, res.TotalRequests)
	})
}

func TestTheSecondCtrlCAborts(t *testing.T) {
	onTerminal(t, os.O_RDWR, func(p *terminal, view *live.View) {
		r := endless(nil)
		r.AddCallback(view)
		run, err := r.Start(t.Context())
		require.NoError(t, err)
		p.waitFor(t, "at-night")
		p.press(t, "\x03\x03")
		res, err := run.Wait()
		require.ErrorIs(t, err, live.ErrAborted)
		require.Equal(t, 3, res.CancelledRequests)
	})
}

func TestAContextThatIsDoneGivesTheTerminalBackAtOnce(t *testing.T) {
	onTerminal(t, os.O_RDWR, func(p *terminal, view *live.View) {
		free := make(chan struct{})
		run, err := endless(free).Start(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		view.Interrupt = cancel
		shown := make(chan error, 1)
		go func() { shown <- view.Follow(ctx, run) }()
		p.waitFor(t, "at-night")
		p.press(t, "\x03")
		require.NoError(t, <-shown)
		close(free)
		res, err := run.Wait()
		require.NoError(t, err)
		require.Equal(t, 300, res.TotalRequests)
	})
}

func TestWhereKeysCannotBeReadCtrlCStaysASignal(t *testing.T) {
	onTerminal(t, os.O_WRONLY, func(p *terminal, view *live.View) {
		before, err := term.GetState(int(p.tty.Fd()))
		require.NoError(t, err)
		free := make(chan struct{})
		r := endless(free)
		r.AddCallback(view)
		run, err := r.Start(t.Context())
		require.NoError(t, err)
		p.waitFor(t, "client")
		during, err := term.GetState(int(p.tty.Fd()))
		require.NoError(t, err)
		require.Equal(t, before, during)
		close(free)
		_, err = run.Wait()
		require.NoError(t, err)
		require.NotContains(t, p.all(), "q stops")
	})
}
