package bowman2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/joint"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// A comparison is a ladder of widths on a data set.
type comparison struct {
	Data   data.Spec `json:"data"`
	Widths []int     `json:"widths"`
	Steps  int       `json:"steps"`
	Step   float64   `json:"step"` // eta, as a share of 1/lambda_1(G^inf)
	Repeat int       `json:"repeat"`
}

// limitSlope is the term of the width, in the main theorem and in the result for more parameters than samples: the residual on the
// sample against that of the limit kernel.
//
// Setting: n samples, a doubled ReLU network with normal output weights; G^inf the limit of the tangent kernel over n, eta = Step/lambda_1(G^inf).
//
// Hypotheses: none; no smallest eigenvalue enters.
//
// Conclusion: sup_{s<=T} ||r_s - (I - eta G^inf)^s r_0||/sqrt n, in root mean square over networks, falls as m^{-1/2}.
//
// Constants: the exponent is recalled; derived for s = 1, where the deviation is linear in K_0, a mean of m/2 independent kernels.
//
// Loose: a slope of two widths, by passes of a few networks each, spreads by 0.1; the resolution of 0.2 takes the interval of their median and the
// bias of the smallest width.
//
// Convention: f = (1/sqrt m) sum a_r phi(w_r.x + b_r) + b_0, all parameters trained; loss (1/(2n)) sum of squares; doubled start, f = 0
//
// Reference: the main theorem and the paper's result for over-parameterised networks, recalled.
//
// Control: tanh networks against the limit of ReLU; the limit without the output's bias; the exponent -1/10.
func limitSlope() checks.Claim[comparison] {
	p := comparison{data.Spec{Kind: data.Sphere, N: 4, D: 3, Seed: 1, LabelScale: 0.3}, []int{32, 512}, 3, 0.5, 3}
	image, short := p, p
	image.Data = images.Hard(data.MNIST, 4, 49)
	image.Data.LabelScale = 0.3
	short.Widths, short.Steps, short.Repeat = []int{32, 512}, 6, 2
	spoil := func(exponent float64, act nets.Activation, bias float64) func(comparison) (checks.Instance, error) {
		return func(p comparison) (checks.Instance, error) { return comparisonSetup(p, exponent, act, bias) }
	}
	return checks.Claim[comparison]{
		ID: "bowman2022/limit-slope", Title: "deviation from the limit kernel on the sample", Reference: "result for over-parameterised networks, recalled",
		Formula:    `\tfrac{1}{\sqrt n}\sup_s\|r_s-(I-\eta G^\infty)^s r_0\| \sim m^{-1/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Scaling{}, Version: 1,
		Detects: map[string]float64{"": 0.4},
		Grid:    []comparison{p, image},
		OnData: func(f checks.DataFile) []comparison {
			q := p
			q.Data = userfile.Labelled(f, 8)
			return []comparison{q}
		},
		Cost: func(p comparison) checks.Cost {
			n, d := costs.Size(p.Data)
			d = min(n, d)
			c := checks.Cost{Setup: 500 * float64(n*n)}
			for _, m := range p.Widths {
				c.Trial += float64(p.Repeat*m) * (float64(p.Steps+1)*float64(n*(25+6*d)) + 20*float64(d))
			}
			return c
		},
		Setup: spoil(-0.5, nets.ReLU(), 1),
		Controls: []checks.Control[comparison]{
			{Name: "another-activation", Why: "tanh has another limit", At: []comparison{short}, Setup: spoil(-0.5, nets.Tanh(), 1)},
			{Name: "no-output-bias", Why: "b_0 adds 1 to the kernel", At: []comparison{short}, Setup: spoil(-0.5, nets.ReLU(), 0)},
			{Name: "tenth-root", Why: "m^{-1/10}", At: []comparison{p}, Setup: spoil(-0.1, nets.ReLU(), 1)},
		},
	}
}

func comparisonSetup(p comparison, exponent float64, act nets.Activation, bias float64) (checks.Instance, error) {
	if len(p.Widths) < 2 || p.Steps < 1 || p.Repeat < 1 || !(p.Step > 0) {
		return checks.Instance{}, fmt.Errorf("widths %v, %d steps of %v, %d repeats: give at least two widths and one of the others", p.Widths, p.Steps, p.Step, p.Repeat)
	}
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	if set.Y == nil {
		return checks.Instance{}, fmt.Errorf("%v has no labels; name the column that holds them", p.Data)
	}
	g, err := limitGram(set.X)
	if err != nil {
		return checks.Instance{}, err
	}
	x, _ := nets.InSpan(set.X) // the same law and movements in fewer dimensions
	n, d := x.Dims()
	top, err := gramTop(g)
	if err != nil {
		return checks.Instance{}, err
	}
	for i := range n {
		for j := i; j < n; j++ {
			g.SetSym(i, j, g.At(i, j)-(1-bias)/float64(n))
		}
	}
	eta := p.Step / top
	limit := limitResiduals(g, set.Y, eta, p.Steps)
	return checks.Instance{Terms: checks.Terms{
		Exponent: checks.Float(exponent), Relation: checks.Equal, Resolution: 0.2, Trials: 56,
	}, Trial: func(r *rand.Rand) checks.Measurement {
		var m checks.Measurement
		for _, width := range p.Widths {
			law, total := joint.Law{Width: width, Dim: d, Act: act, Output: nets.GaussianOutput, Doubled: true}, 0.0
			if err := law.Validate(); err != nil {
				return checks.Failed(err)
			}
			for range p.Repeat {
				worst := distanceFrom(limit, law.Draw(r), x, set.Y, eta)
				total += worst * worst / float64(n)
			}
			m.Ladder = append(m.Ladder, checks.Rung{Size: float64(width), Value: math.Sqrt(total / float64(p.Repeat))})
		}
		return m
	}}, nil
}

// limitResiduals are (I - eta G)^s r_0 for s = 1, ..., steps, from outputs of zero.
func limitResiduals(g *mat.SymDense, y []float64, eta float64, steps int) [][]float64 {
	now := make([]float64, len(y))
	floats.AddScaled(now, -1, y)
	var out [][]float64
	for range steps {
		next := append([]float64(nil), now...)
		floats.AddScaled(next, -eta, apply(g, now))
		out = append(out, next)
		now = next
	}
	return out
}

// distanceFrom is the largest distance of the residuals of descent from others.
func distanceFrom(limit [][]float64, net *joint.Network, x *mat.Dense, y []float64, eta float64) float64 {
	at, worst := net.At(x), 0.0
	r := residual(at, y)
	for _, want := range limit {
		net.Move(eta, meanGradient(at, r))
		at = net.At(x)
		r = residual(at, y)
		worst = math.Max(worst, floats.Distance(r, want, 2))
	}
	return worst
}
