package stats

import (
	"math"
	"math/big"
	"math/bits"
)

// A moments holds the exact sum of finite float64 values and the exact sum of their squares, as fixed-point integers
// wide enough for every float64 and 2^64 of them (Kulisch and Miranker, 1986). An integer sum knows no rounding, so
// it does not depend on the order of adding, and the mean is rounded once, when it is read.
type moments struct {
	sum     [35]uint64 // two's complement, in units of 2^-1074
	squares [67]uint64 // in units of 2^-2148
}

// add adds n times v, which must be finite.
func (m *moments) add(v float64, n uint64) {
	mantissa, shift := split(v)
	hi, lo := bits.Mul64(mantissa, n)
	if v < 0 {
		subtractAt(m.sum[:], shift, [3]uint64{lo, hi})
	} else {
		addAt(m.sum[:], shift, [3]uint64{lo, hi})
	}
	addAt(m.squares[:], 2*shift, squareTimes(mantissa, n))
}

// merge adds what o holds.
func (m *moments) merge(o *moments) {
	addWords(m.sum[:], o.sum[:])
	addWords(m.squares[:], o.squares[:])
}

// total is the sum, rounded once.
func (m *moments) total() float64 { return m.mean(1) }

// mean is the sum divided by n > 0, rounded once (to nearest, ties to even).
func (m *moments) mean(n uint64) float64 {
	words := m.sum
	negative := words[len(words)-1]>>63 == 1
	if negative {
		negate(words[:])
	}
	rest := divide(words[:], n)
	v := roundQuotient(words[:], rest, n)
	if negative {
		return -v
	}
	return v
}

// stddev is the standard deviation with divisor n-1, for n >= 2.
func (m *moments) stddev(n uint64) float64 {
	below := new(big.Int).SetUint64(n)
	below.Mul(below, new(big.Int).SetUint64(n-1))
	const precision = 96 // bits; 53 are kept
	variance := new(big.Float).SetPrec(precision).SetInt(m.spread(n))
	variance.Quo(variance, new(big.Float).SetPrec(precision).SetInt(below))
	variance.SetMantExp(variance, -2148)
	root, _ := variance.Sqrt(variance).Float64()
	return root
}

// spread is n·Σx² - (Σx)² in units of 2^-2148: a difference of integers, in which nothing cancels. It is never below 0.
func (m *moments) spread(n uint64) *big.Int {
	sum := m.sum
	if sum[len(sum)-1]>>63 == 1 {
		negate(sum[:])
	}
	square := toBig(sum[:])
	square.Mul(square, square)
	spread := toBig(m.squares[:])
	return spread.Mul(spread, new(big.Int).SetUint64(n)).Sub(spread, square)
}

// possible says whether n >= 2 values between low and high can have these sums. (Two values at the ends have the largest
// standard deviation, (high-low)/√2.)
func (m *moments) possible(n uint64, low, high float64) bool {
	mean := m.mean(n)
	return low <= mean && mean <= high && m.spread(n).Sign() >= 0 && m.stddev(n) <= 0.7072*(high-low)
}

// split gives |v| = mantissa · 2^(shift-1074).
func split(v float64) (mantissa uint64, shift uint) {
	b := math.Float64bits(v)
	mantissa = b & (1<<52 - 1)
	exponent := uint(b>>52) & 0x7ff
	if exponent == 0 {
		return mantissa, 0
	}
	return mantissa | 1<<52, exponent - 1
}

// squareTimes is mantissa² · n.
func squareTimes(mantissa, n uint64) [3]uint64 {
	hi, lo := bits.Mul64(mantissa, mantissa)
	middle, low := bits.Mul64(lo, n)
	top, more := bits.Mul64(hi, n)
	middle, carry := bits.Add64(middle, more, 0)
	return [3]uint64{low, middle, top + carry}
}

