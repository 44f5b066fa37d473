package subquadratic_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"convergo/nets"
	"convergo/nets/subquadratic"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

func stream() *rand.Rand { return rand.New(rand.NewPCG(3, 14)) }

func close(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*(1+math.Abs(want))) {
		t.Errorf("%s = %.15g, want %.15g", what, got, want)
	}
}

func TestActivation(t *testing.T) {
	hard, soft := subquadratic.Activation{Shift: 0.5, Gain: 2, Jump: true}, subquadratic.Activation{Shift: 0.5, Gain: 2}
	for _, c := range []struct{ z, hard, soft, slope float64 }{{0.5, 0, 0, 0}, {-3, 0, 0, 0}, {0.75, 1.5, 0.5, 2}, {2, 4, 3, 2}} {
		close(t, "hard", hard.Value(c.z), c.hard, 0)
		close(t, "soft", soft.Value(c.z), c.soft, 0)
		close(t, "slope", soft.Slope(c.z), c.slope, 0)
		close(t, "plain", soft.Plain().Value(c.z), c.soft, 0)
		close(t, "plain slope", hard.Plain().Deriv(c.z), c.slope, 0)
		if hard.Active(c.z) != (c.hard > 0) {
			t.Errorf("active at %v", c.z)
		}
	}
}

func TestSparse(t *testing.T) {
	a := subquadratic.Sparse{Index: []int{1, 3, 4}, Value: []float64{3, 4, 2}}
	b := subquadratic.Sparse{Index: []int{0, 3, 4, 5}, Value: []float64{9, 0.5, -1, 7}}
	if dot, ops := a.Dot(b); dot != 0 || ops != 2 {
		t.Errorf("dot %v with %d multiplications, want 0 and 2", dot, ops)
	}
	close(t, "norm", a.Norm(), math.Sqrt(29), 1e-15)
	if got := a.Dense(6); !slices.Equal(got, []float64{0, 3, 0, 4, 2, 0}) {
		t.Errorf("dense %v", got)
	}
}

// TestNetwork compares outputs with the definition by dense matrices, and derivatives with differences of them: f is linear between
// gates, so that a difference of 1e-7 is exact to rounding.
func TestNetwork(t *testing.T) {
	r := stream()
	const m, d, layers = 12, 3, 3
	act := subquadratic.Activation{Shift: 0.1, Gain: 1.3}
	net, err := subquadratic.New(m, d, layers, act, -1, r)
	if err != nil {
		t.Fatal(err)
	}
	x := nets.Gaussian(2, d, r)
	dense := func(row int, change func(w []*mat.Dense)) float64 {
		w := []*mat.Dense{net.First, net.Deep[0].Matrix(), net.Deep[1].Matrix()}
		if change != nil {
			change(w)
		}
		h := x.RawRowView(row)
		for _, w := range w {
			var z mat.VecDense
			z.MulVec(w, mat.NewVecDense(len(h), h))
			h = nil
			for _, v := range z.RawVector().Data {
				h = append(h, 1.3*math.Max(0, v-0.1))
			}
		}
		return floats.Dot(net.Out, h)
	}
	for layer := range layers - 1 {
		passes, u, h := net.Factors(x, layer)
		for i, p := range passes {
			close(t, "output", p.Output, dense(i, nil), 1e-13)
			ud, hd := u[i].Dense(m), h[i].Dense(m)
			for a := range m {
				for b := range m {
					const e = 1e-7
					diff := (dense(i, func(w []*mat.Dense) { w[layer+1].Set(a, b, w[layer+1].At(a, b)+e) }) - dense(i, nil)) / e
					if !(math.Abs(diff-ud[a]*hd[b]) <= 1e-6) {
						t.Fatalf("layer %d, weight %d, %d: derivative %v, want %v", layer, a, b, ud[a]*hd[b], diff)
					}
				}
			}
		}
		var ops subquadratic.Ops
		g := subquadratic.KhatriRao(u, h, &ops)
		inner := func(a, b subquadratic.Sparse) float64 { return floats.Dot(a.Dense(m), b.Dense(m)) }
		close(t, "Gram", g.At(0, 1), inner(u[0], u[1])*inner(h[0], h[1]), 1e-13)
	}
	if _, err := subquadratic.New(0, 1, 1, act, -1, r); err == nil {
		t.Error("a network of no neurons was built")
	}
}

