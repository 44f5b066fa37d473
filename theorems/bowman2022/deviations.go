package bowman2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/nets/joint"
	"convergo/theorems/internal/costs"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// A run is gradient descent of a network on a data set.
type run struct {
	Data  data.Spec `json:"data"`
	Act   string    `json:"act"`
	Width int       `json:"m"`
	Steps int       `json:"steps"`
	Step  float64   `json:"step"` // eta, as a share of 1/lambda_1 of the matrix that its claim names
}

func (p run) build() (x *mat.Dense, y []float64, law joint.Law, err error) {
	set, err := p.Data.Build()
	if err != nil {
		return nil, nil, law, err
	}
	if set.Y == nil {
		return nil, nil, law, fmt.Errorf("%v has no labels; name the column that holds them", p.Data)
	}
	act, _, err := activation(p.Act)
	if err != nil {
		return nil, nil, law, err
	}
	_, d := set.X.Dims()
	law = joint.Law{Width: p.Width, Dim: d, Act: act, Output: nets.GaussianOutput, Doubled: true}
	if p.Steps < 1 || !(p.Step > 0) {
		return nil, nil, law, fmt.Errorf("%d steps of %v: give at least one, of positive length", p.Steps, p.Step)
	}
	return set.X, set.Y, law, law.Validate()
}

func (p run) cost() checks.Cost {
	n, d := costs.Size(p.Data)
	size := float64(n*p.Width) * float64(60+6*d+2*n)
	return checks.Cost{
		Setup: float64(10 * n * d), Trial: float64(p.Steps+1)*size + 20*float64(p.Steps*n*n*n), Bytes: 40 * float64(p.Width) * float64(n+d),
		Size: fmt.Sprintf("m=%d, T=%d", p.Width, p.Steps),
	}
}

// runs draws small runs.
func runs(width, steps int, step float64, acts ...string) *rapid.Generator[run] {
	return rapid.Custom(func(t *rapid.T) run {
		spec := gen.Specs(gen.Range{MinN: 1, MaxN: 6, MinD: 1, MaxD: 4}).Draw(t, "data")
		spec.LabelScale = rapid.SampledFrom([]float64{0, 0.01, 30}).Draw(t, "label scale")
		return run{
			Data: spec, Act: rapid.SampledFrom(acts).Draw(t, "act"), Width: 2 * rapid.IntRange(1, width/2).Draw(t, "m/2"),
			Steps: rapid.IntRange(1, steps).Draw(t, "steps"), Step: rapid.Float64Range(0.01, step).Draw(t, "step"),
		}
	})
}

// gramTop is the largest eigenvalue of a positive semidefinite matrix.
func gramTop(g mat.Symmetric) (float64, error) {
	top, err := eig.Max(g)
	return top.Value, err
}

