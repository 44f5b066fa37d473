package shifted

import "math"

// CountBounds are the numbers lo <= m p <= hi that a Binomial(m, p) stays between with probability at least 1 - delta on
// either side, by Chernoff's bound exp(-m KL(k/m || p)) <= delta; 0 and m where that allows everything.
func CountBounds(p float64, m int, delta float64) (lo, hi float64) {
	budget := math.Log(1/delta) / float64(m)
	return float64(m) * divergenceRoot(p, 0, budget), float64(m) * divergenceRoot(p, 1, budget)
}

// divergenceRoot finds q between p and the end with KL(q || p) = budget, or the end.
func divergenceRoot(p, end, budget float64) float64 {
	if divergence(end, p) <= budget {
		return end
	}
	near, far := p, end
	for range 60 {
		if mid := (near + far) / 2; divergence(mid, p) <= budget {
			near = mid
		} else {
			far = mid
		}
	}
	return near
}

// divergence is KL(q || p) of Bernoulli laws.
func divergence(q, p float64) float64 {
	term := func(q, p float64) float64 {
		if q == 0 {
			return 0
		}
		return q * math.Log(q/p)
	}
	return term(q, p) + term(1-q, 1-p)
}
