// Package predict holds what theorems predict on a data set: a [Prediction] is a row of the answer to "what does it
// say about my data?". The rows themselves are in the sources, each in a function
//
//	func Predictions(d *predict.Data) []predict.Prediction
//
// that evaluates its theorems on the facts of the data. A row must be true as it is stated: constants that a source
// hides are of basis [bounds.Order], and what cannot be seen from a data set, such as independence of the samples, is named
// in Supposes.
package predict

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/dataset"
	"convergo/bounds/eig"
)

// Kind is what a prediction is about.
type Kind string

// Kinds, in the order of an answer.
const (
	Training       Kind = "training"       // how fast the training loss falls, at which width
	Start          Kind = "start"          // the width at which the kernel of the start is near its limit
	Generalisation Kind = "generalisation" // error on new samples
	Memorisation   Kind = "memorisation"   // the size that fits any labels
	Eigenvalue     Kind = "eigenvalue"     // the smallest eigenvalue of a limit kernel
)

// Kinds lists them in order.
func Kinds() []Kind { return []Kind{Training, Start, Generalisation, Memorisation, Eigenvalue} }

// A Prediction is what a theorem says about one data set. Numbers that it does not speak of are NaN; make one by [New].
type Prediction struct {
	Source    string // key of the source
	Theorem   string // where it is stated, such as "Theorem 4.1"
	Claim     string // that checks it here, if one does
	Kind      Kind
	Constants bounds.Basis
	Says      string   // the conclusion, in a few words
	Supposes  []string // what no data set shows

	Width float64 // neurons that are enough
	Step  float64 // the best step size that is allowed
	Rate  float64 // factor on the squared error in a step, or in a unit of time for a flow
	Steps float64 // until the squared error (or the loss named in Says) is [Data.Share] of its start; a time for a flow
	Flow  bool    // Rate and Steps are of gradient flow

	Prefactor float64 // of the bound on the squared error at the start, 1 where it has none
	Method    string  // of training, where it is not gradient descent or its flow on the first of two layers

	Value float64 // the bound, of any other kind than training
	Truth float64 // what it bounds, computed on these data
	Upper bool    // Value is an upper bound on Truth

	Hypotheses []Hypothesis
	Vacuous    string // why it says nothing here
}

// New is a prediction without numbers.
func New(source, theorem, claim string, kind Kind, constants bounds.Basis, says string) Prediction {
	nan := math.NaN()
	return Prediction{
		Source: source, Theorem: theorem, Claim: claim, Kind: kind, Constants: constants, Says: says,
		Width: nan, Step: nan, Rate: nan, Steps: nan, Value: nan, Truth: nan,
		Prefactor: 1,
	}
}

// A Hypothesis is a condition on the data: Have > Need where Above, else Have <= Need.
type Hypothesis struct {
	Name       string
	Have, Need float64
	Above      bool
}

// Met reports whether it holds here.
func (h Hypothesis) Met() bool {
	if h.Above {
		return h.Have > h.Need
	}
	return h.Have <= h.Need
}

// Met reports whether all hypotheses that the data show hold.
func (p Prediction) Met() bool {
	return !slices.ContainsFunc(p.Hypotheses, func(h Hypothesis) bool { return !h.Met() })
}

// Telling reports whether the prediction says something: its hypotheses hold and its number is not vacuous.
func (p Prediction) Telling() bool { return p.Met() && p.Vacuous == "" }

// Looseness is how far the bound is from what it bounds, 1 for a sharp one; NaN where that is not known.
func (p Prediction) Looseness() float64 {
	if p.Upper {
		return p.Value / p.Truth
	}
	return p.Truth / p.Value
}

// MostNeurons is the width beyond which a requirement says nothing: no network has so many neurons.
const MostNeurons = 1e12

// judge says why a prediction is vacuous, where its numbers show it.
func (p *Prediction) judge() {
	switch {
	case p.Vacuous != "" || !p.Met():
	case p.Width > MostNeurons:
		p.Vacuous = "no network is that wide"
	case p.Kind == Generalisation && p.Value >= 1:
		p.Vacuous = "a loss in [0, 1] is at most 1 anyway"
	case p.Kind == Eigenvalue && !p.Upper && !(p.Value > 0):
		p.Vacuous = "the bound is 0"
	}
}

