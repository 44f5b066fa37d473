package du2019

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/curve"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/twolayer"
	"convergo/theorems/internal/userfile"
)

// A problem is a data set with what the claims need to know of it.
type problem struct {
	set       *data.Set
	x         *mat.Dense    // n x k: the samples in coordinates of their span, k = min(n, d)
	n, k      int           // samples and coordinates
	limit     *mat.SymDense // H^inf
	lambda0   eig.Certified // its smallest eigenvalue
	top       float64       // its largest eigenvalue
	s         float64       // ||X||_2, rounded up
	labelNorm float64
}

func build(spec data.Spec) (*problem, error) {
	in, err := twolayer.Build(spec)
	if err != nil {
		return nil, err
	}
	set := in.Set
	q := &problem{set: set, x: in.Span, n: set.N(), limit: in.Limit}
	if q.lambda0, err = kernel.ReLU().Lambda0(set.X); err != nil {
		return nil, err
	}
	s, err := eig.SpectralNorm(set.X)
	if err != nil {
		return nil, err
	}
	q.s = s.Upper()
	q.top = largestEigenvalue(q.limit)
	_, q.k = q.x.Dims()
	if set.Y != nil {
		q.labelNorm = mat.Norm(mat.NewVecDense(q.n, set.Y), 2)
	}
	return q, nil
}

// bounds is the problem as the widths see it.
func (q *problem) bounds(delta float64) bounds.Problem {
	return bounds.Problem{
		N: q.n, Lambda0: q.lambda0.Lower(), S: q.s, Delta: delta, LabelNorm: q.labelNorm,
		LabelBound: mat.Norm(mat.NewVecDense(q.n, q.set.Y), math.Inf(1)),
	}
}

// distinct is the hypothesis lambda_0 > 0, met when the eigenvalue is proved positive.
func (q *problem) distinct() checks.Hypothesis {
	return checks.Require("lambda_0 proved positive", q.lambda0.Lower(), checks.AtLeast, math.SmallestNonzeroFloat64)
}

// facts are the numbers of the data with those of the claim.
func (q *problem) facts(more ...checks.Fact) []checks.Fact {
	return append([]checks.Fact{checks.NewFact("lambda_0", q.lambda0.Value), checks.NewFact("||X||^2", q.s*q.s)}, more...)
}

func (q *problem) widthFacts(published, derived float64, m int) []checks.Fact {
	return q.facts(checks.NewFact("required width (published)", published), checks.NewFact("required width (derived)", derived), checks.NewFact("width run", float64(m)))
}

// labels are those of the data scaled to a norm; norm 0 leaves them alone.
func (q *problem) labels(norm float64) []float64 {
	y := append([]float64(nil), q.set.Y...)
	if norm > 0 && q.labelNorm > 0 {
		for i := range y {
			y[i] *= norm / q.labelNorm
		}
	}
	return y
}

// antisymmetric is the start with u(0) = 0.
func (q *problem) antisymmetric(m int) nets.Init {
	in := nets.NTK(m, q.k)
	in.Symmetry = nets.Antisymmetric
	return in
}

// draw returns a network and its evaluation on the samples.
func (q *problem) draw(r *rand.Rand, in nets.Init) (*nets.Network, *nets.Batch) {
	net := in.Draw(r)
	b := nets.NewBatch(q.x, in.Width)
	b.Forward(net)
	return net, b
}

// gramTrial measures the Gram matrix of the first layer of a random network.
func (q *problem) gramTrial(m int, measure func(*mat.SymDense) checks.Measurement) checks.Trial {
	return func(r *rand.Rand) checks.Measurement {
		net, b := q.draw(r, nets.NTK(m, q.k))
		h := mat.NewSymDense(q.n, nil)
		b.Gram(h, net, nets.FirstLayer)
		return measure(h)
	}
}

// deviation compares ||h - H^inf||_2 with a bound that is known as well as lambda_0 is.
func (q *problem) deviation(h *mat.SymDense, bound float64) checks.Measurement {
	norm, err := eig.Norm(eig.Difference(h, q.limit))
	if err != nil {
		return checks.Failed(err)
	}
	return checks.Measurement{Observed: norm.Value, Predicted: bound, Error: norm.Err + q.lambda0.Err, Part: "deviation"}
}

// smallest compares lambda_min(h) with a bound that is known as well as lambda_0 is.
func (q *problem) smallest(h *mat.SymDense, bound float64) checks.Measurement {
	m := eigenMeasurement(h, bound)
	m.Error += q.lambda0.Err
	return m
}

