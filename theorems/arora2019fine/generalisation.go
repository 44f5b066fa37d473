package arora2019fine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Targets of the claims on generalisation.
const (
	linear    = "linear"    // the first coordinate
	quadratic = "quadratic" // its square
	signs     = "signs"     // alternating signs of the inputs
)

// sample are the parameters of label-noise: X uniform on the sphere of R^D.
type sample struct {
	N     int     `json:"n"`
	D     int     `json:"d"`
	Fresh int     `json:"fresh"` // new samples that estimate the error
	Delta float64 `json:"delta"`
}

// work counts the n^2/2 + n Fresh kernel entries and a certified solve.
func (p sample) work() float64 {
	n := float64(p.N)
	return (40+2*float64(p.D))*(n*n/2+n*float64(p.Fresh)) + 6*n*n*n + 30*float64((p.N+p.Fresh)*p.D)
}

func (p sample) draw(n int, r *rand.Rand) (*mat.Dense, []float64) {
	x, y := mat.NewDense(n, p.D, nil), make([]float64, n)
	for i := range n {
		row := x.RawRowView(i)
		for k := range row {
			row[k] = r.NormFloat64()
		}
		norm := floats.Norm(row, 2)
		for k := range row {
			row[k] /= norm
		}
		y[i] = math.Copysign(1, row[0])
	}
	return x, y
}

// loss is the mean of min(|f - y|, 1) over a sample.
func loss(f, y []float64) float64 {
	var sum float64
	for i, v := range f {
		sum += math.Min(1, math.Abs(v-y[i]))
	}
	return sum / float64(len(f))
}

// interpolant solves for the kernel interpolant of (x, y); form is y^T H^{-1} y.
func interpolant(x *mat.Dense, y []float64) (coef []float64, form eig.Certified, err error) {
	h, err := kernel.ReLU().Gram(x)
	if err != nil {
		return nil, form, err
	}
	n, d := x.Dims()
	inv, err := eig.NewInverse(h, float64(n)*kernel.ReLU().EntryError(d, 1+1e-12))
	if err != nil {
		return nil, form, err
	}
	coef = make([]float64, n)
	inv.Solve(coef, y)
	return coef, inv.Form(y), nil
}

func evaluate(x *mat.Dense, coef []float64, at *mat.Dense) ([]float64, error) {
	c, err := kernel.ReLU().Cross(at, x)
	if err != nil {
		return nil, err
	}
	n, _ := at.Dims()
	out := make([]float64, n)
	mat.NewVecDense(n, out).MulVec(c, mat.NewVecDense(len(coef), coef))
	return out, nil
}