// addAt adds v · 2^shift to the number in words, which is wide enough by construction.
func addAt(words []uint64, shift uint, v [3]uint64) {
	w, by := words[shift/64:], shift%64
	var carry uint64
	w[0], carry = bits.Add64(w[0], v[0]<<by, 0)
	w[1], carry = bits.Add64(w[1], v[1]<<by|v[0]>>(64-by), carry)
	w[2], carry = bits.Add64(w[2], v[2]<<by|v[1]>>(64-by), carry)
	w[3], carry = bits.Add64(w[3], v[2]>>(64-by), carry)
	for i := 4; carry != 0 && i < len(w); i++ {
		w[i], carry = bits.Add64(w[i], 0, carry)
	}
}

// subtractAt subtracts v · 2^shift from the number in words.
func subtractAt(words []uint64, shift uint, v [3]uint64) {
	w, by := words[shift/64:], shift%64
	var borrow uint64
	w[0], borrow = bits.Sub64(w[0], v[0]<<by, 0)
	w[1], borrow = bits.Sub64(w[1], v[1]<<by|v[0]>>(64-by), borrow)
	w[2], borrow = bits.Sub64(w[2], v[2]<<by|v[1]>>(64-by), borrow)
	w[3], borrow = bits.Sub64(w[3], v[2]>>(64-by), borrow)
	for i := 4; borrow != 0 && i < len(w); i++ {
		w[i], borrow = bits.Sub64(w[i], 0, borrow)
	}
}

func addWords(to, from []uint64) {
	var carry uint64
	for i := range to {
		to[i], carry = bits.Add64(to[i], from[i], carry)
	}
}

func negate(words []uint64) {
	carry := uint64(1)
	for i := range words {
		words[i], carry = bits.Add64(^words[i], 0, carry)
	}
}

// divide divides the number in words by n in place and returns the remainder.
func divide(words []uint64, n uint64) (rest uint64) {
	for i := len(words) - 1; i >= 0; i-- {
		words[i], rest = bits.Div64(rest, words[i], n)
	}
	return rest
}

// roundQuotient rounds (words + rest/n) · 2^-1074 to the nearest float64.
func roundQuotient(words []uint64, rest, n uint64) float64 {
	length := bitLen(words)
	if length <= 53 { // every bit fits; the fraction decides
		mantissa := words[0]
		if roundsUp(rest > n-rest, rest == n-rest, mantissa) {
			mantissa++
		}
		return math.Ldexp(float64(mantissa), -1074)
	}
	drop := length - 53
	mantissa := bitsAt(words, drop)
	half := bitsAt(words, drop-1)&1 == 1
	below := rest != 0 || anyBelow(words, drop-1)
	if roundsUp(half && below, half && !below, mantissa) {
		mantissa++
	}
	return math.Ldexp(float64(mantissa), drop-1074)
}

// roundsUp says whether a mantissa is raised when what was cut off is above or exactly one half.
func roundsUp(above, tie bool, mantissa uint64) bool { return above || tie && mantissa&1 == 1 }

func bitLen(words []uint64) int {
	for i := len(words) - 1; i >= 0; i-- {
		if words[i] != 0 {
			return i*64 + bits.Len64(words[i])
		}
	}
	return 0
}

// bitsAt gives the 64 bits from the given one up; the words above the last are 0.
func bitsAt(words []uint64, at int) uint64 {
	i, by := at/64, uint(at%64)
	v := words[i] >> by
	if i+1 < len(words) {
		v |= words[i+1] << (64 - by)
	}
	return v
}

// anyBelow says whether a bit below the given one is set.
func anyBelow(words []uint64, at int) bool {
	i := at / 64
	for _, w := range words[:i] {
		if w != 0 {
			return true
		}
	}
	return words[i]&(1<<uint(at%64)-1) != 0
}

func toBig(words []uint64) *big.Int {
	bytes := make([]byte, 0, 8*len(words))
	for i := len(words) - 1; i >= 0; i-- {
		for by := 56; by >= 0; by -= 8 {
			bytes = append(bytes, byte(words[i]>>uint(by)))
		}
	}
	return new(big.Int).SetBytes(bytes)
}
