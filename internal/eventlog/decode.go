package eventlog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"iter"
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

// All gives the responses in the order in which they were written. It ends at the end of the log, or with an
// *[FormatError]. A Response is valid until the next one is asked for. It is single-use.
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

// Next reads the next response into into, whose memory it reuses. The error is io.EOF at the end, else an *[FormatError];
// after an error there is nothing more to read.
func (r *Reader) Next(into *Response) error {
	for r.err == nil {
		kind, payload, err := r.readFrame()
		if err != nil {
			r.err = err
			break
		}
		if kind != typeResponse {
			r.offset += int64(frameHead + len(payload) + frameTail)
			continue
		}
		d := decoder{rest: payload}
		d.response(into, r.start.UnixMicro())
		if d.bad {
			r.err = r.fail("the response in this frame cannot be understood")
			break
		}
		r.offset += int64(frameHead + len(payload) + frameTail)
		return nil
	}
	return r.err
}

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
