package result

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Cut says how much of the beginning or the end of a run is not part of its steady state. The zero Cut lets the latencies
// decide, by MSER-5.
type Cut struct {
	None     bool          // nothing is cut
	Time     time.Duration // requests that were sent within so long after the first one, or before the last one
	Requests int           // so many of the first requests, or of the last ones, in the order of sending
}

// ParseCut reads "auto", "none", a time such as "10s", or a number such as "50 requests".
func ParseCut(text string) (Cut, error) {
	switch text = strings.TrimSpace(text); text {
	case "auto":
		return Cut{}, nil
	case "none":
		return Cut{None: true}, nil
	}
	if number, unit := splitNumber(text); unit == "requests" || unit == "request" {
		if n, err := strconv.Atoi(number); err == nil && n > 0 {
			return Cut{Requests: n}, nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return Cut{Time: d}, nil
	}
	return Cut{}, fmt.Errorf(`%q is no cut: it is "auto", "none", a time such as "10s" or a number such as "50 requests", above 0`, text)
}

// splitNumber parts "50 requests" or "50requests".
func splitNumber(text string) (number, unit string) {
	unit = strings.TrimLeft(text, "0123456789")
	return text[:len(text)-len(unit)], strings.TrimSpace(unit)
}

// String prints what ParseCut reads.
func (c Cut) String() string {
	switch {
	case c.None:
		return "none"
	case c.Time != 0:
		return c.Time.String()
	case c.Requests == 1:
		return "1 request"
	case c.Requests != 0:
		return strconv.Itoa(c.Requests) + " requests"
	}
	return "auto"
}

// Validate reports a Cut that says more than one thing, or something negative.
func (c Cut) Validate() error {
	given := 0
	for _, is := range []bool{c.None, c.Time != 0, c.Requests != 0} {
		if is {
			given++
		}
	}
	switch {
	case c.Time < 0 || c.Requests < 0:
		return fmt.Errorf("the cut %v is negative", c)
	case given > 1:
		return fmt.Errorf("a cut is None, a Time or Requests, not several of these")
	}
	return nil
}

// auto reports whether the latencies decide.
func (c Cut) auto() bool { return c == Cut{} }

// MarshalText is String.
func (c Cut) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText is ParseCut.
func (c *Cut) UnmarshalText(text []byte) error {
	parsed, err := ParseCut(string(text))
	if err == nil {
		*c = parsed
	}
	return err
}
