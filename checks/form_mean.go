package checks

import (
	"fmt"
	"math"

	"convergo/checks/stats"
)

// Mean is the form of "the expectation equals, or is bounded by, a value". It
// keeps a confidence sequence of the mean, whose guarantee depends on what the
// claim knows of the variable:
//
//   - Terms.Range, its bounds: exact, whatever its law ([stats.MeanCS], betting);
//   - Terms.Deviation, a bound on its standard deviation: exact, whatever its law
//     ([stats.CatoniCS]); trials that deny the bound end UNDECIDED;
//   - neither: the variable must be near normal, as an average of many draws is,
//     without rare values that these trials may not show. Trials whose skewness
//     says otherwise, or many of which agree, end UNDECIDED ([stats.MeanCS],
//     t-mixture).
//
// It also reads Terms.Trials and Terms.Resolution.
//
// REFUTED means that the sequence leaves the prediction out. No sample shows an
// equality, so HOLDS means that the whole sequence lies within the relative
// resolution of the prediction (on the claimed side of it for an inequality).
type Mean struct{}

// Name returns "mean".
func (Mean) Name() string { return "mean" }

func (Mean) pooled() bool { return true }

func (Mean) trials(t Terms, b Budget, _ float64) (most, least int) {
	most = b.Trials
	if t.Trials > 0 {
		most = min(most, t.Trials)
	}
	least = stats.MinTrials
	if t.Range == nil && t.Deviation == 0 {
		least = nearNormalTrials
	}
	return max(most, min(least, b.Trials)), min(least, b.Trials)
}

// A sample is near normal when it has this many values, and its skewness is at
// most that, beside what chance gives a normal one. Measured at α = 0.05 and
// 0.0025, with these a true claim on exponential, log-normal (σ = 1, 1.5, 2),
// Pareto (2.2, 3) or t(3) variables is refuted with probability below α.
const (
	nearNormalTrials = 50
	nearNormalSkew   = 0.8
)

// meanSequence is what the kinds of confidence sequences have in common.
type meanSequence interface {
	Add(float64) error
	N() int
	Mean() float64
	Interval() (lo, hi float64)
	Kind() stats.Kind
}

func (Mean) judge(t Terms, alpha float64) judge {
	cfg := stats.MeanConfig{Alpha: alpha, Planned: t.Trials}
	if t.Range != nil {
		cfg.Range = &[2]float64{float64(t.Range[0]), float64(t.Range[1])}
	}
	j := &meanJudge{tally: newTally(), terms: t, alpha: alpha}
	if t.Range == nil && t.Deviation > 0 {
		j.bounded, j.err = stats.NewCatoniCS(alpha, float64(t.Deviation), t.Trials)
		j.cs = j.bounded
		return j
	}
	j.normal, j.err = stats.NewMeanCS(cfg)
	j.cs, j.seen = j.normal, map[uint64]int{}
	if t.Range != nil {
		j.normal = nil
	}
	return j
}

const tooFar = ", too far from normal to trust their mean: give Terms.Range or Terms.Deviation, or average more draws in a trial"

// doubt says what in the sample speaks against what is assumed of the variable,
// if anything does. A variable of few values may have another one that is too
// rare to be seen.
func (j *meanJudge) doubt() string {
	if j.bounded != nil && j.bounded.Contradicted() {
		return fmt.Sprintf("the trials spread more than their stated deviation of %.3g allows: correct Terms.Deviation", float64(j.terms.Deviation))
	}
	if j.normal == nil {
		return ""
	}
	n := j.normal.N()
	if 4*j.most > n {
		return fmt.Sprintf("%d of %d trials gave the same value"+tooFar, j.most, n)
	}
	if skew := j.normal.Skewness(); math.Abs(skew) > nearNormalSkew+2/math.Sqrt(float64(n)) {
		return fmt.Sprintf("the %d trials have skewness %.2g"+tooFar, n, skew)
	}
	return ""
}

type meanJudge struct {
	tally
	terms   Terms
	alpha   float64
	cs      meanSequence
	bounded *stats.CatoniCS // the same, where the deviation is known
	normal  *stats.MeanCS   // the same, where the variable must be near normal
	seen    map[uint64]int  // then: how often each value came, to nine digits
	most    int             // and the commonest
	odd     string          // what speaks against its assumption, at the last look
	first   Measurement
	verdict Verdict
	err     error
}

