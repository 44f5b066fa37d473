package homogeneous_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets"
	"convergo/nets/homogeneous"
)

func problems() map[string]homogeneous.Problem {
	r := rand.New(rand.NewPCG(5, 6))
	draw := func(n, d int) *mat.Dense { return nets.Gaussian(n, d, r) }
	return map[string]homogeneous.Problem{
		"linear":        homogeneous.Whitened([]int{3, 2, 4, 2}, draw(2, 3)),
		"leaky":         {Sizes: []int{3, 4, 3, 2}, Plus: 1.5, Minus: 0.3, X: draw(5, 3), Y: draw(5, 2), Mean: true},
		"relu":          {Sizes: []int{2, 4, 1}, Plus: 1, X: draw(4, 2), Y: draw(4, 1)},
		"cross-entropy": {Sizes: []int{3, 3, 3}, Plus: 1, Minus: -1, X: draw(3, 3), Y: mat.NewDense(3, 3, []float64{1, 0, 0, 0, 1, 0, 0.2, 0.3, 0.5}), Loss: homogeneous.CrossEntropy, Mean: true},
	}
}

// plain is the loss by matrix products and the definition of the activation.
func plain(p homogeneous.Problem, theta []float64) float64 {
	h, at := p.X.T(), 0
	n := len(p.Sizes) - 1
	for j := 1; j <= n; j++ {
		w := mat.NewDense(p.Sizes[j], p.Sizes[j-1], theta[at:at+p.Sizes[j]*p.Sizes[j-1]])
		at += p.Sizes[j] * p.Sizes[j-1]
		z := new(mat.Dense)
		z.Mul(w, h)
		if j < n && (p.Plus != 0 || p.Minus != 0) {
			z.Apply(func(_, _ int, v float64) float64 { return p.Plus*math.Max(v, 0) - p.Minus*math.Max(-v, 0) }, z)
		}
		h = z
	}
	sum := 0.0
	rows, _ := p.X.Dims()
	for i := range rows {
		norm, total := 0.0, 0.0
		for k := range p.Sizes[n] {
			total += math.Exp(h.At(k, i))
		}
		for k := range p.Sizes[n] {
			if p.Loss == homogeneous.CrossEntropy {
				norm += p.Y.At(i, k) * (math.Log(total) - h.At(k, i))
			} else {
				norm += (h.At(k, i) - p.Y.At(i, k)) * (h.At(k, i) - p.Y.At(i, k)) / 2
			}
		}
		sum += norm
	}
	if p.Mean {
		sum /= float64(rows)
	}
	return sum
}

// TestDerivatives holds value, gradient and Hessian against the plain loss and its finite differences.
func TestDerivatives(t *testing.T) {
	for name, p := range problems() {
		o, err := homogeneous.New(p)
		if err != nil {
			t.Fatal(err)
		}
		theta := homogeneous.Gaussian(p.Sizes, 0.8, rand.New(rand.NewPCG(1, 2)))
		if o.Dim() != len(theta) || o.Depth() != len(p.Sizes)-1 {
			t.Fatalf("%s: %d weights in %d layers", name, o.Dim(), o.Depth())
		}
		g := make([]float64, o.Dim())
		if f := o.Gradient(g, theta); !(math.Abs(f-plain(p, theta)) <= 1e-12) || !(math.Abs(o.Value(theta)-f) <= 1e-14) {
			t.Errorf("%s: loss %v, %v, want %v", name, f, o.Value(theta), plain(p, theta))
		}
		hess, probe, up, down := o.Hessian(theta), append([]float64(nil), theta...), make([]float64, o.Dim()), make([]float64, o.Dim())
		const h = 1e-5
		for i := range theta {
			probe[i] = theta[i] + h
			high := plain(p, probe)
			o.Gradient(up, probe)
			probe[i] = theta[i] - h
			low := plain(p, probe)
			o.Gradient(down, probe)
			probe[i] = theta[i]
			if want := (high - low) / (2 * h); !(math.Abs(g[i]-want) <= 1e-8*(1+math.Abs(want))) {
				t.Errorf("%s: gradient %d is %v, want %v", name, i, g[i], want)
			}
			for k := range theta {
				if want := (up[k] - down[k]) / (2 * h); !(math.Abs(hess.At(i, k)-want) <= 1e-7*(1+math.Abs(want))) {
					t.Errorf("%s: Hessian (%d, %d) is %v, want %v", name, i, k, hess.At(i, k), want)
				}
			}
		}
	}
}

