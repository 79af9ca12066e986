package result

import (
	"fmt"
	"io"
)

// The files of a run's folder.
const (
	payloadFile   = "payload.jsonl"
	configFile    = "run_config.json"
	responsesFile = "responses.jsonl"
	summaryFile   = "summary.json"
	statsFile     = "stats.json"
	ownFileName   = "llmeter.json"
	eventsFile    = "events.bin"
)

var allFiles = []string{payloadFile, configFile, responsesFile, summaryFile, statsFile, ownFileName, eventsFile}

// A recordFile is a file that is written record by record through a buffer. After a failure nothing more is written,
// so that at most the last record in it is torn; records are then only counted.
type recordFile struct {
	name string // with its folder
	w    io.WriteCloser
	buf  []byte
	ends []int // where in buf the records end
	lost int   // records that are not in the file
	err  error // the first failure
}

// commit says that what was appended to buf is one complete record.
func (f *recordFile) commit() {
	if f.err != nil {
		f.lost++
		f.buf = f.buf[:0]
		return
	}
	f.ends = append(f.ends, len(f.buf))
}

// flush hands everything complete to the store.
func (f *recordFile) flush() {
	if len(f.buf) == 0 || f.err != nil {
		return
	}
	n, err := f.w.Write(f.buf)
	if err == nil && n < len(f.buf) {
		err = io.ErrShortWrite
	}
	if err != nil {
		f.fail(err, n)
	}
	f.buf, f.ends = f.buf[:0], f.ends[:0]
}

// fail counts the records of the buffer of which the end is not among the first n bytes.
func (f *recordFile) fail(err error, n int) {
	f.err = err
	for _, end := range f.ends {
		if end > n {
			f.lost++
		}
	}
}

// close flushes and closes, and says what went wrong from the beginning on.
func (f *recordFile) close() error {
	f.flush()
	err := f.w.Close()
	switch {
	case f.err != nil:
		return fmt.Errorf("%s: %d responses are not saved: %w", f.name, f.lost, f.err)
	case err != nil:
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return nil
}
