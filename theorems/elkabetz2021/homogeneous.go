package elkabetz2021

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/homogeneous"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// nearKink is how near to zero, beside rounding, a preactivation may be for the Hessian to be taken.
const nearKink = 1e-9

// hessianHomogeneous bounds the Hessian of networks with homogeneous activations from below.
//
// Setting: networks of n >= 2 weight layers with activation s(z) = a_+ max(z,0) - a_- max(-z,0), samples x_i with any targets, the
// mean of a loss ell.
//
// Hypotheses: ell convex and twice differentiable in the outputs (here squares and cross-entropy); no preactivation is zero.
//
// Conclusion: with g_i = grad ell(h(x_i), y_i),
//
//	lambda_min(Hess f(theta)) >= -(n-1) max(|a_+|, |a_-|)^{n-1} (1/N) sum_i ||g_i|| ||x_i|| max_{|J|=n-2} prod_{j in J} ||W_j||.
//
// Constants: derived here, with the exponent n-1 of the slopes, one for each activation that a sample passes. Around weights
// without a zero preactivation every sample sees a deep linear network with diagonal matrices of slopes between its layers; then
// as in hessian-linear, sample by sample with gradient g_i x_i^T. It is attained by one sample and scalar positive weights
// that go to zero, by either slope.
//
// Convention: mean loss; no biases.
//
// Reference: lemma on homogeneous activations, derived here.
//
// Control: 0.998 (n-1); the exponent n-2 at slope 2 and the exponent n at slope 1/2; the mean of the losses' gradients in place of the
// mean of their norms, at two samples that cancel; a bias, which makes the network inhomogeneous.
func hessianHomogeneous() checks.Claim[point] {
	type sabotage struct {
		constant, power float64
		cancel          bool // ||sum g_i|| in place of sum ||g_i||
	}
	setup := func(s sabotage) func(point) (checks.Instance, error) {
		return func(p point) (checks.Instance, error) {
			set, err := p.build()
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				d, err := p.at(set, r)
				if err != nil {
					return checks.Failed(err)
				}
				slope := max(math.Abs(d.net.Problem.Plus), math.Abs(d.net.Problem.Minus))
				g := d.net.OutputGradients(d.theta)
				x := d.net.Problem.X
				if p.Bias {
					n, cols := x.Dims()
					x = x.Slice(0, n, 0, cols-1).(*mat.Dense)
				}
				grad := sampleGradient(g, x)
				if s.cancel {
					grad = operatorNorm(d.net.ProductGradient(d.theta))
				}
				bound := s.constant * bounds.DeepCurvature(grad, slope, d.norms) * math.Pow(slope, s.power)
				m := d.against("", bound)
				m.Hypotheses = []checks.Hypothesis{checks.Require("nearest preactivation", d.net.Closest(d.theta), checks.AtLeast, nearKink*product(d.norms[:len(d.norms)-1]))}
				return m
			}}, nil
		}
	}
	one := func(slope float64, layers int) point {
		p := spike(0.02, ones(layers+1)...)
		p.Samples, p.Slopes = 1, [2]float64{slope, 0.3}
		return p
	}
	leaky := point{Sizes: []int{3, 4, 4, 2}, Start: "gaussian", Scale: 0.7, Slopes: [2]float64{1, 0.2}, Samples: 6}
	relu := point{Sizes: []int{49, 2, 1}, Start: "gaussian", Scale: 0.2, Slopes: [2]float64{1, 0}}
	fashion := images.Hard(data.Fashion, 12, 49)
	relu.Data = &fashion
	return checks.Claim[point]{
		ID: "elkabetz2021/hessian-homogeneous", Title: "Hessian of homogeneous networks", Reference: "lemma on homogeneous activations, derived here",
		Formula:    `\lambda_{\min}(\nabla^2 f(\theta)) \ge -(n-1) \max(|a_+|,|a_-|)^{n-1}\, \frac1N \sum_i \|\nabla\ell(h(x_i),y_i)\| \|x_i\| \max_{|J|=n-2} \prod_{j\in J} \|W_j\|`,
		Convention: convention + "; mean loss", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) point {
			p := point{Start: "gaussian", Scale: rapid.SampledFrom([]float64{0.001, 0.03, 0.2, 0.7, 2, 30}).Draw(t, "scale"), Samples: rapid.IntRange(1, 5).Draw(t, "n")}
			for range rapid.IntRange(3, 5).Draw(t, "sizes") {
				p.Sizes = append(p.Sizes, rapid.IntRange(1, 4).Draw(t, "size"))
			}
			p.Slopes = rapid.SampledFrom([][2]float64{{1, 0}, {1, 0.2}, {1, -1}, {0.3, 2}, {0, 1.5}, {-1, 1}}).Draw(t, "slopes")
			p.Softmax = rapid.Bool().Draw(t, "softmax")
			return p
		}),
		Grid: []point{
			one(2, 4), one(0.5, 3), one(2, 3), one(1, 2), // attain it
			leaky,
			{Sizes: []int{3, 4, 3}, Start: "gaussian", Scale: 0.5, Slopes: [2]float64{1, -1}, Samples: 5, Softmax: true},
			{Sizes: []int{2, 3, 1}, Start: "gaussian", Scale: 0.3, Slopes: [2]float64{0.2, 1}, Samples: 4},
			relu,
		},
		OnData: func(f checks.DataFile) []point {
			rows := userfile.Labelled(f, 40)
			if rows.D > 60 {
				return nil
			}
			return []point{{Sizes: []int{rows.D, 2, 1}, Start: "gaussian", Scale: 0.2, Slopes: [2]float64{1, 0}, Data: &rows}}
		},
		Cost: point.cost, Setup: setup(sabotage{constant: 1}),
		Controls: []checks.Control[point]{
			{Name: "smaller-constant", Why: "one sample with small positive weights comes within 1e-3 of the bound", At: []point{one(2, 4), one(1, 3)}, Setup: setup(sabotage{constant: 0.998})},
			{Name: "fewer-activations", Why: "a sample passes n-1 activations: of slope 2 each, n-2 are half as much", At: []point{one(2, 3)}, Setup: setup(sabotage{constant: 1, power: -1})},
			{Name: "more-activations", Why: "of slope 1/2, n are half as much as n-1", At: []point{one(0.5, 3)}, Setup: setup(sabotage{constant: 1, power: 1})},
			{
				Name: "gradients-cancel", Why: "a sample at 1 and its mirror at -1 with equal targets have opposite gradients times inputs; the absolute value sees the same network",
				At: []point{{Sizes: []int{1, 1, 1}, Start: "spike", Scale: 0.02, Slopes: [2]float64{1, -1}, Samples: 2}}, Setup: setup(sabotage{constant: 1, cancel: true}),
			},
			{
				Name: "bias", Why: "at x = 0 the bound is 0, and a network with a bias has negative curvature there",
				At: []point{{Sizes: []int{2, 1, 1}, Start: "spike", Scale: 0.3, Slopes: [2]float64{1, 0.1}, Samples: 1, Bias: true}},
			},
		},
	}
}

