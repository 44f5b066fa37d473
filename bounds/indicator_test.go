package bounds

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestIndicatorNormValues holds nu_k to closed forms and to values that another quadrature gave.
func TestIndicatorNormValues(t *testing.T) {
	nu := []float64{0.5, 1 / (2 * math.SqrtPi), 1 / (2 * math.Pi), 0.213774, 0.334158, 0.628475, 1.333959}
	factorial := 1.0
	for k, v := range nu {
		if k > 0 {
			factorial *= float64(k)
		}
		if got, want := IndicatorNorm(k), math.Sqrt(factorial)/v; !(math.Abs(got/want-1) <= 3e-6) {
			t.Errorf("k=%d: %v, want %v", k, got, want)
		}
	}
	limit := math.Pow(2*math.Pi, 0.75) * math.Pi / 2 * math.Sqrt(3) / 2
	last := 0.0
	for _, k := range []int{6, 12, 25, 40, 60} {
		got := IndicatorNorm(k) / math.Pow(float64(k), 0.75)
		if !(math.Abs(got/limit-1) <= 0.05) {
			t.Errorf("k=%d: %v k^{3/4}, the limit is %v", k, got, limit)
		}
		scaled := IndicatorNorm(k) / math.Pow(float64(k+1), 0.75)
		if scaled > 5.32 || scaled < last {
			t.Errorf("k=%d: %v (k+1)^{3/4} after %v", k, scaled, last)
		}
		last = scaled
	}
	if last < 5.31 {
		t.Errorf("at 60: %v (k+1)^{3/4}", last)
	}
	if !math.IsNaN(IndicatorNorm(-1)) || !math.IsNaN(IndicatorNorm(81)) {
		t.Error("a degree out of range must give NaN")
	}
}

// TestHermiteIndicator integrates the identity over the one normal u x + v sqrt(1-x^2), given which He_k(u) has the mean x^k He_k.
func TestHermiteIndicator(t *testing.T) {
	for k := 0; k <= 7; k++ {
		for _, b := range []float64{-2, -0.5, 0, 1.3} {
			sum, step := 0.0, 1e-3
			for g := -b + step/2; g < 10; g += step {
				sum += step * gaussianDensity(g) * hermite(k, g)
			}
			for _, x := range []float64{-0.8, 0.4, 1} {
				if got, want := HermiteIndicator(k, x, b), math.Pow(x, float64(k))*sum; !(math.Abs(got-want) <= 1e-6) {
					t.Errorf("k=%d x=%v b=%v: %v, want %v", k, x, b, got, want)
				}
			}
		}
	}
	if !math.IsNaN(HermiteIndicator(2, 1.1, 0)) {
		t.Error("x out of [-1, 1] must give NaN")
	}
}

// TestIndicatorByDraws holds the function, its moments and the error of the pseudo-network to Monte Carlo.
func TestIndicatorByDraws(t *testing.T) {
	in, err := NewIndicator([]float64{0.2, 0.5, -0.4})
	if err != nil {
		t.Fatal(err)
	}
	const x, draws = 0.6, 400000
	r := rand.New(rand.NewPCG(1, 2))
	var all, all4 float64
	var active [4]float64
	for range draws {
		u, b := r.NormFloat64(), r.NormFloat64()
		h := in.At(u, b)
		all += h * h / draws
		all4 += h * h * h * h / draws
		if u*x+0.8*r.NormFloat64()+b >= 0 {
			for j, power := 0, h; j < 4; j, power = j+1, power*h {
				active[j] += power / draws
			}
		}
	}
	near := func(name string, got, want, share float64) {
		t.Helper()
		if !(math.Abs(got/want-1) <= share) {
			t.Errorf("%s: %v, drawn %v", name, got, want)
		}
	}
	moments, err := in.ActiveMoments(x)
	if err != nil {
		t.Fatal(err)
	}
	near("square", in.Square(), all, 0.02)
	near("deviation of the square", in.SquareDeviation(), math.Sqrt(all4-all*all), 0.04)
	near("value", in.Value(x), active[0], 0.03)
	near("active square", in.ActiveSquare(x), active[1], 0.02)
	near("value by sums", moments[0], in.Value(x), 0.01)
	near("active square by sums", moments[1], in.ActiveSquare(x), 0.005)
	near("third", moments[2], active[2], 0.05)
	near("fourth", moments[3], active[3], 0.05)
	// Eighth powers of a live in its tail: a is drawn twice as wide, and weighed.
	var square, fourth float64
	const m, v, nets = 2, 0.7, 200000
	for range nets {
		g, weight := 0.0, 1.0
		for range m {
			u, b, a := r.NormFloat64(), r.NormFloat64(), 2*r.NormFloat64()
			weight *= 2 * math.Exp(-a*a*3/8)
			if u*x+0.8*r.NormFloat64()+b >= 0 {
				g += a * a * in.At(u, b) * v / m
			}
		}
		e := g - in.Value(x)*v
		square += weight * e * e / nets
		fourth += weight * e * e * e * e / nets
	}
	law, err := in.PseudoError(m, x, v)
	if err != nil {
		t.Fatal(err)
	}
	near("mean square error", law.Square, square, 0.05)
	near("its deviation", law.SquareDeviation, math.Sqrt(fourth-square*square), 0.15)
	if _, err := in.ActiveMoments(1); err == nil {
		t.Error("no error at x = 1")
	}
	if _, err := NewIndicator(nil); err == nil {
		t.Error("no error without coefficients")
	}
}

func TestComplexities(t *testing.T) {
	if got, want := SampleComplexity([]float64{1, -2, 3}, 2, 10, 1), 10*(1+2*2*2+3*4*3.0); !(math.Abs(got/want-1) <= 1e-14) {
		t.Errorf("C_s is %v, want %v", got, want)
	}
	logs := []float64{math.Log(0.5), math.Inf(-1), math.Log(2)}
	want := math.Log(0.5 + 2*(9+math.Pow(3*math.Sqrt(math.Log(100)/2), 2)))
	if got := LogWidthComplexity(logs, 1.5, 2, 0.01); !(math.Abs(got-want) <= 1e-13) {
		t.Errorf("log C_eps is %v, want %v", got, want)
	}
}
