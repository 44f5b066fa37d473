package train

import (
	"math"
	"testing"

	"convergo/nets"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// measured are the columns of a trace from the definitions: the networks at the start and now, the samples,
// and nothing that the package computes.
type measured struct {
	loss, norm, minEig, maxMove, frobenius, flipFraction, gramFrobenius, gramSpectral float64

	residual []float64
	maxFlips int
}

// jacobianGram is J J^T of the named layers, with every entry of J written down.
func jacobianGram(net *nets.Network, x *mat.Dense, layers nets.Layers) *mat.SymDense {
	n, d := x.Dims()
	m := net.Width()
	jac := mat.NewDense(n, m*(d+1), nil)
	for i := range n {
		for r := range m {
			z := mat.Dot(net.W.RowView(r), x.RowView(i))
			if z < 0 {
				continue
			}
			for k := range d {
				if layers&nets.FirstLayer != 0 {
					jac.Set(i, r*d+k, net.Scale*net.A[r]*x.At(i, k))
				}
			}
			if layers&nets.SecondLayer != 0 {
				jac.Set(i, m*d+r, net.Scale*z)
			}
		}
	}
	var gram mat.SymDense
	gram.SymOuterK(1, jac)
	return &gram
}

// singular is the largest or smallest singular value: the norm of a symmetric matrix, or the smallest
// eigenvalue of a semidefinite one.
func singular(a mat.Matrix, largest bool) float64 {
	var svd mat.SVD
	svd.Factorize(a, mat.SVDNone)
	v := svd.Values(nil)
	if largest {
		return v[0]
	}
	return v[len(v)-1]
}

func measure(start, now *nets.Network, x *mat.Dense, y []float64, layers nets.Layers, factor float64) measured {
	n, _ := x.Dims()
	c := measured{residual: make([]float64, n)}
	total := 0
	for i := range n {
		flips, f := 0, 0.0
		for r := range now.Width() {
			z, before := mat.Dot(now.W.RowView(r), x.RowView(i)), mat.Dot(start.W.RowView(r), x.RowView(i))
			f += now.Scale * now.A[r] * math.Max(0, z)
			if (z >= 0) != (before >= 0) {
				flips++
			}
		}
		c.residual[i] = factor*f - y[i]
		c.loss += c.residual[i] * c.residual[i] / 2
		c.maxFlips = max(c.maxFlips, flips)
		total += flips
	}
	c.norm = math.Sqrt(2 * c.loss)
	c.flipFraction = float64(total) / float64(n*now.Width())
	for r := range now.Width() {
		var move mat.VecDense
		move.SubVec(now.W.RowView(r), start.W.RowView(r))
		c.maxMove = math.Max(c.maxMove, mat.Norm(&move, 2))
		c.frobenius = math.Hypot(c.frobenius, mat.Norm(&move, 2))
	}
	h := jacobianGram(now, x, layers)
	c.minEig = singular(h, false)
	var change mat.Dense
	change.Sub(h, jacobianGram(start, x, layers))
	c.gramFrobenius, c.gramSpectral = mat.Norm(&change, 2), singular(&change, true)
	return c
}

func TestTracesAreMeasured(t *testing.T) {
	const all = Residuals | MinEig | Moves | Flips | GramFrobenius | GramSpectral
	in := nets.NTK(60, 4)
	in.Output = nets.GaussianOutput
	start, x, y := problem(newRand(19), in, 4)
	how := Masking{Law: Bernoulli{0.5}, Models: 2, LocalSteps: 2}
	for _, c := range []struct {
		name   string
		layers nets.Layers
		factor float64
		run    func(net *nets.Network, opt Options) (*Trace, error)
	}{
		{"Descend", nets.BothLayers, 1, func(net *nets.Network, opt Options) (*Trace, error) {
			return Descend(background, net, x, y, opt)
		}},
		{"Flow", nets.FirstLayer, 1, func(net *nets.Network, opt Options) (*Trace, error) {
			return Flow(background, net, x, y, 6, opt)
		}},
		{"Masked.Run", nets.FirstLayer, 0.5, func(net *nets.Network, opt Options) (*Trace, error) {
			k, err := NewMasked(net, x, y, how, opt, newRand(2))
			if err != nil {
				return nil, err
			}
			return k.Run(background)
		}},
		{"DescendMasked", nets.FirstLayer, 0.5, func(net *nets.Network, opt Options) (*Trace, error) {
			return DescendMasked(background, net, x, y, how, opt, newRand(2))
		}},
	} {
		var path []*nets.Network
		trace, err := c.run(start.Clone(), Options{Step: 0.4, Steps: 15, Record: all, Layers: c.layers,
			Callback: func(_ int, s *State) bool {
				path = append(path, s.Net.Clone())
				return false
			}})
		if err != nil || len(path) != 16 || len(trace.Steps) != 16 {
			t.Fatalf("%s: %d states, rows at %v, error %v", c.name, len(path), trace.Steps, err)
		}
		moved := 0
		for k, net := range path {
			want := measure(path[0], net, x, y, c.layers, c.factor)
			for _, column := range []struct {
				name      string
				got, want float64
			}{
				{"loss", trace.Loss[k], want.loss},
				{"norm", trace.Norm[k], want.norm},
				{"residual", floats.Distance(trace.Residual[k], want.residual, 2), 0},
				{"smallest eigenvalue", trace.MinEig[k], want.minEig},
				{"largest movement", trace.MaxMove[k], want.maxMove},
				{"Frobenius movement", trace.FrobeniusMove[k], want.frobenius},
				{"fraction of flips", trace.FlipFraction[k], want.flipFraction},
				{"largest count of flips", float64(trace.MaxFlips[k]), float64(want.maxFlips)},
				{"Frobenius norm of the change", trace.GramFrobenius[k], want.gramFrobenius},
				{"spectral norm of the change", trace.GramSpectral[k], want.gramSpectral},
			} {
				if !(math.Abs(column.got-column.want) <= 1e-12) || trace.Steps[k] != k {
					t.Errorf("%s, row %d: %s is %v, want %v", c.name, k, column.name, column.got, column.want)
				}
			}
			moved += want.maxFlips
		}
		if moved == 0 || trace.GramSpectral[15] == 0 {
			t.Errorf("%s: no pattern flipped", c.name)
		}
	}
}

// What a run says about its start, and that its state is one and the same throughout.
func TestStates(t *testing.T) {
	start, x, y := problem(newRand(23), nets.NTK(30, 3), 4)
	opt := Options{Step: 0.3, Record: GramSpectral}
	net := start.Clone()
	d, err := NewDescent(net, x, y, opt)
	if err != nil {
		t.Fatal(err)
	}
	masked := start.Clone()
	k, err := NewMasked(masked, x, y, Masking{Law: Partition{}, Models: 4, LocalSteps: 1}, opt, newRand(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s, again *State
		net      *nets.Network
		factor   float64
	}{{d.State(), d.State(), net, 1}, {k.State(), k.State(), masked, 0.25}} {
		s := c.s
		if s != c.again || s.Net != c.net || s.Batch.X != x || s.Step != 0 || !floats.Equal(s.Y, y) || !mat.Equal(s.W0, start.W) {
			t.Fatalf("the state is not that of the network on the samples")
		}
		want := measure(start, start, x, y, nets.FirstLayer, c.factor)
		if floats.Distance(s.Residual, want.residual, 2) > 1e-14 || !(math.Abs(s.Norm-want.norm) <= 1e-14) || !(math.Abs(s.Loss()-want.loss) <= 1e-14) {
			t.Errorf("residual %v of norm %v and loss %v, want %+v", s.Residual, s.Norm, s.Loss(), want)
		}
		for i, u := range s.U {
			if !(math.Abs(u-y[i]-want.residual[i]) <= 1e-14) || !(math.Abs(s.Batch.U[i]*c.factor-u) <= 1e-14) {
				t.Errorf("predictions %v and outputs %v for residuals %v", s.U, s.Batch.U, want.residual)
			}
		}
		gram := jacobianGram(start, x, nets.FirstLayer)
		if !mat.EqualApprox(s.Gram(), gram, 1e-14) || !mat.EqualApprox(s.gram0, gram, 1e-14) || !(math.Abs(s.MinEig()-want.minEig) <= 1e-14) {
			t.Errorf("Gram matrix\n%v\nwant\n%v", mat.Formatted(s.Gram()), mat.Formatted(gram))
		}
		var inner mat.SymDense
		inner.SymOuterK(1, x)
		if !mat.EqualApprox(s.Batch.K, &inner, 1e-14) {
			t.Error("inner products are not those of the samples")
		}
		for i := range y {
			for r := range 30 {
				z := mat.Dot(start.W.RowView(r), x.RowView(i))
				if !(math.Abs(s.Batch.Z.At(r, i)-z) <= 1e-14) || s.Patterns.Active(i, r) != (z >= 0) {
					t.Fatalf("neuron %d on sample %d: z = %v, want %v", r, i, s.Batch.Z.At(r, i), z)
				}
			}
		}
	}
	d.Step()
	k.Round()
	if d.State().Step != 1 || k.State().Step != 1 || !mat.Equal(d.State().W0, start.W) || !mat.Equal(k.State().W0, start.W) {
		t.Error("a step is not counted, or moves what the run started from")
	}
}

// The default for Record MinEig and the norm of a change, on matrices by hand, and on blocks so far apart
// that LAPACK's iteration for values alone panics.
func TestEigenvalues(t *testing.T) {
	s := 0x1p-450
	for _, c := range []struct {
		name       string
		h          []float64
		low, large float64
	}{
		{"one", []float64{-3, 0, 0, 0, -3, 0, 0, 0, -3}, -3, 3},
		{"pair", []float64{2, 1, 0, 1, 2, 0, 0, 0, 5}, 1, 5},
		{"indefinite", []float64{0, 4, 0, 4, 0, 0, 0, 0, 1}, -4, 4},
		{"graded", []float64{2, 0, 0, 0, 2 * s, s, 0, s, 2 * s}, s, 2},
		{"zero", make([]float64, 9), 0, 0},
	} {
		h := mat.NewSymDense(3, c.h)
		if low, norm := smallestEigenvalue(h), spectralNorm(h); !(math.Abs(low-c.low) <= 1e-15*math.Abs(c.low)+1e-300) || !(math.Abs(norm-c.large) <= 2e-15*c.large) {
			t.Errorf("%s: smallest eigenvalue %v, norm %v; want %v, %v", c.name, low, norm, c.low, c.large)
		}
	}
}

// exp(-tH) e and (I - eta H)^k e of a matrix with known eigenvectors, and the step in place.
func TestLinearByHand(t *testing.T) {
	// Eigenvalues 1 on (1, 1) and 3 on (1, -1): (5, 1) = 3 (1, 1) + 2 (1, -1).
	h := mat.NewSymDense(2, []float64{2, -1, -1, 2})
	lin, err := NewLinear(h)
	if err != nil {
		t.Fatal(err)
	}
	if v := lin.Values; !(math.Abs(v[0]-1) <= 1e-15) || !(math.Abs(v[1]-3) <= 1e-15) {
		t.Errorf("eigenvalues %v, want [1 3]", v)
	}
	for j, want := range [][]float64{{1, 1}, {1, -1}} {
		x, y := lin.Vectors.At(0, j), lin.Vectors.At(1, j)
		if !(math.Abs(x*x-0.5) <= 1e-15) || !(math.Abs(y-x*want[0]*want[1]) <= 1e-15) {
			t.Errorf("eigenvector (%v, %v), want the unit vector along %v", x, y, want)
		}
	}
	e := []float64{5, 1}
	mix := func(a, b float64) []float64 { return []float64{3*a + 2*b, 3*a - 2*b} }
	steps := mix(math.Pow(0.8, 4), math.Pow(0.4, 4))
	for _, c := range []struct {
		name      string
		got, want []float64
	}{
		{"flow", lin.Flow(e, 0.7), mix(math.Exp(-0.7), math.Exp(-2.1))},
		{"descent", lin.Descent(e, 0.2, 4), steps},
		{"recursion", Linearised(h, e, 0.2, 4)[4], steps},
		{"recursion at 0", Linearised(h, e, 0.2, 4)[0], e},
		{"square", lin.Apply(e, func(x float64) float64 { return x * x }), mix(1, 9)},
	} {
		if floats.Distance(c.got, c.want, 2) > 1e-14 {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	u := []float64{1, 2}
	LinearStep(u, h, 0.5, []float64{4, 1})
	if u[0] != 1-0.5*7 || u[1] != 2-0.5*-2 {
		t.Errorf("a step in function space leads to %v, want [-2.5 3]", u)
	}
}
