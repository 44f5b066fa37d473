package cao2019

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// machine is a hard-margin machine of the limit kernel.
type machine struct {
	Data data.Spec `json:"data"`
	L    int       `json:"l"`
}

func (p machine) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	return checks.Cost{Setup: math.Pow(float64(n), 4)/2 + 400*math.Pow(float64(n), 3) + float64(n*n*(2*d+100*p.L)) + 1e5, Size: fmt.Sprintf("n=%d", n)}
}

// A leftOut is what the machine says of each sample when it is trained on the others.
type leftOut struct {
	q     float64 // of the others
	value float64 // y_p f_{-p}(x_p)
}

// solve returns kernel, labels and machine, and the machines without each sample.
func (p machine) solve() (theta *mat.SymDense, y []float64, all bounds.HardMargin, without []leftOut, err error) {
	set, err := p.Data.Build()
	if err != nil {
		return nil, nil, all, nil, err
	}
	y = set.Y
	if theta, err = bounds.HalfLastTheta(p.L).Gram(set.X); err != nil {
		return nil, nil, all, nil, err
	}
	if all, err = bounds.NewHardMargin(theta, y); err != nil {
		return nil, nil, all, nil, err
	}
	for i := range y {
		l, err := leave(theta, y, i)
		if err != nil {
			return nil, nil, all, nil, err
		}
		without = append(without, l)
	}
	return theta, y, all, without, nil
}

// leave trains the machine without sample p and asks it about it.
func leave(theta *mat.SymDense, y []float64, p int) (leftOut, error) {
	n := len(y)
	if n == 1 {
		return leftOut{}, nil // the zero function
	}
	rest := mat.NewSymDense(n-1, nil)
	cross := slices.Delete(mat.Row(nil, p, theta), p, p+1)
	labels := slices.Delete(slices.Clone(y), p, p+1)
	at := func(i int) int {
		if i >= p {
			return i + 1
		}
		return i
	}
	for i := range n - 1 {
		for j := i; j < n-1; j++ {
			rest.SetSym(i, j, theta.At(at(i), at(j)))
		}
	}
	h, err := bounds.NewHardMargin(rest, labels)
	return leftOut{q: h.Q, value: y[p] * h.Predict(cross, labels)}, err
}

// machines are the instances of both claims.
func machines() []machine {
	return []machine{
		{Data: data.Spec{Kind: data.Explicit, Rows: [][]float64{{1, 0}, {-1, 0}}, Labels: data.Alternate}, L: 2}, // orthogonal features: all is attained
		{Data: data.Spec{Kind: data.Basis, N: 1, D: 2, Labels: data.Const}, L: 5},                                // and so for one sample
		{Data: data.Spec{Kind: data.Sphere, N: 4, D: 4, Seed: 1, Labels: data.Sign}, L: 2},                       // every sample supports
		{Data: data.Spec{Kind: data.Sphere, N: 16, D: 3, Seed: 2, Labels: data.Sign}, L: 5},
		{Data: images.Easy(data.MNIST, 20, 49), L: 3}, // few support
		{Data: images.Hard(data.Fashion, 20, 49), L: 2},
		{Data: images.Hard(data.MNIST, 40, 196), L: 4},
	}
}

func machineSpace() *rapid.Generator[machine] {
	return rapid.Custom(func(t *rapid.T) machine {
		s := gen.Separated(gen.Range{MinN: 1, MaxN: 7, MinD: 2, MaxD: 4}).Draw(t, "data")
		s.Labels = rapid.SampledFrom([]string{data.Const, data.Alternate, data.Sign}).Draw(t, "labels")
		return machine{Data: s, L: rapid.IntRange(2, 5).Draw(t, "L")}
	})
}

// signs are the rows of a file with labels +-1.
func signs(f checks.DataFile, n int) data.Spec {
	s := userfile.Signed(f, n)
	if f.Label != data.LabelNone {
		s.Labels = data.ClassSign
	}
	return s
}

func machinesOnData(f checks.DataFile) []machine { return []machine{{Data: signs(f, 40), L: 3}} }

