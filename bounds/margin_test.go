package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"convergo/bounds"
	"convergo/bounds/kernel"

	"gonum.org/v1/gonum/mat"
)

// circle returns n points at equal angles with alternating labels.
func circle(n int) (*mat.Dense, []float64) {
	x, y := mat.NewDense(n, 2, nil), make([]float64, n)
	for i := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		x.SetRow(i, []float64{cos, sin})
		y[i] = float64(1 - 2*(i%2))
	}
	return x, y
}

func randomSigns(n int, rng *rand.Rand) []float64 {
	y := make([]float64, n)
	for i := range y {
		y[i] = float64(1 - 2*rng.IntN(2))
	}
	return y
}

func TestPlanarMarginOnCircle(t *testing.T) {
	for n := 4; n <= 32; n += 2 {
		x, y := circle(n)
		m, err := bounds.PlanarMargin(x, y)
		if err != nil {
			t.Fatal(err)
		}
		if want := bounds.CircleMargin(n); m.Lower > want+1e-13 || m.Upper < want-1e-13 || m.Gap() > 1e-13 {
			t.Errorf("n=%d: margin in [%v, %v], want %v", n, m.Lower, m.Upper, want)
		}
	}
	// One label flipped, one point turned by 0.1.
	for n, want := range map[int][2]float64{8: {0.10292, 0.13105}, 12: {0.06053, 0.07890}, 16: {0.03869, 0.05499}} {
		x, y := circle(n)
		y[0] = -y[0]
		flipped, _ := bounds.PlanarMargin(x, y)
		y[0] = -y[0]
		x.SetRow(0, []float64{math.Cos(0.1), math.Sin(0.1)})
		turned, _ := bounds.PlanarMargin(x, y)
		within(t, fmt.Sprintf("flipped, n=%d", n), flipped.Value(), want[0], 2e-4)
		within(t, fmt.Sprintf("turned, n=%d", n), turned.Value(), want[1], 2e-4)
	}
}

// The two certificates meet on random planar sets with parallel and equal points, and neither is beaten by
// random weights or by the separator of random weights.
func TestPlanarMarginCertificates(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for k := range 100 {
		n := 1 + k%12
		x, y := sphere(n, 2, rng), randomSigns(n, rng)
		if k%3 == 0 && n > 1 {
			x.SetRow(1, []float64{-x.At(0, 0), -x.At(0, 1)})
		}
		if k%5 == 0 && n > 3 {
			x.SetRow(3, x.RawRowView(0))
		}
		m, err := bounds.PlanarMargin(x, y)
		if err != nil {
			t.Fatal(err)
		}
		if m.Gap() > 1e-7 || m.Lower < 0 {
			t.Errorf("set %d: margin in [%v, %v]", k, m.Lower, m.Upper)
		}
		arcs, _, _ := bounds.Arcs(x)
		for range 20 {
			q, sum := make([]float64, n), 0.0
			for i := range q {
				q[i] = rng.ExpFloat64()
				sum += q[i]
			}
			upper, margins := 0.0, make([]float64, n)
			for _, arc := range arcs {
				var s [2]float64
				for i, on := range arc.Active {
					if on {
						s[0] += q[i] / sum * y[i] * x.At(i, 0)
						s[1] += q[i] / sum * y[i] * x.At(i, 1)
					}
				}
				length := math.Hypot(s[0], s[1])
				upper += arc.Weight * length
				for i, on := range arc.Active {
					if on && length > 0 {
						margins[i] += arc.Weight * y[i] * (s[0]*x.At(i, 0) + s[1]*x.At(i, 1)) / length
					}
				}
			}
			lower, _ := minMax(margins)
			if upper < m.Lower-1e-13 || lower > m.Upper+1e-13 {
				t.Errorf("set %d: weights with bounds [%v, %v], margin in [%v, %v]", k, lower, upper, m.Lower, m.Upper)
			}
		}
	}
}

// gamma_2^2 <= gamma <= gamma_2, gamma_2 of two points in closed form, and
// gamma_2^{-2} = y^T H^{-1} y where that has positive weights.
func TestKernelMargin(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for k := range 60 {
		n := 1 + k%10
		x, y := sphere(n, 2, rng), randomSigns(n, rng)
		h, err := kernel.ReLU().Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := bounds.PlanarMargin(x, y)
		g, err := bounds.KernelMargin(h, y)
		if err != nil {
			t.Fatal(err)
		}
		if g.Gap() > 1e-9 || m.Lower > g.Upper+1e-12 || g.Lower*g.Lower > m.Upper+1e-12 {
			t.Errorf("set %d: gamma in [%v, %v], gamma_2 in [%v, %v]", k, m.Lower, m.Upper, g.Lower, g.Upper)
		}
	}
	for _, r := range []float64{-0.9, 0, 0.5, 0.99} {
		h := mat.NewSymDense(2, []float64{1, r, r, 1})
		same, _ := bounds.KernelMargin(h, []float64{1, 1})
		other, _ := bounds.KernelMargin(h, []float64{1, -1})
		within(t, "equal labels", same.Value(), math.Sqrt((1+r)/2), 1e-10)
		within(t, "opposite labels", other.Value(), math.Sqrt((1-r)/2), 1e-10)
	}
	diag := mat.NewSymDense(3, []float64{1, 0, 0, 0, 2, 0, 0, 0, 4})
	m, _ := bounds.KernelMargin(diag, []float64{1, -1, 1})
	within(t, "diagonal", m.Value(), 1/math.Sqrt(1+0.5+0.25), 1e-10)
}