// dampedDeviations is the formula of damped deviations, the lemma that the paper rests on.
//
// Setting: gradient descent with step eta on n samples and P further points; r_s = f - f* there after s steps; G_s = K_s/n the kernel to
// the samples; theta_s(t) = theta_s - t eta grad Phi, and xi_s the integral of (1-t) d^2/dt^2 f(theta_s(t)) over t in [0, 1].
//
// Hypotheses: phi twice differentiable, tanh or softplus; here |y_i| <= 1e4, so that the integral of the remainder can be taken.
//
// Conclusion: for every T and every symmetric matrix G, on the samples,
//
//	r_T = (I - eta G)^T r_0 + sum_{s<T} (I - eta G)^{T-1-s} (eta (G - G_s) r_s + xi_s),
//
// on further points the same with eta (G r_s - K_s r^_s/n) and the samples' r^_s; and r_{s+1} = r_s - eta G_s r^_s + xi_s at each step,
// xi_s being of second order in eta.
//
// Constants: exact. Taylor's formula with the integral remainder at each step, added up; as eta -> 0 it becomes
// r_t = e^{-Gt} r_0 + int_0^t e^{-G(t-s)} (G - G_s) r_s ds. Neuron r has d^2/dt^2 (a phi(z)) = 2 a' z' phi'(z) + a z'^2 phi”(z). Here G is random, positive
// semidefinite with eta ||G|| <= 1. The integral takes 8 Gauss nodes for each half unit that z moves. Tolerance: 1e-12 of the largest residual and sum over the
// neurons that are met, or 3e-14 of them for one step.
//
// Convention: f = (1/sqrt m) sum a_r phi(w_r.x + b_r) + b_0, all parameters trained; loss (1/(2n)) sum of squares; doubled start, f = 0
//
// Reference: the lemma on damped deviations, recalled; for descent derived here.
//
// Control: 1 + 1e-10 on G_s; another G to propagate than in the sum, by 1e-8; the kernel of the start for that of the step; no remainder; 1.0001 of it; 1/(n+1)
// for 1/n; ReLU, whose kinks have no second derivative.
func dampedDeviations() checks.Claim[run] {
	tanh := run{data.Spec{Kind: data.Sphere, N: 4, D: 3, Seed: 1, LabelScale: 3}, "tanh", 20, 6, 0.5}
	soft := run{data.Spec{Kind: data.Sphere, N: 3, D: 2, Seed: 2, LabelScale: 3}, "softplus", 10, 8, 0.5}
	kinked := tanh
	kinked.Act, kinked.Width = "relu", 60
	at := []run{tanh, soft}
	setup := func(q deviationPlan) func(run) (checks.Instance, error) { return q.setup }
	exact := deviationPlan{gram: 1, power: 1, remainder: 1, smooth: true}
	spoil := func(f func(q *deviationPlan)) func(run) (checks.Instance, error) {
		q := exact
		f(&q)
		return setup(q)
	}
	return checks.Claim[run]{
		ID: "bowman2022/damped-deviations", Title: "damped deviations", Reference: "recalled for the flow, derived here for descent",
		Formula:    `r_T = (I-\eta G)^T r_0 + \sum_{s<T} (I-\eta G)^{T-1-s}\left(\eta(G-G_s)r_s + \xi_s\right)`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: runs(20, 8, 1, "tanh", "softplus"),
		Grid: []run{
			{data.Spec{Kind: data.Sphere, N: 1, D: 1, Seed: 1}, "tanh", 2, 3, 0.5}, tanh, soft,
			{data.Spec{Kind: data.Sphere, N: 4, D: 2, Seed: 1, LabelScale: 100}, "tanh", 20, 5, 0.01},
			{images.Hard(data.MNIST, 6, 49), "tanh", 40, 5, 0.5}, {images.Hard(data.Fashion, 6, 49), "softplus", 40, 5, 0.5},
		},
		OnData: func(f checks.DataFile) []run { return []run{{userfile.Labelled(f, 8), "tanh", 40, 5, 0.3}} },
		Cost: func(p run) checks.Cost {
			c := p.cost()
			c.Trial *= 10
			return c
		},
		Setup: setup(exact),
		Controls: []checks.Control[run]{
			{Name: "another-gram-matrix", Why: "G_s (1 + 1e-10)", At: at, Setup: spoil(func(q *deviationPlan) { q.gram = 1 + 1e-10 })},
			{Name: "another-power", Why: "I - (1 + 1e-8) eta G propagates, and G is in the sum", At: at, Setup: spoil(func(q *deviationPlan) { q.power = 1 + 1e-8 })},
			{Name: "kernel-of-the-start", Why: "G_0 for G_s: what is lazy is not exact", At: at, Setup: spoil(func(q *deviationPlan) { q.lazy = true })},
			{Name: "no-remainder", Why: "descent is not the flow", At: at, Setup: spoil(func(q *deviationPlan) { q.remainder = 0 })},
			{Name: "another-remainder", Why: "1.0001 of xi", At: at, Setup: spoil(func(q *deviationPlan) { q.remainder = 1.0001 })},
			{Name: "another-mean", Why: "1/(n+1) for the 1/n of the loss", At: at, Setup: spoil(func(q *deviationPlan) { q.counted = 1 })},
			{Name: "kinks", Why: "a neuron of ReLU that changes sides in a step has a remainder of first order", At: []run{kinked}, Setup: spoil(func(q *deviationPlan) { q.smooth = false })},
		},
	}
}

