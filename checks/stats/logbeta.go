package stats

import "math"

// complement is a probability p carried together with q = 1-p, so that neither
// loses its relative precision when the other is close to one.
type complement struct{ p, q float64 }

func prob(p float64) complement { return complement{p, 1 - p} }

// logistic returns the probability with log odds t, and its complement.
func logistic(t float64) complement {
	if t < 0 {
		e := math.Exp(t)
		return complement{e / (1 + e), 1 / (1 + e)}
	}
	e := math.Exp(-t)
	return complement{1 / (1 + e), e / (1 + e)}
}

func (c complement) flip() complement { return complement{c.q, c.p} }

// logP returns log p, computed from the smaller of p and q.
func (c complement) logP() float64 {
	if c.q < 0.5 {
		return math.Log1p(-c.q)
	}
	return math.Log(c.p)
}

// logBinomialPMF returns log P(Bin(n,p) = x) by the saddle-point expansion of
// [Loa00], which has no cancellation between log-gammas of n, x and n-x.
func logBinomialPMF(x, n int, c complement) float64 {
	switch {
	case x < 0 || x > n:
		return math.Inf(-1)
	case c.p == 0 || c.q == 0:
		if (c.p == 0 && x == 0) || (c.q == 0 && x == n) {
			return 0
		}
		return math.Inf(-1)
	case x == 0:
		return float64(n) * c.flip().logP()
	case x == n:
		return float64(n) * c.logP()
	}
	fn, fx, fy := float64(n), float64(x), float64(n-x)
	lc := stirlingError(fn) - stirlingError(fx) - stirlingError(fy) -
		deviance(fx, fn*c.p) - deviance(fy, fn*c.q)
	return lc + 0.5*(math.Log(fn/(fx*fy))-math.Log(2*math.Pi))
}

// stirlingError returns log n! - log(sqrt(2 pi n) (n/e)^n).
func stirlingError(n float64) float64 {
	if n < 16 {
		lg, _ := math.Lgamma(n + 1)
		return lg - (n+0.5)*math.Log(n) + n - 0.5*math.Log(2*math.Pi)
	}
	r := 1 / (n * n)
	return (1.0/12 - r*(1.0/360-r*(1.0/1260-r*(1.0/1680-r*(1.0/1188-r*691.0/360360))))) / n
}

// deviance returns x log(x/m) + m - x >= 0 without cancellation at x close to m.
func deviance(x, m float64) float64 {
	if math.Abs(x-m) >= 0.1*(x+m) {
		return x*math.Log(x/m) + m - x
	}
	v := (x - m) / (x + m)
	s, term := (x-m)*v, 2*x*v
	for k := 1; k < 1000; k++ {
		term *= v * v
		next := s + term/float64(2*k+1)
		if next == s {
			break
		}
		s = next
	}
	return s
}

// betaFraction returns F with
//
//	int_0^p u^(a-1) (1-u)^(b-1) du = p^a (1-p)^b F / a,
//
// by the continued fraction of the incomplete beta function, evaluated by
// Lentz's method. It wants p below (a+1)/(a+b+2), where it needs about
// sqrt(max(a,b)) terms at most.
func betaFraction(a, b, p float64) float64 {
	const tiny = 1e-300
	limit := 500 + int(20*math.Sqrt(math.Max(a, b)))
	guard := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/guard(1-(a+b)*p/(a+1))
	h := d
	for m := 1; m <= limit; m++ {
		fm := float64(m)
		t := fm * (b - fm) * p / ((a + 2*fm - 1) * (a + 2*fm))
		d = 1 / guard(1+t*d)
		c = guard(1 + t/c)
		h *= d * c
		t = -(a + fm) * (a + b + fm) * p / ((a + 2*fm) * (a + 2*fm + 1))
		d = 1 / guard(1+t*d)
		c = guard(1 + t/c)
		h *= d * c
		if math.Abs(d*c-1) < 1e-16 {
			break
		}
	}
	return h
}

// logMixture returns the logarithm of
//
//	(1/p) int_0^p (u/p)^x ((1-u)/(1-p))^y du,
//
// the likelihood ratio of x successes and y failures against the boundary p,
// averaged over success probabilities u uniform below p.
//
// With n = x+y it is P(Bin(n+1,p) >= x+1) / ((n+1) p P(Bin(n,p) = x)). Above the
// mean the continued fraction F gives it as (1-p) F/(x+1), with no binomial
// coefficient at all; below the mean the upper tail is one minus the lower one.
func logMixture(x, y int, c complement) float64 {
	a, b := float64(x)+1, float64(y)+1
	switch {
	case c.p <= 0: // the limit p -> 0: the average of v^x over v in [0,1]
		return -math.Log(a)
	case c.q <= 0:
		if y > 0 {
			return math.Inf(1)
		}
		return -math.Log(a)
	}
	if c.p < (a+1)/(a+b+2) {
		return c.flip().logP() + math.Log(betaFraction(a, b, c.p)/a)
	}
	n := x + y
	logScale := math.Log(float64(n)+1) + logBinomialPMF(x, n, c)
	lower := c.p * betaFraction(b, a, c.q) / b * c.q * math.Exp(logScale)
	return math.Log1p(-lower) - c.logP() - logScale
}

// logBinomialTail returns log P(Bin(n,p) >= k).
func logBinomialTail(k, n int, c complement) float64 {
	switch {
	case k <= 0:
		return 0
	case k > n || c.p <= 0:
		return math.Inf(-1)
	case c.q <= 0:
		return 0
	}
	// P(Bin(n,p) >= k) = n p P(Bin(n-1,p) = k-1) * mixture of (k-1, n-k).
	l := math.Log(float64(n)) + c.logP() + logBinomialPMF(k-1, n-1, c) + logMixture(k-1, n-k, c)
	return math.Min(l, 0)
}