// sampleGradient is the mean of ||g_i|| ||x_i||.
func sampleGradient(g, x *mat.Dense) float64 {
	n, _ := g.Dims()
	sum := 0.0
	for i := range n {
		sum += floats.Norm(g.RawRowView(i), 2) * floats.Norm(x.RawRowView(i), 2)
	}
	return sum / float64(n)
}

func product(v []float64) float64 {
	p := 1.0
	for _, x := range v {
		p *= x
	}
	return p
}

// ones are n layers of one neuron.
func ones(n int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = 1
	}
	return sizes
}

// saddle is a point with its first two layers zero, or nearly so.
type saddle struct {
	Sizes []int   `json:"sizes"`
	Scale float64 `json:"scale"`           // of the layers above
	First float64 `json:"first,omitempty"` // of the first layer (control)
}

// negativeCurvature is how negative the Hessian can be away from flows.
//
// Setting: a deep linear network of n >= 2 layers with f(theta) = (1/2)||W_{n:1} - Lambda||_F^2; W_1 = W_2 = 0, the other layers arbitrary.
//
// Hypotheses: none.
//
// Conclusion: lambda_min(Hess f(theta)) = -||(W_n ... W_3)^T grad phi(0)||; at n = 2, -||Lambda||. So for n >= 3 and Lambda != 0 the
// smallest eigenvalue goes to minus infinity across the space of weights, in proportion to c^{n-2} when the other layers are
// multiplied by c (part scaled, c = 10, as the ratio of the two).
//
// Constants: derived here. With two layers zero, the product and its first derivative vanish, and so does the
// second but for the one that changes both: the quadratic form is 2 <A, U_2 U_1> with A = (W_n ... W_3)^T grad phi(0), and its
// least value over ||U_1||_F^2 + ||U_2||_F^2 = 1 is -||A||, at whatever hidden sizes.
//
// Convention: no biases.
//
// Reference: arbitrarily negative curvature across space (Theorem 2 of the authors' summary), explicit form derived here.
//
// Control: W_1 of size 0.01, which moves the eigenvalue in second order; the Frobenius norm of A where A has rank 2; the next power of c.
func negativeCurvature() checks.Claim[saddle] {
	type sabotage struct {
		frobenius bool
		power     float64
	}
	setup := func(s sabotage) func(saddle) (checks.Instance, error) {
		return func(p saddle) (checks.Instance, error) {
			n := len(p.Sizes) - 1
			return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
				net, err := homogeneous.New(homogeneous.Whitened(p.Sizes, nets.Gaussian(p.Sizes[n], p.Sizes[0], r)))
				if err != nil {
					return checks.Failed(err)
				}
				theta := homogeneous.Gaussian(p.Sizes, p.Scale, r)
				first, second := net.Layer(theta, 1), net.Layer(theta, 2)
				first.Scale(p.First, first)
				second.Zero()
				d, err := look(net, theta)
				if err != nil {
					return checks.Failed(err)
				}
				a := new(mat.Dense)
				a.Mul(net.Product(theta, n, 3).T(), net.Problem.Y.T())
				norm := operatorNorm(a)
				if s.frobenius {
					norm = mat.Norm(a, 2)
				}
				parts := []checks.Measurement{{
					Part: "eigenvalue", Observed: -d.lambda.Value, Predicted: norm, Relation: checks.Equal, Tolerance: d.err + 64*unit*norm,
				}}
				if n >= 3 {
					for j := 3; j <= n; j++ {
						w := net.Layer(theta, j)
						w.Scale(10, w)
					}
					far, err := look(net, theta)
					if err != nil {
						return checks.Failed(err)
					}
					parts = append(parts, checks.Measurement{
						Part: "scaled", Observed: far.lambda.Value / d.lambda.Value, Predicted: math.Pow(10, float64(n-2)+s.power), Relation: checks.Equal,
						Tolerance: far.lambda.Value / d.lambda.Value * (d.err/math.Abs(d.lambda.Value) + far.err/math.Abs(far.lambda.Value)),
					})
				}
				return checks.All(parts...)
			}}, nil
		}
	}
	return checks.Claim[saddle]{
		ID: "elkabetz2021/negative-curvature", Title: "curvature is arbitrarily negative across space", Reference: "Theorem 2 of the authors' summary, derived here",
		Formula:    `W_1 = W_2 = 0 \ \Rightarrow\ \lambda_{\min}(\nabla^2 f(\theta)) = -\|(W_n\cdots W_3)^\top \nabla\phi(0)\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) saddle {
			p := saddle{Scale: rapid.SampledFrom([]float64{0.01, 0.7, 5}).Draw(t, "scale")}
			for range rapid.IntRange(3, 6).Draw(t, "sizes") {
				p.Sizes = append(p.Sizes, rapid.IntRange(1, 4).Draw(t, "size"))
			}
			return p
		}),
		Grid: []saddle{
			{Sizes: []int{3, 2, 3}, Scale: 1}, {Sizes: []int{1, 1, 1, 1}, Scale: 1}, {Sizes: []int{3, 3, 4, 3}, Scale: 0.7}, {Sizes: []int{2, 1, 3, 2, 2}, Scale: 0.7},
		},
		Cost:  func(p saddle) checks.Cost { return point{Sizes: p.Sizes}.cost() },
		Setup: setup(sabotage{}),
		Controls: []checks.Control[saddle]{
			{Name: "first-layer", Why: "a first layer of size 0.01 adds second-order curvature, 1e-4 of the eigenvalue", At: []saddle{{Sizes: []int{3, 3, 4, 3}, Scale: 0.7, First: 0.01}}},
			{Name: "frobenius", Why: "two singular values of the same order differ from the larger alone", At: []saddle{{Sizes: []int{3, 3, 4, 3}, Scale: 0.7}}, Setup: setup(sabotage{frobenius: true})},
			{Name: "next-power", Why: "the smallest eigenvalue goes as c^{n-2}", At: []saddle{{Sizes: []int{3, 3, 4, 3}, Scale: 0.7}}, Setup: setup(sabotage{power: 0.1})},
		},
	}
}
