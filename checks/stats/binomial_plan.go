package stats

import (
	"fmt"
	"math"
)

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
// so. It returns the number of trials done and the two probabilities.
func (p *binomialPlan) walk(q float64, maxN int, stop func(holds, refuted float64) bool) (n int, holds, refuted float64) {
	alive, first := []float64{1}, 0 // alive[i] is the probability of first+i violations
	for n < maxN && len(alive) > 0 {
		n++
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
		if stop != nil && stop(holds, refuted) {
			break
		}
	}
	return n, holds, refuted
}

// BinomialDecides returns the exact probabilities that Binomial, looked at
// after every trial, has decided either way within n trials when a trial
// violates with probability q.
func BinomialDecides(n int, delta, alpha, q float64) (holds, refuted float64) {
	_, holds, refuted = newBinomialPlan(delta, alpha).walk(q, n, nil)
	return holds, refuted
}

// BinomialTrialsFor returns the smallest number of trials within which Binomial
// reaches the right decision with probability at least power, when a trial
// violates with probability q: HOLDS for q < delta, REFUTED for q > delta.
// The number is exact. Time grows like the answer to the power 3/2; an answer
// above maxTrials, or q = delta, is an error.
func BinomialTrialsFor(delta, alpha, q, power float64, maxTrials int) (int, error) {
	if err := checkDelta(delta); err != nil {
		return 0, err
	}
	if err := checkAlpha(alpha); err != nil {
		return 0, err
	}
	if !(power > 0 && power < 1) {
		return 0, fmt.Errorf("stats: power is %v, give a probability in (0,1)", power)
	}
	if q == delta || !(q >= 0 && q <= 1) {
		return 0, fmt.Errorf("stats: no number of trials decides a violation probability of %v against delta %v, give another one", q, delta)
	}
	right := func(holds, refuted float64) float64 {
		if q < delta {
			return holds
		}
		return refuted
	}
	n, holds, refuted := newBinomialPlan(delta, alpha).walk(q, maxTrials, func(h, r float64) bool {
		return right(h, r) >= power
	})
	if right(holds, refuted) < power {
		return 0, fmt.Errorf("stats: %d trials decide q=%v against delta=%v with probability %.3g only, allow more trials or less power",
			n, q, delta, right(holds, refuted))
	}
	return n, nil
}

// BinomialDetectable returns what n trials can detect: violation probabilities
// up to holdsBelow are accepted, those from refutedAbove on refuted, each with
// probability at least power. A side that n trials cannot decide at all is NaN.
func BinomialDetectable(n int, delta, alpha, power float64) (holdsBelow, refutedAbove float64) {
	plan := newBinomialPlan(delta, alpha)
	holdsAt := func(q float64) bool {
		_, h, _ := plan.walk(q, n, nil)
		return h >= power
	}
	refutedAt := func(q float64) bool {
		_, _, r := plan.walk(q, n, nil)
		return r >= power
	}
	return lastTrue(holdsAt, 0, delta), lastTrue(refutedAt, 1, delta)
}

// lastTrue returns the point farthest from good towards bad at which ok still
// holds, to a relative 1e-6 of the way, or NaN when ok fails at good.
func lastTrue(ok func(float64) bool, good, bad float64) float64 {
	if !ok(good) {
		return math.NaN()
	}
	for range 20 {
		mid := (good + bad) / 2
		if ok(mid) {
			good = mid
		} else {
			bad = mid
		}
	}
	return good
}
