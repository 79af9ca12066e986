package mock

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// A Value is what a [Dist] can yield.
type Value interface{ int | time.Duration }

// A Dist is a value that is the same each time, or drawn anew each time. Its zero value always yields 0.
//
// Its text form, which flags and JSON use, is one of
//
//	200ms                        the same each time
//	exp 50ms                     exponential with this mean
//	lognormal 200ms sigma 0.3    log-normal with this median; sigma is the standard deviation of the logarithm
//	uniform 100ms to 300ms       uniform between the two, both included
//
// with plain whole numbers in place of durations for a [Count].
type Dist[T Value] struct {
	shape shape
	a, b  T // the value, mean, median or lower bound; the upper bound
	sigma float64
}

// A Delay is a time to wait.
type Delay = Dist[time.Duration]

// A Count is a number of tokens.
type Count = Dist[int]

type shape uint8

const (
	fixed shape = iota
	exponential
	logNormal
	uniform
)

// Fixed yields v each time.
func Fixed[T Value](v T) Dist[T] { return Dist[T]{a: v} }

// Exponential yields values with the given mean; counts are rounded to whole numbers.
func Exponential[T Value](mean T) Dist[T] { return Dist[T]{shape: exponential, a: mean} }

// LogNormal yields values whose logarithm is normal with the given standard deviation, half of them below the median;
// counts are rounded to whole numbers.
func LogNormal[T Value](median T, sigma float64) Dist[T] {
	return Dist[T]{shape: logNormal, a: median, sigma: sigma}
}

// Uniform yields values from lo to hi, both included, each as likely as any other.
func Uniform[T Value](lo, hi T) Dist[T] { return Dist[T]{shape: uniform, a: lo, b: hi} }

// IsZero reports whether d is the zero value.
func (d Dist[T]) IsZero() bool { return d == Dist[T]{} }

// Draw returns the next value, never negative.
func (d Dist[T]) Draw(r *rand.Rand) T {
	switch d.shape {
	case exponential:
		return round[T](float64(d.a) * r.ExpFloat64())
	case logNormal:
		if d.a == 0 {
			return 0 // and not 0 times infinity, which a large sigma can make
		}
		return round[T](float64(d.a) * math.Exp(d.sigma*r.NormFloat64()))
	case uniform:
		return d.a + T(r.Int64N(int64(d.b-d.a)+1))
	}
	return d.a
}

// The tail of a distribution must not overflow: no wait and no count needs to be longer than 36 years or 2^60 tokens.
func round[T Value](x float64) T { return T(math.Round(min(x, 1<<60))) }

func (d Dist[T]) validate() error {
	switch {
	case d.a < 0 || d.b < 0:
		return fmt.Errorf("%s: must not be negative", d)
	case d.shape == uniform && d.a > d.b:
		return fmt.Errorf("%s: the lower bound is above the upper", d)
	case d.shape == uniform && int64(d.b-d.a) == math.MaxInt64:
		return fmt.Errorf("%s: the range is too wide", d)
	case math.IsNaN(d.sigma) || d.sigma < 0 || math.IsInf(d.sigma, 0):
		return fmt.Errorf("%s: sigma must be a number, not negative", d)
	}
	return nil
}

// String returns the text form.
func (d Dist[T]) String() string {
	switch d.shape {
	case exponential:
		return fmt.Sprintf("exp %v", d.a)
	case logNormal:
		return fmt.Sprintf("lognormal %v sigma %v", d.a, d.sigma)
	case uniform:
		return fmt.Sprintf("uniform %v to %v", d.a, d.b)
	}
	return fmt.Sprint(d.a)
}

// MarshalText returns the text form.
func (d Dist[T]) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the text form; an empty text is the zero value. It refuses values that no draw could have.
func (d *Dist[T]) UnmarshalText(text []byte) error {
	p, err := parseDist[T](strings.Fields(string(text)))
	if err == nil {
		err = p.validate()
	}
	if err != nil {
		return fmt.Errorf("mock: distribution %q: %w", text, err)
	}
	*d = p
	return nil
}

func parseDist[T Value](words []string) (d Dist[T], err error) {
	if len(words) == 0 {
		return d, nil
	}
	switch {
	case words[0] == "exp" && len(words) == 2:
		d.shape = exponential
		d.a, err = parseValue[T](words[1])
	case words[0] == "lognormal" && len(words) == 4 && words[2] == "sigma":
		d.shape = logNormal
		if d.a, err = parseValue[T](words[1]); err == nil {
			d.sigma, err = parseFloat(words[3])
		}
	case words[0] == "uniform" && len(words) == 4 && words[2] == "to":
		d.shape = uniform
		if d.a, err = parseValue[T](words[1]); err == nil {
			d.b, err = parseValue[T](words[3])
		}
	case len(words) == 1:
		d.a, err = parseValue[T](words[0])
	default:
		err = fmt.Errorf(`want "V", "exp V", "lognormal V sigma S" or "uniform V to V"`)
	}
	return d, err
}

func parseValue[T Value](word string) (v T, err error) {
	switch p := any(&v).(type) {
	case *time.Duration:
		if *p, err = time.ParseDuration(word); err != nil {
			return 0, fmt.Errorf("%q is not a duration such as 200ms", word)
		}
	case *int:
		if *p, err = strconv.Atoi(word); err != nil {
			return 0, fmt.Errorf("%q is not a whole number", word)
		}
	}
	return v, nil
}

func parseFloat(word string) (float64, error) {
	f, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", word)
	}
	return f, nil
}