// check returns the instance of a claim about the machine, whose data must make a kernel that is well away from singular.
func (p machine) check(of func(theta *mat.SymDense, y []float64, all bounds.HardMargin, without []leftOut) checks.Measurement) (checks.Instance, error) {
	set, err := p.Data.Build()
	if err != nil {
		return checks.Instance{}, err
	}
	lambda, err := bounds.HalfLastTheta(p.L).Lambda0(set.X)
	if err != nil {
		return checks.Instance{}, err
	}
	inst := checks.Instance{
		Hypotheses: []checks.Hypothesis{checks.Require("lambda_min(Theta)", lambda.Lower(), checks.AtLeast, 1e-6)},
		Facts:      []checks.Fact{checks.NewFact("lambda_0", lambda.Value)},
	}
	if lambda.Lower() < 1e-6 {
		return inst, nil
	}
	theta, y, all, without, err := p.solve()
	if err != nil {
		return checks.Instance{}, err
	}
	n, layers := float64(len(y)), float64(p.L)
	inst.Facts = append(inst.Facts, checks.NewFact("Q", all.Q), checks.NewFact("L sqrt(Q/n), order of Corollary 3.10", layers*math.Sqrt(all.Q/n)))
	inst.Trial = func(*rand.Rand) checks.Measurement { return of(theta, y, all, without) }
	return inst, nil
}

// marginDuality is the complexity of Corollary 3.10 and what it is the solution of.
//
// Setting: n unit inputs with labels y_i = +-1, Theta = Theta^(L) on them; Q = inf { z^T Theta^{-1} z : y_i z_i >= 1 }.
//
// Hypotheses: Theta positive definite, here lambda_min >= 1e-6; Lemma 3.8 has it positive definite when no two inputs are parallel.
//
// Conclusion: Q = 1/gamma^2 with gamma = min_{q in simplex} sqrt(q^T Y Theta Y q), the margin of the hard-margin machine of Theta; Q <= y^T Theta^{-1} y;
// and leaving samples out does not increase Q.
//
// Constants: exact, derived: strong duality, max over a >= 0 of 2 sum a - a^T Y Theta Y a, with a = s q; z = y is feasible; fewer constraints. As printed
// in version 2, Corollary 3.10 has y^T Theta^{-1} y in place of Q, in the bound and in the step size. The step then depends on all labels,
// so that W^(i) is not a function of the samples before i and equation (4.2) does not apply to it; a union over a geometric grid of R mends that. The observed side is
// z^T Theta^{-1} z at the values of an active-set solution, with a certified error; the predicted side follows a central path.
//
// Convention: Theta with halved hidden layers, diagonal (L+1)/2.
//
// Reference: derived here, after Cao, Gu (2019), Corollary 3.10.
//
// Control: 0.98 and 1.02 times 1/gamma^2; 0.9 times the other two, on samples that all support and on samples of which few do.
func marginDuality() checks.Checkable {
	setup := func(dual, labels, fewer float64) func(machine) (checks.Instance, error) {
		return func(p machine) (checks.Instance, error) {
			return p.check(func(theta *mat.SymDense, y []float64, all bounds.HardMargin, without []leftOut) checks.Measurement {
				inverse, err := eig.NewInverse(theta, 0)
				if err != nil {
					return checks.Failed(err)
				}
				gamma, err := bounds.KernelMargin(theta, y)
				if err != nil {
					return checks.Failed(err)
				}
				value, of := inverse.Form(all.Values), inverse.Form(y)
				square := 1 / (gamma.Value() * gamma.Value())
				rounding := 1e-9 * value.Value * float64(len(y))
				largest := 0.0
				for _, l := range without {
					largest = math.Max(largest, l.q)
				}
				parts := []checks.Measurement{
					{
						Part: "inverse squared margin", Observed: value.Value, Predicted: dual * square, Relation: checks.Equal,
						Tolerance: value.Err + rounding + 1/(gamma.Lower*gamma.Lower) - 1/(gamma.Upper*gamma.Upper),
					},
					{Part: "labels themselves", Observed: value.Value, Predicted: labels * of.Value, Tolerance: value.Err + of.Err + rounding},
				}
				if len(y) > 1 {
					parts = append(parts, checks.Measurement{Part: "fewer samples", Observed: largest, Predicted: fewer * all.Q, Tolerance: rounding})
				}
				return checks.All(parts...)
			})
		}
	}
	at := machines()
	return checks.Claim[machine]{
		ID: "cao2019/margin-duality", Title: "the complexity is the inverse squared margin", Reference: "derived here, after Corollary 3.10",
		Formula:    `Q = \min_{y_i z_i \ge 1} z^{\top}\Theta^{-1}z = \gamma^{-2} \le y^{\top}\Theta^{-1}y,\quad Q_{-p} \le Q`,
		Convention: "Theta^(L) = (Th^(L) + Sigma^(L))/2; |x| = 1", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: machineSpace(), Grid: at, OnData: machinesOnData, Cost: machine.cost, Setup: setup(1, 1, 1),
		Controls: []checks.Control[machine]{
			{Name: "below", Why: "duality has no gap", At: at[:3], Setup: setup(0.98, 1, 1)},
			{Name: "above", Why: "duality has no gap", At: at[:3], Setup: setup(1.02, 1, 1)},
			{Name: "labels", Why: "where every sample supports, the labels are the best values", At: at[:3], Setup: setup(1, 0.9, 1)},
			{Name: "fewer", Why: "a sample that does not support changes nothing", At: at[4:5], Setup: setup(1, 1, 0.9)},
		},
	}
}