func (j *meanJudge) add(m Measurement, s Status) {
	j.tally.add(m, s)
	if j.err != nil || !s.heard() {
		return
	}
	if j.cs.N() == 0 {
		j.first = m
	}
	if j.err = j.cs.Add(m.Observed); j.err == nil && m.Predicted != j.first.Predicted {
		j.err = fmt.Errorf("trial %d predicts a mean of %v, the first one %v: a mean is predicted once per instance", j.n-1, m.Predicted, j.first.Predicted)
	}
	if j.normal != nil {
		const nineDigits = 22 // bits of the mantissa beyond them
		value := math.Float64bits(m.Observed) >> nineDigits
		j.seen[value]++
		j.most = max(j.most, j.seen[value])
	}
	// Looking at every tenth trial alone keeps the sequence valid and the cost low.
	if j.verdict != "" || j.cs.N()%10 != 0 || j.fixed || j.normal != nil && j.cs.N() < nearNormalTrials {
		return
	}
	if j.odd = j.doubt(); j.odd == "" {
		j.verdict = j.decide()
	}
}

func (j *meanJudge) done() bool {
	return j.err != nil || j.counts[Broken] > 0 || j.verdict != ""
}

// decide compares the sequence with the prediction; empty means not yet.
func (j *meanJudge) decide() Verdict {
	lo, hi := j.cs.Interval()
	p := j.first.Predicted
	margin := float64(j.terms.Resolution) * math.Abs(p)
	tol := j.first.Tolerance + j.first.Error
	above, below := lo > p+tol, hi < p-tol
	closeAbove, closeBelow := hi <= p+margin, lo >= p-margin
	switch j.first.Relation.orDefault() {
	case AtMost:
		below, closeBelow = false, true
	case AtLeast:
		above, closeAbove = false, true
	}
	switch {
	case above || below:
		return Refuted
	case closeAbove && closeBelow:
		return Holds
	}
	return ""
}

func (j *meanJudge) result() Result {
	r := j.tally.result()
	r.Held, r.Violated, r.FirstViolation = j.heard(), 0, -1
	switch {
	case j.err != nil:
		r.Reason = j.err.Error()
		return r
	case j.settled():
		return r
	case j.fixed:
		r.Reason = "no trial drew from its stream, so that there is no mean to estimate: draw from the *rand.Rand that Trial is given, or use the form always"
		return r
	}
	lo, hi := j.cs.Interval()
	mean := j.cs.Mean()
	slack := func(x float64) float64 { return j.first.Relation.ratio(x, j.first.Predicted) }
	r.Estimate, r.Interval = Float(mean), [2]Float{Float(lo), Float(hi)}
	r.IntervalKind = fmt.Sprintf("%s at α=%.2g", j.cs.Kind(), j.alpha)
	r.Target, r.Predicted = Float(j.first.Predicted), Float(j.first.Predicted)
	r.ObservedWorst = Float(mean)
	r.SlackWorst, r.SlackMedian = Float(slack(mean)), Float(slack(mean))
	a, b := slack(lo), slack(hi)
	r.SlackInterval = [2]Float{Float(math.Min(a, b)), Float(math.Max(a, b))}
	if p := j.first.Predicted; j.first.Relation.orDefault() == Equal && lo <= p && p <= hi {
		r.SlackInterval[1] = 1 // attained inside the interval, not at its ends
	}
	verdict, odd := j.verdict, j.odd
	if verdict == "" && odd == "" && (j.normal == nil || j.cs.N() >= nearNormalTrials) {
		// The last look, wherever the trials end: what is shown and what is said agree.
		if odd = j.doubt(); odd == "" {
			verdict = j.decide()
		}
	}
	switch verdict {
	case Refuted:
		r.Verdict, r.Caught, r.PRefute = Refuted, true, Float(j.alpha)
		r.Reason = fmt.Sprintf("the mean lies in [%.4g, %.4g], the prediction is %.4g", lo, hi, j.first.Predicted)
	case Holds:
		r.Verdict, r.PHold = Holds, Float(j.alpha)
	default:
		if odd != "" {
			r.Reason = odd
			break
		}
		r.Reason = fmt.Sprintf("the interval [%.4g, %.4g] holds the prediction %.4g but is wider than the resolution of %.2g%%",
			lo, hi, j.first.Predicted, 100*float64(j.terms.Resolution))
	}
	return r
}
