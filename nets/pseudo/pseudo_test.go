package pseudo

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func draw(m, d int, seed uint64) (*Learner, *mat.Dense, []float64, *rand.Rand) {
	r := rand.New(rand.NewPCG(seed, 1))
	l := Law{Width: m, Dim: d, Output: 0.5}.Draw(r)
	move, x := mat.NewDense(m, d, nil), make([]float64, d)
	for i := range m {
		for j := range d {
			move.Set(i, j, 3*r.NormFloat64()/math.Sqrt(float64(m)))
		}
	}
	for j := range x {
		x[j] = r.NormFloat64()
	}
	return l, move, x, r
}

func near(t *testing.T, name string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*(1+math.Abs(want))) {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

func TestLaw(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	l := Law{Width: 20000, Dim: 3, Output: 0.5}.Draw(r)
	var w, b, a float64
	for i := range 20000 {
		for j := range 3 {
			w += l.W.At(i, j) * l.W.At(i, j) / 3
		}
		b += l.B[i] * l.B[i]
		a += l.A[i] * l.A[i] / 20000
	}
	near(t, "sum of squared weights", w, 1, 0.05)
	near(t, "sum of squared biases", b, 1, 0.05)
	near(t, "mean squared output weight", a, 0.25, 0.05)
	if (Law{Width: 0, Dim: 1, Output: 1}).Validate() == nil || (Law{Width: 1, Dim: 1}).Validate() == nil {
		t.Error("an impossible law passed")
	}
}

// TestByHand computes everything neuron by neuron with the patterns spelt out.
func TestByHand(t *testing.T) {
	l, move, x, _ := draw(7, 3, 1)
	var f, g, moved float64
	flips := 0
	for i := range 7 {
		z, dz := l.B[i], 0.0
		for j := range 3 {
			z += l.W.At(i, j) * x[j]
			dz += move.At(i, j) * x[j]
		}
		near(t, "z", l.Start(x)[i], z, 1e-14)
		if z+dz >= 0 {
			f += l.A[i] * (z + dz)
		}
		if z >= 0 {
			g += l.A[i] * (z + dz)
			moved += l.A[i] * dz
		}
		if z*(z+dz) < 0 {
			flips++
		}
	}
	near(t, "f", l.Output(x, move), f, 1e-13)
	near(t, "g", l.Pseudo(x, move), g, 1e-13)
	near(t, "the moved part", l.Moved(x, move), moved, 1e-13)
	if got := l.Flips(x, move); got != flips || flips == 0 {
		t.Errorf("%d flips, want %d", got, flips)
	}
}

// TestSlopes takes differences of the outputs.
func TestSlopes(t *testing.T) {
	l, move, x, _ := draw(9, 2, 2)
	for _, frozen := range []bool{false, true} {
		output := l.Output
		if frozen {
			output = l.Pseudo
		}
		rows := l.Slopes(x, move, frozen)
		for i := range 9 {
			for j := range 2 {
				const h = 1e-6
				at := move.At(i, j)
				move.Set(i, j, at+h)
				up := output(x, move)
				move.Set(i, j, at-h)
				down := output(x, move)
				move.Set(i, j, at)
				near(t, "slope", rows[i]*x[j], (up-down)/(2*h), 1e-7)
			}
		}
	}
}

func TestRoot(t *testing.T) {
	near(t, "Root(3, 0)", Root(3, 0), math.Sqrt(10)-1, 1e-14)
	near(t, "Root(0.5, 0)", Root(0.5, 0), math.Sqrt(1.25)-1, 1e-14)
	near(t, "Root near 0", Root(1e-9, 0)/5e-19, 1, 1e-12)
	for _, f := range []float64{-4, 0.1, 0.9, 2} {
		near(t, "RootSlope", RootSlope(f, 0.3), (Root(f+1e-6, 0.3)-Root(f-1e-6, 0.3))/2e-6, 1e-8)
	}
}

// TestPass steps by differences of the loss.
func TestPass(t *testing.T) {
	for _, frozen := range []bool{false, true} {
		l, _, _, r := draw(6, 2, 3)
		x, y := mat.NewDense(3, 2, []float64{1, 0, 0.6, 0.8, r.NormFloat64(), 1}), []float64{1, -2, 0.5}
		order := []int{0, 2, 1, 0}
		want := mat.NewDense(6, 2, nil)
		var loss float64
		for t, i := range order {
			output := l.Output
			if frozen {
				output = l.Pseudo
			}
			at := func() float64 { return Root(output(x.RawRowView(i), want), y[i]) }
			gradient := mat.NewDense(6, 2, nil)
			for j := range 6 {
				for k := range 2 {
					const h = 1e-6
					v := want.At(j, k)
					want.Set(j, k, v+h)
					up := at()
					want.Set(j, k, v-h)
					gradient.Set(j, k, (up-at())/(2*h))
					want.Set(j, k, v)
				}
			}
			if t == 2 {
				loss = math.Pow(mat.Norm(gradient, 2), 2)
			}
			gradient.Scale(-0.3, gradient)
			want.Add(want, gradient)
		}
		seen := 0.0
		got, err := Pass{Step: 0.3, Frozen: frozen, Order: order, Observe: func(v Visit) {
			if v.Step == 2 {
				seen = v.SquaredGradient(1)
			}
		}}.Run(l, x, y)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "squared gradient", seen, loss, 1e-6)
		for j := range 6 {
			for k := range 2 {
				near(t, "movement", got.At(j, k), want.At(j, k), 1e-6)
			}
		}
		up, err := Pass{Step: 0.3, Frozen: frozen, Uphill: true, Order: order[:1]}.Run(l, x, y)
		if err != nil {
			t.Fatal(err)
		}
		down, err := Pass{Step: 0.3, Frozen: frozen, Order: order[:1]}.Run(l, x, y)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "uphill", up.At(0, 0), -down.At(0, 0), 1e-15)
	}
	l, _, _, _ := draw(6, 2, 3)
	if _, err := (Pass{}).Run(l, mat.NewDense(1, 3, nil), []float64{1}); err == nil {
		t.Error("samples of another dimension passed")
	}
}

