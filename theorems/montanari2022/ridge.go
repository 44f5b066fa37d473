package montanari2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// ridged is a random network with a ridge.
type ridged struct {
	start
	Lambda float64 `json:"lambda"`
}

// solve returns (A + lambda I)^{-1} y.
func solve(a mat.Symmetric, lambda float64, y []float64) ([]float64, error) {
	n := a.SymmetricDim()
	shifted := mat.NewSymDense(n, nil)
	shifted.CopySym(a)
	for i := range n {
		shifted.SetSym(i, i, a.At(i, i)+lambda)
	}
	var chol mat.Cholesky
	if !chol.Factorize(shifted) {
		return nil, fmt.Errorf("a kernel with ridge %v is not positive definite to rounding: take a larger ridge", lambda)
	}
	out := mat.NewVecDense(n, nil)
	if err := chol.SolveVecTo(out, mat.NewVecDense(n, y)); err != nil {
		return nil, err
	}
	return out.RawVector().Data, nil
}

// ridgeEnergy compares what ridge regression costs with N neurons and with infinitely many.
//
// Setting: any n inputs of length one, any labels y; the linearised network x -> sum_k sigma'(w_k.x) a_k.x/sqrt N of a draw, ReLU or erf; l and u the
// extreme eigenvalues of K^{-1/2} K_N K^{-1/2} (kernel-chernoff says how near they are to 1).
//
// Hypotheses: lambda > 0; lambda_min(K) > 0.
//
// Conclusion: y^T (u K + lambda I)^{-1} y <= min_a (||y - Phi a||^2/lambda + ||a||^2) <= y^T (l K + lambda I)^{-1} y. As lambda -> 0 the middle is the
// squared length of the shortest a that interpolates.
//
// Constants: exact. The minimum is y^T (K_N + lambda I)^{-1} y, l K <= K_N <= u K, and inversion reverses the order. Labels along K^{1/2} times the
// eigenvectors of l and u attain both as lambda -> 0; they are tried beside random ones.
//
// Convention: unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised.
//
// Reference: derived here, for the comparison of N neurons with infinitely many in Montanari and Zhong (2022).
//
// Control: l and u a tenth nearer to 1, each on its side.
func ridgeEnergy() checks.Checkable {
	setup := func(low, high float64) func(ridged) (checks.Instance, error) {
		return func(p ridged) (checks.Instance, error) {
			w, err := p.whitening()
			if err != nil {
				return checks.Instance{}, err
			}
			_, limit, _, _ := activation(p.Activation)
			k, err := limit.Gram(w.x)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Hypotheses: append(w.hypotheses(), checks.RequireThat("lambda > 0", p.Lambda > 0)),
				Trial: func(r *rand.Rand) checks.Measurement {
					m, err := p.energies(w, k, low, high, r)
					if err != nil {
						return checks.Failed(err)
					}
					return checks.Each(m...)
				},
			}, nil
		}
	}
	points := data.Spec{Kind: data.Sphere, N: 10, D: 6, Seed: 1}
	sharp := ridged{start: start{Data: points, Neurons: 40}, Lambda: 1e-6}
	return checks.Claim[ridged]{
		ID: "montanari2022/ridge-energy", Title: "cost of a ridge fit with N neurons", Reference: "derived here",
		Formula:    `y^{\top}(uK+\lambda)^{-1}y \le \min_a \left(\tfrac{1}{\lambda}\|y-\Phi a\|^2 + \|a\|^2\right) \le y^{\top}(lK+\lambda)^{-1}y`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []ridged{
			sharp,
			{start: start{Data: points, Neurons: 10}, Lambda: 0.1},
			{start: start{Data: points, Neurons: 40, Activation: "erf"}, Lambda: 1e-3},
			{start: start{Data: images.Hard(data.MNIST, 12, 49), Neurons: 200}, Lambda: 1e-4},
		},
		OnData: func(f checks.DataFile) []ridged {
			return []ridged{{start: start{Data: userfile.Rows(f, 20), Neurons: 400}, Lambda: 1e-3}}
		},
		Cost: func(p ridged) checks.Cost {
			n, d := p.size()
			c := p.cost()
			c.Trial += float64(n)*float64(p.Neurons*d)*12 + 6*costs.Eigenvalue(n)
			return c
		},
		Setup: setup(1, 1),
		Controls: []checks.Control[ridged]{
			{Name: "least-nearer", Why: "labels along the least direction attain the upper bound", At: []ridged{sharp}, Setup: setup(0.9, 1)},
			{Name: "greatest-nearer", Why: "labels along the greatest direction attain the lower bound", At: []ridged{sharp}, Setup: setup(1, 0.9)},
		},
	}
}

