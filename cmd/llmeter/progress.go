package main

import (
	"context"
	"os"

	"golang.org/x/term"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report/live"
)

// view shows runs on standard error as --progress says; nil if nobody wants to know.
func (f *outputFlags) view(t *terminal) *live.View {
	v := &live.View{Out: t.err, Interrupt: interrupt, Specs: f.specs}
	switch f.progress() {
	case "plain":
		v.Plain = true
	case "auto":
		file, ok := t.err.(*os.File)
		if !ok || !term.IsTerminal(int(file.Fd())) {
			return nil
		}
	default:
		return nil
	}
	return v
}

// interrupt is what the terminal does for Ctrl-C where its keys are not read.
func interrupt() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Signal(os.Interrupt)
	}
}

// watch shows the progress of run until it has ended or ctx is done.
func (f *outputFlags) watch(ctx context.Context, run *llmeter.Run, t *terminal) {
	if v := f.view(t); v != nil {
		_ = v.Follow(ctx, run) // it is valid
	}
}

// experimentProgress shows where an experiment stands. show is nil where nobody wants to know; done is to be called at its end.
func (f *outputFlags) experimentProgress(ctx context.Context, t *terminal) (show func(experiments.Progress), done func()) {
	v := f.view(t)
	if v == nil {
		return nil, func() {}
	}
	return v.Experiment(ctx)
}
