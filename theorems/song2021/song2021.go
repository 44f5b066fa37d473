// Package song2021 checks Song, Ramezani-Kebrya, Pethick, Eftekhari and Cevher, "Subquadratic Overparameterization for Shallow Neural
// Networks" (NeurIPS 2021).
//
// The paper trains both layers of a two-layer network with a smooth activation by gradient descent from a standard random start. Its proof is
// deterministic given the start: the last hidden layer alone makes the loss satisfy a Polyak-Lojasiewicz inequality with the smallest singular
// value of the feature matrix, the Jacobian changes little on the way, and the features are bounded below through Hermite polynomials. The
// conclusion is a linear rate at a width of the order sigma_max(X)^2 sqrt(n)/sigma_min(X^{*t})^3, under its conditions on the data n^{3/2} parameters.
// Constants are hidden in all its theorems; here the same steps are made explicit, and as sharp as they go. Numbers of theorems and printed formulas
// are those of the version submitted to the conference, without its appendices.
//
// Setting: n inputs, the rows of X here and the columns of the paper's; h(x) = sum_r v_r phi(w_r.x), no output factor and no bias;
// w ~ N(0, omega_1^2), v ~ N(0, omega_2^2), both trained. The paper takes ||x_i|| = 1, ||Y||_F <= 1 and the loss ||V phi(W X) - Y||_F^2; we keep
// half of it.
//
//	paper                        here
//	n, d_0, d_1, d_2             n, d, m or Width, and Outputs
//	W, V, omega_1, omega_2       W and A of nets.Network at scale 1; 1 and Output
//	mu = sigma_min(phi(W_0 X))   S0 of bounds.LastLayer
//	nu, beta of Lemma 3          bounds.FeatureMap
//	phi'_max, phi''_max          B1, B2
//	h (the loss)                 twice the loss
//	X^{*t}, c_t                  entrywise powers of X X^T, kernel.HermiteCoefficients
//
// Files: gradient (the PL inequality, Definition 3), isometry (Lemmas 1 and 3), flow and smalloutput (Theorem 1), descent (Theorem 2), hermite
// (Definition 4, Assumption 2), features (the bounds on phi(W_0 X) behind Theorem 3), residual (the start) and width (Theorem 3).
package song2021

