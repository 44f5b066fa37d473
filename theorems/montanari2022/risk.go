package montanari2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
)

// induced is a regression problem for the limit kernel.
type induced struct {
	N          int     `json:"n"`
	D          int     `json:"d"`
	Lambda     float64 `json:"lambda"`
	Activation string  `json:"activation,omitempty"`
	Spread     float64 `json:"spread"` // of the ridges that are tried, in logarithm
}

// inducedRidge is the ridge that the activation adds.
//
// Setting: n inputs and 40 test points uniform on the sphere of R^d; labels y_i = sqrt d beta.x_i + noise of variance 1/4, ||beta|| = 1; f the predictor of ridge
// regression with the limit kernel K of the ReLU or of erf and ridge lambda >= 0; f_z that with the linear kernel x.x' and ridge z.
//
// Hypotheses: d = n = 60, well below d^2/2 (the statement is about d -> infinity with n/d fixed).
//
// Conclusion: the z whose f_z is nearest to f on the test points is zeta = (lambda + v)/a, a the linear part of K and v = kappa(1) - a -
// E kappa what it has beyond its linear and constant parts: for the ReLU zeta = 4 lambda + 1 - 4 E kappa, which tends to 4 lambda + 1. So
// even lambda = 0, interpolation, is regularised. Judged is the median over data, which is placed between two neighbouring ridges of those tried, 2 to 14 % from zeta by
// its scatter.
//
// Constants: ours, to leading order; (lambda + v(sigma))/(E sigma')^2 in the survey. The part of K of degree two and more is v I on
// n << d^2 random inputs, up to a relative error of order sqrt n/d, and its constant part acts on one direction. A law for d -> infinity, at one
// size: the distances of the ridges tried were chosen from runs, in which the median was within 0.7 % of zeta (0.2 % with lambda > 0).
//
// Convention: unit inputs; kernel of the first layer; the linear ridge z is on X X^T, ||x_i|| = 1.
//
// Reference: derived here; limit as in the survey of Bartlett, Montanari and Rakhlin (2021), Theorem 6.5, of the first version of the paper.
//
// Control: v forgotten; zeta 8 % larger and smaller.
func inducedRidge() checks.Checkable {
	setup := func(zeta func(p induced, parts bounds.Isotropic) float64) func(induced) (checks.Instance, error) {
		return func(p induced) (checks.Instance, error) {
			_, limit, _, err := activation(p.Activation)
			if err != nil {
				return checks.Instance{}, err
			}
			parts := bounds.NewIsotropic(limit, p.D)
			location := zeta(p, parts)
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.RequireThat("d = n = 60", p.D == 60 && p.N == 60)},
				Facts: []checks.Fact{
					checks.NewFact("zeta", parts.Ridge(p.Lambda)), checks.NewFact("v(sigma)", parts.Induced()), checks.NewFact("linear part", parts.Linear),
				},
				Terms: checks.Terms{Location: checks.Float(location), Resolution: checks.Float(1.005*math.Exp(p.Spread) - 1), Trials: 32},
				Trial: func(r *rand.Rand) checks.Measurement {
					m, err := p.pass(limit, parts.Ridge(p.Lambda), r)
					if err != nil {
						return checks.Failed(err)
					}
					return m
				},
			}, nil
		}
	}
	whole := func(p induced, parts bounds.Isotropic) float64 { return parts.Ridge(p.Lambda) }
	times := func(factor float64) func(induced, bounds.Isotropic) float64 {
		return func(p induced, parts bounds.Isotropic) float64 { return factor * parts.Ridge(p.Lambda) }
	}
	ridged := induced{N: 60, D: 60, Lambda: 0.25, Spread: 0.1}
	odd := induced{N: 60, D: 60, Lambda: 0.1, Activation: "erf", Spread: 0.017} // without even degrees, and sharp
	return checks.Claim[induced]{
		ID: "montanari2022/induced-ridge", Title: "ridge that the activation adds", Reference: "derived here; limit in a survey",
		Formula:    `\operatorname{arg\,min}_z \|f_z - f\| \to \frac{\lambda + v(\sigma)}{(\mathbb{E}\sigma')^2}`,
		Convention: "unit inputs; kernel of the first layer", Basis: checks.Derived, Form: checks.Threshold{}, Version: 1,
		Grid: []induced{
			ridged, odd,
			{N: 60, D: 60, Spread: 0.14},
		},
		Cost: func(p induced) checks.Cost {
			return checks.Cost{Trial: float64((p.N+40)*p.N*(2*p.D+60)) + 3*costs.Eigenvalue(p.N), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: setup(whole),
		Controls: []checks.Control[induced]{
			{Name: "no-induced-ridge", Why: "lambda alone is half of the ridge", At: []induced{ridged},
				Setup: setup(func(p induced, parts bounds.Isotropic) float64 { return p.Lambda / parts.Linear })},
			{Name: "larger", Why: "a ridge 8 % larger is not the nearest", At: []induced{odd}, Setup: setup(times(1.08))},
			{Name: "smaller", Why: "nor is one 8 % smaller", At: []induced{odd}, Setup: setup(times(1 / 1.08))},
		},
	}
}

// rungs are the ridges that are tried, over the predicted one.
func (p induced) rungs() []float64 {
	var out []float64
	for _, step := range []float64{-6, -2, -1, 0, 1, 2, 6} {
		out = append(out, math.Exp(step*p.Spread))
	}
	return out
}

// pass draws data and says for each ridge whether it is at least the best.
func (p induced) pass(limit kernel.Kernel, zeta float64, r *rand.Rand) (checks.Measurement, error) {
	const points = 40
	var m checks.Measurement
	x, test := nets.UnitRows(p.N, p.D, r), nets.UnitRows(points, p.D, r)
	y := p.labels(x, r)
	k, err := limit.Gram(x)
	if err != nil {
		return m, err
	}
	cross, err := limit.Cross(test, x)
	if err != nil {
		return m, err
	}
	smoother, err := smooth(k, cross, p.Lambda)
	if err != nil {
		return m, err
	}
	f := apply(smoother, y)
	linear, err := newLinear(x, test, y)
	if err != nil {
		return m, err
	}
	best := linear.nearest(f, zeta)
	var ridges, distances []float64
	for _, factor := range p.rungs() {
		value := 0.0
		if factor*zeta >= best {
			value = 1
		}
		m.Ladder = append(m.Ladder, checks.Rung{Size: factor * zeta, Value: value})
		ridges, distances = append(ridges, factor*zeta), append(distances, meanSquare(linear.predict(factor*zeta), f))
	}
	axes := curve.Axes{X: "linear ridge z", Y: "mean square of f_z - f", LogX: true, LogY: true}
	m.Series = []checks.Series{axes.Measured("test points", ridges, distances)}
	return m, nil
}

// labels are those of a random linear target of mean square one, with noise of variance 1/4.
func (p induced) labels(x *mat.Dense, r *rand.Rand) []float64 {
	beta := mat.NewVecDense(p.D, nil)
	for i := range p.D {
		beta.SetVec(i, r.NormFloat64())
	}
	beta.ScaleVec(math.Sqrt(float64(p.D))/mat.Norm(beta, 2), beta)
	y := mat.NewVecDense(p.N, nil)
	y.MulVec(x, beta)
	for i := range p.N {
		y.SetVec(i, y.AtVec(i)+0.5*r.NormFloat64())
	}
	return y.RawVector().Data
}

// linear is ridge regression with the linear kernel for many ridges: f_z = sum_k c_k u_k/(e_k + z) on the test points.
type linear struct {
	values, coefficients []float64
	images               *mat.Dense // test points x d: test V
}

func newLinear(x, test *mat.Dense, y []float64) (*linear, error) {
	var s mat.SymDense
	s.SymOuterK(1, x.T())
	var es mat.EigenSym
	if !es.Factorize(&s, true) {
		return nil, fmt.Errorf("the eigenvalues of X^T X did not converge")
	}
	var v mat.Dense
	es.VectorsTo(&v)
	var xy, c mat.VecDense
	xy.MulVec(x.T(), mat.NewVecDense(len(y), y))
	c.MulVec(v.T(), &xy)
	l := &linear{values: es.Values(nil), coefficients: mat.Col(nil, 0, &c), images: &mat.Dense{}}
	l.images.Mul(test, &v)
	return l, nil
}

func (l *linear) predict(z float64) []float64 {
	points, d := l.images.Dims()
	b := mat.NewVecDense(d, nil)
	for k := range d {
		b.SetVec(k, l.coefficients[k]/(max(0, l.values[k])+z))
	}
	out := mat.NewVecDense(points, nil)
	out.MulVec(l.images, b)
	return out.RawVector().Data
}

// nearest is the ridge within a factor of four of z whose predictions are nearest to f, by golden section in its logarithm.
func (l *linear) nearest(f []float64, z float64) float64 {
	at := func(t float64) float64 { return meanSquare(l.predict(z*math.Exp(t)), f) }
	const golden = 0.6180339887498949
	a, b := -math.Log(4), math.Log(4)
	c, d := b-golden*(b-a), a+golden*(b-a)
	fc, fd := at(c), at(d)
	for b-a > 1e-4 {
		if fc < fd {
			b, d, fd = d, c, fc
			c = b - golden*(b-a)
			fc = at(c)
		} else {
			a, c, fc = c, d, fd
			d = a + golden*(b-a)
			fd = at(d)
		}
	}
	return z * math.Exp((a+b)/2)
}

// risky is a linear regression problem.
type risky struct {
	D     int     `json:"d"`
	Kappa float64 `json:"kappa"` // n/d
	Zeta  float64 `json:"zeta"`
	Noise float64 `json:"noise"`
}

// linearRisk is the closed form of the test error.
//
// Setting: n inputs with independent N(0, 1) coordinates in R^d, n = kappa d; labels y = beta.x + noise of variance sigma^2; ||beta|| = 1 in a
// uniform direction; b = (X^T X/d + zeta I)^{-1} X^T y/d.
//
// Hypotheses: d >= 50; kappa from 1/2 to 4; zeta from 1/2 to 4, sigma^2 from 1/4 to 1.
//
// Conclusion: E ||b - beta||^2 = -zeta^2 m' + sigma^2 (m + zeta m') up to a share of 0.6/d, where 1/m = zeta + kappa/(1+m), m' =
// -(m^2+m)/(2 zeta m + zeta + kappa - 1). With zeta = 4 lambda + 1 it is the test error of the linearised network, without the noise of the test labels,
// for d << n << d^2 and Nd >> n.
//
// Constants: exact as d -> infinity, the limit of Marchenko and Pastur. The rest is of order 1/d: the mean correction of a linear statistic of
// real Gaussian matrices (Bai and Silverstein 2004) is a share of at most 0.46/d for these parameters (at kappa = 1.8, zeta = 1/2, sigma^2 =
// 1/4), and up to 0.86/d without noise; runs at d = 50, 100 and 200 agree. Observed is the risk given X, averaged
// exactly over beta and the noise, and over three draws. It is a mean over the singular values s of X/sqrt d of h(s) = (zeta^2 + sigma^2 s^2)/(s^2 + zeta)^2,
// whose variance is at most max h'^2/d^2 by the Poincare inequality for Gaussian X.
//
// Convention: ||x||^2 = d in mean; ridge zeta on X^T X/d.
//
// Reference: derived here, for the comparison with linear ridge regression in Montanari and Zhong (2022).
//
// Control: zeta, sigma^2 and n/d a tenth off, each.
func linearRisk() checks.Checkable {
	const draws, allowance = 3, 0.6 // the allowance over d
	setup := func(zeta, noise, kappa float64) func(risky) (checks.Instance, error) {
		return func(p risky) (checks.Instance, error) {
			predicted := bounds.LinearRidgeRisk(kappa*p.Kappa, zeta*p.Zeta, 1, noise*p.Noise)
			return checks.Instance{
				Hypotheses: []checks.Hypothesis{
					{Name: "d >= 50", Have: checks.Float(p.D), Need: 50, Relation: checks.AtLeast},
					checks.RequireThat("1/2 <= kappa <= 4", p.Kappa >= 0.5 && p.Kappa <= 4),
					checks.RequireThat("1/2 <= zeta <= 4, 1/4 <= sigma^2 <= 1", p.Zeta >= 0.5 && p.Zeta <= 4 && p.Noise >= 0.25 && p.Noise <= 1),
				},
				Terms: checks.Terms{
					Trials: 100, Resolution: 0.035,
					Deviation: checks.Float(p.steepest() / (float64(p.D) * math.Sqrt(draws))),
				},
				Trial: func(r *rand.Rand) checks.Measurement {
					m := checks.Measurement{Predicted: predicted, Relation: checks.Equal, Tolerance: allowance / float64(p.D) * predicted}
					for range draws {
						risk, err := p.given(nets.Gaussian(int(math.Round(p.Kappa*float64(p.D))), p.D, r))
						if err != nil {
							return checks.Failed(err)
						}
						m.Observed += risk / draws
					}
					m.Series = p.curve(m.Observed)
					return m
				},
			}, nil
		}
	}
	p := risky{D: 50, Kappa: 2, Zeta: 1, Noise: 0.25}
	noisy := risky{D: 50, Kappa: 3, Zeta: 0.5, Noise: 1}
	return checks.Claim[risky]{
		ID: "montanari2022/linear-risk", Title: "test error in closed form", Reference: "derived here",
		Formula:    `R = -\zeta^2 m' + \sigma^2 (m + \zeta m'),\quad \frac{1}{m} = \zeta + \frac{\kappa}{1+m}`,
		Convention: "x ~ N(0, I); ridge zeta on X^T X/d", Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []risky{p, {D: 50, Kappa: 0.5, Zeta: 1, Noise: 0.25}, noisy},
		Cost: func(p risky) checks.Cost {
			n, d := p.Kappa*float64(p.D), float64(p.D)
			return checks.Cost{Trial: draws * (25*n*d + n*d*d + 4*d*d*d)}
		},
		Setup: setup(1, 1, 1),
		Controls: []checks.Control[risky]{
			{Name: "ridge", Why: "a ridge a tenth larger has another error", At: []risky{p}, Setup: setup(1.1, 1, 1)},
			{Name: "noise", Why: "a tenth more noise shows", At: []risky{noisy}, Setup: setup(1, 1.1, 1)},
			{Name: "inputs", Why: "a tenth more inputs shows", At: []risky{p}, Setup: setup(1, 1, 1.1)},
		},
	}
}

// given is the risk given X, averaged over a uniform direction of beta and the noise.
func (p risky) given(x *mat.Dense) (float64, error) {
	var s mat.SymDense
	s.SymOuterK(1/float64(p.D), x.T())
	values, err := spectrum(&s)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, e := range values {
		sum += p.share(max(0, e))
	}
	return sum / float64(p.D), nil
}

func (p risky) share(e float64) float64 {
	return (p.Zeta*p.Zeta + p.Noise*e) / ((e + p.Zeta) * (e + p.Zeta))
}

// steepest is max |h'| over singular values, on a fine grid, with a hundredth to spare; beyond s = 20 + 2 zeta the slope has long fallen.
func (p risky) steepest() float64 {
	const steps = 4000
	width := (20 + 2*p.Zeta) / steps
	most := 0.0
	for i := range steps {
		a, b := float64(i)*width, float64(i+1)*width
		most = max(most, math.Abs(p.share(b*b)-p.share(a*a))/width)
	}
	return 1.01 * most
}

// curve is the closed form over n/d, with what was measured.
func (p risky) curve(observed float64) []checks.Series {
	var kappas, risks []float64
	for i := range 21 {
		kappa := 0.25 * math.Pow(32, float64(i)/20)
		kappas, risks = append(kappas, kappa), append(risks, bounds.LinearRidgeRisk(kappa, p.Zeta, 1, p.Noise))
	}
	axes := curve.Axes{X: "inputs over dimensions, n/d", Y: "test error", LogX: true}
	return []checks.Series{axes.Bound("closed form", kappas, risks), axes.Measured("mean of three draws", []float64{p.Kappa}, []float64{observed})}
}
