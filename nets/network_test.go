package nets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func gaussian(rng *rand.Rand, r, c int) *mat.Dense {
	x := mat.NewDense(r, c, nil)
	for i := range r {
		for k := range c {
			x.Set(i, k, rng.NormFloat64())
		}
	}
	return x
}

func normals(rng *rand.Rand, n int) []float64 { return gaussian(rng, 1, n).RawRowView(0) }

func activations() []Activation {
	return []Activation{ReLU(), LeakyReLU(0.3), Erf(), Tanh(), Softplus(), Identity(), Quadratic(), Sine()}
}

// draw gives a random network and samples of it, of any shape that the package
// allows. Masks and both kinds of output weights come up.
func draw(t *rapid.T) (*Network, *mat.Dense, *rand.Rand) {
	rng := newRand(rapid.Uint64().Draw(t, "seed"))
	in := Init{
		Width: rapid.IntRange(1, 140).Draw(t, "m"), Dim: rapid.IntRange(1, 7).Draw(t, "d"),
		Act:    rapid.SampledFrom(activations()).Draw(t, "act"),
		Kappa:  rapid.SampledFrom([]float64{0.1, 1, 2}).Draw(t, "kappa"),
		Output: rapid.SampledFrom([]OutputLaw{Signs, GaussianOutput, Ones}).Draw(t, "a"),
	}
	if rapid.Bool().Draw(t, "mean field") {
		in.Scale = MeanFieldScale(in.Width)
	}
	net := in.Draw(rng)
	if rapid.Bool().Draw(t, "masked") {
		net.Mask = make([]bool, in.Width)
		for r := range net.Mask {
			net.Mask[r] = rng.IntN(3) > 0
		}
	}
	return net, gaussian(rng, rapid.IntRange(1, 9).Draw(t, "n"), in.Dim), rng
}

// output is the definition of the network, term by term.
func output(net *Network, x *mat.Dense, i int) float64 {
	var f float64
	for r := range net.Width() {
		if net.Mask != nil && !net.Mask[r] {
			continue
		}
		f += net.A[r] * net.Act.Value(mat.Dot(net.W.RowView(r), x.RowView(i)))
	}
	return net.Scale * f
}

func close64(a, b, tol float64) bool { return math.Abs(a-b) <= tol*(1+math.Abs(a)+math.Abs(b)) }

func TestOutputIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net, x, _ := draw(t)
		b := NewBatch(x, net.Width())
		b.Forward(net)
		for i, u := range net.Output(x) {
			if want := output(net, x, i); !close64(u, want, 1e-11) || u != b.U[i] {
				t.Fatalf("sample %d: Output %v, Batch %v, definition %v", i, u, b.U[i], want)
			}
		}
	})
}

func TestOutputByHand(t *testing.T) {
	net := &Network{
		W: mat.NewDense(4, 2, []float64{1, 2, -1, 0, 0.5, -1, 3, 3}), A: []float64{1, 1, -1, 1},
		Act: ReLU(), Scale: NTKScale(4), Mask: []bool{true, true, true, false},
	}
	x := mat.NewDense(2, 2, []float64{1, 0, -1, -2})
	// Preactivations (1, -1, 1/2) and (-5, 1, 3/2).
	if u := net.Output(x); u[0] != (1-0.5)/2 || u[1] != (1-1.5)/2 {
		t.Errorf("outputs %v, want [0.25 -0.25]", u)
	}
	b := NewBatch(x, 4)
	b.Forward(net)
	h := mat.NewSymDense(2, nil)
	b.Gram(h, net, FirstLayer)
	// Active: {0, 2} on sample 0, {1, 2} on sample 1; x0.x0 = 1, x0.x1 = -1, x1.x1 = 5.
	if h.At(0, 0) != 2./4 || h.At(0, 1) != -1./4 || h.At(1, 1) != 10./4 {
		t.Errorf("H = %v", mat.Formatted(h))
	}
	b.Gram(h, net, SecondLayer)
	if h.At(0, 0) != 1.25/4 || h.At(0, 1) != 0.75/4 || h.At(1, 1) != 3.25/4 {
		t.Errorf("G = %v", mat.Formatted(h))
	}
	dw, da := mat.NewDense(4, 2, nil), make([]float64, 4)
	b.Gradient(dw, da, net, []float64{2, 10})
	if got, want := fmt.Sprint(dw.RawMatrix().Data, da), "[1 0 -5 -10 4 10 0 0] [1 5 8 0]"; got != want {
		t.Errorf("gradient %s, want %s", got, want)
	}
}

