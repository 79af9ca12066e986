package atif

import (
	"bufio"
	"encoding/json"
	"io"
	"iter"

	"github.com/llmeter-go/llmeter/profiler"
)

// Write writes the trajectories of traces, a line of JSON for each; see [FromTrace]. It stops at the first error.
func Write(w io.Writer, traces iter.Seq2[*profiler.Trace, error]) error {
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	for t, err := range traces {
		if err != nil {
			return err
		}
		if err := e.Encode(FromTrace(t)); err != nil {
			return err
		}
	}
	return b.Flush()
}
