package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Rung is the outcome of the trials at one value of a control quantity.
type Rung struct {
	X                 float64 // the control quantity, positive
	Successes, Trials int
}

// ThresholdConfig says what crossing is sought.
type ThresholdConfig struct {
	// Level is the success probability at the crossing; 0 means 1/2.
	Level float64
	// Alpha is the probability of missing the crossing.
	Alpha float64
	// Decreasing says that success gets rarer as the quantity grows.
	Decreasing bool
}

// Threshold is a fitted crossing. Locations are values of the control quantity:
// 0 or +Inf where the rungs do not bound the crossing on that side.
type Threshold struct {
	// Location is the maximum-likelihood crossing; at complete separation, where
	// every place between two rungs is equally likely, their geometric mean.
	Location float64
	// Lo and Hi are the profile-likelihood interval under the logistic model.
	Lo, Hi float64
	// BracketLo and BracketHi are the interval that supposes monotony alone.
	BracketLo, BracketHi float64
	// Slope is the change of the log odds per unit of log x, positive towards
	// success; +Inf at separation.
	Slope float64
	// Separated reports that at most one rung has both successes and failures
	// and the rungs below and above it are pure: the likelihood then has no
	// maximum at a finite slope. The intervals remain valid.
	Separated bool
	// ModelP is the p-value of Pearson's test that the curve is logistic: when it
	// is small, trust the bracket only. One at separation and for two rungs.
	ModelP float64
}

// FitThreshold locates where the success probability crosses a level, from the
// counts at two rungs or more in ascending order, of a number of trials fixed
// beforehand.
//
// Two intervals come of it, at confidence 1-Alpha each. The profile interval
// supposes logit P = logit(Level) + b (log x - c) with b >= 0 and takes every c
// whose maximal likelihood over b is within the chi-squared quantile of the
// best. At separation it is still finite, as the likelihood is bounded, and
// contains the whole gap between the pure rungs; without a trend it is
// unbounded. It wants independent rungs. Its coverage is asymptotic: measured
// from 5 trials a rung on, it misses 0.5 to 1.7 times Alpha for logistic and
// probit curves down to Alpha = 0.001. For a skew curve (1-2^(-x^2)) it misses by
// half a rung's distance, so that more trials make it worse: 2 times Alpha at 10
// trials a rung, 12 times at 30.
//
// The bracket supposes only that the probability is monotone: going up from the
// lowest rung as long as an exact binomial test at Alpha/2 finds the probability
// below the level, and down from the highest as long as it is above. An error
// needs the first rung on the wrong side to be rejected, so its coverage is
// exact whatever the curve, also for rungs that share trials; its ends are rungs.
func FitThreshold(rungs []Rung, cfg ThresholdConfig) (Threshold, error) {
	f, err := newThresholdFit(rungs, cfg)
	if err != nil {
		return Threshold{}, err
	}
	z := -mathext.NormalQuantile(f.alpha / 2)
	accepted := func(c float64) bool { return f.deviance(c) <= z*z }
	t := Threshold{Location: math.Exp(f.c), Slope: f.b, Separated: f.separated}
	t.Lo, t.Hi = math.Exp(f.end(accepted, -1)), math.Exp(f.end(accepted, 1))
	t.BracketLo, t.BracketHi = f.bracket()
	t.ModelP = f.modelP()
	return t, nil
}

// thresholdFit holds the counts in the orientation in which success grows with
// z = log x; a decreasing one counts failures, at level 1-Level.
type thresholdFit struct {
	x, z, s, n   []float64
	alpha        float64
	level, logit float64
	c, b         float64 // maximum likelihood, in log x
	max          float64 // its log likelihood
	separated    bool
}