// energies fits random labels and those along the extreme directions of one draw.
func (p ridged) energies(w *whitening, k *mat.SymDense, low, high float64, r *rand.Rand) ([]checks.Measurement, error) {
	n, d := w.x.Dims()
	init := nets.NTK(p.Neurons, d)
	init.Act = w.act
	net, batch := init.Draw(r), nets.NewBatch(w.x, p.Neurons)
	batch.Forward(net)
	kn := mat.NewSymDense(n, nil)
	batch.Gram(kn, net, nets.FirstLayer)
	phi := batch.Jacobian(net, nets.FirstLayer).Slice(0, n, 0, p.Neurons*d)
	values, vectors, err := w.directions(kn)
	if err != nil {
		return nil, err
	}
	l, u := 1-low*(1-values[0]), 1+high*(values[n-1]-1)
	random := make([]float64, n)
	for i := range random {
		random[i] = r.NormFloat64()
	}
	var out []checks.Measurement
	for _, y := range [][]float64{random, vectors[0], vectors[1]} {
		cost, err := ridgeCost(phi, kn, p.Lambda, y)
		if err != nil {
			return nil, err
		}
		least, err := form(k, u, p.Lambda, y)
		if err != nil {
			return nil, err
		}
		most, err := form(k, max(0, l), p.Lambda, y)
		if err != nil {
			return nil, err
		}
		// l and u carry the rounding of the whitened kernel, the solutions that of systems of this condition.
		rounding := 4*w.rounding/max(l, 1e-12) + 64*float64(n)*unit*mat.Trace(kn)/p.Lambda
		out = append(out,
			checks.Measurement{Part: "upper", Observed: cost, Predicted: most, Tolerance: rounding * cost},
			checks.Measurement{Part: "lower", Observed: cost, Predicted: least, Relation: checks.AtLeast, Tolerance: rounding * cost})
	}
	return out, nil
}

// directions returns the eigenvalues of the whitened kernel and L times its first and last eigenvectors, K = L L^T.
func (w *whitening) directions(kn *mat.SymDense) ([]float64, [2][]float64, error) {
	n := kn.SymmetricDim()
	var es mat.EigenSym
	if !es.Factorize(w.whiten(kn), true) {
		return nil, [2][]float64{}, fmt.Errorf("the eigenvectors of the whitened kernel did not converge")
	}
	var vectors mat.Dense
	es.VectorsTo(&vectors)
	var out [2][]float64
	for i, column := range []int{0, n - 1} {
		y := mat.NewVecDense(n, nil)
		y.MulVec(w.root, vectors.ColView(column))
		out[i] = y.RawVector().Data
	}
	return es.Values(nil), out, nil
}

// ridgeCost fits labels by the linearised network and returns ||y - Phi a||^2/lambda + ||a||^2.
func ridgeCost(phi mat.Matrix, kn *mat.SymDense, lambda float64, y []float64) (float64, error) {
	alpha, err := solve(kn, lambda, y)
	if err != nil {
		return 0, err
	}
	var a, fit mat.VecDense
	a.MulVec(phi.T(), mat.NewVecDense(len(y), alpha))
	fit.MulVec(phi, &a)
	missed := floats.Distance(fit.RawVector().Data, y, 2)
	return missed*missed/lambda + mat.Dot(&a, &a), nil
}

