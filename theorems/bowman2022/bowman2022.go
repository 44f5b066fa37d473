// Package bowman2022 checks Bowman and Montúfar, "Implicit Bias of MSE Gradient Optimization in Underparameterized Neural
// Networks" (ICLR 2022).
//
// The paper shows that gradient descent on the mean squared error learns the eigenfunctions of the integral operator of the
// infinite-width tangent kernel one after the other, each at the rate of its eigenvalue, even when the network has fewer
// parameters than samples; for uniform data on the sphere and rotation invariant weights the eigenfunctions are spherical
// harmonics. Its tool is the damped deviation: what the actual kernel adds to the limit's dynamics is damped at the rate
// of each eigenvalue. Only the abstract was read: the theorem, its lemmas and the law of the start are recalled, and
// every number that is claimed here is derived.
//
// Setting: f(x) = m^{-1/2} sum_r a_r phi(w_r.x + b_r) + b_0, all parameters theta trained; w_r, b_r standard normal, neurons
// doubled with opposite output weights so that f = 0 at the start; loss (1/(2n)) sum_i (f(x_i) - y_i)^2. Gradient descent
// with step eta stands for the flow: the statements for descent are exact, and those for the flow are their limit eta -> 0.
//
//	paper                          here
//	f, theta                       joint.Network of nets/joint
//	r_t, rhat_t                    residual of a run, on samples or on a grid
//	K_t, G_t = K_t/n               Point.Kernel, Point.Gram of nets/joint
//	K^inf                          limitGram, limitKernel: closed form for ReLU
//	T_K, its eigenvalues sigma_k   bounds.SphereSpectrum, bounds.ShiftedSeries
//	T_K^n                          Gram matrix over n, or kernel to the samples over n
//
// Files: deviations (the lemma and the bound of one direction), movement, start (the law of the start), sphere and circle (the
// spectrum), operator (samples for the population), theorem (the main theorem with measured terms, and its term of the sample), samples (its term
// of the width, on images).
package bowman2022

import (
	"embed"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/joint"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "bowman2022",
		Title:   "Implicit Bias of MSE Gradient Optimization in Underparameterized Neural Networks",
		Authors: "Benjamin Bowman, Guido Montúfar",
		Year:    2022,
		BibTeX: `@inproceedings{bowman2022,
  author        = {Bowman, Benjamin and Mont{\'u}far, Guido},
  title         = {Implicit Bias of {MSE} Gradient Optimization in Underparameterized Neural Networks},
  booktitle     = {International Conference on Learning Representations},
  year          = {2022},
  url           = {https://openreview.net/forum?id=VLgmhQDVBV},
  eprint        = {2201.04738},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			dampedDeviations(), directionBound(),
			movement(),
			zeroStart(), startKernel(), startTail(),
			sphereEigenvalues(), eigenvalueDecay(), biasedSpectrum(), multiplicities(),
			aliasing(),
			operatorMean(), operatorTail(),
			populationBound(), sampleDefect(),
			widthDefect(),
		},
	}
}

const (
	convention = "f = (1/sqrt m) sum a_r phi(w_r.x + b_r) + b_0, all parameters trained; loss (1/(2n)) sum of squares; doubled start, f = 0"
	spherical  = "uniform x on S^{d-1}; eigenvalues of the integral operator; kernels are means over one neuron"
	unit       = 1.0 / (1 << 53) // unit roundoff
)

// activation finds the activation of the parameters with its second derivative; that of ReLU is left out.
func activation(name string) (act nets.Activation, second func(z float64) float64, err error) {
	act, err = nets.ActivationNamed(name)
	if err != nil {
		return act, nil, err
	}
	switch name {
	case "tanh":
		return act, func(z float64) float64 { t := math.Tanh(z); return -2 * t * (1 - t*t) }, nil
	case "softplus":
		return act, func(z float64) float64 { return 1 / (2 + 2*math.Cosh(z)) }, nil
	case "relu":
		return act, func(float64) float64 { return 0 }, nil
	}
	return act, nil, fmt.Errorf("activation %q: use tanh, softplus or relu", name)
}

// lift returns the rows (x_i, 1), on which a bias is a weight.
func lift(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	out := mat.NewDense(n, d+1, nil)
	for i := range n {
		copy(out.RawRowView(i), x.RawRowView(i))
		out.Set(i, d, 1)
	}
	return out
}

// limitGram is K^inf/n of ReLU networks on the rows of x: expected gates and features on lifted rows, and the bias of the output.
func limitGram(x *mat.Dense) (*mat.SymDense, error) {
	lifted := lift(x)
	g, err := kernel.ReLU().Gram(lifted)
	if err != nil {
		return nil, err
	}
	features, err := kernel.ReLUFeature().Gram(lifted)
	if err != nil {
		return nil, err
	}
	n := g.SymmetricDim()
	for i := range n {
		for j := i; j < n; j++ {
			g.SetSym(i, j, (g.At(i, j)+features.At(i, j)+1)/float64(n))
		}
	}
	return g, nil
}

// limitKernel is K^inf of ReLU networks on two unit inputs: lifted, both have norm sqrt 2 and the cosine v = (1 + cos)/2.
func limitKernel(p kernel.Pair) float64 {
	v := (1 + p.Cos) / 2
	s := math.Sin(p.Angle / 2) // 1 - v = s^2
	lifted := kernel.Pair{NormX: math.Sqrt2, NormY: math.Sqrt2, Cos: v, Sin: s * math.Sqrt(1+v), Angle: 2 * math.Asin(s/math.Sqrt2)}
	return kernel.ReLU().Of(lifted) + kernel.ReLUFeature().Of(lifted) + 1
}

// circlePoints are n points on the unit circle, at the given angles.
func circlePoints(n int, angle func(i int) float64) *mat.Dense {
	x := mat.NewDense(n, 2, nil)
	for i := range n {
		sin, cos := math.Sincos(angle(i))
		x.SetRow(i, []float64{cos, sin})
	}
	return x
}

// equalAngles are n points at equal angles.
func equalAngles(n int) *mat.Dense {
	return circlePoints(n, func(i int) float64 { return 2 * math.Pi * float64(i) / float64(n) })
}

// residual is f(x_i) - y_i.
func residual(p *joint.Point, y []float64) []float64 {
	r := p.Output()
	floats.Sub(r, y)
	return r
}

// meanGradient is the gradient of the loss.
func meanGradient(p *joint.Point, r []float64) *joint.Network {
	e := make([]float64, len(r))
	floats.AddScaled(e, 1/float64(len(r)), r)
	return p.Gradient(e)
}

// apply returns g v.
func apply(g mat.Matrix, v []float64) []float64 {
	rows, _ := g.Dims()
	out := make([]float64, rows)
	mat.NewVecDense(rows, out).MulVec(g, mat.NewVecDense(len(v), v))
	return out
}
