package arora2019exact

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/deep"
)

// trained is a ladder of widths of trained networks.
type trained struct {
	N      int     `json:"n"` // orthonormal inputs
	L      int     `json:"l"`
	Kappa  float64 `json:"kappa"`
	Widths []int   `json:"widths"`
	Batch  int     `json:"batch"`
}

// target is what kernel regression says of a training set and test points.
type target struct {
	x, test *mat.Dense
	y       []float64
	h       *mat.SymDense // H*
	cross   *mat.Dense    // k*, one test point a row
	inverse *eig.Inverse
	top     float64 // largest eigenvalue of H*
	lambda  float64 // smallest
}

func newTarget(hidden int, x, test *mat.Dense, y []float64) (*target, error) {
	k := kernel.NTK(hidden)
	t := &target{x: x, test: test, y: y}
	var err error
	if t.h, err = k.Gram(x); err != nil {
		return nil, err
	}
	if t.cross, err = k.Cross(test, x); err != nil {
		return nil, err
	}
	spectrum, err := eig.All(t.h)
	if err != nil {
		return nil, err
	}
	t.lambda, t.top = spectrum.Values[0], spectrum.Values[len(spectrum.Values)-1]
	t.inverse, err = eig.NewInverse(t.h, 0)
	return t, err
}

// weights is (H*)^{-1} k*(x) of a test point.
func (t *target) weights(test int) []float64 {
	h := make([]float64, len(t.y))
	t.inverse.Solve(h, t.cross.RawRowView(test))
	return h
}

// regress is k*(x)^T (H*)^{-1} v for every test point.
func (t *target) regress(v []float64) []float64 {
	c := make([]float64, len(t.y))
	t.inverse.Solve(c, v)
	n, _ := t.cross.Dims()
	out := make([]float64, n)
	for i := range out {
		out[i] = floats.Dot(t.cross.RawRowView(i), c)
	}
	return out
}

// orthonormal are n orthonormal inputs in R^{n+1} with labels +1 and -1 in turn, and test points on the diagonals between
// them and off their span.
func orthonormal(n, hidden int) (*target, error) {
	set, err := data.Spec{Kind: data.Basis, N: n, D: n + 1, Labels: data.Alternate}.Build()
	if err != nil {
		return nil, err
	}
	var rows [][]float64
	for i := range n {
		for _, sign := range [][2]float64{{1, 1}, {1, -1}, {-1, 1}} {
			row := make([]float64, n+1)
			row[i], row[i+1] = sign[0]*math.Sqrt(0.5), sign[1]*math.Sqrt(0.5)
			rows = append(rows, row)
		}
	}
	test, err := data.FromRows(rows)
	if err != nil {
		return nil, err
	}
	return newTarget(hidden, set.X, test, set.Y)
}

// A training of one network to the end.
type training struct {
	start, end []float64 // outputs at the test points
	first      []float64 // u(0) at the training points
}

// train draws a network and trains it by descent until its residual is 1e-5 of what it was.
func (t *target) train(hidden []int, kappa float64, rng *rand.Rand) (out training, err error) {
	_, d := t.x.Dims()
	net, err := draw(d, hidden, kappa, rng)
	if err != nil {
		return out, err
	}
	if out.start, err = net.Output(t.test); err != nil {
		return out, err
	}
	if out.first, err = net.Output(t.x); err != nil {
		return out, err
	}
	residual := floats.Distance(out.first, t.y, 2)
	descent := deep.Descent{Step: 1 / (kappa * kappa * t.top), Steps: 400, Tolerance: 1e-5 * residual}
	if _, err = descent.Run(net, t.x, t.y); err != nil {
		return out, err
	}
	out.end, err = net.Output(t.test)
	return out, err
}

// ladder is a pass over the widths: the root of the mean square, over a batch, of what is wrong.
func (p trained) ladder(t *target, wrong func(training) []float64, rng *rand.Rand) checks.Measurement {
	var m checks.Measurement
	for _, width := range p.Widths {
		hidden := make([]int, p.L)
		for h := range hidden {
			hidden[h] = width
		}
		sum, count := 0.0, 0
		for range p.Batch {
			run, err := t.train(hidden, p.Kappa, rng)
			if err != nil {
				return checks.Failed(err)
			}
			for _, v := range wrong(run) {
				sum, count = sum+v*v, count+1
			}
		}
		m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: math.Sqrt(sum / float64(count))})
	}
	return m
}

func (p trained) cost() checks.Cost {
	c := checks.Cost{}
	for _, m := range p.Widths {
		weights := float64(m * (p.N + 2))
		if p.L > 1 {
			weights += float64((p.L - 1) * m * m)
		}
		c.Trial += float64(p.Batch) * 15 * (8*float64(p.N)*weights + 2000)
	}
	return c
}

