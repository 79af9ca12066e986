package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

var probabilities = []float64{1e-6, 0.001, 0.025, 0.1, 0.3, 0.5, 0.7, 0.9, 0.975, 0.999, 1 - 1e-6}

func TestNormalEqualsGonum(t *testing.T) {
	for _, p := range probabilities {
		require.InDelta(t, distuv.UnitNormal.Quantile(p), normalQuantile(p), 1e-9)
		require.InEpsilon(t, p, normalCDF(normalQuantile(p)), 1e-10)
	}
	for x := -6.0; x <= 6; x += 0.5 {
		require.InEpsilon(t, distuv.UnitNormal.CDF(x), normalCDF(x), 1e-9)
	}
	require.Equal(t, math.Inf(-1), normalQuantile(0))
	require.Equal(t, math.Inf(1), normalQuantile(1))
}

func TestStudentEqualsGonum(t *testing.T) {
	for _, df := range []float64{1, 1.5, 2, 5, 30, 99.7, 1000, 1e5} {
		d := distuv.StudentsT{Sigma: 1, Nu: df}
		for _, p := range probabilities {
			require.InEpsilon(t, p, d.CDF(studentQuantile(p, df)), 1e-8, "p %v df %v", p, df)
		}
		for x := -4.0; x <= 4; x += 0.5 {
			require.InEpsilon(t, d.CDF(x), studentCDF(x, df), 1e-8)
		}
	}
}

// The values were computed by scipy 1.17.1.
func TestStudentQuantileEqualsScipy(t *testing.T) {
	for _, c := range []struct{ df, p, want float64 }{
		{1, 0.975, 12.706204736174694}, {1, 0.9995, 636.6192487687897}, {5, 0.6, 0.2671808657041451},
		{30, 0.975, 2.0422724563012378}, {1000, 0.9, 1.2823987214609247}, {1e6, 0.975, 1.959966356814107},
		{1e6, 0.9995, 3.2905364612487222},
	} {
		require.InEpsilon(t, c.want, studentQuantile(c.p, c.df), 1e-9)
		require.InEpsilon(t, -c.want, studentQuantile(1-c.p, c.df), 1e-9)
	}
}

func TestChiSquareEqualsGonum(t *testing.T) {
	for _, df := range []float64{1, 2, 3, 10, 100, 5000} {
		d := distuv.ChiSquared{K: df}
		for _, p := range probabilities {
			require.InEpsilon(t, d.Quantile(p), chiSquareQuantile(p, df), 1e-7, "p %v df %v", p, df)
			require.InEpsilon(t, p, gammaCDF(chiSquareQuantile(p, df)/2, df/2), 1e-8)
		}
	}
	require.Zero(t, gammaCDF(0, 2))
	require.Equal(t, 1.0, gammaCDF(math.Inf(1), 2))
	require.True(t, math.IsNaN(gammaCDF(math.NaN(), 2)))
}

func TestBetaEqualsGonum(t *testing.T) {
	for _, a := range []float64{0.5, 1, 2.5, 50, 1e4} {
		for _, b := range []float64{0.5, 1, 7, 1e3} {
			d := distuv.Beta{Alpha: a, Beta: b}
			for _, p := range probabilities {
				x := betaQuantile(p, a, b)
				if 1-x < 1e-9 {
					continue // the neighbours of x are too far apart to hit p
				}
				require.InDelta(t, p, d.CDF(x), 1e-9, "p %v a %v b %v", p, a, b)
			}
			for x := 0.05; x < 1; x += 0.1 {
				require.InDelta(t, d.CDF(x), betaCDF(x, a, b), 1e-10)
			}
		}
	}
	require.Zero(t, betaCDF(-1, 1, 1))
	require.Equal(t, 1.0, betaCDF(2, 1, 1))
	require.True(t, math.IsNaN(betaCDF(math.NaN(), 1, 1)))
	require.True(t, math.IsNaN(betaQuantile(math.NaN(), 1, 1)))
}

func TestBinomialEqualsGonum(t *testing.T) {
	for _, n := range []float64{1, 10, 100, 2000} {
		for _, p := range []float64{0.01, 0.3, 0.5, 0.99} {
			d := distuv.Binomial{N: n, P: p}
			for k := -1.0; k <= n; k += math.Ceil(n / 17) {
				require.InDelta(t, d.CDF(k), binomialCDF(k, n, p), 1e-10)
			}
		}
	}
	require.InEpsilon(t, 0.5003989421806654, binomialCDF(500_000, 1_000_000, 0.5), 1e-8, "as scipy")
	require.InEpsilon(t, 0.003288359787727489, binomialCDF(980, 1000, 0.99), 1e-9, "as scipy")
}

func TestGammaEqualsScipy(t *testing.T) {
	for _, c := range []struct{ x, a, want float64 }{
		{0.5, 0.2, 0.8787748330362042}, {3, 2.5, 0.6937810815867212}, {20, 50, 1.2458926079719434e-08},
		{1e6, 1e6 + 500, 0.30866954810000247}, {1e6 + 500, 1e6, 0.6915504757714972},
	} {
		require.InEpsilon(t, c.want, gammaCDF(c.x, c.a), 2e-9)
	}
}
