package live

import (
	"context"
	"io"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/term"
)

const (
	frameEvery = 500 * time.Millisecond
	framesPer  = 10                     // looks of the renderer at what has changed, per second
	firstAfter = 300 * time.Millisecond // what is over sooner never takes the screen
)

// keys are what keys do. Without abort, none are read.
type keys struct {
	stop, abort func()
	ctrlC       bool // Ctrl-C aborts at once
}

// A model is the dashboard as Bubble Tea has it.
type model struct {
	specs         Specs
	keys          keys
	frame         *frame
	width, height int
	stopping      bool
	aborting      bool
}

// Init asks for nothing: frames come from outside.
func (m model) Init() tea.Cmd { return nil }

// Update takes frames, sizes and keys.
func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case *frame:
		m.frame = msg
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		m.press(msg.String())
	}
	return m, nil
}

func (m *model) press(key string) {
	interrupt := key == "ctrl+c"
	if key != "q" && !interrupt || m.keys.abort == nil || m.keys.stop == nil && !interrupt || m.aborting {
		return
	}
	if !m.stopping && m.keys.stop != nil && !(interrupt && m.keys.ctrlC) {
		m.stopping = true
		m.keys.stop()
		return
	}
	m.aborting = true
	m.keys.abort()
}

// View is the present frame.
func (m model) View() tea.View {
	v := tea.NewView("")
	v.AltScreen, v.DisableBracketedPasteMode = true, true
	if m.frame != nil && m.width > 0 {
		v.Content = m.frame.draw(m.width, m.height, m.specs, m.hint())
	}
	return v
}

// hint says what keys do.
func (m *model) hint() string {
	switch {
	case m.aborting:
		return "aborting"
	case m.stopping:
		return "stopping: what is in flight finishes; q again aborts"
	case m.keys.abort == nil:
		return ""
	case m.keys.stop == nil:
		return "Ctrl-C aborts"
	case m.keys.ctrlC:
		return "q stops, Ctrl-C aborts"
	}
	return "q stops, twice aborts"
}

// dashboard shows frames until ctx is done. It reports false where Out is no terminal to do that on.
func (v *View) dashboard(ctx context.Context, next func() frame, k keys) bool {
	if !v.onTerminal() {
		return false
	}
	start := time.NewTimer(firstAfter)
	defer start.Stop()
	select {
	case <-ctx.Done():
		return true
	case <-start.C:
	}
	k.ctrlC = v.Interrupt != nil
	input := v.input(k)
	if input == nil {
		k = keys{}
	}
	first := next()
	p := tea.NewProgram(model{specs: v.Specs, keys: k, frame: &first}, tea.WithOutput(v.Out), tea.WithInput(input),
		tea.WithoutSignalHandler(), tea.WithFPS(framesPer))
	feeding, over := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		feed(feeding, p, next)
	}()
	_, err := p.Run()
	over()
	<-ended
	return err == nil || ctx.Err() != nil
}

// feed sends frames to the program, and ends it when ctx is done. After an end of its own, sending does nothing.
func feed(ctx context.Context, p *tea.Program, next func() frame) {
	tick := time.NewTicker(frameEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			p.Quit()
			return
		case <-tick.C:
			f := next()
			p.Send(&f)
		}
	}
}

// onTerminal reports whether Out is a terminal that this process may take, and is to. In the background that would stop it.
func (v *View) onTerminal() bool {
	f, ok := v.Out.(*os.File)
	if !ok || v.Plain || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) {
		return false
	}
	width, height, err := term.GetSize(int(f.Fd()))
	return err == nil && width > 0 && height > 0 && foreground(f)
}

// input is where keys come from: standard input, or the terminal where that is something else. It is nil if none are read; the
// terminal then makes a signal of Ctrl-C as always.
func (v *View) input(k keys) io.Reader {
	switch out, ok := v.Out.(*os.File); {
	case k.abort == nil:
		return nil
	case term.IsTerminal(int(os.Stdin.Fd())):
		return os.Stdin
	case ok && readable(out):
		return out
	}
	return nil
}
