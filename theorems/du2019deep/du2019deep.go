// Package du2019deep checks Du, Lee, Li, Wang and Zhai, "Gradient Descent Finds Global Minima of Deep Neural Networks"
// (ICML 2019).
//
// The paper trains all layers of three networks of width m and depth H with a smooth activation by full-batch
// gradient descent on the squared loss: fully connected, residual with branches scaled by c_res/(H sqrt m), and
// convolutional residual. If m is large enough the loss falls by 1 - eta lambda_0/2 a step, lambda_0 =
// lambda_min(K^(H)), where K^(H) is the limit of the Gram matrix of the last hidden layer. What is enough is
// exponential in H for the fully connected network and polynomial for the residual ones.
//
// Setting: inputs of norm 1, no two parallel; W^(h) and a have N(0,1) entries; sigma is Lipschitz with a Lipschitz
// derivative (Condition 3.1), analytic and no polynomial (Condition 3.2), such as softplus; c_sigma =
// 1/E[sigma(z)^2].
//
//	paper                             here
//	x^(h) = sqrt(c_sigma/m) sigma()   residual.Config with Plain, Input = sqrt(c_sigma)
//	x^(h-1) + c_res/(H sqrt m) ...    residual.Config with Branch = c_res/H
//	K^(h), b^(h)                      kernel.Smooth, Plain and Residual
//	G^(h)                             Pass.Gram(nil, h) of nets/residual; h = H+1 is the output layer
//	c_w, c_x, L                       bounds.Layered
//
// Files, in the order of the claims: convergence (Theorems 5.1, 6.1, 7.1), onestep (Lemmas B.6, B.7, C.6, C.7), norms
// (Lemmas B.1, C.1), gram (Lemmas B.2, C.2, Theorem E.1), perturbation (Lemmas B.3, C.3), stability (Lemmas B.4,
// C.4), movement (Lemmas B.5, C.5), positivity (Propositions F.1, F.2, Lemma F.3).
package du2019deep

import (
	"embed"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/residual"
)

//go:embed *.go
var files embed.FS

// Source is the paper with its claims.
func Source() checks.Source {
	return checks.Source{
		Key:     "du2019deep",
		Title:   "Gradient Descent Finds Global Minima of Deep Neural Networks",
		Authors: "Simon S. Du, Jason D. Lee, Haochuan Li, Liwei Wang, Xiyu Zhai",
		Year:    2019,
		BibTeX: `@inproceedings{du2019deep,
  author        = {Du, Simon S. and Lee, Jason D. and Li, Haochuan and Wang, Liwei and Zhai, Xiyu},
  title         = {Gradient Descent Finds Global Minima of Deep Neural Networks},
  booktitle     = {International Conference on Machine Learning},
  series        = {Proceedings of Machine Learning Research},
  volume        = {97},
  pages         = {1675--1685},
  year          = {2019},
  eprint        = {1811.03804},
  archivePrefix = {arXiv}
}`,
		Files: files, Tables: paperTables(),
		Claims: []checks.Checkable{
			theoremPlain(), theoremResidual(), theoremConvolutional(), lastLayerDescent(),
			oneStep(), stepSize(),
			normRange(), normCap(),
			gramStart(), forwardRate(), forwardDepth(),
			plainPerturbation(), residualPerturbation(),
			gramStability(),
			plainMovement(), residualMovement(),
			plainSpectrum(), residualSpectrum(), residualDepth(), plainCollapse(),
		},
	}
}

const convention = "N(0,1) weights, factors sqrt(c_sigma/m) and c_res/(H sqrt m) in the network; loss = (1/2) sum of squares"

// An activation is sigma with the constants of Condition 3.1.
type activation struct {
	nets.Activation
	lipschitz, smooth, atZero float64 // of sigma and sigma', and |sigma(0)|
}

// activationNamed knows the activations that the claims are run with. Nearly is 1 + erf(z)/100.
func activationNamed(name string) (activation, error) {
	slope := 2 / math.SqrtPi
	bend := 2 * math.Sqrt(2/(math.E*math.Pi)) // |erf''| = (4/sqrt pi)|z| exp(-z^2) at z^2 = 1/2
	switch name {
	case "softplus":
		return activation{nets.Softplus(), 1, 0.25, math.Ln2}, nil
	case "erf":
		return activation{nets.Erf(), slope, bend, 0}, nil
	case "tanh":
		return activation{nets.Tanh(), 1, 4 / (3 * math.Sqrt(3)), 0}, nil
	case "sigmoid":
		s := nets.Softplus().Deriv
		return activation{nets.Activation{Name: name, Value: s, Deriv: func(z float64) float64 { return s(z) * s(-z) }}, 0.25, 1 / (6 * math.Sqrt(3)), 0.5}, nil
	case "identity":
		return activation{nets.Identity(), 1, 0, 0}, nil
	case "nearly":
		erf := nets.Erf()
		return activation{nets.Activation{
			Name: name, Value: func(z float64) float64 { return 1 + erf.Value(z)/100 }, Deriv: func(z float64) float64 { return erf.Deriv(z) / 100 },
		}, slope / 100, bend / 100, 1}, nil
	}
	return activation{}, fmt.Errorf("activation %q: use softplus, erf, tanh, sigmoid, identity or nearly", name)
}

