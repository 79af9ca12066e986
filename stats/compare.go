package stats

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// A RankTest is the outcome of MannWhitney.
type RankTest struct {
	U           float64 // pairs in which the value of x is the larger, equal ones by half
	Superiority float64 // U as a share of all pairs: 0.5 says that neither is larger (Vargha and Delaney, 2000)
	P           float64 // the two-sided p-value of "no difference"
	Exact       bool    // P is from the exact distribution, not from its normal limit
}

// MannWhitney tests whether the values of one sample tend to be larger than those of the other (Mann and Whitney,
// 1947), for independent values. Up to 50 values in all P is exact, ties included; above it is the normal limit
// corrected for ties and continuity. An empty sample gives NaN.
func MannWhitney(x, y *Sample) RankTest {
	if x.n == 0 || y.n == 0 {
		return RankTest{U: math.NaN(), Superiority: math.NaN(), P: math.NaN()}
	}
	ties := tieGroups(x, y)
	var rankSum, below float64 // rankSum is of x, with middle ranks; below counts both samples
	for _, t := range ties {
		rankSum += float64(t.x) * (below + (float64(t.x+t.y)+1)/2)
		below += float64(t.x + t.y)
	}
	nx, ny := float64(x.n), float64(y.n)
	u := rankSum - nx*(nx+1)/2
	test := RankTest{U: u, Superiority: u / (nx * ny)}
	const small = 50
	if x.n+y.n <= small {
		test.P, test.Exact = exactRankP(ties, x.n, rankSum), true
	} else {
		test.P = normalRankP(ties, nx, ny, u)
	}
	return test
}

// Holm adjusts the p-values of several tests so that the chance of any false alarm stays below the level to which they
// are compared (Holm, 1979). The order stays; NaN stays NaN and is no test.
func Holm(p []float64) []float64 {
	order := make([]int, 0, len(p))
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	adjusted := slices.Clone(p)
	highest := 0.0
	for rank, i := range order {
		highest = max(highest, min(1, p[i]*float64(len(order)-rank)))
		adjusted[i] = highest
	}
	return adjusted
}

// A tie is a value with its counts in two samples.
type tie struct{ x, y uint64 }

// tieGroups are the distinct values of both samples, ascending.
func tieGroups(x, y *Sample) []tie {
	var ties []tie
	nextX, stopX := iter.Pull2(x.All())
	defer stopX()
	nextY, stopY := iter.Pull2(y.All())
	defer stopY()
	vx, nx, okX := nextX()
	vy, ny, okY := nextY()
	for okX || okY {
		var t tie
		takeX := okX && (!okY || vx <= vy)
		takeY := okY && (!okX || vy <= vx)
		if takeX {
			t.x = nx
			vx, nx, okX = nextX()
		}
		if takeY {
			t.y = ny
			vy, ny, okY = nextY()
		}
		ties = append(ties, t)
	}
	return ties
}

// normalRankP is the two-sided p-value of U from its normal limit (Lehmann, 1975, §1.4).
func normalRankP(ties []tie, nx, ny, u float64) float64 {
	n := nx + ny
	var tied float64
	for _, t := range ties {
		size := float64(t.x + t.y)
		tied += size * (size*size - 1)
	}
	variance := nx * ny / 12 * (n + 1 - tied/(n*(n-1)))
	if variance <= 0 {
		return 1 // all values are equal
	}
	z := max(0, math.Abs(u-nx*ny/2)-0.5) / math.Sqrt(variance)
	return math.Erfc(z / math.Sqrt2)
}

// exactRankP is the share of all choices of nx values whose rank sum is at least as far from its mean as the one seen.
// ways[k][s] counts the choices of k values with a sum s of doubled middle ranks, which are integers, value by value
// (Streitberg and Röhmel, 1986); every count is below 2^53 and so exact.
func exactRankP(ties []tie, nx uint64, rankSum float64) float64 {
	var n, most int
	for _, t := range ties {
		n += int(t.x + t.y)
	}
	most = n * (n + 1)
	ways := make([][]float64, nx+1)
	for k := range ways {
		ways[k] = make([]float64, most+1)
	}
	ways[0][0] = 1
	below := 0
	for _, t := range ties {
		size := int(t.x + t.y)
		rank := 2*below + size + 1
		for range size {
			for k := len(ways) - 1; k > 0; k-- {
				for s := most; s >= rank; s-- {
					ways[k][s] += ways[k-1][s-rank]
				}
			}
		}
		below += size
	}
	middle := float64(nx) * float64(n+1)
	seen := math.Abs(2*rankSum - middle)
	var all, far float64
	for s, w := range ways[nx] {
		all += w
		if math.Abs(float64(s)-middle) >= seen {
			far += w
		}
	}
	return far / all
}