// form returns y^T (factor K + lambda I)^{-1} y.
func form(k *mat.SymDense, factor, lambda float64, y []float64) (float64, error) {
	scaled := mat.NewSymDense(k.SymmetricDim(), nil)
	scaled.ScaleSym(factor, k)
	alpha, err := solve(scaled, lambda, y)
	return floats.Dot(alpha, y), err
}

// contest is a regression problem that N neurons and infinitely many are set.
type contest struct {
	N        int     `json:"n"`
	D        int     `json:"d"`
	Test     int     `json:"test"`
	Lambda   float64 `json:"lambda"`
	Ratios   []int   `json:"ratios"`          // of Nd to n
	Networks int     `json:"networks"`        // to average over at each width
	Fixed    int     `json:"fixed,omitempty"` // different neurons, where there are no more
}

func (p contest) cost() checks.Cost {
	c := checks.Cost{Trial: 2 * float64((p.N+p.Test)*p.N) * float64(2*p.D+60)}
	for _, ratio := range p.Ratios {
		c.Trial += float64(p.Networks) * (tangentCost(p.N+p.Test, p.D, ratio*p.N/p.D) + float64(p.N*p.N*p.N))
		c.Size = fmt.Sprintf("N=%d", ratio*p.N/p.D)
	}
	return c
}

// outcome is what a contest came to at one width: means over networks.
type outcome struct {
	neurons       int
	distance, gap float64 // mean square of f_N - f on test points for white labels; |R_N - R|
	finite, limit float64 // R_N and R
}

// run draws inputs, a linear target with noise, and networks of each width.
func (p contest) run(r *rand.Rand) ([]outcome, error) {
	all := nets.UnitRows(p.N+p.Test, p.D, r)
	train := mat.DenseCopyOf(all.Slice(0, p.N, 0, p.D))
	test := mat.DenseCopyOf(all.Slice(p.N, p.N+p.Test, 0, p.D))
	target := make([]float64, p.N+p.Test)
	beta := mat.NewVecDense(p.D, nil)
	for k := range p.D {
		beta.SetVec(k, r.NormFloat64())
	}
	mat.NewVecDense(len(target), target).MulVec(all, beta)
	y := make([]float64, p.N)
	for i := range y {
		y[i] = target[i] + 0.5*r.NormFloat64()
	}
	k, err := kernel.ReLU().Gram(train)
	if err != nil {
		return nil, err
	}
	cross, err := kernel.ReLU().Cross(test, train)
	if err != nil {
		return nil, err
	}
	smoother, err := smooth(k, cross, p.Lambda)
	if err != nil {
		return nil, err
	}
	limit := meanSquare(apply(smoother, y), target[p.N:])
	var out []outcome
	for _, ratio := range p.Ratios {
		o, copies := outcome{neurons: max(1, ratio*p.N/p.D), limit: limit}, 1
		if p.Fixed > 0 {
			copies = max(1, o.neurons/p.Fixed)
		}
		networks := newSampler(nets.ReLU(), all, o.neurons, copies)
		for range p.Networks {
			finite, err := p.finite(networks.draw(r))
			if err != nil {
				return nil, err
			}
			risk := meanSquare(apply(finite, y), target[p.N:])
			finite.Sub(finite, smoother)
			o.distance += math.Pow(mat.Norm(finite, 2), 2) / float64(p.Test*p.Networks)
			o.gap += math.Abs(risk-limit) / float64(p.Networks)
			o.finite += risk / float64(p.Networks)
		}
		out = append(out, o)
	}
	return out, nil
}

// finite is the map from labels to predictions of ridge regression with a kernel on inputs and test points.
func (p contest) finite(kn *mat.SymDense) (*mat.Dense, error) {
	train := mat.NewSymDense(p.N, nil)
	train.CopySym(kn.SliceSym(0, p.N))
	cross := mat.NewDense(p.Test, p.N, nil)
	for i := range p.Test {
		for j := range p.N {
			cross.Set(i, j, kn.At(p.N+i, j))
		}
	}
	return smooth(train, cross, p.Lambda)
}

