package eventlog

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"iter"
	"maps"
	"slices"
	"time"
)

// A Reader reads a log from its beginning to its end, or to the first frame that is damaged.
type Reader struct {
	src    *bufio.Reader
	start  time.Time
	offset int64 // of the frame that is read next
	frame  []byte
	err    error
	texts  texts

	part     Response          // scratch
	inFlight map[int]*Response // what the parts tell of requests whose end was not read, by seq
	run      Run
	ended    bool // the end of the run was read
}

// NewReader reads the header. An error is an *[FormatError], also where src cannot be read.
func NewReader(src io.Reader) (*Reader, error) {
	r := &Reader{src: bufio.NewReaderSize(src, 1<<16)}
	var header [headerSize]byte
	if _, err := io.ReadFull(r.src, header[:]); err != nil {
		return nil, r.broken(err, "the header is cut off")
	}
	if string(header[:len(magic)]) != magic {
		return nil, r.fail("this is not an event log")
	}
	if v := binary.LittleEndian.Uint16(header[len(magic):]); v != version {
		return nil, r.fail("the log has a version that is not known here")
	}
	r.start = time.Unix(0, int64(binary.LittleEndian.Uint64(header[8:]))).UTC()
	r.offset = headerSize
	return r, nil
}

// Start is the wall clock at the start of the log.
func (r *Reader) Start() time.Time { return r.start }

// All gives the requests that have ended, in the order in which they were written. It ends at the end of the log, or with
// an *[FormatError]. A Response is valid until the next one is asked for. It is single-use.
func (r *Reader) All() iter.Seq2[*Response, error] {
	return func(yield func(*Response, error) bool) {
		var into Response
		for {
			err := r.Next(&into)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&into, nil) {
				return
			}
		}
	}
}

// Next reads on to the next request that has ended, into into, whose memory it reuses. The error is io.EOF at the end, else an
// *[FormatError]; after an error there is nothing more to read.
func (r *Reader) Next(into *Response) error {
	for r.err == nil {
		kind, payload, err := r.readFrame()
		if err != nil {
			r.err = err
			break
		}
		if !r.understand(kind, payload, into) {
			r.err = r.fail(misunderstood[kind])
			break
		}
		r.offset += int64(frameHead + len(payload) + frameTail)
		if kind == typeResponse {
			delete(r.inFlight, into.Seq)
			return nil
		}
	}
	return r.err
}

var misunderstood = map[byte]string{
	typeResponse: "the response in this frame cannot be understood",
	typePart:     "the part of a response in this frame cannot be understood",
	typeRun:      "the end of the run in this frame cannot be understood",
}

// understand decodes a payload: a response into into, everything else into the reader itself.
func (r *Reader) understand(kind byte, payload []byte, into *Response) bool {
	d := decoder{rest: payload, texts: &r.texts}
	switch kind {
	case typeResponse:
		d.response(into, r.start.UnixMicro())
	case typePart:
		first := d.unsigned()
		d.response(&r.part, r.start.UnixMicro())
		return !d.bad && r.addPart(first)
	case typeRun:
		d.run(&r.run, r.start.UnixMicro())
		r.ended = !d.bad
	}
	return !d.bad
}

// addPart joins r.part to the parts of its request before it. It reports false if there is a gap between them.
func (r *Reader) addPart(first uint64) bool {
	whole := r.inFlight[r.part.Seq]
	if whole == nil {
		whole = new(Response)
	}
	if first > uint64(len(whole.Events)) {
		return false
	}
	events := append(whole.Events[:first], r.part.Events...)
	*whole = r.part
	whole.Events, whole.Attempts = events, slices.Clone(r.part.Attempts)
	if r.inFlight == nil {
		r.inFlight = map[int]*Response{}
	}
	r.inFlight[whole.Seq] = whole
	return true
}

// InFlight gives the requests of which parts were read, but no end until now, by seq. After the last Next these are the
// requests that were in flight when the writer was killed. They are valid until the next Next.
func (r *Reader) InFlight() []*Response {
	return slices.SortedFunc(maps.Values(r.inFlight), func(a, b *Response) int { return cmp.Compare(a.Seq, b.Seq) })
}

// Run is what the log says of the run as a whole; ok is false until its end was read.
func (r *Reader) Run() (run Run, ok bool) { return r.run, r.ended }

// readFrame reads and checks one frame. Memory grows with what there really is, whatever length a damaged frame claims.
func (r *Reader) readFrame() (kind byte, payload []byte, err error) {
	r.frame = slices.Grow(r.frame[:0], frameHead)[:frameHead]
	if _, err := io.ReadFull(r.src, r.frame); err == io.EOF {
		return 0, nil, io.EOF
	} else if err != nil {
		return 0, nil, r.broken(err, "the frame is cut off")
	}
	length := binary.LittleEndian.Uint32(r.frame)
	if length > maxFrame {
		return 0, nil, r.fail("the length of the frame is impossible")
	}
	for rest := int(length) + frameTail; rest > 0; {
		at, part := len(r.frame), min(rest, 1<<20)
		r.frame = slices.Grow(r.frame, part)[:at+part]
		if _, err := io.ReadFull(r.src, r.frame[at:]); err != nil {
			return 0, nil, r.broken(err, "the frame is cut off")
		}
		rest -= part
	}
	body, sum := r.frame[:len(r.frame)-frameTail], r.frame[len(r.frame)-frameTail:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(sum) {
		return 0, nil, r.fail("the checksum of the frame is wrong")
	}
	return body[4], body[frameHead:], nil
}

func (r *Reader) fail(reason string) error { return &FormatError{Offset: r.offset, Reason: reason} }

// broken tells the end of the log, where it must not be, from a failure to read it.
func (r *Reader) broken(err error, reason string) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return &FormatError{r.offset, err.Error(), err}
	}
	return &FormatError{r.offset, reason, io.ErrUnexpectedEOF}
}
