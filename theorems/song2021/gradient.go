package song2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// point is a point of weight space with a residual.
type point struct {
	Data    data.Spec `json:"data"`
	Act     string    `json:"act"`
	Width   int       `json:"width"`
	Outputs int       `json:"outputs"`
	Output  float64   `json:"output,omitempty"` // scale of the output weights
	Weak    bool      `json:"weak,omitempty"`   // every row of R along the last singular vector of Phi; else R is Gaussian
}

// gradientIdentity is the gradient of the loss in Gram matrices, and the PL inequality that the last hidden layer gives.
//
// Setting: any data X, any widths and numbers of outputs p, any differentiable phi; L = (1/2) ||V Phi - Y||_F^2 with Phi = phi(W X), at any
// weights; R = V Phi - Y. Columns of X are samples.
//
// Hypotheses: none; with fewer neurons than samples sigma_min(Phi) is zero, and the inequality says nothing.
//
// Conclusion: ||grad L||_F^2 = <R^T R, Phi^T Phi> + <X^T X, D^T D> with D = (V^T R) o phi'(W X), and therefore
// ||grad L||_F^2 >= sigma_min(Phi)^2 ||R||_F^2 = 2 sigma_min(Phi)^2 L.
//
// Constants: dL/dV = R Phi^T and dL/dW = D X^T; the squared norm of a product A B^T is <A^T A, B^T B>. The second term is not negative, and
// the first is at least sigma_min(Phi)^2 ||R||_F^2. Equality for V = 0 with every row of R along the last singular vector. The network gives its
// gradients; the prediction comes from Gram matrices. Rounding: 16 (n + d + m + p) ulp of the sums of magnitudes, here of the
// largest terms, (||Phi||_F^2 + ||X||_F^2 ||phi'||_F^2 ||V||^2) ||R||_F^2.
//
// Convention: no output factor, loss = (1/2) sum of squares.
//
// Reference: Song et al. (2021), Definition 3 and Section 5; derived here.
//
// Control: the largest singular value in place of the smallest, 1.02 times the smallest, a layer left out of the identity.
func gradientIdentity() checks.Checkable {
	type sabotage struct {
		lower float64 // on sigma_min^2
		first float64 // on the second term of the identity
		top   bool    // sigma_max for sigma_min
	}
	setup := func(s sabotage) func(point) (checks.Instance, error) {
		return func(p point) (checks.Instance, error) {
			set, act, err := p.build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				g, err := p.measure(set.X, act, r)
				if err != nil {
					return checks.Failed(err)
				}
				low := g.low
				if s.top {
					low = g.top
				}
				parts := []checks.Measurement{
					{Part: "identity", Observed: g.norm, Predicted: g.second + s.first*g.first, Relation: checks.Equal, Tolerance: g.rounding},
					{Part: "lower bound", Observed: g.norm, Predicted: s.lower * low * g.residual, Relation: checks.AtLeast, Tolerance: g.rounding},
				}
				if p.Width < set.N() {
					parts = parts[:1]
				}
				return checks.All(parts...)
			}}, nil
		}
	}
	sphere := func(n, d int) data.Spec { return data.Spec{Kind: data.Sphere, N: n, D: d, Seed: 1} }
	weak := point{Data: sphere(5, 4), Act: "tanh", Width: 12, Outputs: 2, Weak: true}
	full := point{Data: sphere(6, 3), Act: "gelu", Width: 9, Outputs: 3, Output: 1}
	return checks.Claim[point]{
		ID: "song2021/gradient", Title: "gradient of both layers, and the PL inequality of the last one", Reference: "Definition 3, derived here",
		Formula:    `\|\nabla L\|_F^2 = \langle R^{\top}R, \Phi^{\top}\Phi\rangle + \langle X^{\top}X, D^{\top}D\rangle \ge \sigma_{\min}(\Phi)^2 \|R\|_F^2`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) point {
			return point{
				Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 6, MinD: 1, MaxD: 5}).Draw(t, "data"),
				Act:   rapid.SampledFrom(smoothNames).Draw(t, "act"),
				Width: rapid.IntRange(1, 12).Draw(t, "width"), Outputs: rapid.IntRange(1, 3).Draw(t, "outputs"),
				Output: rapid.SampledFrom([]float64{0, 1, 0.01, 100}).Draw(t, "output"), Weak: rapid.Bool().Draw(t, "weak"),
			}
		}),
		Grid: []point{
			weak, full, // V = 0 and the weakest direction: equality
			{Data: sphere(5, 4), Act: "sin", Width: 12, Outputs: 1, Weak: true},
			{Data: sphere(1, 1), Act: "softplus", Width: 1, Outputs: 1, Output: 2},
			{Data: sphere(8, 5), Act: "erf", Width: 3, Outputs: 2, Output: 1}, // fewer neurons than samples
			{Data: images.Hard(data.MNIST, 12, 49), Act: "gelu", Width: 40, Outputs: 2, Output: 0.2},
			{Data: images.Hard(data.MNIST, 12, 49), Act: "softplus", Width: 40, Outputs: 1, Weak: true},
		},
		OnData: func(f checks.DataFile) []point {
			return []point{
				{Data: userfile.Rows(f, 30), Act: "tanh", Width: 60, Outputs: 1, Weak: true},
				{Data: userfile.Rows(f, 30), Act: "gelu", Width: 60, Outputs: 2, Output: 0.2},
			}
		},
		Cost: func(p point) checks.Cost {
			n, d := float64(max(p.Data.N, 1)), float64(max(p.Data.D, 1))
			return checks.Cost{Trial: 200*n*n*n + float64(p.Width)*n*(80+8*d+4*n)*float64(p.Outputs), Size: fmt.Sprintf("m=%d", p.Width)}
		},
		Setup: setup(sabotage{lower: 1, first: 1}),
		Controls: []checks.Control[point]{
			{
				Name: "largest-singular-value", Why: "the weakest direction gets only the smallest one",
				At: []point{weak}, Setup: setup(sabotage{lower: 1, first: 1, top: true}),
			},
			{
				Name: "two-per-cent-more", Why: "at V = 0 and along the last singular vector the bound is attained",
				At: []point{weak, {Data: sphere(5, 4), Act: "sin", Width: 12, Outputs: 1, Weak: true}}, Setup: setup(sabotage{lower: 1.02, first: 1}),
			},
			{
				Name: "hidden-weights-at-rest", Why: "the gradient in W counts wherever V is not zero",
				At: []point{full}, Setup: setup(sabotage{lower: 1, first: 0}),
			},
		},
	}
}

