package stats
import "testing"
func TestExplore(t *testing.T) {
	for _, s := range sources() {
		for _, c := range []struct{ q float64; n int }{{0.5, 500}, {0.9, 500}, {0.99, 2000}} {
			t.Logf("%s p%g n=%d: series %.4f", s.name, 100*c.q, c.n,
				coverage(s, c.n, 2000, s.quantile(c.q), func(x Series) Interval { return x.QuantileInterval(c.q, 0.95) }))
		}
		t.Logf("%s mean: series %.4f", s.name,
			coverage(s, 500, 2000, s.mean, func(x Series) Interval { return x.MeanInterval(0.95) }))
	}
}
