package bounds

import "math"

// GrowthTime is the time that z' = rate z^{q-1} takes from one positive value to a larger one:
// (from^{-(q-2)} - to^{-(q-2)})/(rate (q-2)), and log(to/from)/rate at q = 2.
func GrowthTime(q, rate, from, to float64) float64 {
	if !(rate > 0 && from > 0 && to >= from && q >= 2) {
		return math.NaN()
	}
	if q == 2 {
		return math.Log(to/from) / rate
	}
	return (math.Pow(from, 2-q) - math.Pow(to, 2-q)) / (rate * (q - 2))
}

// GrowthSteps bounds the number of steps of z <- z + a z^{q-1} from a positive value until at least the other, when the
// factors a of all steps lie in [low, high]:
//
//	GrowthTime(high) <= steps <= 1 + (1 + low to^{q-2})^{q-1} GrowthTime(low).
//
// The flow takes at most unit time over a step, as its speed grows, whence the first. Steps with a = low are the slowest; over
// each but the last the flow takes the time (z/z_+)^{q-1} = (1 + low z^{q-2})^{-(q-1)} at least, whence the second.
func GrowthSteps(q, low, high, from, to float64) (least, most float64) {
	return GrowthTime(q, high, from, to), 1 + math.Pow(1+low*math.Pow(to, q-2), q-1)*GrowthTime(q, low, from, to)
}

// SlopeRange is the range of -l'(z) = 1/(1 + e^z) of the logistic loss over |z| <= bound.
func SlopeRange(bound float64) (low, high float64) {
	return 1 / (1 + math.Exp(bound)), 1 / (1 + math.Exp(-bound))
}

// PowerLevel is z^{-(q-2)}/norm^2, which falls at the speed (q-2) (eta q/(n m)) |l'| while a filter's product z > 0 with a patch
// vector of that norm grows by the samples that hold it; q > 2. It is +Inf where z <= 0: such a product never grows.
func PowerLevel(q, z, norm float64) float64 {
	if z <= 0 {
		return math.Inf(1)
	}
	return math.Pow(z, 2-q) / (norm * norm)
}

// RaceRatio compares signal and noise at the start: [PowerLevel] of the largest j <w_{j,r}, mu> over the sum of those
// of max_r <w_{j,r}, xi_i>, i over the samples with y_i = j. Signal and noise spend the same levels (derived; orthogonal noise patches,
// flow), so that below 1 the noise cannot be memorised in all samples before the signal is learned, and above 1 the signal stays bounded.
func RaceRatio(q, mu, signal float64, norms, noise []float64) float64 {
	sum := 0.0
	for i, z := range noise {
		sum += PowerLevel(q, z, norms[i])
	}
	return PowerLevel(q, signal, mu) / sum
}

// RaceSignal is the |mu| at which [RaceRatio] is the given ratio, with the direction of mu kept and signal = <w, mu>/|mu| > 0.
func RaceSignal(q, ratio, signal float64, norms, noise []float64) float64 {
	return math.Pow(RaceRatio(q, 1, signal, norms, noise)/ratio, 1/q)
}