func TestFeatureMargin(t *testing.T) {
	// Two parallel lines of points at distance 2: the margin is 1, along the first axis.
	x := mat.NewDense(4, 2, []float64{1, 5, 1, -5, -1, 5, -1, -5})
	m, c, err := bounds.FeatureMargin(x, []float64{1, 1, -1, -1})
	if err != nil {
		t.Fatal(err)
	}
	within(t, "margin", m.Value(), 1, 1e-10)
	within(t, "classifier", c[0], 1, 1e-10)
	// XOR is not separable.
	m, _, _ = bounds.FeatureMargin(mat.NewDense(4, 2, []float64{1, 1, -1, -1, 1, -1, -1, 1}), []float64{1, 1, -1, -1})
	if m.Upper > 1e-12 || m.Lower != 0 {
		t.Errorf("xor: margin in [%v, %v], want 0", m.Lower, m.Upper)
	}
	// The classifier has the margin it is given, and no random one a larger.
	rng := rand.New(rand.NewPCG(5, 6))
	for k := range 50 {
		n, p := 1+k%9, 1+k%13
		f, y := gaussian(n, p, rng), randomSigns(n, rng)
		m, c, err := bounds.FeatureMargin(f, y)
		if err != nil {
			t.Fatal(err)
		}
		if least := leastMargin(f, y, c); m.Upper > 1e-7 && !(math.Abs(least-m.Lower) <= 1e-7) {
			t.Errorf("set %d: classifier of margin %v, certificates [%v, %v]", k, least, m.Lower, m.Upper)
		}
		if m.Gap() > 1e-8 {
			t.Errorf("set %d: gap %v", k, m.Gap())
		}
		for range 50 {
			c := gaussian(1, p, rng).RawRowView(0)
			norm := mat.Norm(mat.NewVecDense(p, c), 2)
			if least := leastMargin(f, y, c) / norm; least > m.Upper+1e-13 {
				t.Errorf("set %d: random classifier of margin %v beats %v", k, least, m.Upper)
			}
		}
	}
}

func leastMargin(f *mat.Dense, y, c []float64) float64 {
	least := math.Inf(1)
	for i := range y {
		least = math.Min(least, y[i]*mat.Dot(f.RowView(i), mat.NewVecDense(len(c), c)))
	}
	return least
}

func minMax(v []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, w := range v {
		lo, hi = math.Min(lo, w), math.Max(hi, w)
	}
	return lo, hi
}

func TestMarginErrors(t *testing.T) {
	plane, space := mat.NewDense(2, 2, []float64{1, 0, 0, 1}), mat.NewDense(2, 3, nil)
	for want, f := range map[string]func() error{
		"in the plane": func() error { _, err := bounds.PlanarMargin(space, []float64{1, 1}); return err },
		"is zero":      func() error { _, err := bounds.PlanarMargin(mat.NewDense(1, 2, nil), []float64{1}); return err },
		"not finite": func() error {
			_, err := bounds.PlanarMargin(mat.NewDense(1, 2, []float64{math.NaN(), 1}), []float64{1})
			return err
		},
		"labels for": func() error { _, err := bounds.PlanarMargin(plane, []float64{1}); return err },
		"label 1":    func() error { _, _, err := bounds.FeatureMargin(plane, []float64{1, 0.5}); return err },
		"+1 and -1": func() error {
			_, err := bounds.KernelMargin(mat.NewSymDense(1, nil), []float64{math.NaN()})
			return err
		},
		"features that": func() error {
			_, _, err := bounds.FeatureMargin(mat.NewDense(1, 1, []float64{math.Inf(1)}), []float64{1})
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func ExamplePlanarMargin() {
	x := mat.NewDense(4, 2, []float64{1, 0, 0, 1, -1, 0, 0, -1})
	m, err := bounds.PlanarMargin(x, []float64{1, -1, 1, -1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("margin %.6f, certified to %.0e; on the circle 1/(4 cos(pi/4)) = %.6f\n", m.Value(), max(m.Gap(), 1e-12), bounds.CircleMargin(4))
	// Output: margin 0.353553, certified to 1e-12; on the circle 1/(4 cos(pi/4)) = 0.353553
}
