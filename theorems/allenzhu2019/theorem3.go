package allenzhu2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/deep"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// Directions of the residual.
const (
	least    = "least"    // eigenvector of the smallest eigenvalue of the tangent kernel
	most     = "most"     // of the largest
	anywhere = "anywhere" // Gaussian
	equally  = "equally"  // the same on all inputs
)

// A sandwich asks for the gradient at the start of a network.
type sandwich struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	L     int       `json:"l"`
	Along string    `json:"along"`
	Omega float64   `json:"omega,omitempty"` // a random perturbation of this Frobenius norm on every layer
}

// netCost is the price of a network with its tangent kernel.
func netCost(n, d, m, l int) float64 {
	return float64(m*(m*l+d)*(25+6*n) + 4*n*n*m*(l+1) + 12*n*n*n + 20000)
}

func (p sandwich) cost() checks.Cost {
	n, d := p.Data.Size()
	m := float64(p.M)
	return checks.Cost{Setup: 4e4, Trial: netCost(n, d, p.M, p.L), Bytes: 24 * m * m * float64(p.L), Size: fmt.Sprintf("m=%d", p.M)}
}

// direction is a unit residual along an eigenvector, or anywhere.
func direction(g *mat.SymDense, along string, r *rand.Rand) ([]float64, error) {
	n := g.SymmetricDim()
	v := nets.Gaussian(1, n, r).RawRowView(0)
	switch along {
	case equally:
		for i := range v {
			v[i] = 1
		}
	case least, most:
		var e mat.EigenSym
		if !e.Factorize(g, true) {
			return nil, fmt.Errorf("the eigenvectors of a tangent kernel of order %d did not converge", n)
		}
		var vectors mat.Dense
		e.VectorsTo(&vectors)
		column := 0
		if along == most {
			column = n - 1
		}
		mat.Col(v, column, &vectors)
	}
	norm := math.Sqrt(square(v))
	for i := range v {
		v[i] /= norm
	}
	return v, nil
}

// hiddenSquare is the squared norm of a gradient in W_1..W_L.
func hiddenSquare(net *deep.Network, gradient []float64, l int) float64 {
	sum := 0.0
	for k := 1; k <= l; k++ {
		sum += square(net.LayerParams(gradient, k+1))
	}
	return sum
}

// gradientSandwich is Theorem 3 with the eigenvalues of the tangent kernel for constants.
//
// Setting: any inputs and residual; the network anywhere, here at its start and perturbed by omega.
//
// Hypotheses: none (at a kink, the gradient and the kernel use the same gate).
//
// Conclusion: 2 lambda_min(G) F <= |grad F|_F^2 <= 2 lambda_max(G) F, G the tangent kernel of W_1..W_L, with equality for residuals along
// the eigenvectors.
//
// Constants: derived: |grad F|^2 = r^T G r. In their places the theorem has O(n m/d) for each layer above, as later papers
// restate it, and Omega(delta m/(d n^2)) below, as recalled. The gradient is
// accumulated weight by weight, G from products of features and backward vectors; the eigenvalues are certified.
//
// Convention: as the source, d = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 3, whose constants are hidden; derived here.
//
// Control: the kernel of all layers, A and B included, below; that without its last layer above.
func gradientSandwich() checks.Claim[sandwich] {
	setup := func(lower, upper func(*deep.Pass, int) *mat.SymDense) func(sandwich) (checks.Instance, error) {
		return func(p sandwich) (checks.Instance, error) {
			set, err := p.Data.Build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement { return p.trial(set.X, lower, upper, r) }, Terms: checks.Terms{Trials: 2}}, nil
		}
	}
	whole := func(p *deep.Pass, _ int) *mat.SymDense { return p.Gram(nil) }
	less := func(p *deep.Pass, l int) *mat.SymDense { return hiddenGram(p, l-1) }
	pair := data.Spec{Kind: data.Duplicate, N: 3, D: 4, Sep: 0.05}
	sphere := data.Spec{Kind: data.Sphere, N: 5, D: 6}
	return checks.Claim[sandwich]{
		ID: "allenzhu2019/gradient-sandwich", Title: "gradient between multiples of the loss", Reference: "Theorem 3; derived here",
		Formula:    `2\lambda_{\min}(G)\,F \le \|\nabla F\|_F^2 \le 2\lambda_{\max}(G)\,F`,
		Convention: convention,
		Basis:      checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) sandwich {
			return sandwich{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 5, MinD: 1, MaxD: 4}).Draw(t, "data"),
				M:    rapid.IntRange(1, 24).Draw(t, "m"), L: rapid.IntRange(1, 3).Draw(t, "L"),
				Along: rapid.SampledFrom([]string{least, most, anywhere}).Draw(t, "along"), Omega: rapid.SampledFrom([]float64{0, 0.1, 10}).Draw(t, "omega"),
			}
		}),
		Grid: []sandwich{
			{Data: sphere, M: 40, L: 2, Along: least}, {Data: sphere, M: 40, L: 2, Along: most}, {Data: sphere, M: 40, L: 1, Along: anywhere, Omega: 0.5},
			{Data: pair, M: 64, L: 3, Along: least},
			{Data: images.Easy(data.MNIST, 6, 49), M: 40, L: 2, Along: least}, {Data: images.Easy(data.Fashion, 6, 49), M: 40, L: 2, Along: most},
		},
		OnData: func(f checks.DataFile) []sandwich {
			return []sandwich{{Data: userfile.Rows(f, 10), M: 64, L: 2, Along: least}, {Data: userfile.Rows(f, 10), M: 64, L: 2, Along: most}}
		},
		Cost: sandwich.cost, Setup: setup(hiddenGram, hiddenGram),
		Controls: []checks.Control[sandwich]{
			{Name: "all-layers", Why: "A and B do not move, so that their part of the kernel does not count below", At: []sandwich{{Data: sphere, M: 40, L: 2, Along: least}}, Setup: setup(whole, hiddenGram)},
			{Name: "layer-less", Why: "W_L moves too, so that its part counts above", At: []sandwich{{Data: sphere, M: 40, L: 2, Along: most}}, Setup: setup(hiddenGram, less)},
		},
	}
}