func (p point) build() (*data.Set, smooth, error) {
	act, err := smoothNamed(p.Act)
	if err != nil {
		return nil, act, err
	}
	set, err := p.Data.Build()
	return set, act, err
}

// gradients are the numbers of a point.
type gradients struct {
	norm          float64 // ||grad L||_F^2 by the network
	second, first float64 // the same by Gram matrices, layer by layer
	low, top      float64 // extreme eigenvalues of Phi Phi^T
	residual      float64 // ||R||_F^2
	rounding      float64
}

func (p point) measure(x *mat.Dense, act smooth, r *rand.Rand) (gradients, error) {
	n, d := x.Dims()
	law := nets.Init{Width: p.Width, Dim: d, Act: act.Activation, Kappa: 1, Output: nets.GaussianOutput, Scale: 1}
	net, batch := law.Draw(r), nets.NewBatch(x, p.Width)
	batch.Forward(net)
	v := nets.Gaussian(p.Width, p.Outputs, r)
	v.Scale(p.Output, v)
	g := mat.NewSymDense(n, nil)
	batch.Gram(g, net, nets.SecondLayer)
	residual := nets.Gaussian(n, p.Outputs, r)
	if p.Weak {
		var es mat.EigenSym
		if !es.Factorize(g, true) {
			return gradients{}, fmt.Errorf("the eigenvalues of the feature Gram matrix did not converge")
		}
		var vectors mat.Dense
		es.VectorsTo(&vectors)
		residual.Apply(func(i, k int, _ float64) float64 { return float64(k+1) * vectors.At(i, 0) }, residual)
	}
	low, err := eig.Min(g)
	if err != nil {
		return gradients{}, err
	}
	top, err := eig.Max(g)
	if err != nil {
		return gradients{}, err
	}
	out := gradients{low: math.Max(0, low.Value), top: top.Value, residual: math.Pow(mat.Norm(residual, 2), 2)}
	out.norm = gradientNorm(net, batch, v, residual)
	out.second, out.first = bounds.TwoLayerGradient(act.Value, act.Deriv, x, net.W, v, residual)
	slope := 0.0
	for _, z := range batch.Z.RawMatrix().Data {
		slope += math.Pow(act.Deriv(z), 2)
	}
	size := (mat.Trace(g) + math.Pow(mat.Norm(x, 2), 2)*slope*math.Pow(mat.Norm(v, 2), 2)) * out.residual
	out.rounding = 16*float64(n+d+p.Width+p.Outputs)*unit*size + low.Err*out.residual
	return out, nil
}

// gradientNorm is ||grad L||_F^2 of a network with several outputs: the output weights of output k learn as those of a network with one output,
// the hidden weights by the sum over the outputs.
func gradientNorm(net *nets.Network, batch *nets.Batch, v, residual *mat.Dense) float64 {
	m, d := net.W.Dims()
	n, p := residual.Dims()
	dw, total, da, e := mat.NewDense(m, d, nil), mat.NewDense(m, d, nil), make([]float64, m), make([]float64, n)
	sum := 0.0
	for k := range p {
		mat.Col(net.A, k, v)
		batch.Gradient(dw, da, net, mat.Col(e, k, residual))
		total.Add(total, dw)
		sum += floats.Dot(da, da)
	}
	return sum + math.Pow(mat.Norm(total, 2), 2)
}