// smooth returns the map k(x) (K + lambda I)^{-1} from labels to predictions of ridge regression with a kernel.
func smooth(k *mat.SymDense, cross *mat.Dense, lambda float64) (*mat.Dense, error) {
	n := k.SymmetricDim()
	shifted := mat.NewSymDense(n, nil)
	shifted.CopySym(k)
	for i := range n {
		shifted.SetSym(i, i, k.At(i, i)+lambda)
	}
	var chol mat.Cholesky
	if !chol.Factorize(shifted) {
		return nil, fmt.Errorf("a kernel with ridge %v is not positive definite to rounding: take a larger ridge", lambda)
	}
	var solved mat.Dense
	if err := chol.SolveTo(&solved, cross.T()); err != nil {
		return nil, err
	}
	return mat.DenseCopyOf(solved.T()), nil
}

func apply(smoother *mat.Dense, y []float64) []float64 {
	rows, n := smoother.Dims()
	out := mat.NewVecDense(rows, nil)
	out.MulVec(smoother, mat.NewVecDense(n, y))
	return out.RawVector().Data
}

func meanSquare(a, b []float64) float64 {
	d := floats.Distance(a, b, 2)
	return d * d / float64(len(a))
}

// ridgeDistance is how far N neurons predict from infinitely many.
//
// Setting: n inputs and test points uniform on the sphere of R^d, ReLU; labels y ~ N(0, I); f_N and f the
// predictors of ridge regression with K_N and with K, ridge lambda; Nd/n from 64 to 1024; at each the mean over several networks.
//
// Hypotheses: lambda > 0; Nd/n is large, here from 64 on. (At lambda = 0 the mean does not exist: with probability of about n 2^{-N} some input is seen by
// no neuron, and f_N is not defined.)
//
// Conclusion: the mean square of f_N - f on the test points, averaged exactly over the labels, falls like n/(Nd): slope -1 in N.
//
// Constants: none; f_N - f is to first order linear in K_N - K, a mean over N independent neurons, so that its square has mean c/N for fixed inputs,
// and the next order is smaller by n/(Nd): measured slopes are -1.01 at lambda = 0.1 and -1.03 towards lambda = 0 in mean. By the triangle inequality |sqrt(R_N) - sqrt(R)| is at most its root, which is the
// square-root rate of the theorem.
//
// Convention: unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised.
//
// Reference: derived here, for the generalisation theorem of Montanari and Zhong (2022).
//
// Control: sixteen neurons drawn over and over; slopes of -0.65 and -1.35.
//
// Loose: the slope of a pass scatters by 0.05.
func ridgeDistance() checks.Checkable {
	return contestClaim{
		ID: "montanari2022/ridge-distance", title: "predictions of N neurons and of infinitely many",
		formula:  `\mathbb{E}_x \left(f_N(x) - f(x)\right)^2 = \Theta\left(n/(Nd)\right)`,
		exponent: -1, resolution: 0.11, passes: 64, near: 0.35, controls: 4, detects: 0.21,
		value: func(o outcome) float64 { return o.distance },
		grid: []contest{
			{N: 4, D: 16, Test: 16, Lambda: 0.1, Ratios: []int{64, 256, 1024}, Networks: 10},
			{N: 4, D: 16, Test: 16, Lambda: 0.02, Ratios: []int{64, 1024}, Networks: 10},
		},
	}.claim()
}

