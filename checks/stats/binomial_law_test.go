package stats

import "math"

// binomialPlan walks the stopping boundary of Binomial: after n trials it holds
// at x <= lower and is refuted at x >= upper. Both bounds never fall with n, as
// one trial more moves either evidence one way only, so they are followed by
// single steps.
type binomialPlan struct {
	delta, threshold float64
	lower, upper     []int // index n-1
}

func newBinomialPlan(delta, alpha float64) *binomialPlan {
	return &binomialPlan{delta: delta, threshold: -math.Log(alpha)}
}

func (p *binomialPlan) at(n int) (lower, upper int) {
	for len(p.lower) < n {
		m, l, u := len(p.lower)+1, -1, 0
		if m > 1 {
			l, u = p.lower[m-2], p.upper[m-2]
		}
		for l < m && LogEFor(l+1, m, p.delta) >= p.threshold {
			l++
		}
		for u <= m && LogEAgainst(u, m, p.delta) < p.threshold {
			u++
		}
		p.lower, p.upper = append(p.lower, l), append(p.upper, u)
	}
	return p.lower[n-1], p.upper[n-1]
}

// walk follows the exact law of the number of violations among the undecided
// paths, at true violation probability q, until maxN trials or until stop says
func (p *binomialPlan) walk(q float64, maxN int) (holds, refuted float64) {
	alive, first := []float64{1}, 0 // alive[i] is the probability of first+i violations
	for n := 1; n <= maxN && len(alive) > 0; n++ {
		next := make([]float64, len(alive)+1)
		for i, w := range alive {
			next[i] += w * (1 - q)
			next[i+1] += w * q
		}
		lower, upper := p.at(n)
		for len(next) > 0 && first+len(next)-1 >= upper {
			refuted += next[len(next)-1]
			next = next[:len(next)-1]
		}
		for len(next) > 0 && first <= lower {
			holds += next[0]
			next, first = next[1:], first+1
		}
		// Below 1e-30 a path no longer counts: it is left undecided.
		for len(next) > 0 && next[len(next)-1] < 1e-30 {
			next = next[:len(next)-1]
		}
		for len(next) > 0 && next[0] < 1e-30 {
			next, first = next[1:], first+1
		}
		alive = next
	}
	return holds, refuted
}

// binomialDecides returns the exact probabilities that Binomial, looked at
// after every trial, has decided either way within n trials when a trial
// violates with probability q.
func binomialDecides(n int, delta, alpha, q float64) (holds, refuted float64) {
	return newBinomialPlan(delta, alpha).walk(q, n)
}
