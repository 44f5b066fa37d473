package montanari2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// memory is labelled data that a genuine network is to reproduce.
type memory struct {
	Data    data.Spec `json:"data"`
	Neurons int       `json:"neurons"`           // of the linearised network: half of the genuine one's
	Step    float64   `json:"step"`              // e
	Planted bool      `json:"planted,omitempty"` // weights orthogonal to the inputs, where erf''' is largest
	Worst   bool      `json:"worst,omitempty"`   // labels along the eigenvector of lambda_min(K_N)
}

// memorise makes a genuine network of the linearised one.
//
// Setting: n inputs of length one with labels y; erf; w_k ~ N(0, I), k <= N, or any others; a = Phi^T K_N^{-1} y, of which b_k in R^d is the part of neuron k
// times sqrt N (output weights +1); the network of 2N neurons with the inner weights w_k +- e b_k and the output weights +-1/(2 e N).
//
// Hypotheses: lambda_min(K_N) > 0, certified on the draw; e > 0.
//
// Conclusion: |f(x_i) - y_i| <= (4/sqrt pi) e^2 sum_k |b_k.x_i|^3/(6 N) for every i, and ||a||^2 = y^T K_N^{-1} y <= ||y||^2/lambda_min(K_N).
//
// Constants: ours; sup |erf”'| = 4/sqrt pi, at 0, in Taylor's formula, whose even orders cancel, so that halving e quarters the error. Attained to first order by weights
// orthogonal to the input, and the norm by labels along the eigenvector of lambda_min.
//
// Convention: 2N neurons with output weights +-1/(2 e N), the second layer antisymmetric.
//
// Reference: derived here, for the memorisation statement in Montanari and Zhong (2022).
//
// Control: the error bounded by four fifths of its constant; the norm a tenth smaller; and a one-sided difference, of order e.
func memorise() checks.Checkable {
	setup := func(change tampering) func(memory) (checks.Instance, error) {
		return func(p memory) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			if !(p.Step > 0) {
				return checks.Instance{}, fmt.Errorf("step %v: it must be positive", p.Step)
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.fit(set, change, r) }}, nil
		}
	}
	planted := memory{Data: data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 0}}}, Neurons: 1, Step: 0.05, Planted: true}
	worst := memory{Data: data.Spec{Kind: data.Sphere, N: 8, D: 4, Seed: 1, Labels: data.Normal}, Neurons: 16, Step: 0.01, Worst: true}
	plain := change(1, 1, 0)
	return checks.Claim[memory]{
		ID: "montanari2022/memorise", Title: "labels in a genuine network", Reference: "derived here",
		Formula:    `|f(x_i) - y_i| \le \frac{4 e^2}{6\sqrt{\pi} N} \sum_k |b_k \cdot x_i|^3,\quad \|a\|^2 \le \frac{\|y\|^2}{\lambda_{\min}(K_N)}`,
		Convention: "2N neurons, output weights +-1/(2 e N)", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: []memory{
			planted, worst,
			{Data: data.Spec{Kind: data.Sphere, N: 20, D: 5, Seed: 2, Labels: data.Normal}, Neurons: 40, Step: 0.001},
			{Data: images.Hard(data.MNIST, 16, 49), Neurons: 30, Step: 0.01},
		},
		OnData: func(f checks.DataFile) []memory {
			if f.Label == "" {
				return nil // nothing to memorise
			}
			return []memory{{Data: userfile.Rows(f, 20), Neurons: 60, Step: 0.01}}
		},
		Cost: func(p memory) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Trial: 3*tangentCost(n, d, p.Neurons) + 12*float64(n*d*p.Neurons), Size: fmt.Sprintf("n=%d", n)}
		},
		Setup: setup(plain),
		Controls: []checks.Control[memory]{
			{Name: "error-smaller", Why: "planted weights attain the bound on the error", At: []memory{planted}, Setup: setup(change(0.8, 1, 0))},
			{Name: "norm-smaller", Why: "labels along the least eigenvector attain the bound on the norm", At: []memory{worst}, Setup: setup(change(1, 0.9, 0))},
			{Name: "one-sided", Why: "without the twin at w - e b the error is of order e", At: []memory{worst}, Setup: setup(change(1, 1, 1))},
		},
	}
}

// tampering is what controls do.
type tampering struct {
	error, norm float64 // factors on the bounds
	oneSided    bool
}

func change(error, norm float64, oneSided int) tampering {
	return tampering{error: error, norm: norm, oneSided: oneSided != 0}
}