func (p sandwich) trial(x *mat.Dense, lower, upper func(*deep.Pass, int) *mat.SymDense, r *rand.Rand) checks.Measurement {
	_, d := x.Dims()
	net, err := deep.New(config(d, p.M, p.L), r)
	if err != nil {
		return checks.Failed(err)
	}
	if p.Omega > 0 {
		for l := 2; l <= p.L+1; l++ {
			w := nets.Gaussian(p.M, p.M, r)
			w.Scale(p.Omega/mat.Norm(w, 2), w)
			net.Weight(l).Add(net.Weight(l), w)
		}
	}
	pass, err := net.NewPass(x)
	if err != nil {
		return checks.Failed(err)
	}
	g := hiddenGram(pass, p.L)
	residual, err := direction(g, p.Along, r)
	if err != nil {
		return checks.Failed(err)
	}
	low, err := eig.Min(lower(pass, p.L))
	if err != nil {
		return checks.Failed(err)
	}
	high, err := eig.Max(upper(pass, p.L))
	if err != nil {
		return checks.Failed(err)
	}
	got := hiddenSquare(net, pass.JTMul(nil, residual), p.L) // over 2F = 1
	tol := 1e-12 * float64(len(residual)) * mat.Trace(g)     // rounding of the entries of G and of the gradient
	return checks.All(
		checks.Measurement{Part: "lower", Observed: got, Predicted: low.Value, Relation: checks.AtLeast, Tolerance: tol + low.Err},
		checks.Measurement{Part: "upper", Observed: got, Predicted: high.Value, Tolerance: tol + high.Err},
	)
}

// An outputs instance is a network whose output weights are drawn anew in every trial.
type outputs struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	L     int       `json:"l"`
	D     int       `json:"d"` // outputs
	Seed  uint64    `json:"seed"`
	Draws int       `json:"draws"`
	Equal bool      `json:"equal,omitempty"` // all loss vectors the same
}