import (
	"embed"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "song2021",
		Title:   "Subquadratic Overparameterization for Shallow Neural Networks",
		Authors: "Chaehwan Song, Ali Ramezani-Kebrya, Thomas Pethick, Armin Eftekhari, Volkan Cevher",
		Year:    2021,
		BibTeX: `@inproceedings{song2021,
  author        = {Song, ChaeHwan and Ramezani-Kebrya, Ali and Pethick, Thomas and Eftekhari, Armin and Cevher, Volkan},
  title         = {Subquadratic Overparameterization for Shallow Neural Networks},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {34},
  pages         = {11247--11259},
  year          = {2021},
  eprint        = {2111.01875},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			gradientIdentity(), isometry(),
			flowCertificate(), smallOutput(),
			descentCertificate(),
			hermiteSum(), khatriRaoRank(),
			boundedFeatures(), homogeneousFeatures(),
			dataNorm(), initialResidual(), descentWidth(),
		},
	}
}

const (
	convention = "h = sum_r v_r phi(w_r.x), no output factor, both layers trained; loss = (1/2) sum of squares"
	unit       = 0x1p-53 // unit roundoff
)

// smooth is an activation with what the theorems ask of it.
type smooth struct {
	nets.Activation
	b0, b1, b2 float64 // bounds of |phi|, |phi'| and the Lipschitz constant of phi'
}

// smoothNames lists the activations that are twice differentiable.
var smoothNames = []string{"tanh", "sin", "erf", "softplus", "gelu", "identity"}

func smoothNamed(name string) (smooth, error) {
	inf := math.Inf(1)
	switch name {
	case "tanh":
		return smooth{nets.Tanh(), 1, 1, 4 / (3 * math.Sqrt(3))}, nil
	case "sin":
		return smooth{nets.Sine(), 1, 1, 1}, nil
	case "erf":
		return smooth{nets.Erf(), 1, 2 / math.SqrtPi, 4 / math.Sqrt(2*math.Pi*math.E)}, nil
	case "softplus":
		return smooth{nets.Softplus(), inf, 1, 0.25}, nil
	case "gelu": // phi'' = (2 - z^2) times the normal density, zero at sqrt 2
		return smooth{nets.GELU(), inf, nets.GELU().Deriv(math.Sqrt2), math.Sqrt(2 / math.Pi)}, nil
	case "identity":
		return smooth{nets.Identity(), inf, 1, 0}, nil
	case "huber": // z^2/2 up to |z| = 1: the one for which |phi'| and the slope of phi' are largest together
		return smooth{nets.Activation{
			Name: "huber",
			Value: func(z float64) float64 {
				if a := math.Abs(z); a > 1 {
					return a - 0.5
				}
				return z * z / 2
			},
			Deriv: func(z float64) float64 { return math.Max(-1, math.Min(1, z)) },
		}, inf, 1, 1}, nil
	case "gate": // nearly 1{z >= 1}: the bounded one whose features concentrate worst
		const steep = 200
		value := func(z float64) float64 { return 1 / (1 + math.Exp(-steep*(z-1))) }
		return smooth{nets.Activation{
			Name: "gate", Value: value,
			Deriv: func(z float64) float64 { return steep * value(z) * (1 - value(z)) },
		}, 1, steep / 4.0, steep * steep / (6 * math.Sqrt(3))}, nil
	}
	return smooth{}, fmt.Errorf("activation %q: take one of %v, huber or gate", name, smoothNames)
}

// start is a network at its start with the labels that it is to learn.
type start struct {
	Data   data.Spec `json:"data"`
	Act    string    `json:"act"`
	Width  int       `json:"width"`
	Output float64   `json:"output,omitempty"` // omega_2; 0 starts at V = 0
	// Fixed are w and v of the only neuron on the only sample x = 1, in place of random weights.
	Fixed []float64 `json:"fixed,omitempty"`
	// Kappa > 0 moves the labels so that B1 ||X|| ||r_0|| = Kappa sigma_min(Phi_0)^2, with r_0 along a direction: weak or strong (singular vectors
	// of the features), plus or minus (all entries equal) or, by default, random. Kappa 0 keeps the labels of the data.
	Kappa float64 `json:"kappa,omitempty"`
	Along string  `json:"along,omitempty"`
}

// drawn is a start with its numbers.
type drawn struct {
	smooth
	x       *mat.Dense
	y       []float64
	net     *nets.Network
	batch   *nets.Batch
	s0      eig.Certified // sigma_min(Phi_0)^2
	top     float64       // sigma_max(Phi_0)^2
	tangent eig.Certified // ||J_0||^2
	size    float64       // ||J_0|| ||(V_0, W_0)|| + ||y||, of which roundings are a part
	cert    bounds.LastLayer
	feature bounds.FeatureMap
}

// setting is what the draws of a start share.
type setting struct {
	smooth
	set     *data.Set
	feature bounds.FeatureMap
}

func (p start) setting() (setting, error) {
	act, err := smoothNamed(p.Act)
	if err != nil {
		return setting{}, err
	}
	set, err := p.Data.Build()
	if err != nil {
		return setting{}, err
	}
	if p.Fixed != nil && (len(p.Fixed) != 2 || p.Width != 1 || set.N() != 1 || set.D() != 1) {
		return setting{}, fmt.Errorf("fixed weights %v: give w and v of one neuron on one sample of one coordinate", p.Fixed)
	}
	s, err := eig.SpectralNorm(set.X)
	if err != nil {
		return setting{}, err
	}
	return setting{act, set, bounds.FeatureMap{X: s.Upper(), Row: floats.Max(data.RowNorms(set.X)), B1: act.b1, B2: act.b2}}, nil
}

// network draws the weights.
func (p start) network(s setting, r *rand.Rand) *nets.Network {
	net := nets.Init{Width: p.Width, Dim: s.set.D(), Act: s.Activation, Kappa: 1, Output: nets.GaussianOutput, Scale: 1}.Draw(r)
	floats.Scale(p.Output, net.A)
	if p.Fixed != nil {
		net.W.Set(0, 0, p.Fixed[0])
		net.A[0] = p.Fixed[1]
	}
	return net
}

// draw draws the weights and sets the labels.
func (p start) draw(s setting, r *rand.Rand) (drawn, error) {
	net := p.network(s, r)
	d := drawn{smooth: s.smooth, x: s.set.X, net: net, batch: nets.NewBatch(s.set.X, p.Width), feature: s.feature}
	d.batch.Forward(net)
	n := s.set.N()
	g := mat.NewSymDense(n, nil)
	d.batch.Gram(g, net, nets.SecondLayer)
	var err error
	if d.s0, err = eig.Min(g); err != nil {
		return d, err
	}
	residual, top, err := p.residual(d, g, r)
	if err != nil {
		return d, err
	}
	d.top = top
	d.y = make([]float64, n)
	copy(d.y, s.set.Y)
	if p.Kappa > 0 {
		floats.SubTo(d.y, d.batch.U, residual)
	}
	nets.Residual(residual, d.batch.U, d.y)
	first := mat.NewSymDense(n, nil)
	d.batch.Gram(first, net, nets.FirstLayer)
	g.AddSym(g, first)
	if d.tangent, err = eig.Max(g); err != nil {
		return d, err
	}
	d.size = math.Sqrt(d.tangent.Upper())*math.Hypot(mat.Norm(net.W, 2), floats.Norm(net.A, 2)) + floats.Norm(d.y, 2)
	d.cert = bounds.LastLayer{S0: math.Sqrt(math.Max(0, d.s0.Value)), B: s.b1 * s.feature.X, R0: floats.Norm(residual, 2)}
	return d, nil
}

// residual is r_0 as Kappa and Along ask for it, with the largest eigenvalue of the feature Gram matrix.
func (p start) residual(d drawn, g *mat.SymDense, r *rand.Rand) (residual []float64, top float64, err error) {
	var es mat.EigenSym
	if !es.Factorize(g, true) {
		return nil, 0, fmt.Errorf("the eigenvalues of the feature Gram matrix did not converge")
	}
	n := g.SymmetricDim()
	var vectors mat.Dense
	es.VectorsTo(&vectors)
	residual = make([]float64, n)
	switch p.Along {
	case "weak":
		mat.Col(residual, 0, &vectors)
	case "strong":
		mat.Col(residual, n-1, &vectors)
	case "plus", "minus":
		floats.AddConst(map[string]float64{"plus": 1, "minus": -1}[p.Along], residual)
	case "":
		for i := range residual {
			residual[i] = r.NormFloat64()
		}
	default:
		return nil, 0, fmt.Errorf("residual along %q: use weak, strong, plus, minus or nothing", p.Along)
	}
	size := p.Kappa * math.Max(0, d.s0.Value) / (d.b1 * d.feature.X)
	floats.Scale(size/floats.Norm(residual, 2), residual)
	return residual, es.Values(nil)[n-1], nil
}

// What float64 can follow: features that are not lost in the rounding of the weights, and a residual that is not lost in that of the outputs.
const (
	resolvedFeatures = 1e-6 // least sigma_min(Phi_0)^2 over ||Phi_0||^2 + B^2 ||W_0||^2
	resolvedResidual = 1e-9 // least ||r_0|| over ||J_0|| ||(V_0, W_0)|| + ||y||
)

// hypotheses of the certificates on a draw.
func (d drawn) hypotheses(h float64) []checks.Hypothesis {
	weights := d.cert.B * mat.Norm(d.net.W, 2)
	return []checks.Hypothesis{
		checks.Require("sigma_min(Phi_0)^2 over |Phi_0|^2 + B^2 |W_0|^2", d.s0.Lower()/(d.top+weights*weights), checks.AtLeast, resolvedFeatures),
		checks.Require("|r_0| over |J_0| |(V_0, W_0)| + |y|", d.cert.R0/d.size, checks.AtLeast, resolvedResidual),
		checks.Require("B1 |X| |r_0| over (1-h) sigma_min(Phi_0)^2", d.cert.Kappa()/(1-h), checks.AtMost, 1-1e-6),
	}
}

// featureMin is sigma_min of the features as they stand.
func featureMin(b *nets.Batch, net *nets.Network) (value, tolerance float64, err error) {
	g := mat.NewSymDense(len(b.U), nil)
	b.Gram(g, net, nets.SecondLayer)
	c, err := eig.Min(g)
	value = math.Sqrt(math.Max(0, c.Value))
	return value, math.Sqrt(math.Max(0, c.Upper())) - value, err
}
