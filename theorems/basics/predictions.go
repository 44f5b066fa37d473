package basics

import (
	"math"

	"convergo/bounds"
	facts "convergo/bounds/dataset"
	"convergo/bounds/predict"
)

const key = "basics"

// Predictions are what the base facts say about a data set.
func Predictions(d *predict.Data) []predict.Prediction {
	return append(append(startPredictions(d), eigenvaluePredictions(d)...), linearPredictions(d)...)
}

func startPredictions(d *predict.Data) []predict.Prediction {
	return []predict.Prediction{
		d.Required(key, "matrix Chernoff", "basics/gram-chernoff", "chernoff/gram-init", predict.Start),
		d.Required(key, "Hoeffding", "basics/gram-hoeffding", "hoeffding/gram-init", predict.Start),
	}
}

// eigenvaluePredictions bound lambda_0 by the distance of the closest samples.
func eigenvaluePredictions(d *predict.Data) []predict.Prediction {
	f := d.Facts
	if f.N < 2 {
		return nil
	}
	lower := func(claim, says string, value float64) predict.Prediction {
		p := predict.New(key, "derived here", claim, predict.Eigenvalue, bounds.Derived, says)
		p.Value, p.Truth, p.Hypotheses = value, d.Facts.Kernels[0].Lambda0.Upper(), []predict.Hypothesis{d.Separation()}
		return p
	}
	s := f.Geometry.Separation
	pair := lower("basics/pair-upper", "lambda_0 <= 1/2 - |H_ij| of a close pair", closestPairs(f.Geometry.Closest))
	pair.Upper, pair.Truth, pair.Hypotheses = true, d.Problem.Lambda0, nil
	return []predict.Prediction{
		lower("basics/separation-lower", "lambda_0 >= s/(16 (n-1)), s the separation, nearly", bounds.SeparationLowerBound(f.N, s)),
		lower("basics/separation-lower", "lambda_0 >= s/(16 n)", bounds.SimpleSeparationLowerBound(f.N, s)),
		pair,
	}
}

// closestPairs is the least of the upper bounds that pairs of samples give.
func closestPairs(pairs []facts.Pair) float64 {
	least := 0.5
	for _, p := range pairs {
		angle := 2 * math.Asin(math.Min(1, p.Distance/2))
		if p.Opposite {
			angle = math.Pi - angle
		}
		least = math.Min(least, bounds.PairUpperBound(angle))
	}
	return least
}

// linearPredictions are about networks in the limit of infinite width: training is linear, with the kernel H.
func linearPredictions(d *predict.Data) []predict.Prediction {
	low, top := d.Problem.Lambda0, d.Top()
	limit := func(claim, says string, step float64) predict.Prediction {
		p := predict.New(key, "infinite width", claim, predict.Training, bounds.Derived, says)
		p.Step, p.Hypotheses, p.Supposes = step, []predict.Hypothesis{d.Lambda0()}, []string{"infinite width"}
		return p
	}
	best := limit("basics/quadratic-best-step", "gradient descent at the best step, any labels", 0)
	q := bounds.Contraction(bounds.BestStep(low, top), low, top)
	best = best.Linear(d, bounds.BestStep(low, top), 1-q*q)
	own := limit("basics/linear-descent", "gradient descent, these labels", 1/top)
	own.Steps = d.StepsOfModes(own.Step)
	heavy, nesterov := bounds.HeavyBall(low, top), bounds.Nesterov(low, top)
	polyak := limit("basics/companion-power", "heavy ball at the best step and momentum, any labels", heavy.Step)
	polyak.Steps = momentumSteps(d, heavy)
	fast := limit("basics/nesterov-radius", "Nesterov's momentum, any labels", nesterov.Step)
	fast.Steps = momentumSteps(d, nesterov)
	if !d.Labels {
		return []predict.Prediction{best, polyak, fast}
	}
	return []predict.Prediction{own, best, polyak, fast}
}

// momentumSteps is the least k with sqrt 2 [bounds.PowerBound] at most the root of the share: on every eigenvector (e_k, e_{k-1})
// is a power of the block times (e_0, e_0). The determinant of a block is at most its momentum, and its radius at most
// that of the method.
func momentumSteps(d *predict.Data, m bounds.Momentum) float64 {
	if !(m.Radius >= 0 && m.Radius < 1) {
		return math.NaN()
	}
	enough := func(k int) bool { return math.Sqrt2*bounds.PowerBound(m.Radius, m.Beta, k) <= math.Sqrt(d.Share) }
	high := 1
	for !enough(high) {
		high *= 2
		if high > min(1<<50, math.MaxInt/4) {
			return math.NaN()
		}
	}
	// Past its single maximum the bound falls in k, and it is above the goal until then.
	low := high / 2
	for high-low > 1 {
		if mid := low + (high-low)/2; enough(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return float64(high)
}
