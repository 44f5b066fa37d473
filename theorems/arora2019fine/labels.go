package arora2019fine

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// The three kinds of labels that Figure 1 compares. The claims on them put these names into their facts and series, where
// the report finds them.
const (
	trueLabels   = "true"
	randomLabels = "random"
	worstLabels  = "worst-case"
)

// labelP are the parameters of the claims on labels.
type labelP struct {
	Data  data.Spec `json:"data"`
	K     int       `json:"k"` // steps after which the loss is compared
	Delta float64   `json:"delta"`
	// Noise is the portion of the true labels that every trial replaces by random ones.
	Noise float64 `json:"noise,omitempty"`
}

func (p labelP) cost() checks.Cost {
	n, _ := size(p.Data)
	return checks.Cost{Setup: setupWork(p.Data) + 40*n*n*n, Trial: 20*n*n + 3000*n, Size: fmt.Sprintf("n=%.0f", n)}
}

// labels is what the kernel limit says of true, random and worst-case labels of norm sqrt n.
type labels struct {
	problem
	lin *train.Linear
	eta float64
	k   int
}

// noisy are the true labels with a portion replaced by random ones.
func (l labels) noisy(portion float64, r *rand.Rand) []float64 {
	if portion == 0 {
		return l.y
	}
	return randomise(l.y, portion, r)
}

func labelled(spec data.Spec, k int) (labels, error) {
	f, err := withLabels(spec)
	if err != nil {
		return labels{}, err
	}
	norm := floats.Norm(f.y, 2)
	if norm == 0 {
		return labels{}, fmt.Errorf("all labels are zero; there is nothing to learn")
	}
	f.y = floats.ScaleTo(make([]float64, len(f.y)), math.Sqrt(float64(f.n()))/norm, f.y)
	lin, err := train.NewLinear(f.h)
	return labels{f, lin, f.step(1), k}, err
}

// signs draws labels +-1.
func (l labels) signs(r *rand.Rand) []float64 {
	y := make([]float64, l.n())
	for i := range y {
		y[i] = float64(2*r.IntN(2) - 1)
	}
	return y
}

func (l labels) worst() []float64 {
	y := mat.Col(nil, 0, l.lin.Vectors)
	floats.Scale(math.Sqrt(float64(l.n())), y)
	return y
}

// shares returns (v_i . y)^2/||y||^2 for the eigenvectors, eigenvalues ascending.
func (l labels) shares(y []float64) []float64 {
	n := l.n()
	var c mat.VecDense
	c.MulVec(l.lin.Vectors.T(), mat.NewVecDense(n, y))
	out, total := make([]float64, n), 0.0
	for i := range out {
		out[i] = c.AtVec(i) * c.AtVec(i)
		total += out[i]
	}
	return floats.ScaleTo(make([]float64, len(out)), 1/total, out)
}

// even are the expected shares of random labels.
func (l labels) even() []float64 {
	out := make([]float64, l.n())
	for i := range out {
		out[i] = 1 / float64(len(out))
	}
	return out
}

// loss is ||e(k)||^2/||y||^2 in the kernel limit.
func (l labels) loss(shares []float64, k float64) float64 {
	var sum float64
	for i, lambda := range l.lin.Values {
		sum += math.Exp(2*k*math.Log1p(-l.eta*lambda)) * shares[i]
	}
	return sum
}

