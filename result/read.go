package result

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/eventlog"
	"github.com/llmeter-go/llmeter/store"
)

// The codes of warnings about files.
const (
	WarnRecovered  = "recovered"  // there is no summary: what it would say was put together from the other files
	WarnUnreadable = "unreadable" // a file, or a line of it, could not be read and was left out
	WarnMissing    = "missing"    // a file that should be there is not
	WarnMismatch   = "mismatch"   // files of one folder tell of different numbers of responses
	WarnUnfinished = "unfinished" // requests were in flight when the run was killed
)

// maxLineWarnings bounds how many broken lines are named one by one.
const maxLineWarnings = 10

// A responseReader reads the responses of a folder, each with what the event log knows of it. Both files are in the order
// in which responses finished, so one pass over both is enough; what is out of order waits in memory. Where only the event
// log is left, the responses are those that it knows.
type responseReader struct {
	folder string
	files  []io.Closer
	lines  *bufio.Reader // nil: there are none
	long   []byte        // the parts of a line that is longer than the buffer
	number int           // of the line that was read last, from 1

	log     *eventlog.Reader // nil: there is none
	logEnd  bool             // it has ended
	scratch *eventlog.Response
	pending map[int]*eventlog.Response

	own               bool // some line is one of ours
	responses, broken int
	cancelled         []*endpoint.Response // as far as the log knows them: counted, not given
	unrecorded        map[int]bool         // lines without a record, by seq, where there is a log
	start             time.Time            // of the log
	lastEnd           time.Time            // of all requests in the log, cancelled ones too
	warnings          []Warning
}

// openResponses fails with fs.ErrNotExist if there are neither lines nor an event log.
func openResponses(ctx context.Context, st store.Store, folder string) (*responseReader, error) {
	rd := &responseReader{folder: folder}
	f, err := st.Open(ctx, join(folder, responsesFile))
	if err == nil {
		rd.files, rd.lines = append(rd.files, f), bufio.NewReaderSize(f, 1<<18)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	logErr := rd.openLog(ctx, st)
	switch {
	case rd.lines == nil && logErr != nil:
		return nil, err
	case rd.lines == nil:
		rd.warn(WarnMissing, "%s is missing: what is known of the responses comes from %s alone",
			join(folder, responsesFile), eventsFile)
	case logErr != nil && !errors.Is(logErr, fs.ErrNotExist):
		rd.warn(WarnUnreadable, "%v", logErr)
	}
	return rd, nil
}

func (rd *responseReader) openLog(ctx context.Context, st store.Store) error {
	f, err := st.Open(ctx, join(rd.folder, eventsFile))
	if err != nil {
		return err
	}
	log, err := eventlog.NewReader(f)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", join(rd.folder, eventsFile), err), f.Close())
	}
	rd.files, rd.log, rd.start = append(rd.files, f), log, log.Start()
	rd.scratch, rd.pending, rd.unrecorded = new(eventlog.Response), map[int]*eventlog.Response{}, map[int]bool{}
	return nil
}

func (rd *responseReader) close() {
	for _, f := range rd.files {
		_ = f.Close() // opened for reading
	}
}

func (rd *responseReader) warn(code, format string, args ...any) {
	rd.warnings = append(rd.warnings, Warning{Code: code, Text: fmt.Sprintf(format, args...)})
}