func TestProduct(t *testing.T) {
	p := problems()["linear"]
	o, err := homogeneous.New(p)
	if err != nil {
		t.Fatal(err)
	}
	theta := homogeneous.Gaussian(p.Sizes, 1, rand.New(rand.NewPCG(3, 4)))
	w := o.Product(theta, 3, 1)
	want := new(mat.Dense)
	want.Product(o.Layer(theta, 3), o.Layer(theta, 2), o.Layer(theta, 1))
	if !mat.EqualApprox(w, want, 1e-14) {
		t.Error("product of the layers")
	}
	want.Sub(want, p.Y.T())
	if !mat.EqualApprox(o.ProductGradient(theta), want, 1e-14) {
		t.Error("gradient in the product is not W - Lambda")
	}
	if !mat.Equal(o.Product(theta, 1, 2), mat.NewDiagDense(2, []float64{1, 1})) {
		t.Error("the empty product is not the identity")
	}
}

// TestOutputs: gradients of the loss at the outputs and the distance to a kink, by hand.
func TestOutputs(t *testing.T) {
	p := homogeneous.Problem{Sizes: []int{1, 2, 1}, Plus: 2, Minus: 0.5, X: mat.NewDense(2, 1, []float64{1, -2}), Y: mat.NewDense(2, 1, []float64{1, 1}), Mean: true}
	o, err := homogeneous.New(p)
	if err != nil {
		t.Fatal(err)
	}
	theta := []float64{3, -0.25, 1, 10} // outputs 2*3 - 10*0.125 = 4.75 and -0.5*6 + 10*2*0.5 = 7
	g := o.OutputGradients(theta)
	if g.At(0, 0) != 3.75 || g.At(1, 0) != 6 {
		t.Errorf("gradients %v, want 3.75 and 6", g.RawMatrix().Data)
	}
	if got := o.ProductGradient(theta).At(0, 0); got != (3.75-12)/2 {
		t.Errorf("mean of gradient times input is %v, want %v", got, (3.75-12)/2)
	}
	if got := o.Closest(theta); got != 0.25 {
		t.Errorf("nearest kink at %v, want 0.25", got)
	}
}

func TestBalanced(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, hidden := range [][]int{{1}, {5}, {3, 1, 4}} {
		w := []float64{0.3, -2, 1}
		sizes := append(append([]int{3}, hidden...), 1)
		o, err := homogeneous.New(homogeneous.Whitened(sizes, mat.NewDense(1, 3, w)))
		if err != nil {
			t.Fatal(err)
		}
		theta := homogeneous.Balanced(hidden, w, r)
		n := o.Depth()
		if got := o.Product(theta, n, 1).RawRowView(0); !floats.EqualApprox(got, w, 1e-14) {
			t.Errorf("%v: product %v, want %v", hidden, got, w)
		}
		for j := 1; j < n; j++ {
			var a, b mat.Dense
			a.Mul(o.Layer(theta, j+1).T(), o.Layer(theta, j+1))
			b.Mul(o.Layer(theta, j), o.Layer(theta, j).T())
			if !mat.EqualApprox(&a, &b, 1e-14) {
				t.Errorf("%v: layers %d and %d are not balanced", hidden, j, j+1)
			}
		}
	}
}

func TestGaussianSpread(t *testing.T) {
	theta := homogeneous.Gaussian([]int{50, 40, 10}, 3, rand.New(rand.NewPCG(1, 1)))
	if got := floats.Norm(theta, 2) / math.Sqrt(float64(len(theta))); !(math.Abs(got/3-1) <= 0.06) {
		t.Errorf("spread %v, want 3", got)
	}
}

func TestRefuses(t *testing.T) {
	x, y := mat.NewDense(2, 2, []float64{1, 0, 0, 1}), mat.NewDense(2, 1, nil)
	for _, sizes := range [][]int{{2}, {2, 0, 1}, {3, 2, 1}, {2, 2, 2}} {
		if _, err := homogeneous.New(homogeneous.Problem{Sizes: sizes, X: x, Y: y}); err == nil {
			t.Errorf("sizes %v are accepted", sizes)
		}
	}
	if _, err := homogeneous.New(homogeneous.Problem{Sizes: []int{2, 1}, X: x, Y: mat.NewDense(3, 1, nil)}); err == nil {
		t.Error("three targets for two samples are accepted")
	}
}

func ExampleObjective_Hessian() {
	o, err := homogeneous.New(homogeneous.Whitened([]int{1, 1, 1}, mat.NewDense(1, 1, []float64{1})))
	if err != nil {
		panic(err)
	}
	fmt.Println(mat.Formatted(o.Hessian([]float64{0, 0}))) // the saddle of (1 - ab)^2/2
	// Output:
	// ⎡ 0  -1⎤
	// ⎣-1   0⎦
}