// kernelGeneralisation is the generalisation bound in the infinite-width limit.
//
// Setting: n independent samples, uniform on finitely many unit inputs with a label each: equally spaced on half of a
// circle, or orthonormal. f* is the interpolant of least norm of the kernel of H^inf, to which the network
// converges as m tends to infinity and kappa to 0; an input that is drawn twice counts once in it. Loss min(|f - y|, 1).
// The population loss L_D is a finite sum, computed exactly.
//
// Hypotheses: on the draw: H^inf of the distinct inputs certified positive definite.
//
// Conclusion: with probability at least 1 - delta, L_D(f*) <= sqrt(2 j^2/n) + sqrt(log(j(j+1)/delta)/(2n)) with
// j = max(1, ceil sqrt(y^T (H^inf)^{-1} y)).
//
// Constants: derived; see bounds.KernelGeneralisation. The leading constant is that of Theorem 5.1, whose remainder
// O(sqrt(log(n/(lambda_0 delta))/n)) is made explicit here. The data-dependent Rademacher bound, which the source uses, would
// have 3 times the root: the complexity of a ball is at most j/sqrt(2n) on every sample, so that it need not be estimated.
//
// Loose: on orthonormal inputs with labels +-s no network predicts what it has not seen, so that L_D is s but for the
// inputs drawn, and y^T (H^inf)^{-1} y = 2 s^2 n: the leading term is 2s. The factor 2 is that of the symmetrisation behind
// every bound by Rademacher complexities; the term in delta is a fifth of it at the n that can be run.
//
// Convention: kernel of the first layer, k(x, x) = 1/2.
//
// Reference: derived here, after Theorem 5.1 and Corollary 5.2.
//
// Control: a fifth of the bound on orthonormal inputs; and the leading term without its factor 2 under the root and
// without the term in delta, halved.
func kernelGeneralisation() checks.Claim[population] {
	orthonormal := population{110, 100000, basis, signs, 0.2695, 0.5}
	whole := func(b float64, n int, delta float64) float64 { return bounds.KernelGeneralisation(b, n, delta) }
	return checks.Claim[population]{
		ID: "arora2019fine/generalisation-kernel", Title: "generalisation of the kernel limit", Reference: "derived here, after Theorem 5.1",
		Formula:    `L_D(f^*) \le \sqrt{\frac{2j^2}{n}} + \sqrt{\frac{\log(j(j+1)/\delta)}{2n}}, \quad j = \left\lceil \sqrt{y^\top (H^\infty)^{-1} y} \right\rceil`,
		Convention: "loss min(|f-y|, 1); kernel of the first layer", Basis: checks.Derived, Form: checks.Probably{}, Version: 3,
		Detects: map[string]float64{"": 2.6},
		Grid: []population{
			{60, 150, arc, linear, 0.5, 0.5}, {60, 150, arc, quadratic, 1, 0.5}, orthonormal,
			{1000, 100000, basis, signs, 0.3, 0.05},
		},
		Cost: func(p population) checks.Cost {
			n, d := float64(p.N), float64(p.dim())
			points := float64(p.Points)
			if p.Law == basis {
				points = n + 2
			}
			return checks.Cost{Trial: (40+2*d)*(n*n/2+n*points) + 6*n*n*n, Bytes: 8 * n * (3*n + points), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: func(p population) (checks.Instance, error) { return kernelSetup(p, whole) },
		Controls: []checks.Control[population]{{
			Name: "fifth", Why: "the loss on orthonormal inputs is two fifths of the bound", At: []population{orthonormal},
			Setup: func(p population) (checks.Instance, error) {
				return kernelSetup(p, func(b float64, n int, delta float64) float64 { return bounds.KernelGeneralisation(b, n, delta) / 5 })
			},
		}, {
			Name: "leading-term-alone", Why: "sqrt(j^2/(8n)) is less than the labels that are not predicted", At: []population{orthonormal},
			Setup: func(p population) (checks.Instance, error) {
				return kernelSetup(p, func(b float64, n int, _ float64) float64 { return math.Ceil(b) / math.Sqrt(8*float64(n)) })
			},
		}},
	}
}

func kernelSetup(p population, limit func(b float64, n int, delta float64) float64) (checks.Instance, error) {
	return checks.Instance{
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			s := p.sample(r)
			coef, form, err := interpolant(s.distinct, s.own)
			if err != nil {
				return checks.Failed(err)
			}
			ok := checks.RequireThat("H^inf certified positive definite", form.OK)
			if !form.OK {
				return checks.Measurement{Hypotheses: []checks.Hypothesis{ok}}
			}
			got, err := evaluate(s.distinct, coef, s.all)
			if err != nil {
				return checks.Failed(err)
			}
			return checks.Measurement{Observed: s.loss(got), Predicted: limit(math.Sqrt(form.Upper()), p.N, p.Delta),
				Tolerance: 1e-9, Hypotheses: []checks.Hypothesis{ok}}
		},
	}, nil
}

// networkGeneralisation is the generalisation bound for a trained network of any width.
//
// Setting: n independent samples as for generalisation-kernel; an antisymmetric start of scale kappa, independent of
// the sample; T steps of gradient descent on the square loss with eta = 1/||X||^2.
//
// Hypotheses: none. The radii B and R are taken from a grid that is fixed beforehand, multiples of 1 and of 5/sqrt m.
//
// Conclusion: with probability at least 1 - delta over the sample, whatever the start,
// L_D <= L_S + 2 [B ||Z(0)||_F/n + R sum_i F_i(R)/(n sqrt m)] + 3 sqrt(log(2/delta')/(2n)), with (B, R) the grid's cell
// (i, j) that holds the movement of the weights and delta' = delta/(i(i+1)j(j+1)).
//
// Constants: derived; see bounds.NetworkGeneralisation. At kappa = 1 the second term makes it vacuous at moderate
// widths; a large kappa with outputs that cancel at the start leaves few neurons near a hyperplane and a bound below 1.
//
// Loose: as generalisation-kernel, and with the cells' share of delta: on orthonormal inputs with labels +-s the weights
// travel s sqrt(2n), so that the term in B is 2s where the loss is s.
//
// Convention: 1/sqrt(m) scaling, loss min(|f - y|, 1), trained on the square loss.
//
// Reference: derived here, after Theorem 5.1.
//
// Control: an eighth of what is added to the training loss, on orthonormal inputs.
func networkGeneralisation() checks.Claim[networkP] {
	orthonormal := networkP{population{150, 100000, basis, signs, 0.216, 0.5}, 32, 1e4, 10}
	return checks.Claim[networkP]{
		ID: "arora2019fine/generalisation-network", Title: "generalisation of a trained network", Reference: "derived here, after Theorem 5.1",
		Formula:    `L_D \le L_S + 2\left( \frac{B \lVert Z(0) \rVert_F}{n} + \frac{R}{n\sqrt{m}} \sum_i F_i \right) + 3\sqrt{\frac{\log(2/\delta')}{2n}}`,
		Convention: convention + ", antisymmetric pairs", Basis: checks.Derived, Form: checks.Probably{}, Version: 2,
		Detects: map[string]float64{"": 4.5},
		Grid: []networkP{
			{population{150, 200, arc, linear, 0.5, 0.5}, 32, 1e3, 20}, orthonormal,
			{population{600, 100000, basis, signs, 0.3, 0.05}, 64, 1e4, 20},
		},
		Cost: func(p networkP) checks.Cost {
			n, d, m := float64(p.N), float64(p.dim()), float64(p.M)
			return checks.Cost{Trial: float64(p.T)*4*n*d*m + 200*n*d, Bytes: 8 * (m*(n+d) + n*d), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: func(p networkP) (checks.Instance, error) { return networkSetup(p, 1) },
		Controls: []checks.Control[networkP]{{
			Name: "eighth", Why: "the loss on orthonormal inputs is a quarter of the bound", At: []networkP{orthonormal},
			Setup: func(p networkP) (checks.Instance, error) { return networkSetup(p, 0.125) },
		}},
	}
}

type networkP struct {
	population
	M     int     `json:"m"`
	Kappa float64 `json:"kappa"`
	T     int     `json:"t"`
}

// networkSetup takes a share of what the bound adds to the training loss, in a control.
func networkSetup(p networkP, share float64) (checks.Instance, error) {
	in := nets.NTK(p.M, p.dim())
	in.Kappa, in.Symmetry = p.Kappa, nets.Antisymmetric
	cells := bounds.MovementGrid{BUnit: 1, RUnit: 5 / math.Sqrt(float64(p.M))}
	return checks.Instance{
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			net, s := in.Draw(r), p.sample(r)
			norm := data.SpectralNorm(s.x)
			d, err := train.NewDescent(net, s.x, s.y, train.Options{Step: 1 / (norm * norm)})
			if err != nil {
				return checks.Failed(err)
			}
			start := net.Clone()
			for range p.T {
				d.Step()
			}
			largest, frobenius := d.State().Movement()
			b, radius, i, j := cells.Cell(frobenius, largest)
			batch := nets.NewBatch(s.x, p.M)
			batch.Forward(start)
			fragile, zF := sum(batch, start, radius*(1+1e-12)+1e-15*p.Kappa)
			gap := share * bounds.NetworkGeneralisation(bounds.RademacherDetermined(b, radius, zF, fragile, p.N, p.M), i, j, p.N, p.Delta)
			return checks.Measurement{Observed: s.loss(net.Output(s.all)), Predicted: loss(d.State().U, s.y) + gap, Term: gap, Tolerance: 1e-9}
		},
	}, nil
}

// labelNoise is the experiment that made the measure known: it follows the test error as labels are randomised.
//
// Setting: n samples, x uniform on the sphere of R^d, y = sign(beta . x), a portion 0, 0.1, 0.25, 0.5 or 1 of the
// labels (in the training and the fresh samples) replaced by random ones; the kernel interpolant of each.
//
// Hypotheses: on the draw: H^inf certified positive definite.
//
// Conclusion: with probability at least 1 - delta over everything, Spearman's correlation of
// sqrt(2 y^T (H^inf)^{-1} y/n) with the 0-1 error over the five portions is at least 0.9.
//
// Constants: recalled: the source shows a figure for images, here is a synthetic version; no theorem says so.
//
// Convention: kernel of the first layer, labels +-1.
//
// Reference: Figure 2.
//
// Control: the reciprocal of the measure, which orders the portions the other way.
func labelNoise() checks.Claim[sample] {
	grid := sample{100, 5, 300, 0.4}
	return checks.Claim[sample]{
		ID: "arora2019fine/label-noise", Title: "the measure follows the test error", Reference: "Figure 2",
		Formula:    `\rho_{\mathrm{Spearman}}\!\left( \sqrt{2 y^\top (H^\infty)^{-1} y/n}, \; \text{0-1 error} \right) \ge 0.9`,
		Convention: "labels +-1; kernel of the first layer", Basis: checks.Recalled, Form: checks.Probably{}, Version: 2,
		Grid: []sample{grid, {300, 10, 1000, 0.4}},
		Cost: func(p sample) checks.Cost {
			return checks.Cost{Trial: p.work(), Bytes: 8 * float64(p.N*(3*p.N+p.Fresh)), Size: fmt.Sprintf("n=%d", p.N)}
		},
		Setup: func(p sample) (checks.Instance, error) { return noiseSetup(p, false) },
		Controls: []checks.Control[sample]{{
			Name: "reciprocal", Why: "labels that are harder to learn have a larger measure, not a smaller one", At: []sample{grid},
			Setup: func(p sample) (checks.Instance, error) { return noiseSetup(p, true) },
		}},
	}
}

func noiseSetup(p sample, reciprocal bool) (checks.Instance, error) {
	portions := []float64{0, 0.1, 0.25, 0.5, 1}
	return checks.Instance{
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			x, y := p.draw(p.N, r)
			at, want := p.draw(p.Fresh, r)
			h, err := kernel.ReLU().Gram(x)
			if err != nil {
				return checks.Failed(err)
			}
			inv, err := eig.NewInverse(h, float64(p.N)*kernel.ReLU().EntryError(p.D, 1+1e-12))
			if err != nil {
				return checks.Failed(err)
			}
			cross, err := kernel.ReLU().Cross(at, x)
			if err != nil {
				return checks.Failed(err)
			}
			measures, errors := make([]float64, len(portions)), make([]float64, len(portions))
			coef, certified := make([]float64, p.N), true
			var out mat.VecDense
			for i, portion := range portions {
				noisy, noisyWant := randomise(y, portion, r), randomise(want, portion, r)
				form := inv.Form(noisy)
				inv.Solve(coef, noisy)
				certified = certified && form.OK
				measures[i] = bounds.LabelMeasure(form.Value, p.N)
				if reciprocal {
					measures[i] = 1 / measures[i]
				}
				out.MulVec(cross, mat.NewVecDense(p.N, coef))
				errors[i] = misclassified(out.RawVector().Data, noisyWant)
			}
			ok := checks.RequireThat("H^inf certified positive definite", certified)
			if !certified {
				return checks.Measurement{Hypotheses: []checks.Hypothesis{ok}}
			}
			m := checks.Measurement{Observed: spearman(measures, errors), Predicted: 0.9, Relation: checks.AtLeast, Tolerance: 1e-12, Hypotheses: []checks.Hypothesis{ok}}
			axes := curve.Axes{X: "portion of random labels", Y: "measure and test error"}
			m.Series = []checks.Series{axes.Bound("measure", portions, measures), axes.Measured("0-1 error", portions, errors)}
			return m
		},
	}, nil
}

func randomise(y []float64, portion float64, r *rand.Rand) []float64 {
	out := append([]float64(nil), y...)
	for i := range out {
		if r.Float64() < portion {
			out[i] = float64(2*r.IntN(2) - 1)
		}
	}
	return out
}

func misclassified(f, y []float64) float64 {
	wrong := 0
	for i, v := range f {
		if v*y[i] <= 0 {
			wrong++
		}
	}
	return float64(wrong) / float64(len(f))
}

// spearman is the correlation of the ranks; equal values share their mean rank.
func spearman(a, b []float64) float64 {
	x, y := ranks(a), ranks(b)
	var sxy, sxx, syy float64
	mean := float64(len(a)-1) / 2
	for i := range x {
		sxy += (x[i] - mean) * (y[i] - mean)
		sxx += (x[i] - mean) * (x[i] - mean)
		syy += (y[i] - mean) * (y[i] - mean)
	}
	return sxy / math.Sqrt(sxx*syy)
}

func ranks(a []float64) []float64 {
	sorted := append([]float64(nil), a...)
	sort.Float64s(sorted)
	out := make([]float64, len(a))
	for i, v := range a {
		below := sort.SearchFloat64s(sorted, v)
		above := sort.Search(len(sorted), func(k int) bool { return sorted[k] > v })
		out[i] = float64(below+above-1) / 2
	}
	return out
}
