package bowman2022

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
)

// A sampling is n independent uniform points on S^{d-1}, and how many such samples a trial averages.
type sampling struct {
	N      int `json:"n"`
	D      int `json:"d"`
	Repeat int `json:"repeat"`
}

const summed = 400 // degrees of a sum of squares of eigenvalues, which fall as k^{-(d+2)} with their multiplicity

// squares is ||T||_HS^2 of the gradient kernel on S^{d-1}.
func squares(d int) float64 {
	sum := 0.0
	for k := summed; k >= 0; k-- {
		mu := bounds.SphereReLU(d, k)
		sum += bounds.HarmonicDimension(d, k) * mu * mu
	}
	return sum
}

// operatorMean is the mean distance of the empirical operator from the integral operator.
//
// Setting: x_1, ..., x_n independent and uniform on S^{d-1}; K(x, x') = x.x' (pi - angle)/(2 pi) = x.x' E gates, K(x, x) = 1/2, with eigenvalues mu_k on
// harmonics of degree k; T its integral operator, T_n = (1/n) sum K_{x_i} (x) K_{x_i}, G = K(x_i, x_j)/n.
//
// Hypotheses: none.
//
// Conclusion: ||T_n - T||_HS^2 = ||G||_F^2 - t with t = ||T||_HS^2 = sum_k N(d, k) mu_k^2, and
// E ||T_n - T||_HS^2 = (1/4 - t)/n: samples stand for the population to 1/sqrt n, whatever the eigenvalues.
//
// Constants: exact. <K_x (x) K_x, T> = <K_x, T K_x> is the same for all x, and so t; ||T_n||_HS = ||G||_F; E K(x, x')^2 = t off the diagonal. So
// E ||G||_F^2 = 1/(4n) + (1 - 1/n) t, of which the second term is claimed. Entries of two pairs are uncorrelated for the same reason, so that the variance of
// ||G||_F^2 is 2 (n-1)/n^3 (E K^4 - t^2), which the confidence sequence takes. The sum to degree 400 is t to 1e-8.
//
// Convention: Gram matrix over n
//
// Reference: derived here.
//
// Control: t at 0.83 and 1.2 of itself; half a sphere, whose points are nearer.
func operatorMean() checks.Claim[sampling] {
	at := []sampling{{4, 2, 60}, {4, 3, 60}}
	spoil := func(factor, arc float64) func(sampling) (checks.Instance, error) {
		return func(p sampling) (checks.Instance, error) { return operatorMeanSetup(p, factor, arc) }
	}
	return checks.Claim[sampling]{
		ID: "bowman2022/operator-mean", Title: "samples for the population, in the mean", Reference: "derived here",
		Formula:    `\mathbb E\|T_n-T\|_{HS}^2 = \frac{K(x,x)^2-\|T\|_{HS}^2}{n}`,
		Convention: "Gram matrix over n", Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []sampling{{2, 5, 20}, {4, 2, 60}, {4, 3, 60}},
		Cost: func(p sampling) checks.Cost {
			return checks.Cost{Setup: 4e5, Trial: float64(p.Repeat*p.N) * float64(60*p.N+30*p.D)}
		},
		Setup: spoil(1, 1),
		Controls: []checks.Control[sampling]{
			{Name: "larger", Why: "1.2 of the sum of squares", At: at, Setup: spoil(1.2, 1)},
			{Name: "smaller", Why: "0.83 of the sum of squares", At: at, Setup: spoil(0.83, 1)},
			{Name: "part-of-the-sphere", Why: "coordinates of one sign: another law with another operator", At: at, Setup: spoil(1, -1)},
		},
	}
}