// steps is the first k with ||e(k)|| <= ||y||/10.
func (l labels) steps(shares []float64) float64 {
	hi := 1.0
	for l.loss(shares, hi) > 0.01 {
		hi *= 2
	}
	lo := math.Floor(hi / 2)
	for hi-lo > 1 {
		if mid := math.Floor((lo + hi) / 2); l.loss(shares, mid) > 0.01 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// top is the share of the labels in the tenth of the eigenvectors with the largest eigenvalues.
func (l labels) top(shares []float64) float64 {
	n := len(shares)
	var sum float64
	for _, s := range shares[n-(n+9)/10:] {
		sum += s
	}
	return sum
}

// slowest are the shares of the worst-case labels.
func (l labels) slowest() []float64 {
	out := make([]float64, l.n())
	out[0] = 1
	return out
}

// traceInverse is tr H^{-1}, the expectation of y^T H^{-1} y for random signs, and the bound on its error.
func (l labels) traceInverse() (trace, err float64) {
	for i := range l.n() {
		unit := make([]float64, l.n())
		unit[i] = 1
		q := l.inv.Form(unit)
		trace, err = trace+q.Value, err+q.Err
	}
	return trace, err
}

// facts are the rows of the report's table: random labels stand in expectation, without a draw.
func (l labels) facts() []checks.Fact {
	n := float64(l.n())
	own := l.inv.Form(l.y)
	trace, traceErr := l.traceInverse()
	out := []checks.Fact{checks.NewFact("n", n), checks.NewFact("lambda_0", l.low.Value), checks.NewFact("lambda_0 error", l.low.Err), checks.NewFact("lambda_max", l.high.Value), checks.NewFact("K", float64(l.k))}
	for _, t := range []struct {
		name      string
		form, err float64
		shares    []float64
	}{
		{trueLabels, own.Value, own.Err, l.shares(l.y)},
		{randomLabels, trace, traceErr, l.even()},
		{worstLabels, n / l.low.Value, n/l.low.Lower() - n/l.low.Value, l.slowest()},
	} {
		measure := bounds.LabelMeasure(t.form, l.n())
		out = append(out,
			checks.NewFact("measure, "+t.name+" labels", measure),
			checks.NewFact("measure error, "+t.name+" labels", bounds.LabelMeasure(t.form+t.err, l.n())-measure),
			checks.NewFact("alignment, "+t.name+" labels", l.top(t.shares)),
			checks.NewFact("steps to 10%, "+t.name+" labels", l.steps(t.shares)),
			checks.NewFact("kernel loss after K, "+t.name+" labels", l.loss(t.shares, float64(l.k))))
	}
	return out
}

// curves are the kernel's training curves, at steps spaced geometrically until the worst labels are learnt, and the
// cumulative projections of Figure 1, from the largest eigenvalue down. Random labels stand in expectation.
func (l labels) curves() []checks.Series {
	n := l.n()
	end := l.steps(l.slowest())
	var out, projections []checks.Series
	for _, t := range []struct {
		name   string
		shares []float64
	}{{trueLabels, l.shares(l.y)}, {randomLabels, l.even()}, {worstLabels, l.slowest()}} {
		var x, y []float64
		for i := range 50 {
			k := math.Round(math.Pow(end, float64(i)/49))
			if len(x) == 0 || k > x[len(x)-1] {
				x, y = append(x, k), append(y, l.loss(t.shares, k))
			}
		}
		out = append(out, curve.Axes{X: "step", Y: "relative loss, kernel limit", LogX: true, LogY: true}.Measured(t.name+" labels", x, y))
		var q, cumulative []float64
		sum, stride := 0.0, (n+49)/50
		for i := range n {
			sum += t.shares[n-1-i]
			if (i+1)%stride == 0 || i == n-1 {
				q, cumulative = append(q, float64(i+1)), append(cumulative, math.Min(1, sum))
			}
		}
		s := curve.Axes{X: "eigenvectors, largest eigenvalue first", Y: "share of the labels", LogY: true}.Measured(t.name+" labels, projections", q, cumulative)
		s.LogY = false
		projections = append(projections, s)
	}
	return append(out, projections...)
}

// labelGrid has a last instance on which the order is close: classes that are alike, and a portion of the true labels random.
func labelGrid(k int, delta, noise float64) []labelP {
	return []labelP{
		{images.Easy(data.MNIST, 100, 784), k, delta, 0},
		{images.Classes(data.MNIST, 100, 196, 3, 5), k, delta, 0},
		{images.Easy(data.Fashion, 100, 784), k, delta, 0},
		{images.Classes(data.Fashion, 100, 196, 2, 4), k, delta, noise},
	}
}

// labelMeasure is the order of the generalisation measure on images.
//
// Setting: two classes of MNIST or Fashion-MNIST, n = 100 images scaled to unit norm, labels +-1 of which a portion, 0 or
// 0.3, is replaced by random ones; beside these true labels, independent fair signs.
//
// Hypotheses: lambda_0 certified positive. H^inf of images is ill-conditioned: every y^T (H^inf)^{-1} y is enclosed by
// eig.Inverse.Form (a Cholesky solve whose residual is bounded with its rounding and that of the kernel's entries,
// over a certified lambda_0). Where lambda_0 is not certified there is no value, and the instance does not count.
//
// Conclusion: with probability at least 1 - delta over the random labels, y^T (H^inf)^{-1} y, half n times the square of
// the measure, is at most as large for the true labels as for the random ones. (That both are at most n/lambda_0, and
// the eigenvector of lambda_0 attains it, is a part of worst-labels.)
//
// Constants: none; the order is the source's experiment, a statement about these data that no theorem gives: recalled.
// Without noise it holds with room to spare, so that the instance with noise is what finds an error.
//
// Convention: kernel of the first layer, k(x, x) = 1/2.
//
// Reference: Section 4, Figures 1 and 2.
//
// Control: the true labels in random order, which are as good as random; and the random labels in the place of the true
// ones.
func labelMeasure() checks.Claim[labelP] {
	shuffled := labelP{data.Spec{Kind: data.MNIST, N: 60, D: 196, Classes: [2]int{0, 1}, Labels: data.RandomClass, Seed: 1}, 100, 0.1, 0}
	return checks.Claim[labelP]{
		ID: "arora2019fine/label-measure", Title: "measure of true and random labels", Reference: "Section 4, Figures 1 and 2",
		Formula:    `y_{\mathrm{true}}^\top (H^\infty)^{-1} y_{\mathrm{true}} \le y_{\mathrm{random}}^\top (H^\infty)^{-1} y_{\mathrm{random}}`,
		Convention: "kernel of the first layer, labels of norm sqrt n", Basis: checks.Recalled, Form: checks.Probably{}, Version: 2,
		Grid:   labelGrid(100, 0.1, 0.3),
		OnData: labelFile,
		Cost:   labelP.cost,
		Setup:  func(p labelP) (checks.Instance, error) { return p.contest(measured, false) },
		Controls: []checks.Control[labelP]{{
			Name: "shuffled-labels", Why: "labels without a relation to the images are no easier than random ones", At: []labelP{shuffled},
		}, {
			Name: "exchanged", Why: "random labels cost more than true ones", At: labelGrid(100, 0.1, 0)[1:2],
			Setup: func(p labelP) (checks.Instance, error) { return p.contest(measured, true) },
		}},
	}
}

// contest holds the true labels of a draw against random ones: what both cost,
// the true ones observed, unless they are exchanged.
func (p labelP) contest(cost func(labels) (of func(y []float64) eig.Certified, curves []checks.Series), exchange bool) (checks.Instance, error) {
	l, err := labelled(p.Data, p.K)
	if err != nil {
		return checks.Instance{}, err
	}
	if !l.certified().Met() {
		return checks.Instance{Hypotheses: []checks.Hypothesis{l.certified()}}, nil
	}
	of, curves := cost(l)
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{l.certified()}, Facts: l.facts(), Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			own, other := of(l.noisy(p.Noise, r)), of(l.signs(r))
			if exchange {
				own, other = other, own
			}
			return checks.Measurement{Observed: own.Value, Predicted: other.Value, Error: own.Err + other.Err, Series: curves}
		},
	}, nil
}