// A deviationPlan says how a control is off: factors on the Gram matrix, on the G that propagates and on the remainder, the kernel of the start, samples more in the mean.
type deviationPlan struct {
	gram, power, remainder float64
	lazy, smooth           bool
	counted                int
}

func (q deviationPlan) setup(p run) (checks.Instance, error) {
	x, y, law, err := p.build()
	if err != nil {
		return checks.Instance{}, err
	}
	_, second, err := activation(p.Act)
	if err != nil {
		return checks.Instance{}, err
	}
	ok := []checks.Hypothesis{checks.Require("largest label", floats.Norm(y, math.Inf(1)), checks.AtMost, largestLabel)}
	if q.smooth {
		ok = append(ok, checks.RequireThat("phi is twice differentiable", p.Act != "relu"))
	}
	return checks.Instance{Hypotheses: ok, Trial: func(r *rand.Rand) checks.Measurement {
		net := law.Draw(r)
		top, err := gramTop(net.At(x).Gram())
		if err != nil {
			return checks.Failed(err)
		}
		return q.descend(p, net, x, y, p.Step/top, second, r)
	}}, nil
}

// largestLabel keeps the steps short: the remainder is integrated piece by piece, over as many as a preactivation moves units.
const largestLabel = 1e4

const further = 3 // points besides the samples

func (q deviationPlan) descend(p run, net *joint.Network, x *mat.Dense, y []float64, eta float64, second func(float64) float64, r *rand.Rand) checks.Measurement {
	n, d := x.Dims()
	all := mat.NewDense(n+further, d, nil)
	all.Stack(x, nets.UnitRows(further, d, r))
	target := append(y[:n:n], make([]float64, further)...)
	on, off := propagator(n, eta, r), propagator(further, eta, r)
	at := net.At(all)
	now := residual(at, target)
	sample, rest := append([]float64(nil), now[:n]...), append([]float64(nil), now[n:]...)
	largest := floats.Norm(now, math.Inf(1)) + at.Magnitude()
	var steps []checks.Measurement
	var lazy *mat.Dense
	for range p.Steps {
		samples := net.At(x)
		k := at.Kernel(samples)
		if lazy == nil {
			lazy = k
		}
		if q.lazy {
			k = lazy
		}
		pull := apply(k, now[:n])
		floats.Scale(q.gram/float64(n+q.counted), pull)
		g := meanGradient(samples, now[:n])
		xi := remainders(net, g, eta, all, second)
		floats.Scale(q.remainder, xi)
		advance(sample, on, eta, q.power, now[:n], pull[:n], xi[:n])
		advance(rest, off, eta, q.power, now[n:], pull[n:], xi[n:])
		net.Move(eta, g)
		at = net.At(all)
		next := residual(at, target)
		largest = math.Max(largest, floats.Norm(next, math.Inf(1))+at.Magnitude()+eta*floats.Norm(pull, math.Inf(1)))
		for i := range next {
			steps = append(steps, checks.Measurement{Part: "one step", Observed: next[i] - now[i] + eta*pull[i], Predicted: xi[i], Relation: checks.Equal, Tolerance: 3e-14 * largest})
		}
		now = next
	}
	parts := steps
	for i, v := range now {
		m := checks.Measurement{Part: "samples", Observed: v, Relation: checks.Equal, Tolerance: 1e-12 * largest}
		if i < n {
			m.Predicted = sample[i]
		} else {
			m.Part, m.Predicted = "further points", rest[i-n]
		}
		parts = append(parts, m)
	}
	return checks.Each(parts...)
}

// propagator is a random positive semidefinite G with eta ||G|| <= 1.
func propagator(n int, eta float64, r *rand.Rand) *mat.Dense {
	a := nets.Gaussian(n, n, r)
	g := mat.NewDense(n, n, nil)
	g.Mul(a, a.T())
	g.Scale(1/(eta*mat.Trace(g)), g)
	return g
}