func operatorMeanSetup(p sampling, factor, arc float64) (checks.Instance, error) {
	if p.N < 1 || p.D < 2 || p.Repeat < 1 {
		return checks.Instance{}, fmt.Errorf("%d samples of %d points on S^%d: give at least one of each, and d >= 2", p.Repeat, p.N, p.D-1)
	}
	n, t := float64(p.N), squares(p.D)
	term := (1 - 1/n) * t
	fourth, err := bounds.SphereSpectrum(func(p kernel.Pair) float64 { return math.Pow(gradients.Of(p), 4) }, p.D, 1, 100)
	if err != nil {
		return checks.Instance{}, err
	}
	deviation := math.Sqrt(2 * (n - 1) / (n * n * n) * (fourth[0] - t*t) / float64(p.Repeat))
	return checks.Instance{
		Terms: checks.Terms{Deviation: checks.Float(deviation), Resolution: 0.05},
		Facts: []checks.Fact{checks.NewFact("t", t)},
		Trial: func(r *rand.Rand) checks.Measurement {
			sum := 0.0
			for range p.Repeat {
				x := nets.UnitRows(p.N, p.D, r)
				if arc < 0 {
					for i := range p.N {
						x.Set(i, 0, math.Abs(x.At(i, 0)))
					}
				}
				h, err := gradients.Gram(x)
				if err != nil {
					return checks.Failed(err)
				}
				sum += math.Pow(mat.Norm(h, 2)/n, 2)
			}
			return checks.Measurement{Observed: sum / float64(p.Repeat), Predicted: 1/(4*n) + factor*term, Term: factor * term, Relation: checks.Equal}
		},
	}, nil
}

// A population is a law of inputs, with a sample size and a failure probability: "circle" for uniform points under the gradient kernel,
// "two" for two inputs of probability 1/2 that do not see each other, K = 1{x = x'}.
type population struct {
	Law   string  `json:"law"`
	N     int     `json:"n"`
	Delta float64 `json:"delta"`
}

// operatorTail bounds the distance of the operators, and of their spectra, with high probability.
//
// Setting: x_1, ..., x_n independent; K(x, x) = kappa^2 for all x; T with eigenvalues sigma_1 >= ..., T_n, G as in operator-mean.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta, ||T_n - T||_HS <= B = kappa^2 (sqrt((1 - ||T||_HS^2/kappa^4)/n) + sqrt(log(1/delta)/n)); and so
// (sum_j (lambda_j(G) - sigma_j)^2)^{1/2} <= B, eigenvalues in order and zeros appended. B is always below 2 kappa^2 sqrt(log(2/delta)/n), and that below
// the 2 sqrt 2 kappa^2 sqrt(log(2/delta)/n) of Rosasco, Belkin and De Vito (2010).
//
// Constants: derived, see bounds.OperatorTail: McDiarmid's inequality, with the distance sqrt 2 kappa^2 of two rank-one operators; the spectra by Hoffman
// and Wielandt (Bhatia and Elsner for operators). Tolerance: 1e-9, for the sum of squares cut at degree 400.
//
// Loose: two inputs of probability 1/2, where ||T_n - T|| = sqrt 2 |p - 1/2| for their share p and both parts are equal, are the worst law found;
// McDiarmid's constant is twice theirs. The mean is sharp, see operator-mean.
//
// Convention: Gram matrix over n
//
// Reference: derived here; Rosasco, Belkin and De Vito (2010) for the constant of the shape.
//
// Control: 0.35 of B; each point drawn 16 times, which are not independent; points of an arc for the circle.
func operatorTail() checks.Claim[population] {
	at := []population{{"two", 400, 0.05}}
	spoil := func(factor float64, repeats int, arc float64) func(population) (checks.Instance, error) {
		return func(p population) (checks.Instance, error) { return operatorTailSetup(p, factor, repeats, arc) }
	}
	return checks.Claim[population]{
		ID: "bowman2022/operator-tail", Title: "samples for the population, with high probability", Reference: "derived here",
		Formula:    `\|T_n-T\|_{HS} \le \kappa^2\left(\sqrt{\tfrac{1-\|T\|^2/\kappa^4}{n}}+\sqrt{\tfrac{\log(1/\delta)}{n}}\right)`,
		Convention: "Gram matrix over n", Basis: checks.Derived, Form: checks.Probably{}, Version: 1,
		Detects: map[string]float64{"operators": 2.4, "eigenvalues": 2.4},
		Space: rapid.Custom(func(t *rapid.T) population {
			return population{rapid.SampledFrom([]string{"circle", "two"}).Draw(t, "law"), rapid.IntRange(1, 16).Draw(t, "n"), rapid.SampledFrom([]float64{0.1, 0.5, 0.95}).Draw(t, "delta")}
		}),
		Grid: []population{{"two", 400, 0.05}, {"two", 1, 0.9}, {"circle", 16, 0.1}},
		Cost: func(p population) checks.Cost {
			if p.Law == "two" {
				return checks.Cost{Trial: 10 * float64(p.N)}
			}
			n := float64(p.N)
			return checks.Cost{Setup: 4e5, Trial: 60*n*n + 5*n*n*n}
		},
		Setup: spoil(1, 1, 1),
		Controls: []checks.Control[population]{
			{Name: "smaller", Why: "0.35 of B, the binomial's quantile at 0.23", At: at, Setup: spoil(0.35, 1, 1)},
			{Name: "not-independent", Why: "each point 16 times: n is 25", At: at, Setup: spoil(1, 16, 1)},
			{Name: "arc", Why: "a sixth of the circle is another population", At: []population{{"circle", 40, 0.1}}, Setup: spoil(1, 1, 1.0/6)},
		},
	}
}