// riskGap is the rate of the test error.
//
// Setting: as in ridge-distance, with labels y_i = beta.x_i + noise of variance 1/4, beta ~ N(0, I); R_N and R the mean square errors of f_N and f on the test points, without noise.
//
// Hypotheses: lambda > 0; Nd/n is large, here from 64 on, and test points and inputs are fixed as N grows.
//
// Conclusion: |R_N - R| falls like (n/(Nd))^{1/2} on a typical draw: slope -1/2 in N. The theorem bounds it by that, up to logarithms
// and times ||f||^2 + noise, and so cannot have a better power of N.
//
// Constants: none; the first order of R_N - R is linear in K_N - K and does not vanish, because R is no minimum over kernels. Its mean over
// networks vanishes, and what is left of the mean falls like n/(Nd), which dominates while Nd/n is small.
//
// Convention: unit inputs, w ~ N(0, I), output weights +-1 fixed, 1/sqrt N scaling; first layer linearised.
//
// Reference: derived here, for the generalisation theorem of Montanari and Zhong (2022).
//
// Control: sixteen neurons drawn over and over; slopes of -0.05 and -0.95.
//
// Loose: a difference of two errors has either sign, and its size scatters by three quarters from network to network.
func riskGap() checks.Checkable {
	return contestClaim{
		ID: "montanari2022/risk-gap", title: "test error of N neurons and of infinitely many",
		formula:  `|R_N - R| = \Theta\left(\sqrt{n/(Nd)}\right)`,
		exponent: -0.5, resolution: 0.18, passes: 60, near: 0.45, controls: 8, detects: 0.32,
		value: func(o outcome) float64 { return o.gap },
		grid:  []contest{{N: 4, D: 16, Test: 8, Lambda: 0.1, Ratios: []int{64, 1024}, Networks: 20}},
	}.claim()
}

// contestClaim is a claim on the slope of what contests come to.
type contestClaim struct {
	ID, title, formula            string
	exponent, resolution, detects float64
	near                          float64 // how far off the slopes of the controls are
	controls                      int     // networks that controls average over
	passes                        int
	value                         func(outcome) float64
	grid                          []contest // controls run on the first
}

func (c contestClaim) setup(exponent float64) func(contest) (checks.Instance, error) {
	return func(p contest) (checks.Instance, error) {
		return checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.RequireThat("lambda > 0", p.Lambda > 0)},
			Terms:      checks.Terms{Exponent: checks.Float(exponent), Resolution: checks.Float(c.resolution), Trials: c.passes},
			Trial: func(r *rand.Rand) checks.Measurement {
				outcomes, err := p.run(r)
				if err != nil {
					return checks.Failed(err)
				}
				m := checks.Measurement{Series: pictures(p, outcomes)}
				for _, o := range outcomes {
					m.Ladder = append(m.Ladder, checks.Rung{Size: float64(o.neurons), Value: c.value(o)})
				}
				return m
			},
		}, nil
	}
}

func (c contestClaim) claim() checks.Checkable {
	steeper, fixed := c.grid[0], c.grid[0]
	steeper.Networks = c.controls
	fixed.Networks, fixed.Fixed = c.controls, 16
	claim := checks.Claim[contest]{
		ID: c.ID, Title: c.title, Reference: "derived here, for the generalisation theorem",
		Formula: c.formula, Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Along: "neurons $N$", Version: 1,
		Grid: c.grid, Cost: contest.cost, Setup: c.setup(c.exponent),
		Controls: []checks.Control[contest]{
			{Name: "same-neurons", Why: "sixteen neurons stay as far from the limit as they are", At: []contest{fixed}},
			{Name: "faster", Why: "a steeper slope is not there", At: []contest{steeper}, Setup: c.setup(c.exponent - c.near)},
			{Name: "slower", Why: "a flatter slope is not there", At: []contest{steeper}, Setup: c.setup(c.exponent + c.near)},
		},
	}
	if c.detects > 0 {
		claim.Detects = map[string]float64{"": c.detects}
	}
	return claim
}

func pictures(p contest, outcomes []outcome) []checks.Series {
	var ratios, finite, limit, distance []float64
	for _, o := range outcomes {
		ratios = append(ratios, float64(o.neurons*p.D)/float64(p.N))
		finite, limit, distance = append(finite, o.finite), append(limit, o.limit), append(distance, o.distance)
	}
	axes := curve.Axes{X: "parameters over inputs, Nd/n", Y: "test error", LogX: true, LogY: true}
	return []checks.Series{
		axes.Measured("N neurons", ratios, finite), axes.Bound("infinitely many", ratios, limit),
		axes.Measured("mean square of their difference", ratios, distance),
	}
}