func TestGradientIsFiniteDifference(t *testing.T) {
	losses := []Loss{Square{}, Square{Mean: true}, Logistic{}, Logistic{Sum: true}, CrossEntropy{}, CrossEntropy{Sum: true}}
	rapid.Check(t, func(t *rapid.T) {
		net, x, rng := draw(t)
		loss := rapid.SampledFrom(losses).Draw(t, "loss")
		n, d := x.Dims()
		y, e := make([]float64, n), make([]float64, n)
		for i := range y {
			y[i] = float64(2*rng.IntN(2) - 1)
		}
		b := NewBatch(x, net.Width())
		b.Forward(net)
		loss.Gradient(e, b.U, y)
		dw, da := mat.NewDense(net.Width(), d, nil), make([]float64, net.Width())
		b.Gradient(dw, da, net, e)

		const h = 1e-5
		slope := func(p *float64) float64 {
			v := *p
			*p = v + h
			up := loss.Value(net.Output(x), y)
			*p = v - h
			down := loss.Value(net.Output(x), y)
			*p = v
			return (up - down) / (2 * h)
		}
		for range 5 {
			r, k := rng.IntN(net.Width()), rng.IntN(d)
			if got, want := da[r], slope(&net.A[r]); !close64(got, want, 1e-6) {
				t.Fatalf("dL/da_%d = %v, difference quotient %v", r, got, want)
			}
			kink := false // within reach of the step: no derivative to compare with
			for i, z := range b.Z.RawRowView(r) {
				kink = kink || math.Abs(z) <= 2*h*math.Abs(x.At(i, k))
			}
			if got, want := dw.At(r, k), slope(&net.W.RawRowView(r)[k]); !kink && !close64(got, want, 1e-6) {
				t.Fatalf("dL/dw_%d,%d = %v, difference quotient %v", r, k, got, want)
			}
		}
	})
}

func TestGramIsJacobianProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net, x, _ := draw(t)
		n, _ := x.Dims()
		b := NewBatch(x, net.Width())
		b.Forward(net)
		for _, layers := range []Layers{FirstLayer, SecondLayer, BothLayers} {
			got := mat.NewSymDense(n, nil)
			b.Gram(got, net, layers)
			j := b.Jacobian(net, layers)
			var want mat.Dense
			want.Mul(j, j.T())
			for i := range n {
				for k := range n {
					if !close64(got.At(i, k), want.At(i, k), 1e-12) {
						t.Fatalf("layers %d: H(%d,%d) = %v, J J^T %v", layers, i, k, got.At(i, k), want.At(i, k))
					}
				}
			}
		}
	})
}

func TestGradientIsJacobianTransposeTimesResidual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net, x, rng := draw(t)
		n, d := x.Dims()
		b := NewBatch(x, net.Width())
		b.Forward(net)
		e := normals(rng, n)
		dw, da := mat.NewDense(net.Width(), d, nil), make([]float64, net.Width())
		b.Gradient(dw, da, net, e)
		var want mat.VecDense
		want.MulVec(b.Jacobian(net, BothLayers).T(), mat.NewVecDense(n, e))
		for c, v := range append(append([]float64(nil), dw.RawMatrix().Data...), da...) {
			if !close64(v, want.AtVec(c), 1e-12) {
				t.Fatalf("column %d: gradient %v, J^T e %v", c, v, want.AtVec(c))
			}
		}
	})
}

// Counting bit patterns and summing floats are two ways to one matrix.
func TestCountedGramIsSummedGram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net, x, _ := draw(t)
		n, _ := x.Dims()
		net.Act = ReLU()
		plain := *net
		plain.Act = LeakyReLU(0)
		fast, slow := mat.NewSymDense(n, nil), mat.NewSymDense(n, nil)
		b := NewBatch(x, net.Width())
		b.Forward(net)
		b.Gram(fast, net, FirstLayer)
		b.Gram(slow, &plain, FirstLayer)
		if !mat.EqualApprox(fast, slow, 1e-11) {
			t.Fatalf("counted\n%v\nsummed\n%v", mat.Formatted(fast), mat.Formatted(slow))
		}
	})
}

func TestUpdateIsAGradientStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net, x, rng := draw(t)
		n, d := x.Dims()
		layers := rapid.SampledFrom([]Layers{FirstLayer, SecondLayer, BothLayers}).Draw(t, "layers")
		b := NewBatch(x, net.Width())
		b.Forward(net)
		e, eta := normals(rng, n), 0.3
		dw, da := mat.NewDense(net.Width(), d, nil), make([]float64, net.Width())
		b.Gradient(dw, da, net, e)
		want := net.Clone()
		for r := range want.A {
			if layers&SecondLayer != 0 {
				want.A[r] -= eta * da[r]
			}
			if layers&FirstLayer != 0 {
				for k := range d {
					want.W.Set(r, k, want.W.At(r, k)-eta*dw.At(r, k))
				}
			}
		}
		alone := net.Clone()
		b.Update(net, eta, e, layers)
		if !mat.EqualApprox(net.W, want.W, 1e-11) || !mat.EqualApprox(mat.NewVecDense(len(net.A), net.A), mat.NewVecDense(len(net.A), want.A), 1e-11) {
			t.Fatal("weights are not those of a gradient step")
		}
		fresh := NewBatch(x, net.Width())
		fresh.Forward(net)
		for i, u := range b.U {
			if u != fresh.U[i] {
				t.Fatalf("output %d after the update is %v, evaluated anew %v", i, u, fresh.U[i])
			}
		}
		if !mat.Equal(b.Z, fresh.Z) {
			t.Fatal("preactivations are stale after the update")
		}
		if layers == FirstLayer {
			moved := NewBatch(x, net.Width())
			moved.Forward(alone)
			moved.Move(alone, eta, e)
			if !mat.Equal(alone.W, net.W) {
				t.Fatal("Move and Update give different weights")
			}
		}
	})
}

func TestMaskedNetworkIsTheSmallerOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net, x, _ := draw(t)
		n, d := x.Dims()
		if net.Mask == nil {
			net.Mask = make([]bool, net.Width())
		}
		net.Mask[0] = true
		small := &Network{W: new(mat.Dense), Act: net.Act, Scale: net.Scale}
		var rows []float64
		for r, a := range net.A {
			if net.Mask[r] {
				rows = append(rows, net.W.RawRowView(r)...)
				small.A = append(small.A, a)
			}
		}
		small.W = mat.NewDense(len(small.A), d, rows)
		b, c := NewBatch(x, net.Width()), NewBatch(x, small.Width())
		b.Forward(net)
		c.Forward(small)
		g, h := mat.NewSymDense(n, nil), mat.NewSymDense(n, nil)
		b.Gram(g, net, BothLayers)
		c.Gram(h, small, BothLayers)
		if !mat.EqualApprox(g, h, 1e-11) || !mat.EqualApprox(mat.NewVecDense(n, b.U), mat.NewVecDense(n, c.U), 1e-11) {
			t.Fatal("masked network differs from the network of the neurons that are kept")
		}
		var p, q = make([]int, n), make([]int, n)
		if b.Fragile(p, net, 0.2) != c.Fragile(q, small, 0.2) || fmt.Sprint(p) != fmt.Sprint(q) {
			t.Fatalf("fragile counts %v, of the smaller network %v", p, q)
		}
	})
}

func TestTiedPairsHaveZeroOutput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := newRand(rapid.Uint64().Draw(t, "seed"))
		in := Init{
			Width: 2 * rapid.IntRange(1, 60).Draw(t, "m/2"), Dim: 3, Kappa: 1e3,
			Act:      rapid.SampledFrom(activations()).Draw(t, "act"),
			Output:   rapid.SampledFrom([]OutputLaw{Signs, GaussianOutput, Ones}).Draw(t, "a"),
			Symmetry: rapid.SampledFrom([]Symmetry{Antisymmetric, Coupled}).Draw(t, "symmetry"),
		}
		net, x := in.Draw(rng), gaussian(rng, 5, 3)
		if in.Act.Name == Softplus().Name {
			net.W.Scale(1e-3, net.W)
		}
		for i, u := range net.Output(x) {
			if u != 0 {
				t.Fatalf("output %d is %v, want exactly 0", i, u)
			}
		}
		if in.Act.Name == Identity().Name {
			net.A[rng.IntN(in.Width)] *= -1
			if u := net.Output(x); u[0] == 0 {
				t.Fatal("flipping one sign left the output at zero")
			}
		}
	})
}