// measured is the cost y^T (H^inf)^{-1} y of labels.
func measured(l labels) (of func([]float64) eig.Certified, curves []checks.Series) {
	return l.inv.Form, nil
}

func labelFile(f checks.DataFile) []labelP {
	if f.Label == "" {
		return nil
	}
	return []labelP{{userfile.Rows(f, 100), 100, 0.1, 0}}
}

// labelSteps is the order of the training times on images.
//
// Setting: as for label-measure, with a portion 0 or 0.2 of noise; gradient descent in the kernel limit with
// eta = 1/lambda_max.
//
// Hypotheses: lambda_0 certified positive.
//
// Conclusion: with probability at least 1 - delta over the random labels, the steps until ||e(k)|| <= ||y||/10 are at most as
// many for the true labels as for the random ones. (That both are at most log 10/(-log(1 - eta lambda_0)), which the
// eigenvector of lambda_0 attains, is worst-labels.)
//
// Constants: none; the source's experiment: recalled.
//
// Convention: kernel limit of gradient descent on a summed loss, labels of norm sqrt n.
//
// Reference: Section 4, Figure 1.
//
// Control: the true labels in random order; and the random labels in the place of the true ones.
func labelSteps() checks.Claim[labelP] {
	shuffled := labelP{data.Spec{Kind: data.Fashion, N: 60, D: 196, Classes: [2]int{0, 1}, Labels: data.RandomClass, Seed: 1}, 100, 0.1, 0}
	grid := append([]labelP{{data.Spec{Kind: data.Sphere, N: 100, D: 10, Seed: 1, Labels: data.Planted}, 100, 0.1, 0}}, labelGrid(100, 0.1, 0.2)...)
	return checks.Claim[labelP]{
		ID: "arora2019fine/label-steps", Title: "steps on true and random labels", Reference: "Section 4, Figure 1",
		Formula:    `T_{\mathrm{true}} \le T_{\mathrm{random}}, \quad T = \min\{ k : \lVert (I-\eta H^\infty)^k y \rVert \le \lVert y \rVert/10 \}`,
		Convention: "kernel of the first layer, labels of norm sqrt n", Basis: checks.Recalled, Form: checks.Probably{}, Version: 2,
		Grid:   grid,
		OnData: labelFile,
		Cost:   labelP.cost,
		Setup:  func(p labelP) (checks.Instance, error) { return p.contest(stepped, false) },
		Controls: []checks.Control[labelP]{{
			Name: "shuffled-labels", Why: "labels without a relation to the images are learnt no sooner than random ones", At: []labelP{shuffled},
		}, {
			Name: "exchanged", Why: "random labels take longer than true ones", At: labelGrid(100, 0.1, 0)[1:2],
			Setup: func(p labelP) (checks.Instance, error) { return p.contest(stepped, true) },
		}},
	}
}

