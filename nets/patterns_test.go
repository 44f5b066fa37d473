package nets

import (
	"convergo/nets/internal/neuron"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

func TestPatternsCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net, x, rng := draw(t)
		n, d := x.Dims()
		m := net.Width()
		b := NewBatch(x, m)
		b.Forward(net)
		p, q := NewPatterns(n, m), NewPatterns(n, m)
		b.Patterns(p)
		before := mat.DenseCopyOf(b.Z)
		net.W.Add(net.W, gaussian(rng, m, d))
		b.Forward(net)
		b.Patterns(q)
		flips := make([]int, n)
		total := q.Flips(flips, p)
		for i := range n {
			want := 0
			for r := range m {
				if p.Active(i, r) != (before.At(r, i) >= 0) {
					t.Fatalf("neuron %d on sample %d: active %v at z = %v", r, i, p.Active(i, r), before.At(r, i))
				}
				if (before.At(r, i) >= 0) != (b.Z.At(r, i) >= 0) {
					want++
				}
			}
			if flips[i] != want {
				t.Fatalf("sample %d: %d flips, want %d", i, flips[i], want)
			}
			total -= want
			for j := range n {
				want := 0
				for r := range m {
					if p.Active(i, r) && p.Active(j, r) {
						want++
					}
				}
				if got := p.CoActive(i, j); got != want {
					t.Fatalf("samples %d, %d: %d co-active, want %d", i, j, got, want)
				}
			}
		}
		if total != 0 {
			t.Fatalf("the total is off by %d", total)
		}
	})
}

// The convention 1{z >= 0} holds at both zeros.
func TestZeroIsActive(t *testing.T) {
	net := &Network{W: mat.NewDense(2, 1, []float64{0, math.Copysign(0, -1)}), A: []float64{1, 1}, Act: ReLU(), Scale: 1}
	b := NewBatch(mat.NewDense(1, 1, []float64{1}), 2)
	b.Forward(net)
	b.Z.Set(1, 0, math.Copysign(0, -1))
	p := NewPatterns(1, 2)
	b.Patterns(p)
	if p.CoActive(0, 0) != 2 {
		t.Errorf("%d of 2 neurons active at z = 0", p.CoActive(0, 0))
	}
	dw := mat.NewDense(2, 1, nil)
	b.Gradient(dw, nil, net, []float64{3})
	if dw.At(0, 0) != 3 || dw.At(1, 0) != 3 {
		t.Errorf("gradients %v and %v at z = 0, want 3", dw.At(0, 0), dw.At(1, 0))
	}
	for _, z := range []float64{0, math.Copysign(0, -1), 2, -2, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1)} {
		if neuron.ReLU(z) != math.Max(z, 0) || neuron.Inactive(z) == 1 != (z < 0) {
			t.Errorf("z = %v: relu %v, inactive %d", z, neuron.ReLU(z), neuron.Inactive(z))
		}
	}
}

// What a batch held before, even values that are not finite, leaves no trace.
func TestForwardForgets(t *testing.T) {
	rng := newRand(8)
	net, x := NTK(9, 5).Draw(rng), gaussian(rng, 7, 5)
	b := NewBatch(x, 9)
	b.Forward(net)
	want := append([]float64(nil), b.U...)
	dw := mat.NewDense(9, 5, nil)
	b.Gradient(dw, nil, net, want)
	clean := mat.DenseCopyOf(dw)
	for r := range 9 {
		for i := range 7 {
			b.Z.Set(r, i, math.NaN())
		}
		for k := range 5 {
			dw.Set(r, k, math.NaN())
		}
	}
	b.Forward(net)
	b.Gradient(dw, nil, net, want)
	if !mat.Equal(mat.NewVecDense(7, b.U), mat.NewVecDense(7, want)) || !mat.Equal(dw, clean) {
		t.Error("values left over in the buffers show in the outputs or the gradient")
	}
}

// The count N_i(R) bounds the flips of every movement within R, and moving all
// neurons against one sample attains it.
func TestFragileIsAttained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := newRand(rapid.Uint64().Draw(t, "seed"))
		n, d, m := 4, rapid.IntRange(1, 5).Draw(t, "d"), rapid.IntRange(1, 300).Draw(t, "m")
		radius := rapid.Float64Range(1e-3, 0.5).Draw(t, "R")
		x := gaussian(rng, n, d)
		for i := range n {
			row := x.RowView(i).(*mat.VecDense)
			row.ScaleVec(1/mat.Norm(row, 2), row)
		}
		net := NTK(m, d).Draw(rng)
		w0 := mat.DenseCopyOf(net.W)
		b := NewBatch(x, m)
		b.Forward(net)
		p, q, counts, flips := NewPatterns(n, m), NewPatterns(n, m), make([]int, n), make([]int, n)
		b.Patterns(p)
		most := b.Fragile(counts, net, radius)
		for r := range m {
			step := -radius * (1 + 1e-9)
			if b.Z.At(r, 0) < 0 {
				step = -step
			}
			for k, v := range x.RawRowView(0) {
				net.W.Set(r, k, net.W.At(r, k)+step*v)
			}
		}
		b.Forward(net)
		b.Patterns(q)
		q.Flips(flips, p)
		if flips[0] != counts[0] {
			t.Fatalf("%d flips on the attacked sample, N = %d", flips[0], counts[0])
		}
		for i, f := range flips {
			if f > counts[i] || counts[i] > most {
				t.Fatalf("sample %d: %d flips, N = %d, maximum %d", i, f, counts[i], most)
			}
		}
		largest, frobenius := Movement(net.W, w0)
		if !close64(largest, radius, 1e-8) || !close64(frobenius, radius*math.Sqrt(float64(m)), 1e-8) {
			t.Fatalf("movement %v and %v, want %v times 1 and sqrt(%d)", largest, frobenius, radius, m)
		}
	})
}

func TestInSpanKeepsOutputsAndKernels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net, x, _ := draw(t)
		n, d := x.Dims()
		if rapid.Bool().Draw(t, "repeat a sample") {
			x.SetRow(n-1, x.RawRowView(0))
		}
		coords, basis := InSpan(x)
		if _, c := coords.Dims(); c != min(n, d) {
			t.Fatalf("%d coordinates for %d samples of dimension %d", c, n, d)
		}
		if n < d {
			var eye mat.Dense
			eye.Mul(basis, basis.T())
			one := mat.NewDiagDense(n, nil)
			for i := range n {
				one.SetDiag(i, 1)
			}
			if !mat.EqualApprox(&eye, one, 1e-12) {
				t.Fatal("the basis is not orthonormal")
			}
		}
		sub := net.InSpan(basis)
		for i, u := range sub.Output(coords) {
			if want := net.Output(x)[i]; !close64(u, want, 1e-9) {
				t.Fatalf("sample %d: output %v in the span, %v outside", i, u, want)
			}
		}
		if k, want := NewBatch(coords, 1).K, NewBatch(x, 1).K; !mat.EqualApprox(k, want, 1e-11) {
			t.Fatal("inner products changed")
		}
	})
}
