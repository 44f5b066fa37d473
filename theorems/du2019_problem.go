package theorems

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
)

// A du2019Problem is a data set with what the claims need to know of it.
type du2019Problem struct {
	set       *data.Set
	x         *mat.Dense    // n x k: the samples in coordinates of their span, k = min(n, d)
	n, k      int           // samples and coordinates
	limit     *mat.SymDense // H^inf
	lambda0   eig.Certified // its smallest eigenvalue
	top       float64       // its largest eigenvalue
	s         float64       // ||X||_2, rounded up
	labelNorm float64
}

func du2019Build(spec data.Spec) (*du2019Problem, error) {
	set, err := spec.Build()
	if err != nil {
		return nil, err
	}
	q := &du2019Problem{set: set, n: set.N()}
	if q.limit, err = kernel.ReLU().Gram(set.X); err != nil {
		return nil, err
	}
	if q.lambda0, err = kernel.ReLU().Lambda0(set.X); err != nil {
		return nil, err
	}
	s, err := eig.SpectralNorm(set.X)
	if err != nil {
		return nil, err
	}
	q.s = s.Upper()
	q.top = du2019Largest(q.limit)
	q.x, _ = nets.InSpan(set.X)
	_, q.k = q.x.Dims()
	if set.Y != nil {
		q.labelNorm = mat.Norm(mat.NewVecDense(q.n, set.Y), 2)
	}
	return q, nil
}

// bounds is the problem as the widths see it.
func (q *du2019Problem) bounds(delta float64) bounds.Problem {
	return bounds.Problem{
		N: q.n, Lambda0: q.lambda0.Lower(), S: q.s, Delta: delta, LabelNorm: q.labelNorm,
		LabelBound: mat.Norm(mat.NewVecDense(q.n, q.set.Y), math.Inf(1)),
	}
}

// distinct is the hypothesis lambda_0 > 0, met when the eigenvalue is proved positive.
func (q *du2019Problem) distinct() checks.Hypothesis {
	return checks.Require("lambda_0 proved positive", q.lambda0.Lower(), checks.AtLeast, math.SmallestNonzeroFloat64)
}

// facts are the numbers of the data with those of the claim.
func (q *du2019Problem) facts(more ...checks.Fact) []checks.Fact {
	return append([]checks.Fact{du2019Fact("lambda_0", q.lambda0.Value), du2019Fact("||X||^2", q.s*q.s)}, more...)
}

func (q *du2019Problem) widthFacts(published, derived float64, m int) []checks.Fact {
	return q.facts(du2019Fact("required width (published)", published), du2019Fact("required width (derived)", derived), du2019Fact("width run", float64(m)))
}

// inner is XX^T.
func (q *du2019Problem) inner() *mat.SymDense {
	k := mat.NewSymDense(q.n, nil)
	k.SymOuterK(1, q.set.X)
	return k
}

// labels are those of the data scaled to a norm; norm 0 leaves them alone.
func (q *du2019Problem) labels(norm float64) []float64 {
	y := append([]float64(nil), q.set.Y...)
	if norm > 0 && q.labelNorm > 0 {
		for i := range y {
			y[i] *= norm / q.labelNorm
		}
	}
	return y
}

// antisymmetric is the start with u(0) = 0.
func (q *du2019Problem) antisymmetric(m int) nets.Init {
	in := nets.NTK(m, q.k)
	in.Symmetry = nets.Antisymmetric
	return in
}

// draw returns a network and its evaluation on the samples.
func (q *du2019Problem) draw(r *rand.Rand, in nets.Init) (*nets.Network, *nets.Batch) {
	net := in.Draw(r)
	b := nets.NewBatch(q.x, in.Width)
	b.Forward(net)
	return net, b
}

// gramTrial measures the Gram matrix of the first layer of a random network.
func (q *du2019Problem) gramTrial(m int, measure func(*mat.SymDense) checks.Measurement) checks.Trial {
	return func(r *rand.Rand) checks.Measurement {
		net, b := q.draw(r, nets.NTK(m, q.k))
		h := mat.NewSymDense(q.n, nil)
		b.Gram(h, net, nets.FirstLayer)
		return measure(h)
	}
}

// deviation compares ||h - H^inf||_2 with a bound that is known as well as lambda_0 is.
func (q *du2019Problem) deviation(h *mat.SymDense, bound float64) checks.Measurement {
	norm, err := eig.Norm(du2019Difference(h, q.limit))
	if err != nil {
		return checks.Failed(err)
	}
	return checks.Measurement{Observed: norm.Value, Predicted: bound, Error: norm.Err + q.lambda0.Err, Part: "deviation"}
}

// smallest compares lambda_min(h) with a bound that is known as well as lambda_0 is.
func (q *du2019Problem) smallest(h *mat.SymDense, bound float64) checks.Measurement {
	m := du2019EigenMeasurement(h, bound)
	m.Error += q.lambda0.Err
	return m
}

func du2019EigenMeasurement(h *mat.SymDense, bound float64) checks.Measurement {
	least, err := eig.Min(h)
	if err != nil {
		return checks.Failed(err)
	}
	return checks.Measurement{Observed: least.Value, Predicted: bound, Relation: checks.AtLeast, Error: least.Err, Part: "eigenvalue"}
}