// stepped is the number of steps that labels take.
func stepped(l labels) (of func([]float64) eig.Certified, curves []checks.Series) {
	return func(y []float64) eig.Certified { return eig.Certified{Value: l.steps(l.shares(y))} }, l.curves()
}

// labelTraining is the order of the training curves of networks on images.
//
// Setting: n = 20 or 40 images with labels +-1 of which a portion, 0 or 0.4, is replaced by random ones; beside these true
// labels, independent fair signs, and sqrt n times the eigenvector of lambda_0; a network of width m with an antisymmetric start of scale 1, trained for K steps
// of gradient descent with eta = 1/lambda_max on each kind of labels from the same start.
//
// Hypotheses: lambda_0 certified positive.
//
// Conclusion: with probability at least 1 - delta over the start and the random labels, the loss after K steps is smallest for the
// true labels and largest for the worst-case ones.
//
// Constants: recalled: the source's experiment, with a width that trains in a second. The kernel limit (facts) gives the order.
//
// Convention: 1/sqrt(m) scaling, loss a sum relative to the start, neurons in antisymmetric pairs.
//
// Reference: Section 4, Figure 1.
//
// Control: the true labels exchanged with the random ones, and the random ones with the worst-case ones.
func labelTraining() checks.Claim[trainP] {
	grid := []trainP{
		{labelP{images.Easy(data.MNIST, 20, 49), 4, 0.3, 0}, 64},
		{labelP{images.Easy(data.Fashion, 20, 49), 16, 0.3, 0}, 64},
		{labelP{images.Easy(data.Fashion, 20, 49), 4, 0.3, 0.4}, 64}, // few steps and some noise: the order is close
		{labelP{images.Easy(data.MNIST, 40, 196), 60, 0.3, 0}, 256},
	}
	return checks.Claim[trainP]{
		ID: "arora2019fine/label-training", Title: "networks on true, random and worst-case labels", Reference: "Section 4, Figure 1",
		Formula:    `L_{\mathrm{true}}(K) \le L_{\mathrm{random}}(K) \le L_{\mathrm{worst}}(K)`,
		Convention: convention + ", antisymmetric pairs", Basis: checks.Recalled, Form: checks.Probably{}, Version: 2,
		Grid: grid,
		OnData: func(f checks.DataFile) []trainP {
			if f.Label == "" {
				return nil
			}
			return []trainP{{labelP{userfile.Rows(f, 20), 16, 0.3, 0}, 64}}
		},
		Cost: func(p trainP) checks.Cost {
			c := p.labelP.cost()
			run := run{Data: p.Data, M: p.M, T: p.K}.cost()
			c.Trial, c.Bytes, c.Size = 3*run.Trial, run.Bytes, run.Size
			return c
		},
		Setup: func(p trainP) (checks.Instance, error) { return trainSetup(p, "", "") },
		Controls: []checks.Control[trainP]{{
			Name: "true-with-random", Why: "random labels are learnt later than true ones", At: grid[:1],
			Setup: func(p trainP) (checks.Instance, error) { return trainSetup(p, trueLabels, randomLabels) },
		}, {
			Name: "random-with-worst", Why: "worst-case labels are learnt last", At: grid[1:2],
			Setup: func(p trainP) (checks.Instance, error) { return trainSetup(p, randomLabels, worstLabels) },
		}},
	}
}

