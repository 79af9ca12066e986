package stats

import (
	"encoding"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	_ encoding.BinaryMarshaler   = (*Sample)(nil)
	_ encoding.BinaryAppender    = (*Sample)(nil)
	_ encoding.BinaryUnmarshaler = (*Sample)(nil)
)

func TestDecodingGivesTheSampleThatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Sample{Limit: rapid.IntRange(0, 5).Draw(t, "limit")}
		for _, v := range rapid.SliceOf(anyValue()).Draw(t, "values") {
			s.AddN(v, rapid.Uint64Range(1, 1<<40).Draw(t, "n"))
		}
		s.Add(math.NaN())
		var d Sample
		require.NoError(t, d.UnmarshalBinary(encoded(&s)))
		require.Equal(t, encoded(&s), encoded(&d))
		require.Equal(t, s.moments, d.moments)
		require.Equal(t, s.N(), d.N())
		require.Equal(t, s.Ignored(), d.Ignored())

		v := anyValue().Draw(t, "one more") // a decoded sample goes on like the original
		s.Add(v)
		d.Add(v)
		require.Equal(t, encoded(&s), encoded(&d))
	})
}

func TestCutOffOrExtendedEncodingIsRefused(t *testing.T) {
	for _, limit := range []int{0, 2} {
		s := Sample{Limit: limit}
		for _, v := range []float64{0.1, -2, 0.5, 1e300} {
			s.AddN(v, 200)
		}
		whole := encoded(&s)
		d := Sample{Limit: 7}
		for cut := range whole {
			require.ErrorIs(t, d.UnmarshalBinary(whole[:cut]), ErrEncoding)
		}
		require.ErrorIs(t, d.UnmarshalBinary(append(whole, 0)), ErrEncoding)
		require.Equal(t, Sample{Limit: 7}, d, "an error changes nothing")
	}
}

func TestImpossibleEncodingIsRefused(t *testing.T) {
	high, huge := "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"
	for name, data := range map[string]string{
		"nothing":                 "",
		"another magic":           "smp2\x00\x00\x00\x00",
		"unknown state":           "smp1\x02\x00\x00\x00",
		"limit too large":         "smp1\x00" + high + "\x00\x00",
		"more entries than bytes": "smp1\x00\x00\x00\x05\x00\x00",
		"more values than limit":  "smp1\x00\x01\x00\x02" + huge + "\x01\x01\x01",
		"negative zero":           "smp1\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01",
		"NaN":                     "smp1\x00\x00\x00\x01\x01\x01",
		"no count":                "smp1\x00\x00\x00\x01" + huge + "\x00",
		"count overflow":          "smp1\x00\x00\x00\x02" + huge + high + "\x01" + high,
		"not ascending":           "smp1\x00\x00\x00\x02" + huge + "\x01\x00\x01",
		"not in the middle":       "smp1\x01\x00\x00\x01\x81\x80\x80\x80\x80\x80\x80\x80\x80\x01\x01",
		"empty sketch":            "smp1\x01\x00\x00\x00" + string(make([]byte, 2+35+67)),
	} {
		require.ErrorIs(t, new(Sample).UnmarshalBinary([]byte(data)), ErrEncoding, name)
	}
	for name, damage := range map[string]func(*Sample){
		"minimum elsewhere":       func(s *Sample) { s.min = 0.5 },
		"maximum elsewhere":       func(s *Sample) { s.max = math.NaN() },
		"minimum above maximum":   func(s *Sample) { s.kept = s.kept[:1]; s.min, s.max = 1.0001, 1 },
		"mean outside":            func(s *Sample) { s.moments.add(1, 50) },
		"spread below 0":          func(s *Sample) { s.moments.squares = [67]uint64{} },
		"spread above the widest": func(s *Sample) { s.moments.squares[40]++ },
	} {
		s := Sample{Limit: 1}
		s.AddN(1, 3)
		s.Add(2)
		encoded(&s)
		damage(&s)
		require.ErrorIs(t, new(Sample).UnmarshalBinary(encoded(&s)), ErrEncoding, name)
	}
}

func FuzzUnmarshalSample(f *testing.F) {
	for _, limit := range []int{0, 1} {
		s := Sample{Limit: limit}
		f.Add(encoded(&s))
		for _, v := range []float64{-1, 0, 0.25, 3e9} {
			s.AddN(v, 5)
		}
		f.Add(encoded(&s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Sample
		if s.UnmarshalBinary(data) != nil {
			return
		}
		var again Sample
		require.NoError(t, again.UnmarshalBinary(encoded(&s)))
		require.Equal(t, encoded(&s), encoded(&again))
		if s.N() == 0 {
			return
		}
		require.LessOrEqual(t, s.Min(), s.Mean())
		require.LessOrEqual(t, s.Mean(), s.Max())
		require.LessOrEqual(t, s.Quantile(0.5), s.Quantile(0.9))
		if s.N() > 1 {
			require.GreaterOrEqual(t, s.StdDev(), 0.0)
		}
		s.Merge(&again)
		require.Equal(t, 2*again.N(), s.N())
	})
}
