package kernel

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
)

// worstCase is the amplification that EntryError describes, by numeric derivatives over a grid of pairs of norms at
// most sqrt(s). room adds the rounding of the evaluation at a pair.
func worstCase(k Kernel, s float64, room func(p Pair, v float64) float64) float64 {
	const h = 1e-5
	norms := []float64{math.Sqrt(s)}
	needsUnit := math.IsNaN(k.Of(Pair{NormX: 2, NormY: 2, Cos: 1}))
	if !needsUnit {
		for i := 1; i <= 3; i++ {
			norms = append(norms, norms[0]*math.Pow(10, -float64(i*i)/10))
		}
	}
	angles := []float64{0, math.Pi, 1e-4, math.Pi - 1e-4}
	for i := 1; i < 48; i++ {
		angles = append(angles, math.Pi*float64(i)/48)
	}
	worst := 0.0
	for i, a := range norms {
		for _, b := range norms[i:] {
			for _, t := range angles {
				p := Pair{NormX: a, NormY: b, Cos: math.Cos(t), Sin: math.Sin(t), Angle: t}
				v := k.Of(p)
				change := func(x *float64, step float64) float64 {
					old := *x
					*x = old + step
					up := k.Of(p)
					*x = old - step
					down := k.Of(p)
					*x = old
					switch {
					case math.IsNaN(up): // an angle beyond pi
						return math.Abs(v-down) / step
					case math.IsNaN(down):
						return math.Abs(up-v) / step
					}
					return math.Abs(up-down) / (2 * step)
				}
				sum := change(&p.Cos, h)/3 + (change(&p.Sin, h)+change(&p.Angle, h))*2/3 + room(p, v)
				if !needsUnit {
					sum += (a*change(&p.NormX, a*h) + b*change(&p.NormY, b*h)) / 6
				}
				worst = max(worst, sum)
			}
		}
	}
	return worst
}

// The amplifications cover the worst case and are not much above it: a halved margin would not cover it.
func TestEntryErrorIsTheWorstCase(t *testing.T) {
	plain := func(_ Pair, v float64) float64 { return math.Abs(v) / 4 }
	exponential := func(p Pair, v float64) float64 {
		return plain(p, v) + math.Abs(v)*(p.NormX*p.NormX+p.NormY*p.NormY)/30
	}
	quadrature := func(share float64) func(Pair, float64) float64 { // 1e-14 of a half, seen at d = 1
		return func(p Pair, v float64) float64 { return plain(p, v) + share*1e-14/2/(43*unit) }
	}
	// layers adds four roundings for each layer above that of a term.
	layers := func(w ...float64) func(Pair, float64) float64 {
		sum := 0.0
		for l, v := range w {
			sum += v * float64(len(w)-1-l)
		}
		return func(p Pair, v float64) float64 { return plain(p, v) + 4.0/43*sum*p.NormX*p.NormY }
	}
	ones := func(hidden int) []float64 {
		w := make([]float64, hidden+1)
		for i := range w {
			w[i] = 1
		}
		return w
	}
	for _, c := range []struct {
		k     Kernel
		room  func(Pair, float64) float64
		loose float64 // how far above the worst case at most, over the squared norms of the test
	}{
		{ReLU(), plain, 1.01}, {ReLUFeature(), plain, 1.01}, {StepFeature(), plain, 1.01}, {Identity(), plain, 1.01},
		{LeakyReLU(0.1), plain, 1.01}, {LeakyReLU(-1), plain, 1.01}, {LeakyReLU(3), plain, 1.01}, {LeakyReLU(1), plain, 1.01},
		{LeakyReLUFeature(0.1), plain, 1.01}, {LeakyReLUFeature(-1), plain, 1.01}, {LeakyReLUFeature(3), plain, 1.01}, {LeakyReLUFeature(1), plain, 1.01},
		{Square(), plain, 1.01}, {SquareFeature(), plain, 1.01}, {HalfSquare(), plain, 1.01}, {Cubic(), plain, 1.01}, {CubicFeature(), plain, 1.01},
		{Erf(), plain, 1.1}, {ErfFeature(), plain, 1.3},
		{Sine(), exponential, 1.2}, {SineFeature(), exponential, 1.37}, {Cosine(), exponential, 1.3}, {CosineFeature(), exponential, 1.25},
		{Threshold(-1), quadrature(1), 1.4}, {ThresholdReLU(-3), quadrature(1), 1.05}, {BiasedReLU(-1), quadrature(2), 1.2},
		{NTK(0), layers(1), 1.05}, {NTK(1), layers(1, 1), 1.2}, {NTK(5), layers(ones(5)...), 1.2}, {NTK(20), layers(ones(20)...), 1.2},
		{NTKTerm(5, 1), layers(1, 0, 0, 0, 0, 0), 1.1}, {NTKTerm(5, 3), layers(0, 0, 1, 0, 0, 0), 1.2}, {NTKTerm(5, 6), plain, 1.3},
		{NTKWeighted([]float64{3, 0.5, 2}), layers(3, 0.5, 2), 1.2},
		{NNGP(0), plain, 1.05}, {NNGP(1), plain, 1.1}, {NNGP(5), plain, 1.3},
	} {
		all := []float64{1e-3, 0.04, 0.25, 1, 4, 100}
		if math.IsNaN(c.k.Of(Pair{NormX: 2, NormY: 2, Cos: 1})) {
			all = []float64{1}
		}
		least, most := math.Inf(1), 0.0
		for _, s := range all {
			for _, d := range []int{1, 30} {
				got := c.k.EntryError(d, math.Sqrt(s)) / (float64(3*d+40) * 0x1p-53)
				ratio := got / worstCase(c.k, s, c.room)
				least, most = min(least, ratio), max(most, ratio)
			}
		}
		if !(least >= 1-1e-6 && most <= c.loose) {
			t.Errorf("%s: the margin is %.4g to %.4g times the worst case, want 1 to %g", c.k.Name(), least, most, c.loose)
		}
	}
}

// The margin of lambda_0 is that of the eigenvalue and the norm of the entries' errors.
func TestLambda0Margin(t *testing.T) {
	x := mat.NewDense(3, 2, []float64{30, 0, 0, 40, 24, 18})
	for _, k := range []Kernel{ReLU(), Cubic()} {
		got, err := k.Lambda0(x)
		if err != nil {
			t.Fatal(err)
		}
		g, err := k.Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := eig.Min(g)
		if err != nil {
			t.Fatal(err)
		}
		want := alone.Err + 3*k.EntryError(2, 40)
		if !(math.Abs(got.Err/want-1) <= 1e-9) || got.Value != alone.Value {
			t.Errorf("%s: %v within %v, want %v within %v", k.Name(), got.Value, got.Err, alone.Value, want)
		}
	}
}

// Directions have the length one.
func TestDirections(t *testing.T) {
	ps, err := newPoints(mat.NewDense(1, 2, []float64{3e100, 4e100}))
	if err != nil {
		t.Fatal(err)
	}
	if u := ps.dirs[0]; !(math.Abs(u[0]-0.6) <= 1e-15) || !(math.Abs(u[1]-0.8) <= 1e-15) {
		t.Errorf("direction %v, want (0.6, 0.8)", u)
	}
}