// fit draws a network, solves for a and builds the genuine network.
func (p memory) fit(set *data.Set, change tampering, r *rand.Rand) checks.Measurement {
	n, d := set.X.Dims()
	init := nets.NTK(p.Neurons, d)
	init.Act, init.Output = nets.Erf(), nets.Ones
	net := init.Draw(r)
	if p.Planted {
		for k := range p.Neurons {
			net.W.SetRow(k, append(make([]float64, d-1), 1))
		}
	}
	batch := nets.NewBatch(set.X, p.Neurons)
	batch.Forward(net)
	kn := mat.NewSymDense(n, nil)
	batch.Gram(kn, net, nets.FirstLayer)
	lambda, err := eig.Min(kn)
	if err != nil {
		return checks.Failed(err)
	}
	lambda = lambda.Widen(16 * float64(n+p.Neurons) * unit * mat.Trace(kn))
	m := checks.Measurement{Hypotheses: []checks.Hypothesis{checks.RequireThat("lambda_min(K_N) > 0", lambda.Lower() > 0)}}
	if lambda.Lower() <= 0 {
		return m
	}
	y := set.Y
	if p.Worst {
		if y, err = leastDirection(kn); err != nil {
			return checks.Failed(err)
		}
	}
	alpha, err := solve(kn, 0, y)
	if err != nil {
		return checks.Failed(err)
	}
	var a mat.VecDense
	a.MulVec(batch.Jacobian(net, nets.FirstLayer).Slice(0, n, 0, p.Neurons*d).T(), mat.NewVecDense(n, alpha))
	b := mat.NewDense(p.Neurons, d, nil)
	b.Scale(math.Sqrt(float64(p.Neurons)), mat.NewDense(p.Neurons, d, mat.Col(nil, 0, &a)))
	labels := mat.Dot(mat.NewVecDense(n, y), mat.NewVecDense(n, y))
	// The labels are met up to the residual of a system of this condition.
	rounding := 64 * float64(n) * unit * mat.Trace(kn) / lambda.Lower() * math.Sqrt(labels)
	parts := p.errors(net, set.X, b, y, change, rounding)
	square := mat.Dot(&a, &a)
	parts = append(parts, checks.Measurement{
		Part: "norm", Observed: square, Predicted: change.norm * labels / lambda.Value,
		Tolerance: labels/lambda.Lower() - labels/lambda.Value + 64*float64(n)*unit*mat.Trace(kn)/lambda.Lower()*square,
	})
	joined := checks.Each(parts...)
	joined.Hypotheses = m.Hypotheses
	joined.Series = p.orders(net, set.X, b, y)
	return joined
}

// leastDirection is the unit eigenvector of the smallest eigenvalue.
func leastDirection(k *mat.SymDense) ([]float64, error) {
	var es mat.EigenSym
	if !es.Factorize(k, true) {
		return nil, fmt.Errorf("the eigenvectors of a kernel did not converge")
	}
	var v mat.Dense
	es.VectorsTo(&v)
	return mat.Col(nil, 0, &v), nil
}

// errors compares the genuine network with the labels, input by input.
func (p memory) errors(net *nets.Network, x, b *mat.Dense, y []float64, change tampering, rounding float64) []checks.Measurement {
	third := 4 / math.SqrtPi
	scale := 1 / float64(p.Neurons)
	var dots mat.Dense
	dots.Mul(x, b.T())
	var out []checks.Measurement
	for i, f := range difference(net, b, p.Step, change.oneSided).Output(x) {
		bound := bounds.CentralError(dots.RawRowView(i), p.Step, third, scale)
		out = append(out, checks.Measurement{
			Part: "error", Observed: math.Abs(f - y[i]), Predicted: change.error * bound,
			Tolerance: rounding + 32*unit/p.Step, // 2N terms of size 1/(2 e N)
		})
	}
	return out
}

// difference is the network of 2N neurons with inner weights w_k +- e b_k and output weights +-1/(2 e N); one-sided, w_k in place of
// w_k - e b_k, and twice the output weights.
func difference(net *nets.Network, b *mat.Dense, e float64, oneSided bool) *nets.Network {
	neurons, d := b.Dims()
	out := &nets.Network{W: mat.NewDense(2*neurons, d, nil), A: make([]float64, 2*neurons), Act: net.Act, Scale: 1}
	back, weight := e, 1/(2*e*float64(neurons))
	if oneSided {
		back, weight = 0, 2*weight
	}
	for k := range neurons {
		for j := range d {
			out.W.Set(2*k, j, net.W.At(k, j)+e*b.At(k, j))
			out.W.Set(2*k+1, j, net.W.At(k, j)-back*b.At(k, j))
		}
		out.A[2*k], out.A[2*k+1] = weight, -weight
	}
	return out
}

// orders draws the error over the step, for both differences.
func (p memory) orders(net *nets.Network, x, b *mat.Dense, y []float64) []checks.Series {
	var steps, central, sided []float64
	for k := range 5 {
		e := 0.1 * math.Pow(4, -float64(k))
		steps = append(steps, e)
		central = append(central, math.Sqrt(meanSquare(difference(net, b, e, false).Output(x), y)))
		sided = append(sided, math.Sqrt(meanSquare(difference(net, b, e, true).Output(x), y)))
	}
	axes := curve.Axes{X: "step e", Y: "root mean square of f - y", LogX: true, LogY: true}
	return []checks.Series{axes.Measured("central difference", steps, central), axes.Measured("one-sided difference", steps, sided)}
}