func eigenMeasurement(h *mat.SymDense, bound float64) checks.Measurement {
	least, err := eig.Min(h)
	if err != nil {
		return checks.Failed(err)
	}
	return checks.Measurement{Observed: least.Value, Predicted: bound, Relation: checks.AtLeast, Error: least.Err, Part: "eigenvalue"}
}

// descend runs gradient descent on W, in place, and looks at step 0 and after every step until look returns false.
func (q *problem) descend(net *nets.Network, y []float64, eta float64, steps int, look func(*train.State) bool) error {
	return q.descendWith(net, y, train.Options{Step: eta}, steps, look)
}

func (q *problem) descendWith(net *nets.Network, y []float64, o train.Options, steps int, look func(*train.State) bool) error {
	d, err := train.NewDescent(net, q.x, y, o)
	if err != nil {
		return err
	}
	for look(d.State()) && d.State().Step < steps {
		d.Step()
	}
	return nil
}

// phat is the largest share of fragile neurons.
func phat(counts []int, m int) float64 {
	most := 0
	for _, c := range counts {
		most = max(most, c)
	}
	return float64(most) / float64(m)
}

// inflate widens a radius by the rounding of inner products of up to a few hundred terms.
func inflate(radius float64) float64 { return radius*(1+1e-12) + 1e-12 }

func lossSeries(xName string, x, loss, bound []float64) []checks.Series {
	return curve.Axes{X: xName, Y: "||u - y||^2", LogY: true}.Against("squared residual", x, loss, bound)
}

// spectral is ||a - b|| in the spectral norm.
func spectral(a, b *mat.SymDense) float64 {
	v := eigenvalues(eig.Difference(a, b))
	return max(math.Abs(v[0]), math.Abs(v[len(v)-1]))
}

func smallestEigenvalue(a *mat.SymDense) float64 { return eigenvalues(a)[0] }

func largestEigenvalue(a *mat.SymDense) float64 {
	v := eigenvalues(a)
	return v[len(v)-1]
}

// eigenvalues are the eigenvalues in ascending order; NaN when the solver fails, which no check survives.
func eigenvalues(a *mat.SymDense) []float64 {
	var e mat.EigenSym
	if !e.Factorize(a, false) {
		return []float64{math.NaN()}
	}
	return e.Values(nil)
}

// ceil is a width that is at least the required one, and an int: a width beyond every machine stays one.
func ceil(width float64) int {
	const widest = int(min(int64(1e15), math.MaxInt))
	if !(width < float64(widest)) {
		return widest
	}
	return max(1, int(math.Ceil(width)))
}

// dims is the size that a spec announces, without building it.
func dims(s data.Spec) (n, d float64) {
	n, d = twolayer.Size(s)
	return n, max(d, 2)
}

// gramCost is the cost of drawing a network and evaluating its Gram matrix; a normal is worth a dozen operations.
func gramCost(s data.Spec, m int) checks.Cost {
	n, d := dims(s)
	k, w := min(n, d), float64(m)
	return checks.Cost{
		Setup: 4*n*n*d + 100*n*n*n, Trial: w*(12*k+2*n*k+4*n+n*n/16+40) + 100*n*n*n,
		Bytes: 8 * w * (n + k), Size: fmt.Sprintf("m=%d", m),
	}
}

// pictures are n images of two classes each of MNIST and Fashion-MNIST, pooled to d pixels.
func pictures(n, d int) []data.Spec {
	return []data.Spec{images.Hard(data.MNIST, n, d), images.Easy(data.Fashion, n, d)}
}

func widthImages(n, d int, delta float64) []width {
	var grid []width
	for _, s := range pictures(n, d) {
		grid = append(grid, width{Data: s, Delta: delta})
	}
	return grid
}

func ladderImages(p ladder, n int) []ladder {
	var grid []ladder
	for _, s := range pictures(n, 49) {
		p.Data = s
		grid = append(grid, p)
	}
	return grid
}

// file are n rows of a user's file, scaled to unit norm, with labels +1 and -1: its own, or random ones where it has none.
func file(f checks.DataFile, n int) data.Spec { return userfile.Signed(f, n) }

// slowest is the unit eigenvector of the smallest eigenvalue.
func slowest(a *mat.SymDense) []float64 {
	n := a.SymmetricDim()
	var e mat.EigenSym
	if !e.Factorize(a, true) {
		return make([]float64, n)
	}
	var v mat.Dense
	e.VectorsTo(&v)
	return mat.Col(nil, 0, &v)
}