// The first two moments of the laws, at z-scores that a wrong constant exceeds.
func TestInitMoments(t *testing.T) {
	const draws = 4000
	x := mat.NewDense(2, 3, []float64{0.6, 0.8, 0, 0, 0.6, -0.8})
	for _, c := range []struct {
		name string
		in   Init
		want float64 // E u_1^2
	}{
		// E relu(z)^2 = kappa^2/2, and u is a mean-zero sum.
		{"signs", Init{Width: 6, Dim: 3, Act: ReLU(), Kappa: 1.7}, 1.7 * 1.7 / 2},
		{"gaussian", Init{Width: 6, Dim: 3, Act: ReLU(), Kappa: 1, Output: GaussianOutput}, 0.5},
		// All +1: m/2 (1 - 1/pi) / m from the variance and m E[relu]^2 = m/(2 pi).
		{"ones", Init{Width: 6, Dim: 3, Act: ReLU(), Kappa: 1, Output: Ones}, 0.5*(1-1/math.Pi) + 6/(2*math.Pi)},
		{"mean field", Init{Width: 6, Dim: 3, Act: ReLU(), Kappa: 1, Scale: MeanFieldScale(6)}, 0.5 / 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := newRand(3)
			net := c.in.Draw(rng)
			var s, q float64
			for range draws {
				c.in.Redraw(net, rng)
				u := net.Output(x)[0]
				s += u * u
				q += u * u * u * u
			}
			mean := s / draws
			sd := math.Sqrt((q/draws - mean*mean) / draws)
			if z := (mean - c.want) / sd; !(math.Abs(z) <= 4) {
				t.Errorf("E u^2 = %v, want %v (z = %.1f)", mean, c.want, z)
			}
		})
	}
}

func TestInitPairs(t *testing.T) {
	for _, sym := range []Symmetry{Antisymmetric, Coupled} {
		in := NTK(8, 2)
		in.Symmetry = sym
		in.Output = Ones
		net := in.Draw(newRand(1))
		for r := range 4 {
			p, q := r, r+4
			if sym == Coupled {
				p, q = 2*r, 2*r+1
			}
			if net.A[p] != 1 || net.A[q] != -1 || !mat.Equal(net.W.RowView(p), net.W.RowView(q)) {
				t.Errorf("symmetry %d: neurons %d and %d are not a pair", sym, p, q)
			}
		}
		if mat.Equal(net.W.RowView(0), net.W.RowView(2)) {
			t.Errorf("symmetry %d: neurons 0 and 2 of different pairs are equal", sym)
		}
	}
}

func TestValidate(t *testing.T) {
	good := func() *Network { return NTK(4, 2).Draw(newRand(1)) }
	for _, c := range []struct {
		want  string
		spoil func(*Network)
	}{
		{"", func(*Network) {}},
		{"output weights", func(n *Network) { n.A = n.A[:3] }},
		{"mask", func(n *Network) { n.Mask = []bool{true} }},
		{"activation", func(n *Network) { n.Act = Activation{} }},
		{"output scale", func(n *Network) { n.Scale = 0 }},
		{"weight 1 of neuron 2", func(n *Network) { n.W.Set(2, 1, math.NaN()) }},
		{"output weight 3", func(n *Network) { n.A[3] = math.Inf(1) }},
	} {
		net := good()
		c.spoil(net)
		checkError(t, net.Validate(), c.want)
	}
	for _, c := range []struct {
		want  string
		spoil func(*Init)
	}{
		{"", func(*Init) {}},
		{"width 0", func(in *Init) { in.Width = 0 }},
		{"odd", func(in *Init) { in.Width, in.Symmetry = 3, Coupled }},
		{"kappa", func(in *Init) { in.Kappa = 0 }},
		{"output scale", func(in *Init) { in.Scale = math.NaN() }},
		{"activation", func(in *Init) { in.Act = Activation{} }},
		{"unknown", func(in *Init) { in.Output = 9 }},
	} {
		in := NTK(4, 2)
		c.spoil(&in)
		checkError(t, in.Validate(), c.want)
	}
	x := func(v ...float64) *mat.Dense { return mat.NewDense(len(v)/2, 2, v) }
	for _, c := range []struct {
		want string
		x    *mat.Dense
		y    []float64
	}{
		{"", x(1, 0, 0, 1), []float64{1, 2}},
		{"", x(1, 0, 0, 1), nil},
		{"1 labels", x(1, 0, 0, 1), []float64{1}},
		{"feature 1 of sample 0", x(1, math.NaN()), nil},
		{"sample 1 is zero", x(1, 1, 0, 0), nil},
		{"", x(1e-120, 1e-130), nil},
		{"sample 1 has entries of size 1e+200", x(1, 1, 1e200, 0), nil},
		{"sample 0 has entries of size 1e-200", x(0, 1e-200), nil},
		{"label 0", x(1, 1), []float64{math.Inf(-1)}},
	} {
		checkError(t, CheckData(c.x, c.y), c.want)
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}
