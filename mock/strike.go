package mock

import (
	"math"
	"net"
	"net/http"
	"strconv"
	"time"
)

const faultMessage = "The mock server was told to fail here."

// instead sends what a fault puts in the place of an answer; false if it is not such a fault.
func (x *exchange) instead() (bool, error) {
	switch f := x.fault; f.Kind {
	case FaultStatus:
		status := f.Status
		if status == 0 {
			status = http.StatusInternalServerError
		}
		if after := f.retryAfter(status); after > 0 {
			x.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
		}
		x.told(status)
		writeError(x.w, status, faultMessage, "", "")
	case FaultHTML:
		status := f.Status
		if status == 0 {
			status = http.StatusOK
		}
		x.respond(status, "text/html; charset=utf-8")
		x.w.Write([]byte("<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>\n"))
	case FaultOKError:
		x.told(http.StatusOK)
		x.w.Header().Set("Content-Type", "application/json")
		x.w.Write(appendError(nil, http.StatusInternalServerError, faultMessage, "", ""))
	case FaultEmpty:
		contentType := "application/json"
		if x.request.stream {
			contentType = "text/event-stream; charset=utf-8"
		}
		x.respond(http.StatusOK, contentType)
	case FaultClose:
		return true, errAbort
	default:
		return false, nil
	}
	return true, nil
}

func (f Fault) retryAfter(status int) time.Duration {
	if f.RetryAfter == 0 && status == http.StatusTooManyRequests {
		return time.Second
	}
	return f.RetryAfter
}

// strike lets a fault happen to an answer under way. It reports whether the answer ends with it.
func (x *exchange) strike() (ended bool, err error) {
	if err := x.flush(); err != nil {
		return true, err
	}
	switch x.fault.Kind {
	case FaultCut:
		return true, errAbort
	case FaultReset:
		return true, x.reset()
	case FaultStall:
		return false, x.stall()
	case FaultMalformed:
		x.events.malformed(&x.batch)
		return false, x.flush()
	case FaultError:
		x.events.fail(&x.batch)
	case FaultFailed:
		x.events.failed(&x.batch)
	case FaultIncomplete:
		x.answer.finishReason = "content_filter"
		x.events.finish(&x.batch)
	}
	return true, x.flush()
}

// stall waits as long as the fault says. What is due later is due that much later.
func (x *exchange) stall() error {
	if x.fault.For == 0 {
		<-x.ctx.Done()
		return x.ctx.Err()
	}
	x.start = x.start.Add(x.fault.For)
	return x.pause(x.fault.For)
}

// reset closes the connection so that TCP sends RST and not FIN.
func (x *exchange) reset() error {
	conn, _, err := x.rc.Hijack()
	if err != nil {
		return errAbort // HTTP/2 cannot be taken over; there the abort resets the stream
	}
	conn.SetDeadline(time.Time{})
	below := conn
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		below = t.NetConn()
	}
	if t, ok := below.(*net.TCPConn); ok {
		t.SetLinger(0)
		t.Close() // not through TLS, which would say goodbye first
	}
	conn.Close()
	return errReset
}
