package shevchenko2023

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/autoencoder"
	"convergo/nets/data"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// rotated is a data set before a random frame: rows of Data along its first principal axes, scaled to variance one, or rows of
// independent coordinates of a Law.
type rotated struct {
	Data    data.Spec `json:"data,omitzero"`
	Law     string    `json:"law,omitempty"` // signs or laplace
	Samples int       `json:"samples,omitempty"`
	D       int       `json:"d"`      // axes or coordinates
	N       int       `json:"n"`      // units
	Frames  int       `json:"frames"` // that a trial averages
	Aligned bool      `json:"aligned,omitempty"`
}

// rows draws coordinates of the law.
func (p rotated) rows() (*mat.Dense, error) {
	r := rand.New(rand.NewPCG(20, 23))
	x := nets.Gaussian(p.Samples, p.D, r)
	switch p.Law {
	case "signs":
		x.Apply(func(_, _ int, v float64) float64 { return math.Copysign(1, v) }, x)
	case "laplace":
		x.Apply(func(_, _ int, v float64) float64 { return math.Copysign(r.ExpFloat64()/math.Sqrt2, v) }, x)
	default:
		return nil, fmt.Errorf("law %q: use signs or laplace, or give data", p.Law)
	}
	return x, nil
}

// rotation is what replaces the Gaussian law for data of any kind: a random rotation.
//
// Setting: any data set with N rows in R^d, such as images along their first d principal axes, scaled to variance one; n <= d sign
// units whose rows are those of a uniform rotation; the decoder c_1 B^T, c_1 = sqrt(2/pi), which is the best one for Gaussian data; the
// risk is the mean over the rows of the data.
//
// Hypotheses: B is independent of the data and uniform; the data vary along d axes, where they are scaled;
// d >= 2, where there is something to rotate.
//
// Conclusion: E R = [mean |x|^2 + c_1^2 n - 2 c_1 n E|u_1| mean |x|]/d over the rotation, E|u_1| = Gamma(d/2)/(sqrt(pi) Gamma((d+1)/2)): of
// the law of the data only the lengths count. For whitened data E R >= 1 - 2r/pi - (4r/pi)(sqrt d/E|g| - 1), g ~ N(0, I_d), about
// r/(pi d) below the Gaussian limit; above it by r k/(2 pi d) in leading order for independent coordinates of excess
// kurtosis k: coordinates of heavy tails, as those of images, come near it only at larger d.
//
// Constants: exact: b.x = |x| u_1 with u uniform on the sphere, whatever x is, and |x - c_1 B^T s|^2 = |x|^2 - 2 c_1 |Bx|_1 + c_1^2 n. Range: 0
// <= |Bx|_1 <= sqrt n |x|.
//
// Convention: risk per coordinate; no Gaussian data.
//
// Reference: Shevchenko, Kögler, Hassani, Mondelli (2023), abstract: the results extend to real data sets; derived here.
//
// Control: rows along the axes of independent Laplace coordinates, no rotation; the Gaussian limit for such coordinates,
// rotated; a decoder a quarter larger.
func rotation() checks.Checkable {
	digits := rotated{Data: images.All(data.MNIST, 30, 49), D: 6, N: 6, Frames: 4}
	laplace := rotated{Law: "laplace", Samples: 30, D: 8, N: 8, Frames: 4}
	aligned := laplace
	aligned.Aligned = true
	return checks.Claim[rotated]{
		ID: "shevchenko2023/rotation", Title: "data behind a random rotation", Reference: "abstract, real data sets; derived here",
		Formula:    `\mathbb{E}_B R = \frac1d \Bigl[\overline{|x|^2} + \frac{2n}{\pi} - 2n\sqrt{\frac2\pi}\,\mathbb{E}|u_1|\,\overline{|x|}\Bigr]`,
		Convention: "rows of any data, n rows B of a uniform rotation, x -> c_1 B^T sign(Bx); risk |x - c_1 B^T sign(Bx)|^2/d, a mean over rows",
		Basis:      checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: []rotated{
			{Law: "signs", Samples: 10, D: 8, N: 4, Frames: 4}, laplace, digits,
			{Data: images.All(data.Fashion, 40, 49), D: 8, N: 4, Frames: 4},
		},
		OnData: func(f checks.DataFile) []rotated {
			return []rotated{{Data: userfile.Rows(f, 100), D: min(4, f.Columns, f.Rows-1), N: min(4, f.Columns, f.Rows-1), Frames: 4}}
		},
		Cost: func(p rotated) checks.Cost {
			n, d := p.Samples, p.D
			if p.Law == "" {
				n, d = costs.Size(p.Data)
			}
			return checks.Cost{Setup: float64(n*d*d) + 20*float64(d*d*d), Trial: float64(p.Frames) * (float64(n*(4*p.N*p.D+6*p.D)) + float64(p.D*p.D*(25+4*p.D)))}
		},
		Setup: func(p rotated) (checks.Instance, error) { return p.instance(1, false) },
		Controls: []checks.Control[rotated]{
			{Name: "aligned", Why: "signs along the axes see coordinates of mean size 1/sqrt 2, not 0.8: the risk of these 30 rows is 0.59, not 0.45", At: []rotated{aligned}},
			{
				Name: "gaussian-limit", Why: "the lengths of Laplace vectors in R^8 are unequal: the risk of these 30 rows is 0.45, not 0.36", At: []rotated{laplace},
				Setup: func(p rotated) (checks.Instance, error) { return p.instance(1, true) },
			},
			{
				Name: "larger-decoder", Why: "a decoder a quarter larger than c_1 B^T loses a sixteenth of the gain", At: []rotated{digits},
				Setup: func(p rotated) (checks.Instance, error) { return p.instance(1.25, false) },
			},
		},
	}
}