func (p trained) setup(wrong func(t *target, run training) []float64) (checks.Instance, error) {
	t, err := orthonormal(p.N, p.L)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("lambda_0", t.lambda)},
		Terms: checks.Terms{Exponent: -0.5, Resolution: 0.22},
		Trial: func(rng *rand.Rand) checks.Measurement {
			return p.ladder(t, func(run training) []float64 { return wrong(t, run) }, rng)
		},
	}, nil
}

// corrected is the error of kernel regression about what the network says at its start.
func corrected(t *target, run training) []float64 {
	residual := make([]float64, len(t.y))
	floats.SubTo(residual, t.y, run.first)
	out := t.regress(residual)
	for i := range out {
		out[i] = run.end[i] - run.start[i] - out[i]
	}
	return out
}

// plain is the error of kernel regression on the labels.
func plain(t *target, run training) []float64 {
	out := t.regress(t.y)
	for i := range out {
		out[i] -= run.end[i]
	}
	return out
}

// A wide network that is trained to the end predicts like kernel regression.
//
// Setting: n orthonormal inputs with labels +1 and -1; L hidden layers of one width m, all trained to a residual of 1e-5 by descent with the
// step 1/(kappa^2 lambda_max(H*)); kappa fixed; test points with one training input and off their span.
//
// Hypotheses: none of the paper's, whose polynomials in 1/eps, 1/lambda_0, n and 1/kappa are not printed: prediction-path has a
// hypothesis that can be measured.
//
// Conclusion: f_nn(x) - f_nn(0,x) - k*(x)^T (H*)^{-1} (y - u(0)), in root mean square over networks and test points, falls like
// m^{-1/2} to within 0.22 on the ladder. With the start left out of the predictor an error of the size of kappa stays, whatever m; and
// a smaller kappa at a fixed m is worse, as the weights move by 1/kappa (see decay): m goes to infinity first.
//
// Constants: derived: by prediction-path the error is a linear function of Theta_hat - Theta, of order m^{-1/2}, in the limit.
//
// Convention: the paper's.
//
// Reference: Theorem 3.2; the rate is derived here.
//
// Control: kernel regression on the labels, at kappa = 1; the kernel of the last layer alone (NNGP).
//
// Loose: an exponent is a limit, and a pass averages few trained networks; nothing sharper can be said of hidden widths.
func regressionRate() checks.Checkable {
	one := trained{N: 2, L: 1, Kappa: 1, Widths: []int{16, 640}, Batch: 12}
	wide := trained{N: 2, L: 1, Kappa: 1, Widths: []int{64, 640}, Batch: 16}
	return checks.Claim[trained]{
		ID: "arora2019exact/regression-rate", Title: "trained networks and kernel regression", Reference: "Theorem 3.2; derived here",
		Formula: `f_{nn}(x) - f_{nn}(0,x) - k^*(x)^\top (H^*)^{-1}(y-u(0)) = O(m^{-1/2})`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Along: "width $m$", Version: 1,
		Grid: []trained{one}, Cost: trained.cost,
		Setup:   func(p trained) (checks.Instance, error) { return p.setup(corrected) },
		Detects: map[string]float64{"": 0.45},
		Controls: []checks.Control[trained]{
			{Name: "start-left-out", Why: "k*^T (H*)^{-1} y at kappa = 1: the output of the start stays", At: []trained{wide}, Setup: func(p trained) (checks.Instance, error) { return p.setup(plain) }},
			{Name: "last-layer-kernel", Why: "regression with Sigma^(L) for Theta^(L)", At: []trained{wide}, Setup: func(p trained) (checks.Instance, error) {
				inst, err := p.setup(corrected)
				if err != nil {
					return inst, err
				}
				t, err := orthonormal(p.N, p.L)
				if err != nil {
					return inst, err
				}
				wrongKernel, err := t.with(kernel.NNGP(p.L))
				if err != nil {
					return inst, err
				}
				inst.Trial = func(rng *rand.Rand) checks.Measurement {
					return p.ladder(t, func(run training) []float64 { return corrected(wrongKernel, run) }, rng)
				}
				return inst, nil
			}},
		},
	}
}

// with is the same regression with another kernel.
func (t *target) with(k kernel.Kernel) (*target, error) {
	other := *t
	var err error
	if other.h, err = k.Gram(t.x); err != nil {
		return nil, err
	}
	if other.cross, err = k.Cross(t.test, t.x); err != nil {
		return nil, err
	}
	other.inverse, err = eig.NewInverse(other.h, 0)
	return &other, err
}
