package load

import (
	"math"
	"math/rand/v2"
)

// draws are the random numbers of one schedule. They are made here from the bits of a PCG, with the logarithm and the
// exponential function below, because package math does not promise the same bits on every machine, and two machines that
// draw one number differently would follow different schedules from then on.
//
// Note: a compiler may fuse x*y + z into one rounding, and on some machines does. Every product that meets a sum is
// therefore either an explicit math.FMA or wrapped in float64(), which the language says prevents it.
type draws struct{ pcg *rand.PCG }

func newDraws(seed uint64) *draws {
	return &draws{rand.NewPCG(derive(seed, 0), derive(seed, 1))}
}

// derive makes the seed of part k of something that has a seed: neighbouring seeds and parts share nothing.
// It is the output function of SplitMix64 (Steele, Lea, Flood 2014).
func derive(seed, k uint64) uint64 {
	z := seed + (k+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform is one of the 2^53 multiples of 2^-53 in (0, 1]: never 0, so that it has a logarithm.
func (d *draws) uniform() float64 { return float64(d.pcg.Uint64()>>11+1) * 0x1p-53 }

// exponential has mean 1.
func (d *draws) exponential() float64 { return -ln(d.uniform()) }

// normal has mean 0 and variance 1 (Marsaglia's polar method; its second number is not kept).
func (d *draws) normal() float64 {
	for {
		u, v := 2*d.uniform()-1, 2*d.uniform()-1
		s := float64(u*u) + float64(v*v)
		if s > 0 && s < 1 {
			return u * math.Sqrt(-2*ln(s)/s)
		}
	}
}

// gamma has the given shape and scale 1, so mean and variance are the shape (Marsaglia and Tsang, "A simple method for
// generating gamma variables", 2000; for shapes below 1 their remark on U^(1/shape)).
func (d *draws) gamma(shape float64) float64 {
	if shape < 1 {
		boost := exp(ln(d.uniform()) / shape)
		return d.gamma(shape+1) * boost
	}
	a := shape - 1.0/3
	c := 1 / (3 * math.Sqrt(a))
	for {
		x := d.normal()
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		v = float64(v * v * v)
		if ln(d.uniform()) < float64(x*x/2)+float64(a*(1-v+ln(v))) {
			return a * v
		}
	}
}

// The coefficients 1/(2k+1) of atanh(s)/s in powers of s², the highest first.
var atanhSeries = [...]float64{1.0 / 25, 1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1}

// twiceAtanh is 2·atanh(s) for |s| ≤ 0.172, where the series above ends below the last bit.
func twiceAtanh(s float64) float64 {
	sum, square := 0.0, s*s
	for _, c := range atanhSeries {
		sum = math.FMA(sum, square, c)
	}
	return 2 * s * sum
}

// ln is the natural logarithm of x > 0.
func ln(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	return math.FMA(float64(e), math.Ln2, twiceAtanh((m-1)/(m+1)))
}

// ln1p is ln(1+x) without the loss of digits for small x.
func ln1p(x float64) float64 {
	if x > -0.29 && x < 0.41 {
		return twiceAtanh(x / (2 + x))
	}
	return ln(1 + x)
}

// The coefficients 1/k! of e^x, the highest first.
var expSeries = [...]float64{1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1}

// exp is e^x for x ≤ 0.
func exp(x float64) float64 {
	if x < -745 {
		return 0
	}
	n := math.Round(x / math.Ln2)
	r := math.FMA(-n, math.Ln2, x)
	sum := 0.0
	for _, c := range expSeries {
		sum = math.FMA(sum, r, c)
	}
	return math.Ldexp(sum, int(n))
}