// advance takes v to (I - power eta G) v + eta (G now - pull) + xi.
func advance(v []float64, g *mat.Dense, eta, power float64, now, pull, xi []float64) {
	a, b := apply(g, v), apply(g, now)
	for i := range v {
		v[i] += -power*eta*a[i] + eta*(b[i]-pull[i]) + xi[i]
	}
}

// remainders are the integrals xi of the step theta - eta g, at the rows of x.
func remainders(net, g *joint.Network, eta float64, x *mat.Dense, second func(float64) float64) []float64 {
	const nodes = 8
	at, weight := make([]float64, nodes), make([]float64, nodes)
	quad.Legendre{}.FixedLocations(at, weight, 0, 1)
	n, _ := x.Dims()
	xi := make([]float64, n)
	scale := nets.NTKScale(net.Width())
	for i := range xi {
		row := x.RawRowView(i)
		for r, a := range net.A {
			z := floats.Dot(row, net.W.RawRowView(r)) + net.B[r]
			dz := -eta * (floats.Dot(row, g.W.RawRowView(r)) + g.B[r])
			da := -eta * g.A[r]
			pieces := math.Ceil(2*math.Abs(dz)) + 1 // phi is analytic within pi/2 of each
			for j := 0.0; j < pieces; j++ {
				for k, u := range at {
					t := (j + u) / pieces
					here := z + t*dz
					xi[i] += scale * weight[k] / pieces * (1 - t) * (2*da*dz*net.Act.Deriv(here) + (a+t*da)*dz*dz*second(here))
				}
			}
		}
	}
	return xi
}

// A shifted run plants its labels and propagates with another matrix than its own.
type shifted struct {
	run
	Plant string  `json:"plant"` // labels: "" the data's, "first" or "last" small ones along that eigenvector of G_0
	Shift float64 `json:"shift"` // G = G_0 + Shift lambda_1(G_0) I, or 0 for -1
}

