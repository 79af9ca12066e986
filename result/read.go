package result

import (
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
// log is left, the responses are those that it knows. Each file is read and understood by a goroutine of its own, a little ahead.
type responseReader struct {
	folder string
	files  []io.Closer
	stop   []func() // ends reading ahead

	lines    *lineReader // nil: there are none
	nextLine func() (parsedLine, bool)

	log        *eventlog.Reader // nil: there is none
	nextLogged func() (loggedResponse, bool)
	logEnd     bool // it has ended
	pending    map[int]*endpoint.Response

	own               bool // some line is one of ours
	responses, broken int
	cancelled         []*endpoint.Response // as far as the log knows them: counted, not given
	unrecorded        map[int]bool         // lines without a record, by seq, where there is a log
	start             time.Time            // of the log
	lastEnd           time.Time            // of all requests in the log, cancelled ones too
	logged            bool                 // there is a request in the log
	clients           int                  // that sent those of the log; 0 under an open loop
	warnings          []Warning
}

// A loggedResponse is what the log knows of a response, or why it cannot be read further.
type loggedResponse struct {
	response *endpoint.Response
	err      error
}

// openResponses fails with fs.ErrNotExist if there are neither lines nor an event log.
func openResponses(ctx context.Context, st store.Store, folder string) (*responseReader, error) {
	rd := &responseReader{folder: folder}
	f, err := st.Open(ctx, store.Join(folder, responsesFile))
	if err == nil {
		rd.files, rd.lines = append(rd.files, f), newLineReader(f)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	logErr := rd.openLog(ctx, st)
	switch {
	case rd.lines == nil && logErr != nil:
		return nil, err
	case rd.lines == nil:
		rd.warn(WarnMissing, "%s is missing: what is known of the responses comes from %s alone",
			store.Join(folder, responsesFile), eventsFile)
	case logErr != nil && !errors.Is(logErr, fs.ErrNotExist):
		rd.warn(WarnUnreadable, "%v", logErr)
	}
	return rd, nil
}

func (rd *responseReader) openLog(ctx context.Context, st store.Store) error {
	f, err := st.Open(ctx, store.Join(rd.folder, eventsFile))
	if err != nil {
		return err
	}
	log, err := eventlog.NewReader(f)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", store.Join(rd.folder, eventsFile), err), f.Close())
	}
	rd.files, rd.log, rd.start = append(rd.files, f), log, log.Start()
	rd.pending, rd.unrecorded = map[int]*endpoint.Response{}, map[int]bool{}
	return nil
}

// readAhead begins to read.
func (rd *responseReader) readAhead() {
	stops := func(stop func()) { rd.stop = append(rd.stop, stop) }
	var stop func()
	if rd.lines != nil {
		rd.nextLine, stop = pullAhead(rd.lines.all())
		stops(stop)
	}
	if rd.log != nil {
		rd.nextLogged, stop = pullAhead(restored(rd.log))
		stops(stop)
	}
}

func (rd *responseReader) close() {
	for _, stop := range rd.stop {
		stop()
	}
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
		rd.readAhead()
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
		return rd.nextOfLog()
	}
	for {
		l, ok := rd.nextLine()
		switch {
		case !ok:
			return nil, io.EOF
		case l.failure != nil:
			return nil, fmt.Errorf("%s: %w", store.Join(rd.folder, responsesFile), l.failure)
		case l.err != nil:
			rd.brokenLine(l)
			continue
		}
		rd.own = rd.own || l.own
		rd.responses++
		if l.own && rd.log != nil {
			rd.join(l.response)
		}
		return l.response, nil
	}
}

// nextOfLog gives the next response that the log knows.
func (rd *responseReader) nextOfLog() (*endpoint.Response, error) {
	for {
		r, ok := rd.readRecord()
		switch {
		case !ok:
			return nil, io.EOF
		case r.Cancelled():
			rd.cancelled = append(rd.cancelled, r)
		default:
			rd.responses++
			return r, nil
		}
	}
}

func (rd *responseReader) brokenLine(l parsedLine) {
	rd.broken++
	if rd.broken > maxLineWarnings {
		return
	}
	why := "cannot be read and is left out"
	if l.last {
		why = "is cut off and is left out"
	}
	rd.warn(WarnUnreadable, "%s, line %d %s: %v", store.Join(rd.folder, responsesFile), l.number, why, l.err)
}

// join finds r's record in the log.
func (rd *responseReader) join(r *endpoint.Response) {
	if known, ok := rd.pending[r.Seq]; ok {
		delete(rd.pending, r.Seq)
		takeLogged(r, known)
		return
	}
	for {
		known, ok := rd.readRecord()
		switch {
		case !ok:
			rd.unrecorded[r.Seq] = true
			return
		case known.Cancelled():
			rd.cancelled = append(rd.cancelled, known)
		case known.Seq == r.Seq:
			takeLogged(r, known)
			return
		default:
			rd.pending[known.Seq] = known
		}
	}
}

// readRecord gives the next record of the log. It reports false at the end of the log, and warns where that is not the end of
// the file.
func (rd *responseReader) readRecord() (*endpoint.Response, bool) {
	if rd.log == nil || rd.logEnd {
		return nil, false
	}
	next, ok := rd.nextLogged()
	if ok && next.err == nil {
		if end := next.response.End; end.After(rd.lastEnd) {
			rd.lastEnd = end
		}
		rd.sentBy(next.response.Client)
		return next.response, true
	}
	if ok {
		rd.warn(WarnUnreadable, "%s: %v; what follows it is not known", store.Join(rd.folder, eventsFile), next.err)
	}
	rd.logEnd = true
	return nil, false
}

// sentBy notes that a client has sent a request of the log.
func (rd *responseReader) sentBy(client int) {
	rd.logged, rd.clients = true, max(rd.clients, client+1)
}

// restored gives what a log knows of responses.
func restored(log *eventlog.Reader) iter.Seq[loggedResponse] {
	return func(yield func(loggedResponse) bool) {
		for record, err := range log.All() {
			if err != nil {
				yield(loggedResponse{err: err})
				return
			}
			r := new(endpoint.Response)
			restore(r, log.Start(), record)
			if !yield(loggedResponse{response: r}) {
				return
			}
		}
	}
}

// finish reads what is left of the log after the last line, and says what does not fit together.
func (rd *responseReader) finish() {
	lost := len(rd.pending)
	for r, ok := rd.readRecord(); ok; r, ok = rd.readRecord() {
		if r.Cancelled() {
			rd.cancelled = append(rd.cancelled, r)
		} else {
			lost++
		}
	}
	if more := rd.broken - maxLineWarnings; more > 0 {
		rd.warn(WarnUnreadable, "%s: %d further lines cannot be read and are left out", store.Join(rd.folder, responsesFile), more)
	}
	if n := len(rd.unrecorded); n > 0 {
		rd.warn(WarnMismatch, "%s has no record of %d responses: of their streams only what %s says is known",
			store.Join(rd.folder, eventsFile), n, responsesFile)
	}
	if lost > rd.broken {
		rd.warn(WarnMismatch, "%s knows %d responses more than %s",
			store.Join(rd.folder, eventsFile), lost-rd.broken, responsesFile)
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
		rd.sentBy(int(record.Client))
		if last := lastInstant(rd.start, record); last.After(rd.lastEnd) {
			rd.lastEnd = last
		}
	}
	if n > 0 {
		rd.warn(WarnUnfinished, "%d requests were in flight when the run was killed: they are in no statistic; %s holds what had come of them",
			n, store.Join(rd.folder, eventsFile))
	}
}
