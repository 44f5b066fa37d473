package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds"
)

// linearGates returns Theta(x,x) of a network whose gates are coins, from the products of its layers.
func linearGates(widths []int, rng *rand.Rand) float64 {
	layers := len(widths)
	forward := make([]float64, layers+1) // |g^(h)|^2
	forward[0] = 1
	g := []float64{1}
	var weights [][][]float64
	var gates [][]bool
	for h, d := range widths {
		w, next, gate := make([][]float64, d), make([]float64, d), make([]bool, d)
		for r := range d {
			w[r], gate[r] = make([]float64, len(g)), rng.IntN(2) == 0
			for j := range g {
				w[r][j] = rng.NormFloat64()
				if gate[r] {
					next[r] += w[r][j] * g[j] * math.Sqrt(2/float64(d))
				}
			}
			forward[h+1] += next[r] * next[r]
		}
		g, weights, gates = next, append(weights, w), append(gates, gate)
	}
	b := make([]float64, len(g))
	for j := range b {
		b[j] = rng.NormFloat64()
	}
	sum := forward[layers]
	for h := layers - 1; h >= 0; h-- {
		norm := 0.0
		for r := range b {
			if b[r] *= math.Sqrt(2 / float64(widths[h])); !gates[h][r] {
				b[r] = 0
			}
			norm += b[r] * b[r]
		}
		sum += forward[h] * norm
		below := make([]float64, len(weights[h][0]))
		for r, w := range weights[h] {
			for j, v := range w {
				below[j] += v * b[r]
			}
		}
		b = below
	}
	return sum
}

func TestTangentDiagonalMoments(t *testing.T) {
	mean, variance := bounds.TangentDiagonalMoments([]int{50})
	within(t, "mean", mean, 2, 1e-14)
	within(t, "variance", variance, 12.0/50, 1e-13)
	// Expanded by hand to first order: 30 + 12 + 12 + 4.
	if _, variance = bounds.TangentDiagonalMoments([]int{1e6, 1e6}); !(math.Abs(variance*1e6-58) <= 1e-2) {
		t.Errorf("variance of two layers is %v/m, want 58/m", variance*1e6)
	}
	for _, widths := range [][]int{{2, 3, 2}, {5, 4}} {
		rng := rand.New(rand.NewPCG(7, uint64(len(widths))))
		const draws = 80000
		sum, square, fourth := 0.0, 0.0, 0.0
		mean, variance := bounds.TangentDiagonalMoments(widths)
		for range draws {
			v := linearGates(widths, rng)
			d := (v - mean) * (v - mean)
			sum, square, fourth = sum+v, square+d, fourth+d*d
		}
		square /= draws
		error := math.Sqrt((fourth/draws - square*square) / draws)
		if len(widths) == 2 {
			within(t, "fourth moment by simulation", bounds.TangentDiagonalFourth(widths), fourth/draws, 0.15)
		}
		if !(math.Abs(sum/draws-mean) <= 5*math.Sqrt(variance/draws)) {
			t.Errorf("%v: mean %v, want %v", widths, sum/draws, mean)
		}
		if !(math.Abs(square-variance) <= 5*error) || error > 0.1*variance {
			t.Errorf("%v: variance %v ± %v, want %v", widths, square, error, variance)
		}
	}
}

func TestTangentDiagonalFourth(t *testing.T) {
	// One neuron: 4 Exp(1) with probability 1/2.
	within(t, "one neuron", bounds.TangentDiagonalFourth([]int{1}), 3072-4*2*192+6*4*16-3*16, 1e-12)
	// One neuron in each of two layers: with probability 1/4 Theta = 4 (f g + f z^2 + g z^2) for three squares of normals.
	raw := [5]float64{1}
	square := []float64{1, 1, 3, 15, 105}
	factorial := []float64{1, 1, 2, 6, 24}
	for k := 1; k <= 4; k++ {
		for a := 0; a <= k; a++ {
			for b := 0; a+b <= k; b++ {
				c := k - a - b
				raw[k] += math.Pow(4, float64(k)) / 4 * factorial[k] / (factorial[a] * factorial[b] * factorial[c]) * square[a+b] * square[a+c] * square[b+c]
			}
		}
	}
	m := raw[1]
	within(t, "two neurons", bounds.TangentDiagonalFourth([]int{1, 1}), raw[4]-4*m*raw[3]+6*m*m*raw[2]-3*m*m*m*m, 1e-12)
	// One layer much wider than the other leaves Theta = 1 + 2 Theta' of the other.
	within(t, "a wide layer", bounds.TangentDiagonalFourth([]int{4, 3000}), fourthOfWideLayer(), 0.02)
	if !math.IsNaN(bounds.TangentDiagonalFourth([]int{3, 3, 3})) {
		t.Error("three layers have a fourth moment")
	}
}