func (p rotated) instance(decoder float64, gaussian bool) (checks.Instance, error) {
	var x *mat.Dense
	var err error
	if p.Law != "" {
		if x, err = p.rows(); err != nil {
			return checks.Instance{}, err
		}
	} else {
		set, err := p.Data.Build()
		if err != nil {
			return checks.Instance{}, err
		}
		if x, err = autoencoder.Whiten(set.X, p.D); err != nil { // data of a user may be flat
			return checks.Instance{Hypotheses: []checks.Hypothesis{checks.RequireThat(fmt.Sprintf("rows that vary along %d axes", p.D), false)}}, nil
		}
	}
	if p.N < 1 || p.N > p.D {
		return checks.Instance{}, fmt.Errorf("%d orthonormal rows in %d dimensions: give 1 to %d", p.N, p.D, p.D)
	}
	norms := data.RowNorms(x)
	rows, d := float64(len(norms)), float64(p.D)
	length, square := floats.Sum(norms)/rows, floats.Dot(norms, norms)/rows
	limit := bounds.SignCode().Limit(p.N, p.D)
	mean := bounds.RotatedRisk(p.N, p.D, 1, length, square)
	if gaussian {
		mean = limit
	}
	c := decoder * math.Sqrt(2/math.Pi)
	deviation := bounds.RotatedRiskDeviation(p.N, p.D, decoder, length) / math.Sqrt(float64(p.Frames))
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.Require("d", d, checks.AtLeast, 2)}, // on the line nothing is drawn
		Facts:      []checks.Fact{checks.NewFact("Gaussian limit", limit), checks.NewFact("mean length over sqrt d", length/math.Sqrt(d))},
		Terms:      checks.Terms{Resolution: 0.03, Trials: 1000, Deviation: checks.Float(deviation)},
		Trial: func(r *rand.Rand) checks.Measurement {
			risk := 0.0
			for range p.Frames {
				b := autoencoder.HaarRows(p.N, p.D, r)
				if p.Aligned {
					b.Zero()
					for i, k := range r.Perm(p.D)[:p.N] {
						b.Set(i, k, 1)
					}
				}
				net := &autoencoder.Network{B: b, Act: autoencoder.Sign()}
				net.TieDecoder(c)
				risk += net.Risk(x) / d / float64(p.Frames)
			}
			return checks.Measurement{Observed: risk, Predicted: mean, Relation: checks.Equal}
		},
	}, nil
}
