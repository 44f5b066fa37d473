package elkabetz2021

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/homogeneous"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// point is a law of weights and data at which a Hessian is looked at.
type point struct {
	Sizes   []int      `json:"sizes"`
	Start   string     `json:"start"`             // gaussian, spike (all layers a multiple of e_1 e_1^T) or balanced
	Scale   float64    `json:"scale"`             // standard deviation, size of the spike, norm of the balanced product
	Uneven  float64    `json:"uneven,omitempty"`  // ratio of each spike to the one before
	Slopes  [2]float64 `json:"slopes,omitzero"`   // a_+ and a_-; none: linear
	Data    *data.Spec `json:"data,omitempty"`    // none: whitened, Lambda Gaussian or e_1 e_1^T under a spike
	Samples int        `json:"samples,omitempty"` // Gaussian samples and targets instead
	Softmax bool       `json:"softmax,omitempty"`
	Bias    bool       `json:"bias,omitempty"` // the last input is constant, and left out of ||x|| (control)
}

func (p point) weights() int {
	n := 0
	for j := 1; j < len(p.Sizes); j++ {
		n += p.Sizes[j] * p.Sizes[j-1]
	}
	return n
}

func (p point) cost() checks.Cost {
	w := float64(p.weights())
	samples := float64(max(p.Samples, p.Sizes[0]))
	if p.Data != nil {
		samples = float64(p.Data.N)
	}
	return checks.Cost{Trial: 12*w*w*samples + costs.Eigenvalue(int(w)) + 2000, Size: fmt.Sprintf("%d weights", p.weights())}
}

// problem draws the data; set are those of p.Data.
func (p point) problem(set *data.Set, r *rand.Rand) homogeneous.Problem {
	d, k := p.Sizes[0], p.Sizes[len(p.Sizes)-1]
	var q homogeneous.Problem
	switch {
	case set != nil:
		y := mat.NewDense(set.N(), k, nil)
		for i, v := range set.Y {
			y.Set(i, 0, v)
		}
		q = homogeneous.Problem{X: set.X, Y: y, Mean: true}
	case p.Samples > 0 && p.Start == "spike":
		x, y := mat.NewDense(p.Samples, d, nil), mat.NewDense(p.Samples, k, nil)
		for i := range p.Samples {
			x.Set(i, 0, float64(1-2*(i%2))) // in turn on either side
			y.Set(i, 0, 1)
		}
		q = homogeneous.Problem{X: x, Y: y, Mean: true}
	case p.Samples > 0:
		q = homogeneous.Problem{X: nets.Gaussian(p.Samples, d, r), Y: nets.Gaussian(p.Samples, k, r), Mean: true}
	case p.Start == "spike":
		lambda := mat.NewDense(k, d, nil)
		lambda.Set(0, 0, 1)
		q = homogeneous.Whitened(p.Sizes, lambda)
	default:
		q = homogeneous.Whitened(p.Sizes, nets.Gaussian(k, d, r))
	}
	if p.Bias {
		q.X = mat.NewDense(1, 2, []float64{0, 1})
	}
	q.Sizes, q.Plus, q.Minus = p.Sizes, p.Slopes[0], p.Slopes[1]
	if p.Softmax {
		n, _ := q.X.Dims()
		q.Loss, q.Y = homogeneous.CrossEntropy, mat.NewDense(n, k, nil)
		for i := range n {
			q.Y.Set(i, r.IntN(k), 1)
		}
	}
	return q
}

// theta draws the weights.
func (p point) theta(r *rand.Rand) ([]float64, error) {
	switch p.Start {
	case "gaussian":
		return homogeneous.Gaussian(p.Sizes, p.Scale, r), nil
	case "balanced":
		w := nets.Gaussian(1, p.Sizes[0], r).RawRowView(0)
		floats.Scale(p.Scale/floats.Norm(w, 2), w)
		return homogeneous.Balanced(p.Sizes[1:len(p.Sizes)-1], w, r), nil
	case "spike":
		theta, at, v := make([]float64, p.weights()), 0, p.Scale
		for j := 1; j < len(p.Sizes); j++ {
			theta[at] = v
			at += p.Sizes[j] * p.Sizes[j-1]
			if p.Uneven > 0 {
				v *= p.Uneven
			}
			if j == 1 && p.Bias {
				theta[1] = p.Scale // of the constant input
			}
		}
		return theta, nil
	}
	return nil, fmt.Errorf("start %q: use gaussian, balanced or spike", p.Start)
}

// A draw is a point with what the bounds need of it.
type draw struct {
	net    *homogeneous.Objective
	theta  []float64
	lambda eig.Certified // lambda_min of the Hessian
	err    float64       // of lambda, with the rounding of the Hessian
	norms  []float64     // operator norms of the layers
}