// fourthOfWideLayer is the fourth central moment for widths (4, infinity): g = p = d_2/2 there, Theta = (2/d_1)(q + 2f) with
// independent chi-squared variables of n_1 degrees.
func fourthOfWideLayer() float64 {
	chi := func(k, n int) float64 {
		out := 1.0
		for i := range k {
			out *= float64(n + 2*i)
		}
		return out
	}
	choose := [5][5]float64{{1}, {1, 1}, {1, 2, 1}, {1, 3, 3, 1}, {1, 4, 6, 4, 1}}
	var raw [5]float64
	for n, p := range []float64{1, 4, 6, 4, 1} {
		for k := 1; k <= 4; k++ {
			for i := 0; i <= k; i++ {
				raw[k] += p / 16 * math.Pow(0.5, float64(k)) * choose[k][i] * chi(i, n) * math.Pow(2, float64(k-i)) * chi(k-i, n)
			}
		}
	}
	m := raw[1]
	return raw[4] - 4*m*raw[3] + 6*m*m*raw[2] - 3*m*m*m*m
}

func TestNeuronTangentMoments(t *testing.T) {
	// At angle 0 Z is 4 Exp(1) with probability 1/2: raw moments 2, 16, 192, 3072.
	mean, variance, fourth := bounds.NeuronTangentMoments(0)
	within(t, "mean at 0", mean, 2, 1e-12)
	within(t, "variance at 0", variance, 12, 1e-12)
	within(t, "fourth moment at 0", fourth, 3072-4*2*192+6*4*16-3*16, 1e-12)
	if _, v, _ := bounds.NeuronTangentMoments(math.Pi); v > 1e-12 {
		t.Errorf("variance at pi is %v, want 0", v)
	}
	for _, angle := range []float64{0.4, 1.2, 2.5} {
		sin, r := math.Sincos(angle)
		k0 := 1 - angle/math.Pi
		k1 := (sin + (math.Pi-angle)*r) / math.Pi
		j2 := 3*sin*r + (math.Pi-angle)*(1+2*r*r)
		mean, variance, fourth := bounds.NeuronTangentMoments(angle)
		within(t, "mean", mean, k1+r*k0, 1e-12)
		within(t, "variance", variance, 2*j2/math.Pi+4*r*k1+6*r*r*k0-mean*mean, 1e-11)
		rng := rand.New(rand.NewPCG(8, 8))
		const draws = 300000
		sum := 0.0
		for range draws {
			u, w, a, z := rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64(), 0.0
			if v := r*u + sin*w; u > 0 && v > 0 {
				z = 2*u*v + 2*r*a*a
			}
			sum += math.Pow(z-mean, 4)
		}
		within(t, "fourth moment by simulation", fourth, sum/draws, 0.1)
	}
	v, f := bounds.NeuronAverage(2, 30, 4)
	within(t, "variance of an average", v, 0.5, 1e-14)
	within(t, "its fourth moment", f, (3*2*2*3+30)/64.0, 1e-14) // 3 s^4 (m-1)/m^3 + f/m^3
}

func TestShallowTangentTail(t *testing.T) {
	within(t, "tail", bounds.ShallowTangentTail(2, 100), 0.8+0.08, 1e-14)
	m := bounds.ShallowTangentWidth(5, 0.3, 0.1)
	want := math.Log(300)
	within(t, "width inverts the tail", math.Sqrt(32*want/m)+4*want/m, 0.3, 1e-12)
	within(t, "printed width", bounds.PrintedTangentWidth(2, 0.5, 0.1), 64*16*math.Log(20), 1e-13)
	if !math.IsNaN(bounds.PrintedTangentWidth(2, 0.5, 2)) || !math.IsNaN(bounds.ShallowTangentWidth(0, 1, 0.1)) {
		t.Error("impossible arguments have a width")
	}
}

func TestShallowDiagonal(t *testing.T) {
	for _, q := range []float64{0, 0.5, 3, 20} {
		within(t, "one neuron", bounds.ShallowDiagonal(q, 1), 1-math.Exp(-q/4)/2, 1e-13)
	}
	if bounds.ShallowDiagonal(-1, 3) != 0 {
		t.Error("a kernel is negative")
	}
	rng := rand.New(rand.NewPCG(9, 9))
	const draws = 100000
	below := 0
	for range draws {
		sum := 0.0
		for range 5 {
			if rng.IntN(2) == 0 {
				sum += 4 * rng.ExpFloat64() / 5
			}
		}
		if sum <= 1.5 {
			below++
		}
	}
	if p := bounds.ShallowDiagonal(1.5, 5); !(math.Abs(float64(below)/draws-p) <= 5*math.Sqrt(p*(1-p)/draws)) {
		t.Errorf("P(Theta <= 1.5) = %v, simulated %v", p, float64(below)/draws)
	}
}

func TestConvolutionalTangentDeviation(t *testing.T) {
	// One pixel, q = 1: a neuron at angle 0 on unit inputs has E Z^2 = 16 <= 24.
	within(t, "one pixel", bounds.ConvolutionalTangentDeviation([]float64{1}, []float64{1}, 1, 4, false), math.Sqrt(24.0/4), 1e-14)
	// (2/9) sqrt(3 (25 + 4)/2) and (2/9) sqrt(3 (1.5^4 + (sqrt 2/2)^4)/2).
	within(t, "two pixels", bounds.ConvolutionalTangentDeviation([]float64{1, 2}, []float64{0, math.Sqrt2}, 3, 2, false), 2.0/9*math.Sqrt(43.5), 1e-14)
	within(t, "pooled", bounds.ConvolutionalTangentDeviation([]float64{1, 2}, []float64{0, math.Sqrt2}, 3, 2, true), 2.0/9*math.Sqrt(1.5*(5.0625+0.25)), 1e-14)
}