// TestBilinear takes matrix products, and the mean over the signs of four neurons by hand.
func TestBilinear(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	gaussian := func(n, k int) *mat.Dense {
		a := mat.NewDense(n, k, nil)
		for i := range n {
			for j := range k {
				a.Set(i, j, r.NormFloat64())
			}
		}
		return a
	}
	v, vStar, w, wStar := gaussian(3, 4), gaussian(3, 4), gaussian(4, 2), gaussian(4, 2)
	q := Bilinear{A: []float64{1, -2, 0.5}, Second: []bool{true, false, true}, First: []bool{true, true, false, true}, X: []float64{0.6, -0.8}}
	value := func(v, w *mat.Dense) float64 {
		var h, out mat.VecDense
		h.MulVec(w, mat.NewVecDense(2, q.X))
		h.SetVec(2, 0)
		out.MulVec(v, &h)
		return 1*out.AtVec(0) + 0.5*out.AtVec(2)
	}
	near(t, "q", q.Value(v, w), value(v, w), 1e-13)
	for _, both := range []bool{true, false} {
		want := 0.0
		for i := range 16 {
			a, b := mat.DenseCopyOf(v), mat.DenseCopyOf(w)
			a.Scale(math.Sqrt(0.75), a)
			b.Scale(math.Sqrt(0.75), b)
			for j := range 4 {
				sign := []float64{1, -1}[i>>j&1]
				for k := range 2 {
					b.Set(j, k, b.At(j, k)+0.5*sign*wStar.At(j, k))
				}
				if !both {
					sign = 1
				}
				for k := range 3 {
					a.Set(k, j, a.At(k, j)+0.5*sign*vStar.At(k, j))
				}
			}
			want += value(a, b) / 16
		}
		got, err := q.Mix(v, vStar, w, wStar, 0.25, both)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "the mean over signs", got, want, 1e-12)
	}
	if _, err := (Bilinear{First: make([]bool, 17)}).Mix(v, v, w, w, 0.5, true); err == nil {
		t.Error("2^17 signs passed")
	}
}
