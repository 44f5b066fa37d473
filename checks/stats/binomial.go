package stats

import (
	"fmt"
	"math"
)

// Decision is what a sequential test has concluded so far.
type Decision int

const (
	// Undecided: neither side has gathered evidence 1/alpha.
	Undecided Decision = iota
	// Holds: the claim is accepted at confidence 1-alpha.
	Holds
	// Refuted: the claim is rejected at confidence 1-alpha.
	Refuted
)

func (d Decision) String() string {
	switch d {
	case Holds:
		return "HOLDS"
	case Refuted:
		return "REFUTED"
	}
	return "UNDECIDED"
}

// Binomial tests the claim q <= Delta about the probability q that a trial
// violates, after any number of trials and with any stopping rule.
//
// Two e-processes are kept, both likelihood ratios against the boundary
// q = Delta, averaged over a uniform law on one side of it:
//
//	against: u uniform in (Delta, 1], a supermartingale whenever q <= Delta
//	for:     u uniform in [0, Delta), a supermartingale whenever q >= Delta
//
// Each factor u/Delta or (1-u)/(1-Delta) has an expectation that is linear in
// q, equals one at q = Delta and is at most one on the null's side, so Ville's
// inequality gives: P(ever Refuted) <= Alpha when q <= Delta, and
// P(ever Holds) <= Alpha when q >= Delta. Exact, no asymptotics.
//
// The first side to reach 1/Alpha decides, and the decision is kept.
//
// Delta = 0 ("never") can be refuted, by one violation, but never accepted: no
// finite number of clean trials excludes every q > 0. Delta = 1 claims nothing,
// is never refuted, and one clean trial accepts it.
type Binomial struct {
	delta, alpha         float64
	trials, violations   int
	supFor, supAgainst   float64
	decision             Decision
	decidedAt            int
	logEFor, logEAgainst float64
}

// NewBinomial returns the test of q <= delta with error probability alpha on
// each side.
func NewBinomial(delta, alpha float64) (*Binomial, error) {
	if err := checkDelta(delta); err != nil {
		return nil, err
	}
	if err := checkAlpha(alpha); err != nil {
		return nil, err
	}
	return &Binomial{delta: delta, alpha: alpha}, nil
}

func checkDelta(delta float64) error {
	if !(delta >= 0 && delta <= 1) {
		return fmt.Errorf("stats: delta is %v, give a probability in [0,1]", delta)
	}
	return nil
}

func checkAlpha(alpha float64) error {
	if !(alpha > 0 && alpha < 1) {
		return fmt.Errorf("stats: alpha is %v, give an error probability in (0,1)", alpha)
	}
	return nil
}

// Add records one trial and returns the decision so far.
func (b *Binomial) Add(violated bool) Decision {
	v := 0
	if violated {
		v = 1
	}
	return b.AddCounts(1, v)
}

// AddCounts records a block of trials, of which some violated. The evidence is
// looked at once, after the block: valid as well, but it may decide later than
// the same trials added one at a time. Panics on impossible counts.
func (b *Binomial) AddCounts(trials, violations int) Decision {
	if violations < 0 || trials < violations {
		panic(fmt.Sprintf("stats: %d violations among %d trials", violations, trials))
	}
	b.trials += trials
	b.violations += violations
	b.logEFor = LogEFor(b.violations, b.trials, b.delta)
	b.logEAgainst = LogEAgainst(b.violations, b.trials, b.delta)
	b.supFor = math.Max(b.supFor, b.logEFor)
	b.supAgainst = math.Max(b.supAgainst, b.logEAgainst)
	if b.decision == Undecided {
		b.decide()
	}
	return b.decision
}

func (b *Binomial) decide() {
	switch threshold := -math.Log(b.alpha); {
	case b.logEAgainst >= threshold:
		b.decision = Refuted
	case b.logEFor >= threshold:
		b.decision = Holds
	default:
		return
	}
	b.decidedAt = b.trials
}

// Delta returns the claimed bound on the violation probability.
func (b *Binomial) Delta() float64 { return b.delta }

// Alpha returns the error probability of each side.
func (b *Binomial) Alpha() float64 { return b.alpha }

// Trials returns the number of trials recorded.
func (b *Binomial) Trials() int { return b.trials }

// Violations returns the number of violations recorded.
func (b *Binomial) Violations() int { return b.violations }

// Decision returns the first decision reached.
func (b *Binomial) Decision() Decision { return b.decision }

// DecidedAt returns the number of trials after which the decision fell, 0 if it
// has not.
func (b *Binomial) DecidedAt() int { return b.decidedAt }

// LogEFor returns the log evidence that q < Delta now.
func (b *Binomial) LogEFor() float64 { return b.logEFor }

// LogEAgainst returns the log evidence that q > Delta now.
func (b *Binomial) LogEAgainst() float64 { return b.logEAgainst }

// PFor returns the anytime-valid p-value of the null q >= Delta: small values
// speak for the claim. It is one over the largest evidence seen.
func (b *Binomial) PFor() float64 { return math.Exp(-b.supFor) }

// PAgainst returns the anytime-valid p-value of the null q <= Delta: small
// values speak against the claim.
func (b *Binomial) PAgainst() float64 { return math.Exp(-b.supAgainst) }

// Interval returns the confidence sequence of [Rob70] for q at level 1-Alpha:
// with probability 1-Alpha it covers q at all times at once.
func (b *Binomial) Interval() (lo, hi float64) {
	return BinomialCS(b.violations, b.trials, b.alpha)
}

// LogEFor returns the logarithm of
//
//	(1/delta) int_0^delta u^x (1-u)^(n-x) du / (delta^x (1-delta)^(n-x)),
//
// the evidence of x violations in n trials that q < delta. Closed form
// P(Bin(n+1,delta) >= x+1) / ((n+1) delta P(Bin(n,delta) = x)).
// At delta = 0 it is the limit -log(x+1).
func LogEFor(x, n int, delta float64) float64 {
	return logMixture(x, n-x, prob(delta))
}

// LogEAgainst returns the logarithm of the same average over u in (delta, 1],
// the evidence of x violations in n trials that q > delta. It is LogEFor with
// violations and clean trials, delta and 1-delta exchanged.
func LogEAgainst(x, n int, delta float64) float64 {
	return logMixture(n-x, x, prob(delta).flip())
}

// BinomialCS returns the confidence sequence of [Rob70] for a success
// probability: all p with (n+1) P(Bin(n,p) = x) > alpha. The interval covers
// the true p for all n at once with probability at least 1-alpha.
func BinomialCS(x, n int, alpha float64) (lo, hi float64) {
	lo, hi = 0, 1
	level := math.Log(alpha) - math.Log(float64(n)+1)
	inside := func(c complement) bool { return logBinomialPMF(x, n, c) > level }
	mean := float64(x) / float64(max(n, 1))
	if x > 0 {
		lo = solveLogit(func(c complement) bool { return c.p >= mean || inside(c) }).p
	}
	if x < n {
		hi = solveLogit(func(c complement) bool { return c.p > mean && !inside(c) }).p
	}
	return lo, hi
}

// solveLogit returns the probability at which above turns from false to true,
// by bisection in the log odds.
func solveLogit(above func(complement) bool) complement {
	lo, hi := -700.0, 700.0
	for hi-lo > 1e-14*math.Max(1, math.Abs(lo)) {
		mid := (lo + hi) / 2
		if mid == lo || mid == hi {
			break
		}
		if above(logistic(mid)) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return logistic((lo + hi) / 2)
}
