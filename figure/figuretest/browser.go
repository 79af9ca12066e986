// Package figuretest looks at pages of the package figure as a reader would, in headless Chromium: that everything is
// drawn, that nothing is complained about, that nothing is loaded. It is for tests alone, of figure and of whoever makes
// pages with it.
//
// It knows the DevTools protocol as far as it needs it, over a pipe. It knows nothing of what a page is about.
package figuretest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// names under which Chromium is installed.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// How long a browser may live.
const limit = 4 * time.Minute

// A Browser is a running headless Chromium. It ends with its test.
type Browser struct {
	t       testing.TB
	ctx     context.Context
	to      io.Writer
	session string // of the page, "" before there is one

	mu       sync.Mutex
	next     int
	waiting  map[int]chan reply
	problems []string
}

type reply struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// Start starts Chromium with an empty page, or skips the test when there is none on this machine.
func Start(t testing.TB) *Browser {
	t.Helper()
	program := find()
	if program == "" {
		t.Skipf("skipped: none of %s is installed", strings.Join(names, ", "))
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	toBrowser, to, err := os.Pipe()
	require.NoError(t, err)
	from, fromBrowser, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser} // 3 and 4, where the protocol is spoken
	cmd.WaitDelay = 5 * time.Second
	require.NoError(t, cmd.Start())
	require.NoError(t, errors.Join(toBrowser.Close(), fromBrowser.Close()))

	b := &Browser{t: t, ctx: ctx, to: to, waiting: map[int]chan reply{}}
	read := make(chan struct{})
	go func() { defer close(read); b.read(from) }()
	t.Cleanup(func() {
		_, _ = b.call("", "Browser.close", nil)
		_ = cmd.Wait() // it ends with a signal when it was slow to go
		cancel()
		<-read
		_ = errors.Join(to.Close(), from.Close())
	})
	b.attach()
	return b
}

func find() string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func (b *Browser) attach() {
	b.t.Helper()
	var target struct{ TargetID string }
	b.do("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.do("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.do(domain+".enable", nil, nil)
	}
	b.do("Performance.enable", map[string]any{"timeDomain": "threadTicks"}, nil)
}

// do calls a method of the protocol and fails the test when the browser refuses.
func (b *Browser) do(method string, params, result any) {
	b.t.Helper()
	raw, err := b.call(b.session, method, params)
	require.NoError(b.t, err)
	if result != nil {
		require.NoError(b.t, json.Unmarshal(raw, result))
	}
}

func (b *Browser) call(session, method string, params any) (json.RawMessage, error) {
	answer := make(chan reply, 1)
	b.mu.Lock()
	b.next++
	id := b.next
	b.waiting[id] = answer
	b.mu.Unlock()
	message := map[string]any{"id": id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if session != "" {
		message["sessionId"] = session
	}
	text, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	select {
	case r, ok := <-answer:
		switch {
		case !ok:
			return nil, fmt.Errorf("%s: the browser has gone", method)
		case r.Error != nil:
			return nil, fmt.Errorf("%s: %s", method, r.Error.Message)
		}
		return r.Result, nil
	case <-b.ctx.Done():
		return nil, fmt.Errorf("%s: %w", method, b.ctx.Err())
	}
}

// read hands answers to those who wait for them and keeps what the page is to be blamed for.
func (b *Browser) read(from io.Reader) {
	r := bufio.NewReader(from)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			for id, answer := range b.waiting {
				close(answer)
				delete(b.waiting, id)
			}
			b.mu.Unlock()
			return
		}
		var m reply
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if answer := b.waiting[m.ID]; m.ID != 0 && answer != nil {
			delete(b.waiting, m.ID)
			answer <- m
		} else if p := problem(m); p != "" {
			b.problems = append(b.problems, p)
		}
		b.mu.Unlock()
	}
}

// problem says what is wrong with an event of the page, "" for nothing.
func problem(m reply) string {
	var e struct {
		Type             string
		Entry            struct{ Level, Text string }
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
		Args    []struct{ Value any }
		Request struct{ URL string }
	}
	_ = json.Unmarshal(m.Params, &e)
	switch {
	case m.Method == "Runtime.exceptionThrown":
		return "exception: " + e.ExceptionDetails.Text + " " + e.ExceptionDetails.Exception.Description
	case m.Method == "Runtime.consoleAPICalled" && (e.Type == "error" || e.Type == "warning" || e.Type == "assert"):
		return fmt.Sprintf("console %s: %v", e.Type, e.Args)
	case m.Method == "Log.entryAdded" && (e.Entry.Level == "error" || e.Entry.Level == "warning"):
		return e.Entry.Level + ": " + e.Entry.Text
	case m.Method == "Network.requestWillBeSent" && !local(e.Request.URL):
		return "request: " + e.Request.URL
	}
	return ""
}