// TestWeights holds the law of the weights to its variance.
func TestWeights(t *testing.T) {
	net, err := subquadratic.New(200, 50, 2, subquadratic.Activation{Gain: 1}, -1, stream())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []*mat.Dense{net.First, net.Deep[0].Matrix()} {
		rows, cols := w.Dims()
		close(t, "variance", mat.Norm(w, 2)*mat.Norm(w, 2)/float64(rows*cols), 2./200, 5e-4)
	}
	for _, a := range net.Out {
		if a != 1 && a != -1 {
			t.Fatalf("output weight %v", a)
		}
	}
}

// TestStep checks that a step solves the linearised problem.
func TestStep(t *testing.T) {
	r := stream()
	net, err := subquadratic.New(80, 4, 2, subquadratic.Activation{Shift: 0.02, Gain: 1}, -1, r)
	if err != nil {
		t.Fatal(err)
	}
	x, y := nets.Gaussian(3, 4, r), []float64{1, 2, 3}
	passes, u, h := net.Factors(x, 0)
	before := net.Deep[0].Matrix()
	residual, err := net.Step(x, y, 0)
	if err != nil {
		t.Fatal(err)
	}
	var change mat.Dense
	change.Sub(net.Deep[0].Matrix(), before)
	for i, p := range passes {
		close(t, "residual", residual[i], p.Output-y[i], 1e-13)
		linear := mat.Inner(mat.NewVecDense(80, u[i].Dense(80)), &change, mat.NewVecDense(80, h[i].Dense(80)))
		close(t, "linearised output", p.Output+linear, y[i], 1e-9)
	}
	if net.Ops.Solve != 27 {
		t.Errorf("the system cost %d, want 27", net.Ops.Solve)
	}
}

func TestLazy(t *testing.T) {
	r := stream()
	const m = 7
	for _, limit := range []int{-1, 0, 3} {
		var ops subquadratic.Ops
		full := nets.Gaussian(m, m, r)
		lazy := subquadratic.NewLazy(full, limit, &ops)
		for range 3 {
			p := subquadratic.Sparse{Index: []int{1, 4}, Value: []float64{r.NormFloat64(), 2}}
			k := subquadratic.Sparse{Index: []int{0, 5, 6}, Value: []float64{1, r.NormFloat64(), -1}}
			lazy.Update([]subquadratic.Sparse{p, k}, []subquadratic.Sparse{k, p})
			full.RankOne(full, 1, mat.NewVecDense(m, p.Dense(m)), mat.NewVecDense(m, k.Dense(m)))
			full.RankOne(full, 1, mat.NewVecDense(m, k.Dense(m)), mat.NewVecDense(m, p.Dense(m)))
		}
		if !mat.EqualApprox(lazy.Matrix(), full, 1e-14) {
			t.Errorf("limit %d: the matrix differs", limit)
		}
		wantRank, wantRestart := map[int]int{-1: 6, 0: 0, 3: 2}[limit], map[int]int{-1: 0, 0: 6, 3: 4}[limit]
		if lazy.Rank() != wantRank || ops.Restart != wantRestart*m*m || ops.Stored != 30 {
			t.Errorf("limit %d: rank %d, %d operations of restarts, %d stored; want %d, %d, 30", limit, lazy.Rank(), ops.Restart, ops.Stored, wantRank, wantRestart*m*m)
		}
		v := subquadratic.Sparse{Index: []int{2, 3}, Value: []float64{1, -2}}
		ops = subquadratic.Ops{}
		a, b := lazy.Mul(v), lazy.MulTrans(v)
		for i := range m {
			close(t, "product", a[i], full.At(i, 2)-2*full.At(i, 3), 1e-14)
			close(t, "transposed", b[i], full.At(2, i)-2*full.At(3, i), 1e-14)
		}
		if ops.Dense != 4*m || ops.LowRank != 2*wantRank*(m+2) {
			t.Errorf("limit %d: %+v", limit, ops)
		}
	}
}

func TestTree(t *testing.T) {
	r := stream()
	tree, want := subquadratic.NewTree(5), []int(nil)
	for i := range 32 {
		v := r.NormFloat64()
		tree.Set(i, 10) // an earlier value must not stay
		tree.Set(i, v)
		if v > 0.5 {
			want = append(want, i)
		}
	}
	if got := tree.Above(0.5); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if tree.Writes != 64*6 {
		t.Errorf("%d writes, want %d", tree.Writes, 64*6)
	}
	tree.Visits = 0
	if got := tree.Above(100); got != nil || tree.Visits != 1 {
		t.Errorf("found %v in %d visits", got, tree.Visits)
	}
}