// All evaluates the predictions, judges them, and sorts those of a kind: the telling ones first, then by width,
// steps and value, the tightest first.
func All(d *Data, sources ...func(*Data) []Prediction) []Prediction {
	var all []Prediction
	for _, predictions := range sources {
		all = append(all, predictions(d)...)
	}
	for i := range all {
		all[i].judge()
	}
	kinds := Kinds()
	slices.SortStableFunc(all, func(a, b Prediction) int {
		return cmp.Or(
			cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
			compareBool(b.Telling(), a.Telling()),
			compareNumbers(a.Width, b.Width), compareNumbers(a.Steps, b.Steps),
			compareNumbers(a.Looseness(), b.Looseness()), compareNumbers(a.Value, b.Value),
		)
	})
	return all
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// compareNumbers orders NaN, which asks for nothing, before numbers.
func compareNumbers(a, b float64) int { return cmp.Compare(a, b) }

// Data are a data set with its facts and what all predictions share.
type Data struct {
	Facts  *dataset.Facts
	X      *mat.Dense
	Labels bool                    // the data have labels; without, +1 and -1 are supposed
	Modes  *bounds.SpectralMeasure // of the labels in H; nil without labels, or where there are too many samples
	Delta  float64                 // failure probability that a theorem may take
	Share  float64                 // of the squared error at the start that training is to reach

	// Problem has lambda_0 at the lower end of its certificate (NaN where it is not certified), S at the upper, and the
	// least margin that the certified kernel margin proves.
	Problem bounds.Problem
}

// NewData prepares the facts of samples x with labels y, which may be nil.
func NewData(f *dataset.Facts, x *mat.Dense, y []float64) *Data {
	d := &Data{Facts: f, X: x, Labels: y != nil, Delta: 0.1, Share: 0.01}
	if f.Labels != nil {
		d.Modes = f.Labels.Spectrum
	}
	d.Problem = bounds.Problem{
		N: f.N, Lambda0: math.NaN(), S: f.Spectral.Upper(), Delta: d.Delta,
		LabelBound: 1, LabelNorm: math.Sqrt(float64(f.N)),
	}
	if h := f.Kernels[0].Lambda0; h.OK {
		d.Problem.Lambda0 = h.Lower()
	}
	if y != nil {
		d.Problem.LabelBound, d.Problem.LabelNorm = mat.Norm(mat.NewVecDense(len(y), y), math.Inf(1)), mat.Norm(mat.NewVecDense(len(y), y), 2)
		if m := f.Labels.Margin; m != nil && m.Lower > 0 {
			// The separator sum_i q_i y_i x_i 1{w.x_i > 0} of the weights of the kernel margin is at most 1 in norm for every w, and has
			// this margin at least.
			d.Problem.Margin = m.Lower * m.Lower
		}
	}
	return d
}

// Lambda0 is the hypothesis that lambda_0 of H is certified to be positive.
func (d *Data) Lambda0() Hypothesis {
	have := d.Problem.Lambda0
	if math.IsNaN(have) {
		have = 0
	}
	return Hypothesis{Name: "lambda_0", Have: have, Above: true}
}

// Positive is the hypothesis that an eigenvalue is certified to be positive.
func Positive(name string, c eig.Certified) Hypothesis {
	return Hypothesis{Name: name, Have: math.Max(0, c.Lower()), Above: true}
}

// Separation is the hypothesis that no two samples are parallel.
func (d *Data) Separation() Hypothesis {
	return Hypothesis{Name: "separation", Have: d.Facts.Geometry.Separation, Above: true}
}

// Top is the largest eigenvalue of H at the upper end of its certificate.
func (d *Data) Top() float64 { return d.Facts.Kernels[0].Top.Upper() }

// StepsAt is how many steps of a factor on the squared error bring it to the share.
func (d *Data) StepsAt(factor float64) float64 {
	switch {
	case !(factor >= 0 && factor < 1):
		return math.NaN()
	case factor <= d.Share:
		return 1
	}
	return math.Ceil(math.Log(d.Share) / math.Log(factor))
}

// Linear fills step size, rate and steps of a descent whose squared error falls by 1 - decay in a step.
func (p Prediction) Linear(d *Data, step, decay float64) Prediction {
	p.Step, p.Rate = step, 1-decay
	p.Steps = math.NaN()
	switch {
	case decay == 1: // nothing is left
		p.Steps = 1
	case decay > 0 && decay < 1:
		p.Steps = math.Max(1, math.Ceil(math.Log(d.Share)/math.Log1p(-decay)))
	}
	return p
}

// Exponential fills the rate and the time of a flow whose squared error falls like exp(-rate t).
func (p Prediction) Exponential(d *Data, rate float64) Prediction {
	p.Flow, p.Rate, p.Steps = true, math.Exp(-rate), -math.Log(d.Share)/rate
	return p
}

// Transient is Linear for a method whose bound on the squared error starts with a prefactor above 1.
func (p Prediction) Transient(d *Data, step, decay, prefactor float64) Prediction {
	p = p.Linear(d, step, decay)
	p.Prefactor = prefactor
	p.Steps = math.Ceil(math.Log(d.Share/prefactor) / math.Log1p(-decay))
	return p
}

// Curve is the bound on the squared error over that at the start, after k steps or at time k; NaN where the prediction
// has no rate.
func (p Prediction) Curve(k float64) float64 { return p.Prefactor * math.Pow(p.Rate, k) }

// Required makes a prediction of a requirement of [bounds.Requirements] by its name.
func (d *Data) Required(source, theorem, claim, name string, kind Kind) Prediction {
	for _, r := range bounds.Requirements() {
		if r.Name != name {
			continue
		}
		p := New(source, theorem, claim, kind, r.Basis, r.Conclusion)
		p.Width = r.Width(d.Problem)
		p.Hypotheses = []Hypothesis{d.Lambda0()}
		return p
	}
	p := New(source, theorem, claim, kind, bounds.Order, "")
	p.Vacuous = "no requirement is named " + name
	return p
}

// StepsOfModes is how many steps of size eta bring the squared error of the labels under the limit kernel to the share; NaN
// without modes, or where eta exceeds 1/lambda_max.
func (d *Data) StepsOfModes(eta float64) float64 {
	if d.Modes == nil || !(eta > 0) || eta*d.Modes.Lambda[len(d.Modes.Lambda)-1] > 1 {
		return math.NaN()
	}
	target := math.Sqrt(d.Share) * d.Modes.GDNorm(0, 0)
	high := 1
	for d.Modes.GDNorm(eta, high) > target {
		if high > min(1<<50, math.MaxInt/4) {
			return math.NaN()
		}
		high *= 2
	}
	low := high / 2
	for high-low > 1 {
		if mid := low + (high-low)/2; d.Modes.GDNorm(eta, mid) > target {
			low = mid
		} else {
			high = mid
		}
	}
	return float64(high)
}