// leaveOneOut is a generalisation bound in Q with an explicit constant.
//
// Setting: as in margin-duality; f_{-p} is the hard-margin machine of Theta on all samples but the p-th.
//
// Hypotheses: Theta positive definite, here lambda_min >= 1e-6.
//
// Conclusion: #{p : y_p f_{-p}(x_p) <= 0} <= sum_p max(0, 1 - y_p f_{-p}(x_p)) <= ((L+1)/2) Q. So, n+1 samples being exchangeable, the machine on n
// independent samples has expected error at most (L+1) E Q_{n+1}/(2 (n+1)), where no two samples are ever parallel.
//
// Constants: derived. With a the maximiser of the dual D(a) = 2 sum a - a^T Y Theta Y a and h_p = max(0, 1 - y_p f_{-p}(x_p)): a without its p-th entry gives
// Q_{-p} >= Q - a_p^2 Theta_pp, and the maximiser without p with a p-th entry of its own gives Q >= Q_{-p} + h_p^2/Theta_pp. So
// a_p >= h_p/Theta_pp; sum over p, with sum a = Q and Theta_pp = (L+1)/2. This stands in place of the hidden constant of Corollary 3.10, which bounds the error
// of the trained network by O~(L sqrt(y^T Theta^{-1} y/n)) at a width that it does not specify. A Rademacher bound with explicit constants
// exists as well, but is above 1 where errors are made, and could be five times too large unnoticed. Attained by orthogonal features.
//
// Convention: Theta with halved hidden layers, diagonal (L+1)/2; ties are errors.
//
// Reference: derived here, in place of the constant of Cao, Gu (2019), Corollary 3.10.
//
// Control: (L+1)/2 times 0.9; Theta_pp = L/2, as if the last layer did not count twice; and the number of errors bounded by 0.9 of the losses.
func leaveOneOut() checks.Checkable {
	setup := func(constant, errors float64) func(machine) (checks.Instance, error) {
		return func(p machine) (checks.Instance, error) {
			return p.check(func(theta *mat.SymDense, y []float64, all bounds.HardMargin, without []leftOut) checks.Measurement {
				wrong, hinge := 0.0, 0.0
				for _, l := range without {
					if l.value <= 0 {
						wrong++
					}
					hinge += math.Max(0, 1-l.value)
				}
				rounding := 1e-9 * float64(len(y)) * (1 + all.Q) * float64(p.L)
				return checks.All(
					checks.Measurement{Part: "losses", Observed: hinge, Predicted: constant * float64(p.L+1) / 2 * all.Q, Tolerance: rounding},
					checks.Measurement{Part: "errors", Observed: wrong, Predicted: errors * hinge, Tolerance: rounding},
				)
			})
		}
	}
	at := machines()
	return checks.Claim[machine]{
		ID: "cao2019/leave-one-out", Title: "leave-one-out errors of the kernel machine", Reference: "derived here, after Corollary 3.10",
		Formula:    `\#\{p : y_p f_{-p}(x_p) \le 0\} \le \sum_p \left(1 - y_p f_{-p}(x_p)\right)_+ \le \frac{L+1}{2}\, Q`,
		Convention: "Theta^(L) = (Th^(L) + Sigma^(L))/2; |x| = 1", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: machineSpace(), Grid: at, OnData: machinesOnData, Cost: machine.cost, Setup: setup(1, 1),
		Controls: []checks.Control[machine]{
			{Name: "constant", Why: "orthogonal features attain it", At: at[:2], Setup: setup(0.9, 1)},
			{Name: "diagonal", Why: "Theta has the diagonal (L+1)/2, not L/2", At: at[:1], Setup: setup(2./3, 1)},
			{Name: "ties", Why: "on orthogonal features every sample that is left out is a tie, and loses 1", At: at[:1], Setup: setup(1, 0.9)},
		},
	}
}