// all gives the responses. An error is one of reading the file, and the last thing given.
func (rd *responseReader) all() iter.Seq2[*endpoint.Response, error] {
	return func(yield func(*endpoint.Response, error) bool) {
		for {
			r, err := rd.next()
			if err == io.EOF {
				rd.finish()
				return
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// next gives the next response that can be read, io.EOF at the end.
func (rd *responseReader) next() (*endpoint.Response, error) {
	if rd.lines == nil {
		return rd.nextLogged()
	}
	for {
		data, err := rd.line()
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("%s: %w", join(rd.folder, responsesFile), err)
		}
		atEnd := err == io.EOF
		if data = bytes.TrimSpace(data); len(data) == 0 {
			if atEnd {
				return nil, io.EOF
			}
			continue
		}
		r, own, err := parseLine(data)
		if err != nil {
			rd.brokenLine(err, atEnd)
			continue
		}
		rd.own = rd.own || own
		rd.responses++
		if own && rd.log != nil {
			rd.join(r)
		}
		return r, nil
	}
}

// nextLogged gives the next response that the log knows.
func (rd *responseReader) nextLogged() (*endpoint.Response, error) {
	for rd.readRecord() {
		if isCancelled(rd.scratch) {
			rd.keepCancelled()
			continue
		}
		r := new(endpoint.Response)
		rd.restore(r, rd.scratch)
		rd.responses++
		return r, nil
	}
	return nil, io.EOF
}

// line gives the next line; it is valid until the one after it. At the end, io.EOF comes with what stands after the
// last line break.
func (rd *responseReader) line() ([]byte, error) {
	rd.number++
	rd.long = rd.long[:0]
	for {
		part, err := rd.lines.ReadSlice('\n')
		if err == nil && len(rd.long) == 0 {
			return part, nil
		}
		rd.long = append(rd.long, part...)
		if err != bufio.ErrBufferFull {
			return rd.long, err
		}
	}
}

func (rd *responseReader) brokenLine(err error, last bool) {
	rd.broken++
	if rd.broken > maxLineWarnings {
		return
	}
	why := "cannot be read and is left out"
	if last {
		why = "is cut off and is left out"
	}
	rd.warn(WarnUnreadable, "%s, line %d %s: %v", join(rd.folder, responsesFile), rd.number, why, err)
}

// join finds r's record in the log.
func (rd *responseReader) join(r *endpoint.Response) {
	if record, ok := rd.pending[r.Seq]; ok {
		delete(rd.pending, r.Seq)
		rd.restore(r, record)
		return
	}
	for rd.readRecord() {
		switch {
		case isCancelled(rd.scratch):
			rd.keepCancelled()
		case rd.scratch.Seq == r.Seq:
			rd.restore(r, rd.scratch)
			return
		default:
			rd.pending[rd.scratch.Seq] = rd.scratch
			rd.scratch = new(eventlog.Response)
		}
	}
	rd.unrecorded[r.Seq] = true
}

func isCancelled(record *eventlog.Response) bool {
	return record.Error != nil && record.Error.Kind == string(endpoint.KindCancelled)
}

// readRecord reads the next record into scratch. It reports false at the end of the log, and warns where that is not
// the end of the file.
func (rd *responseReader) readRecord() bool {
	if rd.log == nil || rd.logEnd {
		return false
	}
	err := rd.log.Next(rd.scratch)
	if err == nil {
		return true
	}
	if err != io.EOF {
		rd.warn(WarnUnreadable, "%s: %v; what follows it is not known", join(rd.folder, eventsFile), err)
	}
	rd.logEnd = true
	return false
}

func (rd *responseReader) keepCancelled() {
	r := new(endpoint.Response)
	rd.restore(r, rd.scratch)
	rd.cancelled = append(rd.cancelled, r)
}

func (rd *responseReader) restore(r *endpoint.Response, record *eventlog.Response) {
	restore(r, rd.start, record)
	if r.End.After(rd.lastEnd) {
		rd.lastEnd = r.End
	}
}

// finish reads what is left of the log after the last line, and says what does not fit together.
func (rd *responseReader) finish() {
	lost := len(rd.pending)
	for rd.readRecord() {
		if isCancelled(rd.scratch) {
			rd.keepCancelled()
		} else {
			lost++
		}
	}
	if more := rd.broken - maxLineWarnings; more > 0 {
		rd.warn(WarnUnreadable, "%s: %d further lines cannot be read and are left out", join(rd.folder, responsesFile), more)
	}
	if n := len(rd.unrecorded); n > 0 {
		rd.warn(WarnMismatch, "%s has no record of %d responses: of their streams only what %s says is known",
			join(rd.folder, eventsFile), n, responsesFile)
	}
	if lost > rd.broken {
		rd.warn(WarnMismatch, "%s knows %d responses more than %s",
			join(rd.folder, eventsFile), lost-rd.broken, responsesFile)
	}
	rd.countUnfinished()
}

// countUnfinished tells of the requests that have no end. The run went on as long as they brought something.
func (rd *responseReader) countUnfinished() {
	if rd.log == nil {
		return
	}
	n := 0
	for _, record := range rd.log.InFlight() {
		if rd.unrecorded[record.Seq] {
			continue
		}
		n++
		if last := lastInstant(rd.start, record); last.After(rd.lastEnd) {
			rd.lastEnd = last
		}
	}
	if n > 0 {
		rd.warn(WarnUnfinished, "%d requests were in flight when the run was killed: they are in no statistic; %s holds what had come of them",
			n, join(rd.folder, eventsFile))
	}
}