func local(url string) bool {
	return strings.HasPrefix(url, "file:") || strings.HasPrefix(url, "data:") || url == "about:blank"
}

// Problems gives what the page has complained about since the last call: exceptions, errors and warnings on the console,
// violations of its own policy, and every address that it tried to load.
func (b *Browser) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.problems
	b.problems = nil
	return p
}

// Eval runs a script in the page, waits for it if it is a promise, and stores its value, as JSON, in result unless that is nil.
func (b *Browser) Eval(script string, result any) {
	b.t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Exception struct{ Description string } }
	}
	b.do("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true}, &r)
	require.Nil(b.t, r.ExceptionDetails, "%+v", r.ExceptionDetails)
	if result != nil {
		require.NoError(b.t, json.Unmarshal(r.Result.Value, result))
	}
}

// Open shows the page of a file and returns when all of it that is not closed is drawn: how long that took, from the start.
func (b *Browser) Open(path string, v View) time.Duration {
	b.t.Helper()
	path, err := filepath.Abs(path)
	require.NoError(b.t, err)
	b.Resize(v)
	b.do("Page.navigate", map[string]any{"url": "file://" + path}, nil)
	return b.await("true")
}

// await returns when all figures are drawn and the condition holds: the time since the page was asked for.
func (b *Browser) await(condition string) time.Duration {
	b.t.Helper()
	var ms float64
	b.Eval(`new Promise(done => {
		const look = () => {
			if (document.documentElement?.dataset.state === "ready" && (`+condition+`)) done(performance.now());
			else if (performance.now() > 60000) done(-1);
			else setTimeout(look, 5);
		};
		setTimeout(look);
	})`, &ms)
	require.Positive(b.t, ms, "the page is not drawn after 60 s: %q", b.Problems())
	return time.Duration(ms * float64(time.Millisecond))
}

// Busy is how long the page has computed since it was asked for, in its main thread: how soon it opens on a machine that
// does nothing else.
func (b *Browser) Busy() time.Duration {
	b.t.Helper()
	var m struct {
		Metrics []struct {
			Name  string
			Value float64
		}
	}
	b.do("Performance.getMetrics", nil, &m)
	for _, metric := range m.Metrics {
		if metric.Name == "TaskDuration" {
			return time.Duration(metric.Value * float64(time.Second))
		}
	}
	b.t.Fatal("the browser does not say how long the page has computed")
	return 0
}

// Resize changes the width of the window and the theme of the reader's system.
func (b *Browser) Resize(v View) {
	b.t.Helper()
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	b.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": v.Width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.do("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]string{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Hover moves the mouse over an element, to the given share of its width and height.
func (b *Browser) Hover(selector string, across, down float64) {
	b.t.Helper()
	x, y := b.place(selector, across, down)
	b.mouse("mouseMoved", x, y)
}

// Click clicks on an element, at the given share of its width and height.
func (b *Browser) Click(selector string, across, down float64) {
	b.t.Helper()
	x, y := b.place(selector, across, down)
	for _, event := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		b.mouse(event, x, y)
	}
	b.await("true")
}

func (b *Browser) mouse(event string, x, y float64) {
	b.t.Helper()
	b.do("Input.dispatchMouseEvent", map[string]any{"type": event, "x": x, "y": y, "button": "left", "clickCount": 1}, nil)
}

func (b *Browser) place(selector string, across, down float64) (x, y float64) {
	b.t.Helper()
	quoted, err := json.Marshal(selector)
	require.NoError(b.t, err)
	var box *struct{ X, Y, Width, Height float64 }
	b.Eval(`new Promise(done => {
		const el = document.querySelector(`+string(quoted)+`);
		if (!el) return done(null);
		el.scrollIntoView({ block: "center", behavior: "instant" });
		requestAnimationFrame(() => requestAnimationFrame(() => done(el.getBoundingClientRect().toJSON()))); // after the scroll event
	})`, &box)
	require.NotNil(b.t, box, "there is no %s", selector)
	return box.X + across*box.Width, box.Y + down*box.Height
}

// Screenshot gives the whole page as PNG.
func (b *Browser) Screenshot() []byte {
	b.t.Helper()
	var m struct {
		CSSContentSize struct{ Width, Height float64 }
	}
	b.do("Page.getLayoutMetrics", nil, &m)
	var shot struct{ Data []byte }
	b.do("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true, "clip": map[string]float64{
		"x": 0, "y": 0, "width": m.CSSContentSize.Width, "height": m.CSSContentSize.Height, "scale": 1}}, &shot)
	return shot.Data
}

// PDF prints the page on A4 paper.
func (b *Browser) PDF() []byte {
	b.t.Helper()
	var pdf struct{ Data []byte }
	b.do("Page.printToPDF", map[string]any{"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true}, &pdf)
	return pdf.Data
}