// lastLayerMean is the gradient of the last hidden layer in mean over the output weights, the first step to Theorem 3.
//
// Setting: n inputs, the network at its start with d outputs; A, W_1..W_L and the loss vectors r_i in R^d are fixed, and B has entries
// N(0, 1/d).
//
// Hypotheses: the loss vectors do not depend on B. (Those of a trained network do.)
//
// Conclusion: E_B |grad_{W_L} F|_F^2 = (1/d) sum_ij <h_{i,L-1}, h_{j,L-1}> tr(D_{i,L} D_{j,L}) <r_i, r_j>.
//
// Constants: derived: E_B[B^T r r'^T B] is <r, r'>/d times the identity. The variance, (2/d^2) sum_k |M_k|_F^2 with M_k = sum_ij
// <h_i, h_j> D_{i,kk} D_{j,kk} r_i r_j^T, is exact, and so is the interval around the mean.
//
// Convention: B ~ N(0, 1/d).
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 3, its lower half; derived here.
//
// Control: m/2 in place of tr(D_i D_j), as if all inputs opened the same gates; outputs of variance 0.8/d.
func lastLayerMean() checks.Claim[outputs] {
	setup := func(gain float64, blind bool) func(outputs) (checks.Instance, error) {
		return func(p outputs) (checks.Instance, error) { return p.instance(gain, blind) }
	}
	grid := []outputs{
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 5}, M: 50, L: 2, D: 3, Seed: 1, Draws: 24, Equal: true},
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 5}, M: 50, L: 2, D: 3, Seed: 1, Draws: 24},
		{Data: data.Spec{Kind: data.Sphere, N: 1, D: 1}, M: 8, L: 1, D: 1, Seed: 2, Draws: 100},
		{Data: images.All(data.MNIST, 5, 49), M: 50, L: 1, D: 10, Seed: 3, Draws: 12},
	}
	return checks.Claim[outputs]{
		ID: "allenzhu2019/last-layer-mean", Title: "gradient of the last hidden layer in mean", Reference: "Theorem 3, derived here",
		Formula:    `\mathbb{E}_B\|\nabla_{W_L} F\|_F^2 = \frac{1}{d}\sum_{i,j} \langle h_{i,L-1}, h_{j,L-1}\rangle\, \mathrm{tr}(D_{i,L} D_{j,L})\, \langle r_i, r_j\rangle`,
		Convention: convention,
		Basis:      checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid,
		Cost: func(p outputs) checks.Cost {
			n, d := p.Data.Size()
			return checks.Cost{Setup: netCost(n, d, p.M, p.L), Trial: float64(p.Draws * p.M * (n*n*2 + n*p.D*3 + 25*p.D))}
		},
		Setup: setup(1, false),
		Controls: []checks.Control[outputs]{
			{Name: "variance", Why: "output weights of variance 0.8/d", At: grid[:1], Setup: setup(0.8, false)},
			{Name: "all-gates", Why: "m/2 in place of tr(D_i D_j), as if all inputs opened the same gates", At: grid[:1], Setup: setup(1, true)},
		},
	}
}

func (p outputs) instance(gain float64, blind bool) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	r := rand.New(rand.NewPCG(p.Seed, 5))
	net, err := deep.New(config(set.D(), p.M, p.L), r)
	if err != nil {
		return checks.Instance{}, err
	}
	pass, err := net.NewPass(set.X)
	if err != nil {
		return checks.Instance{}, err
	}
	n, d := set.N(), float64(p.D)
	h, gates, loss := mat.NewSymDense(n, nil), pass.Slope(p.L+1), nets.Gaussian(n, p.D, r)
	for i := range n {
		if p.Equal {
			loss.SetRow(i, loss.RawRowView(0))
		}
	}
	h.SymOuterK(1, pass.Feature(p.L))
	inner := mat.NewSymDense(n, nil)
	inner.SymOuterK(1, loss)
	want, variance := 0.0, 0.0
	block := mat.NewDense(n, n, nil)
	for k := range p.M {
		block.Apply(func(i, j int, v float64) float64 { return v * gates.At(i, k) * gates.At(j, k) }, h)
		var m, mloss mat.Dense
		mloss.Mul(block, loss)
		m.Mul(loss.T(), &mloss)
		want += mat.Trace(&m) / d
		variance += 2 / (d * d) * math.Pow(mat.Norm(&m, 2), 2)
	}
	if blind {
		want = 0
		for i := range n {
			for j := range n {
				want += h.At(i, j) * inner.At(i, j) * float64(p.M) / 2 / d
			}
		}
	}
	return checks.Instance{
		Terms: checks.Terms{Deviation: checks.Float(math.Sqrt(variance / float64(p.Draws))), Resolution: 0.12},
		Trial: func(r *rand.Rand) checks.Measurement {
			got, err := mean(p.Draws, r, func(r *rand.Rand) (float64, error) {
				b := nets.Gaussian(p.M, p.D, r)
				b.Scale(math.Sqrt(gain/d), b)
				var v mat.Dense // rows D_i B^T r_i
				v.Mul(loss, b.T())
				v.MulElem(&v, gates)
				sum := 0.0
				for i := range n {
					for j := range n {
						sum += h.At(i, j) * mat.Dot(v.RowView(i), v.RowView(j))
					}
				}
				return sum, nil
			})
			if err != nil {
				return checks.Failed(err)
			}
			return checks.Measurement{Observed: got, Predicted: want, Relation: checks.Equal}
		},
	}, nil
}