// TestTensorSketch compares the Fourier transform with the definition.
func TestTensorSketch(t *testing.T) {
	r := stream()
	for _, s := range []int{1, 2, 5, 16} {
		sketch := subquadratic.DrawTensorSketch(4, 3, s, r)
		u, h := []float64{1, 2, -1, 0.5}, []float64{3, -1, 2}
		want := make([]float64, s)
		for i := range u {
			for j := range h {
				want[(sketch.Left.Hash[i]+sketch.Right.Hash[j])%s] += sketch.Left.Sign[i] * sketch.Right.Sign[j] * u[i] * h[j]
			}
		}
		got := make([]float64, s)
		for range 2 { // buffers are used again
			sketch.Apply(got, u, h)
		}
		if !floats.EqualApprox(got, want, 1e-12) {
			t.Errorf("s = %d: %v, want %v", s, got, want)
		}
	}
	counts := make([]int, 3)
	for range 300 {
		c := subquadratic.DrawCountSketch(10, 3, r)
		for i, h := range c.Hash {
			counts[h]++
			if math.Abs(c.Sign[i]) != 1 {
				t.Fatalf("sign %v", c.Sign[i])
			}
		}
	}
	for _, k := range counts {
		if k < 880 || k > 1120 {
			t.Errorf("places are hit %v times of 3000", counts)
		}
	}
}

func TestConjugate(t *testing.T) {
	r := stream()
	b := nets.Gaussian(8, 5, r)
	want := []float64{1, -1, 2, 0, 3}
	var v, c mat.VecDense
	v.MulVec(b, mat.NewVecDense(5, want))
	c.MulVec(b.T(), &v)
	var got []float64
	last := 0
	subquadratic.Conjugate(b, c.RawVector().Data, func(step int, v []float64) bool {
		got, last = append(got[:0], v...), step
		return step < 5
	})
	if last != 5 || !floats.EqualApprox(got, want, 1e-8) {
		t.Errorf("after %d steps %v, want %v", last, got, want)
	}
	subquadratic.Conjugate(b, make([]float64, 5), func(int, []float64) bool { t.Error("a step for nothing"); return false })
}

func TestNewton(t *testing.T) {
	r := stream()
	law := nets.Init{Width: 400, Dim: 5, Act: subquadratic.Activation{Shift: 0.3, Gain: 1}.Plain(), Kappa: 1}
	x, y := nets.Gaussian(3, 5, r), []float64{0.5, -0.5, 1}
	net := law.Draw(r)
	s, err := subquadratic.NewNewton(net, x, y, 0.25)
	if err != nil {
		t.Fatal(err)
	}
	j := s.Batch.Jacobian(net, nets.FirstLayer)
	var g mat.SymDense
	g.SymOuterK(1, j)
	if !mat.EqualApprox(s.Gram(), &g, 1e-12) {
		t.Error("the Gram matrix is not that of the Jacobian")
	}
	residual, w := append([]float64(nil), s.Residual...), mat.DenseCopyOf(net.W)
	near := 0
	for i := range 3 {
		count := 0
		for k := range 400 {
			if math.Abs(floats.Dot(net.W.RawRowView(k), x.RawRowView(i))-0.3) <= 0.2 {
				count++
			}
		}
		near = max(near, count)
	}
	if got := s.Near(0.3, 0.2); got != near {
		t.Errorf("%d neurons near the threshold, want %d", got, near)
	}
	close(t, "norm", s.Norm(), floats.Norm(residual, 2), 1e-14)
	if err := s.Step(); err != nil {
		t.Fatal(err)
	}
	w.Sub(net.W, w)
	var linear mat.VecDense
	linear.MulVec(j, mat.NewVecDense(400*5, w.RawMatrix().Data))
	for i := range residual {
		close(t, "what the linear part removes", linear.AtVec(i), -0.75*residual[i], 1e-9)
		close(t, "solution", floats.Dot(mat.Row(nil, i, &g), s.Solution), 0.75*residual[i], 1e-9)
	}
	for _, bad := range []float64{-0.1, 1} {
		if _, err := subquadratic.NewNewton(net, x, y, bad); err == nil {
			t.Errorf("accuracy %v was taken", bad)
		}
	}
	if s, err = subquadratic.NewNewton(net, mat.NewDense(2, 5, []float64{1, 0, 0, 0, 0, 1, 0, 0, 0, 0}), []float64{1, 2}, 0); err != nil {
		t.Fatal(err)
	}
	if s.Step() == nil {
		t.Error("equal inputs have a singular system")
	}
}
