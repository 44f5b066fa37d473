package bowman2022

import (
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
	"convergo/nets/joint"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// A comparison is a doubled network on a data set of unit inputs, and how many networks a trial averages.
type comparison struct {
	Data   data.Spec `json:"data"`
	Width  int       `json:"m"`
	Repeat int       `json:"repeat"`
}

// widthDefect is the term of the width, in the main theorem and in the result for more parameters than samples, at the first step.
//
// Setting: n unit inputs; a doubled ReLU network of even width m with normal output weights; G_0 the Gram matrix over n of all parameters, G^inf its limit;
// r_0 = -y with y of independent random signs; V(u) that of start-kernel, with E a^4 = 3.
//
// Hypotheses: ||x_i|| = 1.
//
// Conclusion: E (1/n) ||(G_0 - G^inf) r_0||^2 = (2/m) n^{-3} sum_ij V(x_i.x_j), which is at most 24/(m n): the residual departs from that of the limit at a
// speed of order m^{-1/2}, in which no smallest eigenvalue enters.
//
// Constants: exact: (G_0 - G^inf) r_0 is minus the derivative at t = 0 of r_t - e^{-G^inf t} r_0 for the flow. The signs leave
// E ||G_0 - G^inf||_F^2/n, and each entry of K_0 - K^inf has the mean square 2V/m of m/2 independent neurons, see start-kernel. The trials take this
// mean over the signs. Their deviation is at most the mean of those of the entries. By Hoffman and Wielandt the sum of (lambda_j(G_0) - lambda_j(G^inf))^2 is no
// larger than ||G_0 - G^inf||_F^2: the curves show both spectra.
//
// Convention: f = (1/sqrt m) sum a_r phi(w_r.x + b_r) + b_0, all parameters trained; loss (1/(2n)) sum of squares; doubled start, f = 0
//
// Reference: derived here; the order m^{-1/2} is that of the main theorem and of the paper's result for over-parameterised networks, recalled.
//
// Control: 1.3 and 0.75 of the mean; 1.1 for the power of m; m independent neurons, not m/2; the diagonal alone; the limit without the bias of the output.
func widthDefect() checks.Claim[comparison] {
	at := []comparison{{images.Hard(data.MNIST, 12, 49), 40, 16}}
	setup := func(q comparisonPlan) func(comparison) (checks.Instance, error) { return q.setup }
	return checks.Claim[comparison]{
		ID: "bowman2022/width-defect", Title: "what the width adds to one step", Reference: "derived here; order of the main theorem, recalled",
		Formula:    `\mathbb E\,\tfrac1n\|(G_0-G^\infty)r_0\|^2 = \frac{2}{m\,n^3}\sum_{ij} V(x_i\cdot x_j)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: append(at, comparison{images.Hard(data.Fashion, 12, 49), 40, 16}),
		OnData: func(f checks.DataFile) []comparison {
			return []comparison{{userfile.Rows(f, 12), 40, 16}}
		},
		Cost: func(p comparison) checks.Cost {
			n, d := costs.Size(p.Data)
			return checks.Cost{Setup: 600 * float64(n*n), Trial: float64(p.Repeat*p.Width) * float64(n*(25+3*n)+(10+2*n)*min(n, d))}
		},
		Setup: setup(comparisonPlan{1, 1, 1, 1}),
		Controls: []checks.Control[comparison]{
			{Name: "larger", Why: "1.3 of the mean", At: at, Setup: setup(comparisonPlan{1.3, 1, 1, 1})},
			{Name: "smaller", Why: "0.75 of the mean", At: at, Setup: setup(comparisonPlan{0.75, 1, 1, 1})},
			{Name: "another-power", Why: "m^{-1.1} for m^{-1}", At: at, Setup: setup(comparisonPlan{1, 1.1, 1, 1})},
			{Name: "no-doubling", Why: "the independent neurons are m/2, not m", At: at, Setup: setup(comparisonPlan{0.5, 1, 1, 1})},
			{Name: "diagonal", Why: "V(1) for each pair: other inputs are less alike", At: at, Setup: setup(comparisonPlan{1, 1, 0, 1})},
			{Name: "no-output-bias", Why: "b_0 adds 1 to the kernel", At: at, Setup: setup(comparisonPlan{1, 1, 1, 0})},
		},
	}
}

// A comparisonPlan says how a control is off: factors on the mean, on the power of m and on the angles, and the bias of the output in the limit.
type comparisonPlan struct{ whole, power, apart, bias float64 }

func (q comparisonPlan) setup(p comparison) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	x, _ := nets.InSpan(set.X) // the same law in fewer dimensions
	n, d := x.Dims()
	law := joint.Law{Width: p.Width, Dim: d, Act: nets.ReLU(), Output: nets.GaussianOutput, Doubled: true}
	if err := law.Validate(); err != nil {
		return checks.Instance{}, err
	}
	if p.Repeat < 1 {
		return checks.Instance{}, fmt.Errorf("%d networks in a trial: give at least one", p.Repeat)
	}
	limit, err := limitGram(x)
	if err != nil {
		return checks.Instance{}, err
	}
	cube, total, spread := math.Pow(float64(n), 3), 0.0, 0.0
	for i := range n {
		if norm := floats.Norm(x.RawRowView(i), 2); math.Abs(norm-1) > 1e-9 {
			return checks.Instance{}, fmt.Errorf("input %d of %v has norm %v; all must have norm 1", i, p.Data, norm)
		}
		for j := range n {
			u := math.Min(1, math.Max(-1, floats.Dot(x.RawRowView(i), x.RawRowView(j))))
			_, v := bounds.JointTangent(1-q.apart*(1-u), 3)
			total += v / cube
			spread += squareSpread(u, 3, float64(p.Width/2)) / cube
			if j >= i {
				limit.SetSym(i, j, limit.At(i, j)-(1-q.bias)/float64(n))
			}
		}
	}
	spectrum, err := eig.All(limit)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{
		Terms: checks.Terms{Deviation: checks.Float(spread / math.Sqrt(float64(p.Repeat))), Resolution: 0.2},
		Trial: func(r *rand.Rand) checks.Measurement {
			mean := 0.0
			var first *mat.SymDense
			for range p.Repeat {
				g := law.Draw(r).At(x).Gram()
				if first == nil {
					first = g
				}
				mean += math.Pow(mat.Norm(eig.Difference(g, limit), 2), 2) / float64(n*p.Repeat)
			}
			m := checks.Measurement{Observed: mean, Predicted: q.whole * total * 2 / math.Pow(float64(p.Width), q.power), Relation: checks.Equal}
			at, err := eig.All(first)
			if err != nil {
				return checks.Failed(err)
			}
			var rank, measured, predicted []float64
			for j := range n {
				rank, measured, predicted = append(rank, float64(j+1)), append(measured, at.Values[n-1-j]), append(predicted, spectrum.Values[n-1-j])
			}
			axes := curve.Axes{X: "rank", Y: "eigenvalue of the Gram matrix", LogX: true, LogY: true}
			m.Series = []checks.Series{axes.Measured(fmt.Sprintf("one network of width %d", p.Width), rank, measured), axes.Bound("limit", rank, predicted)}
			return m
		},
	}, nil
}
