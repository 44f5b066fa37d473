package munteanu2022

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"

	"gonum.org/v1/gonum/mat"
)

// TestClaims checks every claim; run one with -run 'TestClaims/munteanu2022/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// The network with its offsets kept apart is the network of package nets, also where patterns change.
func TestOffsets(t *testing.T) {
	set, err := data.Spec{Kind: data.Sphere, N: 7, D: 4, Seed: 1, Labels: data.Sign}.Build()
	if err != nil {
		t.Fatal(err)
	}
	const m, eta, steps = 60, 0.8, 40
	net := net(m, 4, 0.2).Draw(rand.New(rand.NewPCG(1, 2)))
	run, err := train.NewDescent(net, set.X, set.Y, train.Options{Step: eta, Steps: steps, Loss: nets.Logistic{}})
	if err != nil {
		t.Fatal(err)
	}
	start := nets.NewBatch(set.X, m)
	start.Forward(net)
	off, g := newOffsets(set.X, start.Z), make([]float64, 7)
	for range steps {
		nets.Logistic{}.Gradient(g, off.u, set.Y)
		off.step(eta, g)
		run.Step()
	}
	for i, u := range run.State().U {
		if !(math.Abs(u-off.u[i]) <= 1e-12) {
			t.Errorf("sample %d: output %v, with offsets apart %v", i, u, off.u[i])
		}
	}
	if _, flips := run.State().Flips(); flips == 0 || flips < off.flips {
		t.Errorf("%d flips, %d pairs of them with offsets apart; the test needs some", flips, off.flips)
	}
}

// Margins on the circle are either far above or far below the level at which separates decides.
func TestSeparates(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{8, 16, 32} {
		a, err := newArcs(n)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			arcs := r.Perm(n)[:n/4+r.IntN(3*n/4)]
			m, _, err := bounds.FeatureMargin(a.features(arcs), a.y)
			if err != nil {
				t.Fatal(err)
			}
			if m.Upper > 1e-6 && m.Lower < 1e-3 {
				t.Errorf("n=%d: margin in [%v, %v]", n, m.Lower, m.Upper)
			}
			if ok, err := a.separates(arcs); err != nil || ok != (m.Lower > separableMargin) {
				t.Errorf("n=%d, arcs %v: separates says %v (%v), the margin is in [%v, %v]", n, arcs, ok, err, m.Lower, m.Upper)
			}
		}
	}
}

// Gaps drawn at once leave the law of the last failure as it is when Gaussian pairs are added one by one.
func TestLastFailure(t *testing.T) {
	const angle, lambda, most, draws = 0.2, 0.0295, 250, 1500
	r := rand.New(rand.NewPCG(5, 6))
	sin, cos := math.Sincos(angle)
	slow := func() int {
		h, last := mat.NewSymDense(2, nil), 0
		for p := 1; p <= most; p++ {
			g, k := r.NormFloat64(), r.NormFloat64()
			first, second := g >= 0, g*cos+k*sin >= 0
			if first {
				h.SetSym(0, 0, h.At(0, 0)+1)
			}
			if second {
				h.SetSym(1, 1, h.At(1, 1)+1)
			}
			if first && second {
				h.SetSym(0, 1, h.At(0, 1)+cos)
			}
			var es mat.EigenSym
			if es.Factorize(h, false); es.Values(nil)[0] < float64(p)*lambda/2 {
				last = p
			}
		}
		return last
	}
	var mean, square [2]float64
	for range draws {
		for k, last := range []int{slow(), lastFailureOfPlane(angle, lambda, most, r)} {
			v := math.Log1p(float64(last))
			mean[k] += v / draws
			square[k] += v * v / draws
		}
	}
	for k := range square {
		square[k] = math.Sqrt(square[k] - mean[k]*mean[k])
	}
	if off := math.Abs(mean[0] - mean[1]); off > 4*square[0]*math.Sqrt(2./draws) || !(math.Abs(square[0]/square[1]-1) <= 0.1) {
		t.Errorf("logarithm of the last failure: mean %v and deviation %v one by one, %v and %v by gaps", mean[0], square[0], mean[1], square[1])
	}
}

// What squared-descent follows in function space is what the neurons of the network do.
func TestMovement(t *testing.T) {
	set, err := data.Spec{Kind: data.Sphere, N: 5, D: 4, Seed: 2, Labels: data.Normal}.Build()
	if err != nil {
		t.Fatal(err)
	}
	const m, eta, steps = 40, 0.3, 25
	net, batch := net(m, 4, 1e6).Draw(rand.New(rand.NewPCG(7, 8))), nets.NewBatch(set.X, m)
	batch.Forward(net)
	off, g, sum := newOffsets(set.X, batch.Z), make([]float64, 5), make([]float64, 5)
	for range steps {
		nets.Residual(g, off.u, set.Y)
		for i, v := range g {
			sum[i] += eta * v
		}
		off.step(eta, g)
	}
	want := 0.0
	for s := range m {
		want = math.Max(want, mat.Norm(off.d.RowView(s), 2))
	}
	if got := longest(net, batch, set.X, sum); off.flips != 0 || !(math.Abs(got-want) <= 1e-12*want) {
		t.Errorf("longest movement %v, that of the network %v, %d flips", got, want, off.flips)
	}
	norms, nearest := data.RowNorms(set.X), math.Inf(1)
	for s := range m {
		for i := range norms {
			nearest = math.Min(nearest, math.Abs(mat.Dot(net.W.RowView(s), set.X.RowView(i)))/norms[i])
		}
	}
	if got := closest(batch.Z, norms); !(math.Abs(got-nearest) <= 1e-9*nearest) {
		t.Errorf("nearest boundary at %v, want %v", got, nearest)
	}
}

// One active neuron pair on one sample goes the whole path that logistic-descent adds up.
func TestLogisticPath(t *testing.T) {
	p := logistic{Data: data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}, Eps: 0.5, Eta: 2, Delta: 0.5, Kernel: true}
	plan, err := p.plan()
	if err != nil {
		t.Fatal(err)
	}
	net, batch := net(plan.m, 1, plan.beta).Draw(rand.New(rand.NewPCG(9, 10))), nets.NewBatch(plan.x, plan.m)
	batch.Forward(net)
	off, g, path := newOffsets(plan.x, batch.Z), []float64{0}, 0.0
	for range plan.steps {
		nets.Logistic{}.Gradient(g, off.u, plan.y)
		path += farthest(p.Eta*net.Scale, g, plan.norms)
		off.step(p.Eta, g)
	}
	moved := 0.0
	for s := range plan.m {
		moved = math.Max(moved, math.Abs(off.d.At(s, 0)))
	}
	if !(math.Abs(path-moved) <= 1e-12*moved) {
		t.Errorf("path %v, the neurons moved by %v", path, moved)
	}
}
