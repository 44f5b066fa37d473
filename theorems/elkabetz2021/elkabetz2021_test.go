package elkabetz2021

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/theorems/internal/images"
)

// TestClaims checks every claim; run one with -run 'TestClaims/elkabetz2021/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// TestTubes draws points within eps of the flows and holds gradient and Hessian, by differences of the gradient, against the bounds of the
// tube. Share is how much of each bound is found at least.
func TestTubes(t *testing.T) {
	for _, tt := range []struct {
		path
		curvature, smoothness, gradient float64
	}{
		{path{Kind: "quadratic", Eigen: []float64{1, -0.5, 2}, Start: []float64{0.3, 1, 0.2}, Eps: 0.1}, 0.999, 0.999, 0.85},
		{path{Kind: "circle", Eps: 0.1}, 0.95, 0.95, 0.99},
		{path{Kind: "ledge", Eps: 0.1}, 1, 1, 1}, // no curvature at all
		{path{Kind: "deep", Sizes: []int{2, 2, 2}, Scale: 0.5, Eps: 0.05}, 0.5, 0.6, 0.5},
	} {
		o, err := tt.objective()
		if err != nil {
			t.Fatal(err)
		}
		const from, to = 0.3, 0.31
		cell, err := o.tube(from, to, tt.Eps)
		if err != nil {
			t.Fatal(err)
		}
		follow, err := o.flow()
		if err != nil {
			t.Fatal(err)
		}
		d := len(o.start)
		var curvature, smoothness, gradient float64
		r := rand.New(rand.NewPCG(1, 2))
		const points = 600
		for i := range points {
			at, err := follow(from + (to-from)*float64(i)/points)
			if err != nil {
				t.Fatal(err)
			}
			x, away := append([]float64(nil), at...), make([]float64, d)
			for k := range away {
				away[k] = r.NormFloat64()
			}
			floats.AddScaled(x, tt.Eps*math.Cbrt(r.Float64())*0.999/floats.Norm(away, 2), away)
			h, up, down := mat.NewDense(d, d, nil), make([]float64, d), make([]float64, d)
			o.gradient(up, x)
			gradient = max(gradient, floats.Norm(up, 2))
			const step = 1e-6
			for k := range d {
				v := x[k]
				x[k] = v + step
				o.gradient(up, x)
				x[k] = v - step
				o.gradient(down, x)
				x[k] = v
				floats.Sub(up, down)
				floats.Scale(1/(2*step), up)
				h.SetRow(k, up)
			}
			sym := mat.NewSymDense(d, nil)
			for a := range d {
				for b := a; b < d; b++ {
					sym.SetSym(a, b, (h.At(a, b)+h.At(b, a))/2)
				}
			}
			low, err := eig.Min(sym)
			if err != nil {
				t.Fatal(err)
			}
			norm, err := eig.Norm(sym)
			if err != nil {
				t.Fatal(err)
			}
			curvature, smoothness = max(curvature, -low.Value), max(smoothness, norm.Value)
		}
		for name, v := range map[string][3]float64{
			"curvature": {curvature, cell.Curvature, tt.curvature}, "smoothness": {smoothness, cell.Smoothness, tt.smoothness}, "gradient": {gradient, cell.Gradient, tt.gradient},
		} {
			if v[0] > v[1]*(1+1e-6)+1e-6 || v[0] < v[2]*v[1] {
				t.Errorf("%s: %s of up to %v where %v is the bound and %v of it was to be found", tt.Kind, name, v[0], v[1], v[2])
			}
		}
	}
}

// TestTravel: a cell of the deep tube is as wide as the flow may move in it, at the speed of the gradient within eps.
func TestTravel(t *testing.T) {
	o, err := path{Kind: "deep", Sizes: []int{2, 2, 2}, Scale: 0.5, Eps: 0.05}.objective()
	if err != nil {
		t.Fatal(err)
	}
	const at, step, eps = 0.3, 0.02, 0.05
	still, err := o.tube(at, at, eps)
	if err != nil {
		t.Fatal(err)
	}
	want, err := o.tube(at, at, eps+step*still.Gradient)
	if err != nil {
		t.Fatal(err)
	}
	got, err := o.tube(at, at+step, eps)
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(got.Gradient/want.Gradient-1) <= 1e-12) || want.Gradient < 1.01*still.Gradient {
		t.Errorf("gradient of up to %v in a step, want %v, more than the %v at rest", got.Gradient, want.Gradient, still.Gradient)
	}
	if _, err := o.tube(at, at+1, eps); err == nil {
		t.Error("a step in which the flow may leave its tube is accepted")
	}
}

// TestConvexSmoothness: the bounds on the Hessians of the convex functions are attained at zero, found by powers of it.
func TestConvexSmoothness(t *testing.T) {
	set, err := images.Easy(data.Fashion, 10, 49).Build()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"squares", "softmax"} {
		f, err := convexRun{Kind: kind}.function(set)
		if err != nil {
			t.Fatal(err)
		}
		v, up, down, norm := make([]float64, f.dim), make([]float64, f.dim), make([]float64, f.dim), 0.0
		for i := range v {
			v[i] = math.Sin(float64(i*i + 1))
		}
		const step = 1e-4
		for range 400 {
			floats.Scale(step/floats.Norm(v, 2), v)
			f.gradient(up, v)
			floats.Scale(-1, v)
			f.gradient(down, v)
			floats.SubTo(v, up, down)
			norm = floats.Norm(v, 2) / (2 * step)
		}
		if !(math.Abs(norm/f.smooth-1) <= 1e-6) {
			t.Errorf("%s: a Hessian of norm %v, bounded by %v", kind, norm, f.smooth)
		}
	}
}