func operatorTailSetup(p population, factor float64, repeats int, arc float64) (checks.Instance, error) {
	if p.N < 1 || !(p.Delta > 0 && p.Delta < 1) {
		return checks.Instance{}, fmt.Errorf("n = %d, delta = %v: give at least one point and delta in (0, 1)", p.N, p.Delta)
	}
	kappa2, t := 1.0, 0.5
	var draw func(r *rand.Rand) (distance, eigenvalues float64, err error)
	switch p.Law {
	case "two":
		draw = func(r *rand.Rand) (float64, float64, error) {
			first := 0
			for range p.N / repeats {
				first += repeats * r.IntN(2)
			}
			off := float64(first)/float64(p.N) - 0.5
			// T_n - T is diag(off, -off) in the two directions, and the spectra are sorted.
			largest := math.Max(0.5+off, 0.5-off)
			return math.Sqrt2 * math.Abs(off), math.Hypot(largest-0.5, 1-largest-0.5), nil
		}
	case "circle":
		kappa2, t = 0.5, squares(2)
		sigma := circleSpectrum()
		draw = func(r *rand.Rand) (float64, float64, error) {
			x := circlePoints(p.N, func(int) float64 { return 2 * math.Pi * arc * r.Float64() })
			h, err := gradients.Gram(x)
			if err != nil {
				return 0, 0, err
			}
			spectrum, err := eig.All(h)
			if err != nil {
				return 0, 0, err
			}
			sum := 0.0
			for j, s := range sigma {
				v := 0.0
				if j < p.N {
					v = spectrum.Values[p.N-1-j] / float64(p.N)
				}
				sum += (v - s) * (v - s)
			}
			frobenius := mat.Norm(h, 2) / float64(p.N)
			return math.Sqrt(math.Max(0, frobenius*frobenius-t)), math.Sqrt(sum), nil
		}
	default:
		return checks.Instance{}, fmt.Errorf("law %q: use circle or two", p.Law)
	}
	bound := factor * bounds.OperatorTail(kappa2, t, p.N, p.Delta)
	return checks.Instance{
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Facts: []checks.Fact{checks.NewFact("B", bound), checks.NewFact("2 kappa^2 sqrt(log(2/delta)/n)", 2*kappa2*math.Sqrt(math.Log(2/p.Delta)/float64(p.N)))},
		Trial: func(r *rand.Rand) checks.Measurement {
			distance, eigenvalues, err := draw(r)
			if err != nil {
				return checks.Failed(err)
			}
			return checks.All(
				checks.Measurement{Part: "operators", Observed: distance, Predicted: bound, Tolerance: 1e-9},
				checks.Measurement{Part: "eigenvalues", Observed: eigenvalues, Predicted: bound, Tolerance: 1e-9})
		},
	}, nil
}

// circleSpectrum is the spectrum of the gradient kernel on the circle, descending, each degree above 0 twice.
func circleSpectrum() []float64 {
	sigma := []float64{bounds.SphereReLU(2, 0)}
	for k := 1; k <= summed; k++ {
		mu := bounds.SphereReLU(2, k)
		sigma = append(sigma, mu, mu)
	}
	slices.SortFunc(sigma, func(a, b float64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	return sigma
}