func (a activation) limits() *kernel.Smooth { return kernel.NewSmooth(a.Value, a.Deriv) }

// model is a network on a data set.
type model struct {
	Data       data.Spec `json:"data"`
	Activation string    `json:"activation"`
	Layers     int       `json:"layers"`         // H
	Width      int       `json:"m,omitempty"`    // m
	CRes       float64   `json:"cres,omitempty"` // c_res; 0 is the fully connected network
	Positions  int       `json:"p,omitempty"`    // an input is so many positions; 0 means 1
	Patch      int       `json:"q,omitempty"`    // 0 means 1
}

func (p model) plain() bool { return p.CRes == 0 }

// branch is c_res/H.
func (p model) branch() float64 { return p.CRes / float64(p.Layers) }

// ground is a model with its data and activation.
type ground struct {
	model
	activation
	x      *mat.Dense
	y      []float64
	n, d   int
	limits *kernel.Smooth
	config residual.Config
}

func (p model) ground() (*ground, error) {
	set, err := p.Data.Build()
	if err != nil {
		return nil, err
	}
	act, err := activationNamed(p.Activation)
	if err != nil {
		return nil, err
	}
	g := &ground{model: p, activation: act, x: set.X, y: set.Y, n: set.N(), d: set.D(), limits: act.limits()}
	positions := max(p.Positions, 1)
	if g.d%positions != 0 {
		return nil, fmt.Errorf("inputs of %d entries cannot be %d positions: give a divisor", g.d, positions)
	}
	g.config = residual.Config{
		Channels: g.d / positions, Positions: positions, Patch: max(p.Patch, 1), Width: p.Width, Layers: p.Layers,
		Input: math.Sqrt(g.limits.Normaliser()), Branch: p.branch(), Plain: p.plain(), Activation: act.Activation,
	}
	return g, nil
}

// limit are the limits of the Gram matrices of a network of one position.
func (g *ground) limit(depth int) (*kernel.SmoothLimit, error) {
	if g.plain() {
		return g.limits.Plain(g.x, depth)
	}
	return g.limits.Residual(g.x, depth, g.CRes/float64(depth))
}

// layered are the constants of the deterministic bounds, for weights c_w and features c_x.
func (g *ground) layered(weights, features float64) bounds.Layered {
	return bounds.Layered{
		Input: g.config.Input, Branch: g.config.Branch, Plain: g.config.Plain, Patch: g.config.Patch,
		Lipschitz: g.lipschitz, AtZero: g.atZero, Weights: weights, Features: features,
	}
}

// cost of one draw with so many passes, forward and backward.
func (p model) cost(passes float64) checks.Cost {
	n, d := p.Data.Size()
	if d == 0 {
		d = n
	}
	m, q, k := float64(p.Width), float64(max(p.Patch, 1)), float64(max(p.Positions, 1))
	weights := m*q*float64(d)/k + float64(p.Layers-1)*m*m*q
	activations := float64(n) * k * m * float64(p.Layers)
	return checks.Cost{
		Setup: 1e5 * float64(p.Layers), Trial: 30*weights + passes*(8*float64(n)*k*weights+60*activations),
		Bytes: 24*weights + 48*activations*q, Size: fmt.Sprintf("m=%d, H=%d", p.Width, p.Layers),
	}
}

// weightNorm is max ||W_h||_2/sqrt m over the layers from..H.
func weightNorm(net *residual.Network, from int) float64 {
	largest := 0.0
	for h := from; h <= net.Config.Layers; h++ {
		largest = max(largest, data.SpectralNorm(net.Weight(h)))
	}
	return largest / math.Sqrt(float64(net.Config.Width))
}

// featureNorm is max ||x_i^(h)||, h = 0..H, over all inputs.
func featureNorm(pass *residual.Pass, n, layers int) float64 {
	largest := 0.0
	for h := range layers + 1 {
		for i := range n {
			largest = max(largest, pass.Norm(h, i))
		}
	}
	return largest
}