// at draws a point; change, if any, sabotages the weights before the Hessian is taken.
func (p point) at(set *data.Set, r *rand.Rand) (draw, error) {
	net, err := homogeneous.New(p.problem(set, r))
	if err != nil {
		return draw{}, err
	}
	theta, err := p.theta(r)
	if err != nil {
		return draw{}, err
	}
	return look(net, theta)
}

// look measures the Hessian at some weights.
func look(net *homogeneous.Objective, theta []float64) (draw, error) {
	lambda, err := eig.Min(net.Hessian(theta))
	if err != nil {
		return draw{}, err
	}
	d := draw{net: net, theta: theta, lambda: lambda}
	for j := 1; j <= net.Depth(); j++ {
		d.norms = append(d.norms, operatorNorm(net.Layer(theta, j)))
	}
	d.err = lambda.Err + d.rounding()
	return d, nil
}

// rounding bounds the error of the Hessian: each entry is a sum over samples and neurons of products along the layers, which may
// cancel, so that its rounding is of the size of what is summed. The residuals themselves are rounded differences of outputs and targets.
func (d draw) rounding() float64 {
	q := d.net.Problem
	n, operations := q.X.RawMatrix().Rows, 8*d.net.Depth()
	for _, size := range q.Sizes {
		operations += size
	}
	slope := math.Pow(max(math.Abs(q.Plus), math.Abs(q.Minus), 1), float64(d.net.Depth()-1))
	norms := slices.Sorted(slices.Values(d.norms))
	one, two := slope, slope // products of norms of all layers but one, and but two
	for j, v := range norms[1:] {
		one *= v
		if j > 0 {
			two *= v
		}
	}
	whole, sum := one*norms[0], 0.0
	for i := range n {
		x := floats.Norm(q.X.RawRowView(i), 2)
		sum += (whole*x+floats.Norm(q.Y.RawRowView(i), 2)+1)*x*two + x*x*one*one
	}
	return unit * float64(d.net.Dim()*(operations+n)) * sum
}

// operatorNorm is the largest singular value; NaN where it cannot be found.
func operatorNorm(a *mat.Dense) float64 {
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDNone) {
		return math.NaN()
	}
	return floats.Max(svd.Values(nil))
}

// against holds the negative curvature -lambda_min beside a lower bound on lambda_min, which is not positive.
func (d draw) against(part string, bound float64) checks.Measurement {
	return checks.Measurement{
		Part: part, Observed: -d.lambda.Value, Predicted: -bound,
		Tolerance: d.err + 64*unit*math.Abs(bound), // attained: rounding on both sides must not refute it
	}
}

// build makes the data of a point, if it has any.
func (p point) build() (*data.Set, error) {
	if p.Data == nil {
		return nil, nil
	}
	return p.Data.Build()
}

// spikes are points that attain the bounds: all layers a small multiple of e_1 e_1^T.
func spike(scale float64, sizes ...int) point {
	return point{Sizes: sizes, Start: "spike", Scale: scale}
}