func newThresholdFit(rungs []Rung, cfg ThresholdConfig) (*thresholdFit, error) {
	if cfg.Level == 0 {
		cfg.Level = 0.5
	}
	if !(cfg.Level > 0 && cfg.Level < 1) {
		return nil, fmt.Errorf("stats: level of a threshold is %v, give a probability in (0,1)", cfg.Level)
	}
	if err := checkAlpha(cfg.Alpha); err != nil {
		return nil, err
	}
	if len(rungs) < 2 {
		return nil, fmt.Errorf("stats: %d rungs locate no threshold, give 2 or more", len(rungs))
	}
	f := &thresholdFit{alpha: cfg.Alpha, level: cfg.Level}
	if cfg.Decreasing {
		f.level = 1 - cfg.Level
	}
	f.logit = math.Log(f.level / (1 - f.level))
	for i, r := range rungs {
		switch {
		case !(r.X > 0) || math.IsInf(r.X, 0) || i > 0 && r.X <= rungs[i-1].X:
			return nil, fmt.Errorf("stats: rung %d of the threshold is at %v, give positive values in ascending order", i+1, r.X)
		case r.Successes < 0 || r.Trials < 1 || r.Successes > r.Trials:
			return nil, fmt.Errorf("stats: rung at %v has %d successes in %d trials, give 0 <= successes <= trials, trials >= 1", r.X, r.Successes, r.Trials)
		}
		s := r.Successes
		if cfg.Decreasing {
			s = r.Trials - s
		}
		f.x, f.z = append(f.x, r.X), append(f.z, math.Log(r.X))
		f.s, f.n = append(f.s, float64(s)), append(f.n, float64(r.Trials))
	}
	f.maximise()
	return f, nil
}

// maximise finds the maximum likelihood, treating the two cases without a
// finite one first: no upward trend, and separation.
func (f *thresholdFit) maximise() {
	if f.trend() <= 0 {
		p, ll := f.constant(0, 1)
		f.b, f.max, f.c = 0, ll, math.Inf(1)
		if p >= f.level {
			f.c = math.Inf(-1)
		}
		return
	}
	if f.separate() {
		return
	}
	p, _ := f.constant(0, 1)
	a, b := math.Log(p/(1-p)), 0.0
	origin := f.z[len(f.z)/2]
	ll := f.logLik(a, b, origin)
	for range 200 {
		ga, gb, haa, hab, hbb := f.derivatives(a, b, origin)
		det := haa*hbb - hab*hab
		if !(det > 0) {
			break
		}
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		step, next := 1.0, math.Inf(-1)
		for range 60 { // the likelihood is concave: a short enough step rises
			if next = f.logLik(a+step*da, b+step*db, origin); next >= ll {
				break
			}
			step /= 2
		}
		if !(next >= ll) {
			break
		}
		a, b = a+step*da, b+step*db
		done := next-ll < 1e-13*(1+math.Abs(ll)) && math.Abs(db) < 1e-9*(1+math.Abs(b))
		ll = next
		if done {
			break
		}
	}
	f.b, f.max, f.c = b, ll, origin+(f.logit-a)/b
}

// trend is the slope of the likelihood at b = 0; its sign is that of the fitted b.
func (f *thresholdFit) trend() float64 {
	p, _ := f.constant(0, 1)
	var g float64
	for i, z := range f.z {
		g += (f.s[i] - f.n[i]*p) * (z - f.z[0])
	}
	return g
}

// constant returns the best constant probability in [lo, hi] and its log
// likelihood.
func (f *thresholdFit) constant(lo, hi float64) (p, ll float64) {
	var s, n float64
	for i := range f.s {
		s += f.s[i]
		n += f.n[i]
	}
	p = math.Min(math.Max(s/n, lo), hi)
	return p, xlog(s, p) + xlog(n-s, 1-p)
}

// xlog returns x log p with 0 log 0 = 0.
func xlog(x, p float64) float64 {
	if x == 0 {
		return 0
	}
	return x * math.Log(p)
}

// separate recognises rungs that are pure failures, at most one mixed rung, and
// pure successes, in this order.
func (f *thresholdFit) separate() bool {
	low := 0
	for low < len(f.s) && f.s[low] == 0 {
		low++
	}
	high := len(f.s) - 1
	for high >= 0 && f.s[high] == f.n[high] {
		high--
	}
	switch {
	case low > high: // trend() > 0: both kinds exist
		f.c = (f.z[high] + f.z[low]) / 2
		f.max = 0
	case low == high:
		f.c = f.z[low]
		p := f.s[low] / f.n[low]
		f.max = xlog(f.s[low], p) + xlog(f.n[low]-f.s[low], 1-p)
	default:
		return false
	}
	f.b, f.separated = math.Inf(1), true
	return true
}

func (f *thresholdFit) logLik(a, b, origin float64) float64 {
	var ll float64
	for i, z := range f.z {
		p := logistic(a + b*(z-origin))
		ll += xlogP(f.s[i], p) + xlogP(f.n[i]-f.s[i], p.flip())
	}
	return ll
}

func xlogP(x float64, c complement) float64 {
	if x == 0 {
		return 0
	}
	return x * c.logP()
}