type trainP struct {
	labelP
	M int `json:"m"`
}

// trainSetup exchanges the labels of two names in a control.
func trainSetup(p trainP, a, b string) (checks.Instance, error) {
	l, err := labelled(p.Data, p.K)
	if err != nil {
		return checks.Instance{}, err
	}
	if !l.certified().Met() {
		return checks.Instance{Hypotheses: []checks.Hypothesis{l.certified()}}, nil
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{l.certified()}, Facts: append(l.facts(), checks.NewFact("width run", float64(p.M))),
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			start := l.network(p.M, 1, nets.Antisymmetric, r)
			labels := map[string][]float64{trueLabels: l.noisy(p.Noise, r), randomLabels: l.signs(r), worstLabels: l.worst()}
			if a != b {
				labels[a], labels[b] = labels[b], labels[a]
			}
			var series []checks.Series
			end := map[string]float64{}
			for _, name := range []string{trueLabels, randomLabels, worstLabels} {
				on := l.problem
				on.y = labels[name]
				d, err := on.descent(start.Clone(), l.eta)
				if err != nil {
					return checks.Failed(err)
				}
				curve := []float64{1}
				for range p.K {
					d.Step()
					curve = append(curve, 2*d.State().Loss()/float64(l.n()))
				}
				end[name] = curve[p.K]
				series = append(series, steps(name+" labels", "measured", "relative loss, network", curve))
			}
			m := checks.All(
				checks.Measurement{Part: "true below random", Observed: end[trueLabels], Predicted: end[randomLabels]},
				checks.Measurement{Part: "random below worst-case", Observed: end[randomLabels], Predicted: end[worstLabels]},
			)
			m.Series = series
			return m
		},
	}, nil
}