// hessianLinear bounds the Hessian of deep linear networks from below.
//
// Setting: f(theta) = phi(W_{n:1}), n >= 2 layers of any widths; any weights.
//
// Hypotheses: phi convex and twice differentiable (here squares, whitened or on data, and cross-entropy).
//
// Conclusion: lambda_min(Hess f(theta)) >= -(n-1) ||grad phi(W_{n:1})|| max_{|J|=n-2} prod_{j in J} ||W_j||, with the operator norm
// of the gradient (part operator) and so with its Frobenius norm (part frobenius). If the weights are balanced and there is
// one output, the right side is -(n-1) ||grad phi|| ||W_{n:1}||^{1-2/n} (part balanced).
//
// Constants: derived here; the summary of the paper has the Frobenius norm as we recall it. The second derivative of
// phi along the change of the product is not negative. What is left is 2 sum_{j<k} <grad phi, ... U_k ... U_j ...>, each term at most
// ||grad phi|| ||U_j||_F ||U_k||_F times the product of n-2 norms, and 2 sum_{j<k} a_j a_k <= (n-1) sum a_j^2. It is attained as the
// weights go to zero with all layers the same multiple of e_1 e_1^T and Lambda = e_1 e_1^T.
//
// Convention: the loss of the product as it stands; no biases.
//
// Reference: lemma on deep linear networks, derived here.
//
// Control: 0.998 (n-1) for n-1; the smallest n-2 norms in place of the largest, at layers whose norms double; the
// concave -phi; the exponent 1 - 1/n for the balanced norm.
func hessianLinear() checks.Claim[point] {
	type sabotage struct {
		constant float64
		least    bool // the smallest norms
		concave  bool
		root     bool // another exponent of the balanced norm
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
				if s.concave {
					top, err := eig.Max(d.net.Hessian(d.theta))
					if err != nil {
						return checks.Failed(err)
					}
					d.lambda.Value = -top.Value
				}
				norms := d.norms
				if s.least {
					slices.Sort(norms)
					clear(norms[len(norms)-2:])
				}
				g := d.net.ProductGradient(d.theta)
				operator, frobenius := operatorNorm(g), mat.Norm(g, 2)
				parts := []checks.Measurement{
					d.against("operator", s.constant*bounds.DeepCurvature(operator, 1, norms)),
					d.against("frobenius", s.constant*bounds.DeepCurvature(frobenius, 1, norms)),
				}
				if p.Start == "balanced" || p.Start == "spike" && p.Uneven == 0 && p.Sizes[len(p.Sizes)-1] == 1 {
					n := float64(len(p.Sizes) - 1)
					power := 1 - 2/n
					if s.root {
						power = 1 - 1/n
					}
					product := operatorNorm(d.net.Product(d.theta, int(n), 1))
					parts = append(parts, d.against("balanced", -s.constant*(n-1)*frobenius*math.Pow(product, power)))
				}
				return checks.All(parts...)
			}}, nil
		}
	}
	flat, thin, deep := spike(0.02, 2, 3, 3, 1), spike(0.05, 3, 5, 5, 5, 3), spike(0.05, 2, 3, 3, 3, 1)
	mnist := images.Hard(data.MNIST, 12, 49)
	return checks.Claim[point]{
		ID: "elkabetz2021/hessian-linear", Title: "Hessian of deep linear networks", Reference: "lemma on deep linear networks, derived here",
		Formula:    `\lambda_{\min}(\nabla^2 f(\theta)) \ge -(n-1)\, \|\nabla\phi(W_{n:1})\| \max_{|J|=n-2} \prod_{j\in J} \|W_j\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) point {
			p := point{Start: rapid.SampledFrom([]string{"gaussian", "spike"}).Draw(t, "start"), Scale: rapid.SampledFrom([]float64{0.001, 0.03, 0.2, 0.7, 2, 30}).Draw(t, "scale")}
			for range rapid.IntRange(3, 6).Draw(t, "sizes") {
				p.Sizes = append(p.Sizes, rapid.IntRange(1, 4).Draw(t, "size"))
			}
			p.Softmax = rapid.Bool().Draw(t, "softmax")
			if rapid.Bool().Draw(t, "samples") {
				p.Samples = rapid.IntRange(1, 5).Draw(t, "n")
			}
			return p
		}),
		Grid: []point{
			flat, deep, thin, // attain it
			spike(0.01, 1, 3, 1), spike(0.05, 3, 4, 4, 4, 4, 4, 2),
			{Sizes: []int{3, 4, 2}, Start: "gaussian", Scale: 0.2}, {Sizes: []int{3, 2, 4, 3}, Start: "gaussian", Scale: 0.5},
			{Sizes: []int{4, 3, 1}, Start: "balanced", Scale: 1e-3}, // two layers attain it in any direction
			{Sizes: []int{3, 3, 2, 1}, Start: "balanced", Scale: 0.3},
			{Sizes: []int{3, 4, 3}, Start: "gaussian", Scale: 0.2, Samples: 5, Softmax: true},
			{Sizes: []int{49, 2, 1}, Start: "gaussian", Scale: 0.2, Data: &mnist},
		},
		OnData: func(f checks.DataFile) []point {
			rows := userfile.Labelled(f, 40)
			if rows.D > 60 { // the Hessian has twice as many rows
				return nil
			}
			return []point{{Sizes: []int{rows.D, 2, 1}, Start: "gaussian", Scale: 0.2, Data: &rows}}
		},
		Cost: point.cost, Setup: setup(sabotage{constant: 1}),
		Controls: []checks.Control[point]{
			{Name: "smaller-constant", Why: "at these weights lambda_min is within 2e-4 of the bound", At: []point{flat, deep, thin}, Setup: setup(sabotage{constant: 0.998})},
			{
				Name: "smallest-norms", Why: "layers of norms 0.01, 0.02, 0.04: the bound with the least norm in place of the largest is exceeded 2.5 times",
				At: []point{{Sizes: []int{1, 1, 1, 1}, Start: "spike", Scale: 0.01, Uneven: 2}}, Setup: setup(sabotage{constant: 1, least: true}),
			},
			{Name: "concave", Why: "for -phi the curvature of phi itself counts", At: []point{{Sizes: []int{3, 4, 2}, Start: "gaussian", Scale: 0.5}}, Setup: setup(sabotage{constant: 1, concave: true})},
			{Name: "balanced-exponent", Why: "at a product of 8e-6 the norm to the power 2/3 is 50 times below that to the power 1/3", At: []point{flat}, Setup: setup(sabotage{constant: 1, root: true})},
		},
	}
}
