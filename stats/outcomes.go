package stats

import "math/bits"

// Outcomes are a Series of yes and no, one bit each, in the order of time. Their EffectiveN is that of the Series of ones and
// zeros, found a word of 64 at a time. The zero value is empty.
type Outcomes struct {
	words []uint64
	n     int
}

// Add adds one outcome.
func (o *Outcomes) Add(yes bool) {
	if o.n%64 == 0 {
		o.words = append(o.words, 0)
	}
	if yes {
		o.words[o.n/64] |= 1 << (o.n % 64)
	}
	o.n++
}

// N is the number of outcomes.
func (o *Outcomes) N() int { return o.n }

// EffectiveN is the number of independent outcomes that tell as much of the share of yes; see Series.EffectiveN.
func (o *Outcomes) EffectiveN() float64 {
	if o.n == 0 {
		return 0
	}
	ones := o.both(0)
	if ones == 0 || ones == o.n {
		return float64(o.n)
	}
	c := outcomeCovariance{Outcomes: o, share: float64(ones) / float64(o.n), head: ones, tail: ones}
	return float64(o.n) / autocorrelationTime(o.n, c.next, o.series)
}

// An outcomeCovariance gives the autocovariance of outcomes at one lag after the other.
type outcomeCovariance struct {
	*Outcomes
	share      float64
	lag        int
	head, tail int // yes among all but the last, and among all but the first so many as the lag
}

// next is the covariance at the present lag, with divisor n. With the mean m of ones and zeros, Σ(x-m)(y-m) is
// Σxy - m·(Σx + Σy) + count·m².
func (c *outcomeCovariance) next() float64 {
	n, m := float64(c.n), c.share
	sum := float64(c.both(c.lag)) - m*float64(c.head+c.tail) + (n-float64(c.lag))*m*m
	c.head -= c.at(c.n - 1 - c.lag)
	c.tail -= c.at(c.lag)
	c.lag++
	return sum / n
}

func (o *Outcomes) at(i int) int { return int(o.words[i/64] >> (i % 64) & 1) }

// both counts the pairs of yes that are so far apart.
func (o *Outcomes) both(lag int) (n int) {
	words, shift := o.words[lag/64:], lag%64
	for i, w := range words {
		w >>= shift
		if i+1 < len(words) {
			w |= words[i+1] << (64 - shift) // Go shifts by 64 to 0
		}
		n += bits.OnesCount64(w & o.words[i])
	}
	return n
}

// series are the outcomes as ones and zeros.
func (o *Outcomes) series() Series {
	s := make(Series, o.n)
	for i := range s {
		s[i] = float64(o.at(i))
	}
	return s
}