// descend runs gradient descent on W, in place, and looks at step 0 and after every step until look returns false.
func (q *du2019Problem) descend(net *nets.Network, y []float64, eta float64, steps int, look func(*train.State) bool) error {
	return q.descendWith(net, y, train.Options{Step: eta}, steps, look)
}

func (q *du2019Problem) descendWith(net *nets.Network, y []float64, o train.Options, steps int, look func(*train.State) bool) error {
	d, err := train.NewDescent(net, q.x, y, o)
	if err != nil {
		return err
	}
	for look(d.State()) && d.State().Step < steps {
		d.Step()
	}
	return nil
}

// du2019Phat is the largest share of fragile neurons.
func du2019Phat(counts []int, m int) float64 {
	most := 0
	for _, c := range counts {
		most = max(most, c)
	}
	return float64(most) / float64(m)
}

// du2019Inflate widens a radius by the rounding of inner products of up to a few hundred terms.
func du2019Inflate(radius float64) float64 { return radius*(1+1e-12) + 1e-12 }

func du2019LossSeries(xName string, x, loss, bound []float64) []checks.Series {
	series := []checks.Series{checks.NewSeries("squared residual", "measured", x, loss), checks.NewSeries("bound", "bound", x, bound)}
	for i := range series {
		series[i].XName, series[i].YName, series[i].LogY = xName, "||u - y||^2", true
	}
	return series
}

// du2019Spectral and du2019Distance are ||a - b|| in the spectral and the Frobenius norm.
func du2019Spectral(a, b *mat.SymDense) float64 {
	v := du2019Eigenvalues(du2019Difference(a, b))
	return max(math.Abs(v[0]), math.Abs(v[len(v)-1]))
}

func du2019Distance(a, b *mat.SymDense) float64 { return mat.Norm(du2019Difference(a, b), 2) }

func du2019Difference(a, b *mat.SymDense) *mat.SymDense {
	n := a.SymmetricDim()
	d := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			d.SetSym(i, j, a.At(i, j)-b.At(i, j))
		}
	}
	return d
}

func du2019Smallest(a *mat.SymDense) float64 { return du2019Eigenvalues(a)[0] }

func du2019Largest(a *mat.SymDense) float64 {
	v := du2019Eigenvalues(a)
	return v[len(v)-1]
}

// du2019Eigenvalues are the eigenvalues in ascending order; NaN when the solver fails, which no check survives.
func du2019Eigenvalues(a *mat.SymDense) []float64 {
	var e mat.EigenSym
	if !e.Factorize(a, false) {
		return []float64{math.NaN()}
	}
	return e.Values(nil)
}

func du2019Dot(a, b []float64) float64 {
	var s float64
	for i, v := range a {
		s += v * b[i]
	}
	return s
}

// du2019Ceil is a width that is at least the required one, and an int: a width beyond every machine stays one.
func du2019Ceil(width float64) int {
	if !(width < 1e15) {
		return 1e15
	}
	return max(1, int(math.Ceil(width)))
}

// du2019Dims is the size that a spec announces, without building it.
func du2019Dims(s data.Spec) (n, d float64) {
	n, d = float64(s.N), float64(s.D)
	switch {
	case len(s.Points) > 0:
		n, d = float64(len(s.Points)), float64(len(s.Points[0]))
	case s.Kind == data.File:
		n, d = float64(s.Load.Rows), float64(s.Load.Rows) // the span has no more dimensions than rows
	case s.Kind == data.Angles:
		n = float64(len(s.Angles))
	}
	return n, max(d, 2)
}

// du2019GramCost is the cost of drawing a network and evaluating its Gram matrix; a normal is worth a dozen operations.
func du2019GramCost(s data.Spec, m int) checks.Cost {
	n, d := du2019Dims(s)
	k, w := min(n, d), float64(m)
	return checks.Cost{
		Setup: 4*n*n*d + 100*n*n*n, Trial: w*(12*k+2*n*k+4*n+n*n/16+40) + 100*n*n*n,
		Bytes: 8 * w * (n + k), Size: fmt.Sprintf("m=%d", m),
	}
}

// du2019Images are n images of two classes each of MNIST and Fashion-MNIST, pooled to d pixels.
func du2019Images(n, d int) []data.Spec {
	return []data.Spec{
		{Kind: data.MNIST, N: n, D: d, Classes: [2]int{3, 8}},
		{Kind: data.Fashion, N: n, D: d, Classes: [2]int{0, 1}},
	}
}

func du2019WidthImages(n, d int, delta float64) []du2019Width {
	var grid []du2019Width
	for _, s := range du2019Images(n, d) {
		grid = append(grid, du2019Width{Data: s, Delta: delta})
	}
	return grid
}

func du2019LadderImages(p du2019Ladder, n int) []du2019Ladder {
	var grid []du2019Ladder
	for _, s := range du2019Images(n, 49) {
		p.Data = s
		grid = append(grid, p)
	}
	return grid
}

// du2019File are the first n rows of a user's file, scaled to unit norm, with random signs for labels: the claims are
// about inputs, and a file need not have labels.
func du2019File(f checks.DataFile, n int) data.Spec {
	return data.Spec{
		Kind: data.File, Path: f.Path, SHA256: f.SHA256, Labels: data.Sign,
		Load: data.Options{Rows: n, AllowDuplicates: true},
	}
}

func du2019Fact(name string, value float64) checks.Fact {
	return checks.Fact{Name: name, Value: checks.Float(value)}
}
