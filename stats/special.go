package stats

import "math"

// normalCDF is the standard normal distribution function.
func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// normalQuantile is its inverse.
func normalQuantile(p float64) float64 {
	if p > 0.5 {
		return -normalQuantile(1 - p)
	}
	return -math.Sqrt2 * math.Erfcinv(2*p)
}

// binomialCDF is the probability of at most k successes in n trials of probability p; n may be any number above k.
func binomialCDF(k, n, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	return betaCDF(1-p, n-k, k+1)
}

// betaCDF is the regularised incomplete beta function I_x(a, b).
func betaCDF(x, a, b float64) float64 {
	switch {
	case math.IsNaN(x + a + b):
		return math.NaN()
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	}
	front := math.Exp(a*math.Log(x) + b*math.Log1p(-x) - logBeta(a, b))
	if x < (a+1)/(a+b+2) {
		return front * betaFraction(x, a, b) / a
	}
	return 1 - front*betaFraction(1-x, b, a)/b
}

// logBeta is ln B(a, b).
func logBeta(a, b float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	return la + lb - lab
}

// betaFraction is the continued fraction of the incomplete beta function (DLMF 8.17.22), which converges in the order of
// √max(a, b) steps.
func betaFraction(x, a, b float64) float64 {
	return fraction(1, func(i int) (above, below float64) {
		m := float64(i / 2)
		if i%2 == 0 {
			return m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m)), 1
		}
		return -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1)), 1
	})
}

// fraction is 1/(first + a₁/(b₁ + a₂/(b₂ + …))), by Lentz's method as Thompson and Barnett (1986) modified it.
func fraction(first float64, term func(i int) (a, b float64)) float64 {
	const tiny, enough, most = 1e-300, 1e-15, 10_000_000
	apart := func(v float64) float64 { // from 0, by which it will be divided
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := apart(first), 0.0
	value := c
	for i := 1; i <= most; i++ {
		a, b := term(i)
		c = apart(b + a/c)
		d = 1 / apart(b+a*d)
		value *= c * d
		if math.Abs(c*d-1) < enough {
			break
		}
	}
	return 1 / value
}

// gammaCDF is the regularised lower incomplete gamma function P(a, x).
func gammaCDF(x, a float64) float64 {
	switch {
	case math.IsNaN(x + a):
		return math.NaN()
	case x <= 0:
		return 0
	case math.IsInf(x, 1):
		return 1
	}
	lg, _ := math.Lgamma(a)
	front := math.Exp(a*math.Log(x) - x - lg)
	if x < a+1 {
		return front * gammaSeries(x, a)
	}
	return 1 - front*gammaFraction(x, a)
}

// gammaSeries is DLMF 8.7.1 without its front factor.
func gammaSeries(x, a float64) float64 {
	term := 1 / a
	sum := term
	for i := 1.0; term > sum*1e-17; i++ {
		term *= x / (a + i)
		sum += term
	}
	return sum
}

// gammaFraction is the continued fraction of the upper function (DLMF 8.9.2), in its even form.
func gammaFraction(x, a float64) float64 {
	return fraction(x+1-a, func(i int) (above, below float64) {
		n := float64(i)
		return -n * (n - a), x + 1 - a + 2*n
	})
}

// betaQuantile inverts betaCDF.
func betaQuantile(p, a, b float64) float64 {
	return invert(p, 0, 1, func(x float64) float64 { return betaCDF(x, a, b) })
}

// gammaQuantile inverts gammaCDF.
func gammaQuantile(p, a float64) float64 {
	high := a + 10
	for gammaCDF(high, a) < p && !math.IsInf(high, 1) {
		high *= 2
	}
	return invert(p, 0, high, func(x float64) float64 { return gammaCDF(x, a) })
}

// chiSquareQuantile is the quantile of the χ² distribution with df degrees of freedom.
func chiSquareQuantile(p, df float64) float64 { return 2 * gammaQuantile(p, df/2) }

// studentCDF is the distribution function of Student's t with df degrees of freedom.
func studentCDF(t, df float64) float64 {
	tail := betaCDF(df/(df+t*t), df/2, 0.5) / 2
	if t > 0 {
		return 1 - tail
	}
	return tail
}

// studentQuantile inverts studentCDF. It solves for the smaller of df/(df+t²) and t²/(df+t²), which has the more digits.
func studentQuantile(p, df float64) float64 {
	if p < 0.5 {
		return -studentQuantile(1-p, df)
	}
	if y := betaQuantile(2*(1-p), df/2, 0.5); y < 0.5 {
		return math.Sqrt(df * (1 - y) / y)
	}
	x := betaQuantile(2*p-1, 0.5, df/2)
	return math.Sqrt(df * x / (1 - x))
}

// invert finds where the increasing function cdf reaches p between low and high, to neighbouring numbers, by Chandrupatla's
// (1997) method: a step of inverse quadratic interpolation where the function is smooth enough, else bisection, so it
// is never lost.
func invert(p, low, high float64, cdf func(float64) float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	const epsilon = 0x1p-52
	a, b, c := high, low, low // the last point, the one across the root from it, and the one before
	fa, fb := cdf(a)-p, cdf(b)-p
	fc := fb
	if fa == 0 {
		return a
	}
	t := 0.5
	for range 200 {
		x := a + t*(b-a)
		fx := cdf(x) - p
		if (fx > 0) == (fa > 0) {
			c, fc = a, fa
		} else {
			c, b, fc, fb = b, a, fb, fa
		}
		a, fa = x, fx
		best := a
		if math.Abs(fb) < math.Abs(fa) {
			best = b
		}
		least := epsilon * math.Abs(best) / math.Abs(b-a)
		if fa == 0 || fb == 0 || !(least < 0.5) {
			return best
		}
		xi, phi := (a-b)/(c-b), (fa-fb)/(fc-fb)
		t = 0.5
		if phi*phi < xi && (1-phi)*(1-phi) < 1-xi {
			t = fa/(fb-fa)*fc/(fb-fc) + (c-a)/(b-a)*fa/(fc-fa)*fb/(fc-fb)
		}
		t = min(1-least, max(least, t))
	}
	return a
}
