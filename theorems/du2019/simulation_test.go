package du2019

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
)

// The exact flow is what descent with a tiny step tends to, through flips of patterns.
func TestFlowIsDescentInTheLimit(t *testing.T) {
	q, err := build(data.Spec{Kind: data.Sphere, N: 3, D: 4, Seed: 5, LabelScale: 6})
	if err != nil {
		t.Fatal(err)
	}
	const m, span, pieces, sub = 30, 0.5, 8, 2000
	flips := 0
	for seed := range uint64(6) {
		net := nets.NTK(m, q.k).Draw(rand.New(rand.NewPCG(seed, 1)))
		f := newFlow(q, net, q.set.Y)
		began := append([]bool(nil), f.on...)
		d, err := train.NewDescent(net.Clone(), q.x, q.set.Y, train.Options{Step: span / sub})
		if err != nil {
			t.Fatal(err)
		}
		for piece := range pieces {
			if f.advance(span); f.slides {
				break
			}
			for range sub {
				d.Step()
			}
			moved, _ := d.State().Movement()
			for i, e := range d.State().Residual {
				if !(math.Abs(e-f.e[i]) <= 2e-3) || !(math.Abs(moved-f.moved()) <= 2e-3) {
					t.Fatalf("seed %d, piece %d: residual %v and movement %v, want nearly %v and %v", seed, piece, f.e, f.moved(), d.State().Residual, moved)
				}
			}
			if least := d.State().MinEig(); !(math.Abs(least-f.values[0]) <= 0.05) {
				t.Fatalf("seed %d, piece %d: smallest eigenvalue %v, want nearly %v", seed, piece, f.values[0], least)
			}
		}
		for p, on := range f.on {
			if on != began[p] {
				flips++
			}
		}
	}
	if flips < 10 {
		t.Errorf("%d flips: the test wants many", flips)
	}
}

// What the bookkeeping says of movement, flips and drift is what the whole network does.
func TestLazySeesTheNetwork(t *testing.T) {
	q, err := build(data.Spec{Kind: data.Sphere, N: 3, D: 5, Seed: 1, LabelScale: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	const m, steps = 300, 40
	eta := derivedStep(q)
	draw := func(radius float64) *lazy {
		return newLazy(q, m, q.set.Y, radius, true, rand.New(rand.NewPCG(3, 4)))
	}
	l, whole := draw(0.7), draw(math.Inf(1))
	d, err := train.NewDescent(lazyNetwork(q, whole), q.x, q.set.Y, train.Options{Step: eta})
	if err != nil {
		t.Fatal(err)
	}
	start := mat.NewSymDense(q.n, nil)
	start.CopySym(d.State().Gram())
	for range steps {
		d.Step()
		l.step(eta)
	}
	moved, frobenius := d.State().Movement()
	gotMoved, gotFrobenius := l.movement()
	_, flips := d.State().Flips()
	if l.flipped() != flips || flips == 0 {
		t.Errorf("%d flips, want %d and some", l.flipped(), flips)
	}
	if !(math.Abs(gotMoved-moved) <= 1e-11) || !(math.Abs(gotFrobenius-frobenius) <= 1e-11) {
		t.Errorf("movement %v and %v, want %v and %v", gotMoved, gotFrobenius, moved, frobenius)
	}
	change := spectral(d.State().Gram(), start)
	if got := spectral(l.drift(), mat.NewSymDense(q.n, nil)); !(math.Abs(got-change) <= 1e-12) || change == 0 {
		t.Errorf("drift %v, want %v and some", got, change)
	}
}

// A planted start has the Gram matrix it is planted for, and its fragile neurons.
func TestPlanted(t *testing.T) {
	q, err := build(data.Spec{Kind: data.Orthonormal, N: 3, D: 5, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	net := q.planted(40, 10, 4, 2, 0.01)
	b := nets.NewBatch(q.x, 40)
	b.Forward(net)
	h := mat.NewSymDense(q.n, nil)
	b.Gram(h, net, nets.FirstLayer)
	for i := range q.n {
		for j := range q.n {
			want := 0.0
			if i == j {
				want = 0.25
			}
			if !(math.Abs(h.At(i, j)-want) <= 1e-12) {
				t.Errorf("H[%d,%d] = %v, want %v", i, j, h.At(i, j), want)
			}
		}
	}
	fragile := make([]int, q.n)
	b.Fragile(fragile, net, 0.02)
	if fragile[0] != 4 || fragile[2] != 4 || !(math.Abs(touchedShare(b, 0.02)-0.1) <= 1e-15) {
		t.Errorf("fragile %v, share %v, want 4 of 40", fragile, touchedShare(b, 0.02))
	}
}

// The loop for one input draws what the loop for any does.
func TestOneInputIsDrawnAlike(t *testing.T) {
	q, err := build(one(0.3))
	if err != nil {
		t.Fatal(err)
	}
	for _, antisymmetric := range []bool{false, true} {
		const m = 50
		l := newLazy(q, m, q.set.Y, 0.4, antisymmetric, rand.New(rand.NewPCG(7, 8)))
		w := newLazy(q, m, q.set.Y, math.Inf(1), antisymmetric, rand.New(rand.NewPCG(7, 8)))
		net := &nets.Network{W: mat.NewDense(m, 1, append([]float64(nil), w.z...)), A: append([]float64(nil), w.a...), Act: nets.ReLU(), Scale: nets.NTKScale(m)}
		net.W.Scale(1/q.x.At(0, 0), net.W)
		d, err := train.NewDescent(net, q.x, q.set.Y, train.Options{Step: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		for k := range 20 {
			if got, want := l.u[0], d.State().U[0]; !(math.Abs(got-want) <= 1e-12) {
				t.Fatalf("antisymmetric=%v step %d: output %v, want %v", antisymmetric, k, got, want)
			}
			d.Step()
			l.step(0.5)
		}
	}
}