func (f *thresholdFit) derivatives(a, b, origin float64) (ga, gb, haa, hab, hbb float64) {
	for i, z := range f.z {
		u, p := z-origin, logistic(a+b*(z-origin))
		r, w := f.s[i]-f.n[i]*p.p, f.n[i]*p.p*p.q
		ga, gb = ga+r, gb+r*u
		haa, hab, hbb = haa+w, hab+w*u, hbb+w*u*u
	}
	return ga, gb, haa, hab, hbb
}

// deviance returns twice the log likelihood ratio of the best crossing to the
// crossing c, which may be infinite (a constant probability on one side of the
// level).
func (f *thresholdFit) deviance(c float64) float64 {
	if math.IsInf(c, 1) {
		_, ll := f.constant(0, f.level)
		return 2 * (f.max - ll)
	}
	if math.IsInf(c, -1) {
		_, ll := f.constant(f.level, 1)
		return 2 * (f.max - ll)
	}
	return 2 * (f.max - f.logLik(f.logit, f.slopeAt(c), c))
}

// slopeAt returns the best b >= 0 for the crossing c: the root of a falling
// score, by Newton steps kept inside a bracket.
func (f *thresholdFit) slopeAt(c float64) float64 {
	score := func(b float64) float64 {
		_, gb, _, _, _ := f.derivatives(f.logit, b, c)
		return gb
	}
	if score(0) <= 0 {
		return 0
	}
	nearest := math.Inf(1)
	for _, z := range f.z {
		if d := math.Abs(z - c); d > 0 {
			nearest = math.Min(nearest, d)
		}
	}
	lo, hi, limit := 0.0, 1.0, 40/nearest
	for score(hi) > 0 {
		if hi >= limit { // separated at c: all rungs are pure to e^-40
			return hi
		}
		lo, hi = hi, 2*hi
	}
	b := (lo + hi) / 2
	for range 100 {
		_, g, _, _, h := f.derivatives(f.logit, b, c)
		if g > 0 {
			lo = b
		} else {
			hi = b
		}
		next := b + g/h
		if !(next > lo && next < hi) {
			next = (lo + hi) / 2
		}
		if math.Abs(next-b) <= 1e-10*b {
			return next
		}
		b = next
	}
	return b
}

// end returns the end of the accepted crossings on one side (-1 or 1) of the
// best. The likelihood is concave in (a, b) and c = -a/b, so the accepted set is
// an interval.
func (f *thresholdFit) end(accepted func(float64) bool, side float64) float64 {
	if accepted(math.Inf(int(side))) {
		return math.Inf(int(side))
	}
	in := f.c
	span := f.z[len(f.z)-1] - f.z[0]
	if math.IsInf(in, 0) { // the best is at the other infinity: come in from there
		in = f.z[0] - 1000*span
		if side < 0 {
			in = f.z[len(f.z)-1] + 1000*span
		}
		if !accepted(in) {
			return in
		}
	}
	step := side * span
	out := in + step
	for accepted(out) {
		if math.Abs(out) > 1e9 { // beyond any float64 that exp can give
			return math.Inf(int(side))
		}
		step *= 2
		in, out = out, out+step
	}
	for range 50 {
		mid := (in + out) / 2
		if accepted(mid) {
			in = mid
		} else {
			out = mid
		}
	}
	return out
}

func (f *thresholdFit) bracket() (lo, hi float64) {
	lo, hi = 0, math.Inf(1)
	limit := math.Log(f.alpha / 2)
	at := complement{f.level, 1 - f.level}
	for i := range f.x {
		failures, n := int(f.n[i]-f.s[i]), int(f.n[i])
		if logBinomialTail(failures, n, at.flip()) > limit {
			break
		}
		lo = f.x[i]
	}
	for i := len(f.x) - 1; i >= 0; i-- {
		if logBinomialTail(int(f.s[i]), int(f.n[i]), at) > limit {
			break
		}
		hi = f.x[i]
	}
	return lo, hi
}

// modelP returns the upper tail of chi-squared with two degrees of freedom less
// than rungs at Pearson's statistic of the fitted curve.
func (f *thresholdFit) modelP() float64 {
	df := float64(len(f.z) - 2)
	if f.separated || df < 1 {
		return 1
	}
	constant, _ := f.constant(0, 1)
	var statistic float64
	for i, z := range f.z {
		p := prob(constant)
		if f.b > 0 {
			p = logistic(f.logit + f.b*(z-f.c))
		}
		if v := f.n[i] * p.p * p.q; v > 0 {
			r := f.s[i] - f.n[i]*p.p
			statistic += r * r / v
		}
	}
	return mathext.GammaIncRegComp(df/2, statistic/2)
}
