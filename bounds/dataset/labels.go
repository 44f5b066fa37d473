package dataset

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
)

// LabelFacts are how labels lie in the spectrum of H, the kernel of two layers of which the first is
// trained.
type LabelFacts struct {
	Form     eig.Certified           // y'H^{-1}y; not OK where H is not certified positive definite
	Shuffled float64                 // the mean of y'H^{-1}y over all orders of the labels; NaN where Form is not OK
	Measure  float64                 // sqrt(2 y'H^{-1}y/n); NaN where Form is not OK
	Spectrum *bounds.SpectralMeasure // of the labels in H, no eigenvalue below 0; nil where there are too many samples
	Align    []Share                 // nil where Spectrum is, or where all labels are zero
	Margin   *bounds.Margin
	// NoMargin says why Margin is nil.
	NoMargin string
}

// Gain is how much smaller y'H^{-1}y is than for the same labels in a random order: above 1
// they are easier than chance for the kernel.
func (l *LabelFacts) Gain() float64 { return l.Shuffled / l.Form.Value }

// A Share is the part of |y|^2 in the span of the Leading eigenvectors of H with the largest
// eigenvalues.
type Share struct {
	Leading int
	Part    float64
}

// labelFacts are those of labels y of the samples x, whose Gram matrix is h.
func labelFacts(ctx context.Context, x *mat.Dense, h *mat.SymDense, y []float64, opts Options) (*LabelFacts, error) {
	n, d := x.Dims()
	inverse, err := eig.NewInverse(h, gramError(kernel.ReLU(), n, d))
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	l := &LabelFacts{Form: inverse.Form(y), Shuffled: math.NaN(), Measure: math.NaN()}
	if l.Form.OK || l.Form.Value == 0 {
		l.Measure = bounds.LabelMeasure(l.Form.Value, n)
		if l.Shuffled, err = shuffledMean(h, y); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if n <= opts.maxSpectrum() {
		if l.Spectrum, err = spectrumOf(h, y); err != nil {
			return nil, err
		}
		l.Align = alignment(l.Spectrum)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return l, l.margin(h, y, opts)
}

// shuffledMean is the mean of y_s'H^{-1}y_s over all orders s of the labels. A uniformly random order
// has E y_s(i)^2 = q/n and, for i != j, E y_s(i) y_s(j) = (t^2 - q)/(n(n-1)), with t = sum_i y_i and
// q = |y|^2; so with A = H^{-1} the mean is
//
//	q/n tr A + (t^2 - q)/(n(n-1)) (1'A1 - tr A)    (derived here).
func shuffledMean(h *mat.SymDense, y []float64) (float64, error) {
	n := len(y)
	var chol mat.Cholesky
	var a mat.SymDense
	if !chol.Factorize(h) {
		return 0, fmt.Errorf("dataset: H is not positive definite")
	}
	if err := chol.InverseTo(&a); err != nil {
		return 0, fmt.Errorf("dataset: the inverse of H: %w", err)
	}
	trace, sum := mat.Trace(&a), mat.Sum(&a)
	var t, q float64
	for _, v := range y {
		t += v
		q += v * v
	}
	mean := q / float64(n) * trace
	if n > 1 {
		mean += (t*t - q) / (float64(n) * float64(n-1)) * (sum - trace)
	}
	return mean, nil
}

func spectrumOf(h *mat.SymDense, y []float64) (*bounds.SpectralMeasure, error) {
	m, err := bounds.NewSpectralMeasure(h, y)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	for i, l := range m.Lambda {
		m.Lambda[i] = max(0, l) // H is positive semidefinite, its computed eigenvalues only nearly
	}
	return &m, nil
}

// alignment returns the shares of the leading 1, 2, 5, 10, 20, 50, ... eigenvectors of H in the labels; nil for labels
// that are all zero.
func alignment(modes *bounds.SpectralMeasure) []Share {
	var total float64
	for _, c := range modes.Coef {
		total += c * c
	}
	if total == 0 {
		return nil
	}
	var shares []Share
	var part float64
	next, factor := 1, 0
	for k := range modes.Coef { // eigenvalues ascend
		c := modes.Coef[len(modes.Coef)-1-k]
		part += c * c
		if k+1 == next {
			shares = append(shares, Share{next, part / total})
			next = []int{1, 2, 5}[(factor+1)%3] * pow10((factor+1)/3)
			factor++
		}
	}
	return shares
}

func pow10(e int) int {
	p := 1
	for range e {
		p *= 10
	}
	return p
}

// margin sets the margin of labels of two values, one positive and one negative, as signs. It is
// that of the rows of the Cholesky factor L, for H = L L'.
func (l *LabelFacts) margin(h *mat.SymDense, y []float64, opts Options) error {
	signs, ok := signsOf(y)
	var chol mat.Cholesky
	switch {
	case !ok:
		l.NoMargin = "the labels are not of two classes"
		return nil
	case len(y) > opts.maxMargin():
		l.NoMargin = fmt.Sprintf("more than %d samples; use fewer rows", opts.maxMargin())
		return nil
	case !l.Form.OK || !chol.Factorize(h):
		l.NoMargin = "H is singular to rounding"
		return nil
	}
	var factor mat.TriDense
	chol.LTo(&factor)
	m, _, err := bounds.FeatureMargin(&factor, signs)
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	polished := polish(h, signs, m)
	l.Margin = &polished
	return nil
}

// signsOf returns the signs of labels that have two values, one positive and one negative.
func signsOf(y []float64) ([]float64, bool) {
	var plus, minus float64
	signs := make([]float64, len(y))
	for i, v := range y {
		side := &minus
		if signs[i] = -1; v > 0 {
			side, signs[i] = &plus, 1
		}
		if *side != 0 && *side != v {
			return nil, false
		}
		*side = v
	}
	return signs, plus > 0 && minus < 0
}