// A separations ladder moves two inputs together.
type separations struct {
	M      int       `json:"m"`
	Angles []float64 `json:"angles"`
	Same   bool      `json:"same,omitempty"` // opposite inputs in place of near ones (controls)
}

// gradientSeparation is the exponent of delta in Theorem 3.
//
// Setting: L = 1, two unit inputs at angle theta, and the network at its start; the residual along the eigenvector of lambda_min(E_B G),
// E_B as in last-layer-mean.
//
// Hypotheses: theta small and m theta large; here theta from 0.08 down to 0.01 at m = 14,000.
//
// Conclusion: E_B |grad F|_F^2/(m F) = 2 lambda_min(E_B G)/m is of order theta^1, which is of order delta^1: the exponent of delta in the theorem's lower
// bound Omega(delta m/(d n^2)) F cannot be improved. In the limit it is (1 - cos(t)(1 - t/pi))(1 + o(1)) with t the angle of h_0, about theta/pi.
//
// Constants: the exponent is the theorem's, as far as restatements tell; the resolution of 0.13 is ours: t/pi + t^2/2 has slope 1.05.
//
// Convention: as the source, d = 1.
//
// Reference: Allen-Zhu, Li, Song (2019), Theorem 3; sharpness derived here.
//
// Control: inputs that approach opposite directions instead, whose gradient does not vanish.
//
// Loose: the next order of the limit takes 0.05 of the slope, and the m theta/pi differing gates make noise.
func gradientSeparation() checks.Claim[separations] {
	angles := []float64{0.01, 0.02, 0.04, 0.08}
	return checks.Claim[separations]{
		ID: "allenzhu2019/gradient-separation", Title: "gradient of a close pair", Reference: "Theorem 3; derived here",
		Formula: `\min_{r} \frac{\|\nabla F\|_F^2}{m F} \sim \frac{\theta}{\pi}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Scaling{}, Along: `angle $\theta$`, Version: 1, Detects: map[string]float64{"": 0.28},
		Grid: []separations{{M: 14000, Angles: angles}},
		Cost: func(p separations) checks.Cost { return checks.Cost{Trial: 150 * float64(p.M*len(p.Angles))} },
		Setup: func(p separations) (checks.Instance, error) {
			return checks.Instance{
				Terms: checks.Terms{Exponent: 1, Relation: checks.Equal, Resolution: 0.13, Trials: 48},
				Trial: p.trial,
			}, nil
		},
		Controls: []checks.Control[separations]{{Name: "opposite", Why: "nearly opposite inputs have a gradient of order one", At: []separations{{M: 4096, Angles: angles, Same: true}}}},
	}
}

func (p separations) trial(r *rand.Rand) checks.Measurement {
	var m checks.Measurement
	var got, want []float64
	for _, theta := range p.Angles {
		at := theta
		if p.Same {
			at = math.Pi - theta
		}
		walk := deep.NewForward(mat.NewDense(2, 2, []float64{1, 0, math.Cos(at), math.Sin(at)}), p.M, 2/float64(p.M))
		walk.Next(r)
		h := mat.NewSymDense(2, nil)
		h.CopySym(walk.Gram())
		walk.Next(r)
		z := walk.Preactivation()
		var g [3]float64 // gates open on the first, on both, on the second: E_B of their squared output weights
		for k := range p.M {
			first, second := z.At(0, k) > 0, z.At(1, k) > 0
			if first {
				g[0]++
			}
			if first && second {
				g[1]++
			}
			if second {
				g[2]++
			}
		}
		kernel := mat.NewSymDense(2, []float64{h.At(0, 0) * g[0], h.At(0, 1) * g[1], 0, h.At(1, 1) * g[2]})
		lambda, err := eig.Min(kernel)
		if err != nil {
			return checks.Failed(err)
		}
		v := 2 * lambda.Value / float64(p.M)
		m.Ladder = append(m.Ladder, checks.Rung{Size: theta, Value: v})
		got, want = append(got, v), append(want, theta/math.Pi)
	}
	axes := curve.Axes{X: "angle of the two inputs", Y: "least squared gradient over m F", LogX: true, LogY: true}
	m.Series = []checks.Series{axes.Measured("network", p.Angles, got), axes.Bound("angle/pi", p.Angles, want)}
	return m
}