// directionBound bounds the residual in each eigendirection.
//
// Setting: gradient descent with step eta, doubled start; G positive semidefinite with eigenpairs (lambda_i, u_i); r_s the residual on the
// samples, G_s the Gram matrix over n, xi_s = r_{s+1} - r_s + eta G_s r_s. Here G = G_0 + c I, or G = 0.
//
// Hypotheses: 0 <= eta lambda_i <= 1 for all i.
//
// Conclusion: with D_s = eta ||G - G_s|| ||r_s|| + ||xi_s||, for every i and T
//
//	|<r_T - (I - eta G)^T r_0, u_i>| <= sum_{s<T} (1 - eta lambda_i)^{T-1-s} D_s
//	                                <= (sup_s ||G - G_s|| ||r_s|| + sup_s ||xi_s||/eta) (1 - (1 - eta lambda_i)^T)/lambda_i,
//
// the last factor being T eta at lambda_i = 0: what the kernel adds is damped at the rate of each eigenvalue.
//
// Constants: derived, from damped-deviations by the Cauchy-Schwarz inequality. Both are attained, to 1e-3, when the residual lies along an
// eigenvector of G_0 that hardly decays while G = G_0 + c I is fast there. Tolerance: 1e-13 sqrt n
// (largest residual and sum over the neurons) (1 + ||G|| eta T).
//
// Convention: f = (1/sqrt m) sum a_r phi(w_r.x + b_r) + b_0, all parameters trained; loss (1/(2n)) sum of squares; doubled start, f = 0
//
// Reference: recalled for the flow and G^inf; derived here for descent.
//
// Control: 0.99 of the sum and 0.97 of its bound; 0.98 of the drift of the kernel, 0.9 of the remainder; a step of
// 1.9/lambda, whose signs alternate; one step less in the exponent.
func directionBound() checks.Claim[shifted] {
	sphere := data.Spec{Kind: data.Sphere, N: 4, D: 2, Seed: 1}
	slow := shifted{run{sphere, "tanh", 100, 5, 0.5}, "last", 3}
	fast := shifted{run{sphere, "softplus", 100, 3, 0.002}, "first", 0.5}
	zero := shifted{run{sphere, "tanh", 100, 3, 0.002}, "first", -1}
	single := shifted{run{data.Spec{Kind: data.Sphere, N: 1, D: 2, Seed: 1}, "tanh", 100, 4, 1.9}, "first", 0.05}
	kinked := shifted{run{data.Spec{Kind: data.Sphere, N: 1, D: 2, Seed: 1, LabelScale: 4}, "tanh", 40, 1, 1}, "", 0}
	setup := func(q directionPlan) func(shifted) (checks.Instance, error) { return q.setup }
	exact := directionPlan{1, 1, 1, 1, 0, true}
	return checks.Claim[shifted]{
		ID: "bowman2022/direction-bound", Title: "residual in each eigendirection", Reference: "recalled for the flow, derived here for descent",
		Formula:    `|\langle r_T-(I-\eta G)^T r_0, u_i\rangle| \le \left[\sup_s\|G-G_s\|\|r_s\| + \tfrac1\eta\sup_s\|\xi_s\|\right]\frac{1-(1-\eta\lambda_i)^T}{\lambda_i}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) shifted {
			return shifted{
				runs(40, 10, 1.9, "tanh", "softplus", "relu").Draw(t, "run"), rapid.SampledFrom([]string{"", "first", "last"}).Draw(t, "plant"),
				rapid.SampledFrom([]float64{-1, 0, 0.1, 1, 5}).Draw(t, "shift"),
			}
		}),
		Grid: []shifted{
			slow, fast, zero,
			{run{images.Hard(data.MNIST, 6, 49), "tanh", 100, 6, 0.5}, "", 0}, {run{images.Hard(data.Fashion, 6, 49), "relu", 100, 6, 0.5}, "last", 2},
		},
		OnData: func(f checks.DataFile) []shifted {
			return []shifted{{run{userfile.Labelled(f, 10), "tanh", 100, 6, 0.5}, "", 0}, {run{userfile.Labelled(f, 10), "relu", 100, 6, 0.5}, "last", 2}}
		},
		Cost: func(p shifted) checks.Cost {
			c := p.cost()
			n, _ := costs.Size(p.Data)
			c.Trial += 2e4 + float64(p.Steps)*(costs.Eigenvalue(n)+float64(n*n*60))
			return c
		},
		Setup: setup(exact),
		Controls: []checks.Control[shifted]{
			{Name: "smaller-sum", Why: "the planted residual attains the sum", At: []shifted{slow, fast}, Setup: setup(directionPlan{0.99, 1, 1, 1, 0, true})},
			{Name: "smaller-bound", Why: "and its bound, the residual being nearly constant", At: []shifted{slow, fast}, Setup: setup(directionPlan{1, 0.97, 1, 1, 0, true})},
			{Name: "smaller-drift", Why: "0.98 of the drift ||G - G_s|| ||r_s||, all of D_s here", At: []shifted{slow, fast, zero}, Setup: setup(directionPlan{1, 1, 0.98, 1, 0, true})},
			{Name: "smaller-remainder", Why: "0.9 of ||xi_s||, all of D_0 for G = G_0", At: []shifted{kinked}, Setup: setup(directionPlan{1, 1, 1, 0.9, 0, true})},
			{Name: "longer-step", Why: "eta lambda = 1.9: the powers change sign", At: []shifted{single}, Setup: setup(directionPlan{1, 1, 1, 1, 0, false})},
			{Name: "one-step-less", Why: "T - 1 for T", At: []shifted{fast, zero}, Setup: setup(directionPlan{1, 1, 1, 1, 1, true})},
		},
	}
}

// A directionPlan says how a control is off: factors on the sum, on its bound, on the drift and on the remainder; steps less; no step limit.
type directionPlan struct {
	sum, whole, drift, remainder float64
	fewer                        int
	limited                      bool
}

func (q directionPlan) setup(p shifted) (checks.Instance, error) {
	x, y, law, err := p.build()
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		net := law.Draw(r)
		at := net.At(x)
		values, vectors, err := spectrum(at.Gram())
		if err != nil {
			return checks.Failed(err)
		}
		n := len(values)
		top := values[n-1]
		labels, err := planted(p.Plant, y, vectors, 0.01)
		if err != nil {
			return checks.Failed(err)
		}
		g, most := mat.NewSymDense(n, nil), p.Step
		eta := p.Step / top
		if p.Shift >= 0 {
			g.CopySym(at.Gram())
			for i := range n {
				g.SetSym(i, i, g.At(i, i)+p.Shift*top)
				values[i] = math.Max(values[i], 0) + p.Shift*top
			}
			eta /= 1 + p.Shift
		} else {
			clear(values)
			most = 0
		}
		m := q.compare(p, net, at, x, labels, eta, g, values, vectors)
		if q.limited {
			m.Hypotheses = append(m.Hypotheses, checks.Require("eta lambda_1(G)", most, checks.AtMost, 1))
		}
		return m
	}}, nil
}

// spectrum returns eigenvalues, ascending, and eigenvectors.
func spectrum(g *mat.SymDense) ([]float64, *mat.Dense, error) {
	var e mat.EigenSym
	if !e.Factorize(g, true) {
		return nil, nil, fmt.Errorf("the eigenvalues of a %d x %d Gram matrix did not converge", g.SymmetricDim(), g.SymmetricDim())
	}
	var v mat.Dense
	e.VectorsTo(&v)
	return e.Values(nil), &v, nil
}

// planted are labels along an eigenvector, of a root mean square that keeps the kernel nearly constant.
func planted(where string, y []float64, vectors *mat.Dense, size float64) ([]float64, error) {
	n := len(y)
	switch where {
	case "":
		return y, nil
	case "first", "last":
		out := mat.Col(nil, 0, vectors)
		if where == "first" {
			out = mat.Col(nil, n-1, vectors)
		}
		floats.Scale(-size*math.Sqrt(float64(n)), out)
		return out, nil
	}
	return nil, fmt.Errorf("plant %q: use first, last or nothing", where)
}

func (q directionPlan) compare(p shifted, net *joint.Network, at *joint.Point, x *mat.Dense, y []float64, eta float64, g *mat.SymDense, values []float64, vectors *mat.Dense) checks.Measurement {
	n := len(y)
	now := residual(at, y)
	start := append([]float64(nil), now...)
	size := floats.Norm(start, math.Inf(1)) + at.Magnitude()
	var drift []float64
	var supDrift, supRemainder float64
	for range p.Steps {
		gram := at.Gram()
		distance, err := eig.Norm(eig.Difference(g, gram))
		if err != nil {
			return checks.Failed(err)
		}
		pull := apply(gram, now)
		net.Move(eta, meanGradient(at, now))
		at = net.At(x)
		next := residual(at, y)
		xi := make([]float64, n)
		for i := range xi {
			xi[i] = next[i] - now[i] + eta*pull[i]
		}
		d, rest := q.drift*distance.Value*floats.Norm(now, 2), q.remainder*floats.Norm(xi, 2)
		drift = append(drift, eta*d+rest)
		supDrift, supRemainder = math.Max(supDrift, d), math.Max(supRemainder, rest)
		size = math.Max(size, floats.Norm(next, math.Inf(1))+at.Magnitude())
		now = next
	}
	var parts []checks.Measurement
	for i, lambda := range values {
		u := mat.Col(nil, i, vectors)
		left := math.Abs(floats.Dot(now, u) - math.Pow(1-eta*lambda, float64(p.Steps))*floats.Dot(start, u))
		tol := 1e-13 * math.Sqrt(float64(n)) * size * (1 + eta*values[n-1]*float64(p.Steps))
		parts = append(parts,
			checks.Measurement{Part: "sum", Observed: left, Predicted: q.sum * bounds.Damped(eta, lambda, drift), Tolerance: tol},
			checks.Measurement{Part: "supremum", Observed: left, Predicted: q.whole * (supDrift + supRemainder/eta) * bounds.DampedSteps(eta, lambda, p.Steps-q.fewer), Tolerance: tol})
	}
	return checks.Each(parts...)
}
