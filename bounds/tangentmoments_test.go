package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds"
	"convergo/bounds/kernel"
)

// The limit kernel by the recursion that the paper prints, and L = 2 by its closed form.
func TestHalfLastTheta(t *testing.T) {
	for _, c := range []float64{-1, -0.6, 0, 0.3, 0.9, 1} {
		sigma, th := c, c
		for layers := 2; layers <= 5; layers++ {
			angle := math.Acos(sigma)
			next := (math.Sqrt(1-sigma*sigma) + (math.Pi-angle)*sigma) / math.Pi
			th = th*(math.Pi-angle)/math.Pi + next
			sigma = next
			if got := bounds.HalfLastTheta(layers).At(c); !(math.Abs(got-(th+sigma)/2) <= 1e-12) {
				t.Errorf("L = %d, c = %v: %v, want %v", layers, c, got, (th+sigma)/2)
			}
		}
		angle := math.Acos(c)
		want := c*(math.Pi-angle)/(2*math.Pi) + (math.Sqrt(1-c*c)+(math.Pi-angle)*c)/math.Pi
		if got := bounds.HalfLastTheta(2).At(c); !(math.Abs(got-want) <= 1e-13) {
			t.Errorf("L = 2, c = %v: %v, want %v", c, got, want)
		}
	}
	within(t, "diagonal", bounds.HalfLastTheta(4).At(1), 2.5, 1e-13)
}

// The moments of width 1, where a gradient is a product of squares of normals and of coins, by the two-layer formulas, and
// of width 3 by drawing gates and norms layer by layer from the network itself.
func TestGradientMoments(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	const m, draws = 3, 400000
	var sum, square, out, out2 [4]float64
	for range draws {
		norms, f := drawThree(m, r)
		for l := range norms {
			sum[l] += norms[l] / draws
			square[l] += norms[l] * norms[l] / draws
		}
		out[0] += f * f / draws
		out2[0] += f * f * f * f / draws
	}
	for l := 1; l <= 3; l++ {
		mean, dev := bounds.GradientMoments(3, l, m)
		within(t, "mean", sum[l-1], mean, 0.02)
		within(t, "second moment", square[l-1], mean*mean+dev*dev, 0.12)
	}
	mean, dev := bounds.OutputSquareMoments(3, m)
	within(t, "output", out[0], mean, 0.03)
	within(t, "output, second moment", out2[0], mean*mean+dev*dev, 0.25)
	// Exact at L = 2: w^2 1{z>0} summed, E = 1/2, E of the square = (3/2 + (m-1)/4)/m.
	for _, m := range []int{1, 4, 100} {
		mean, dev := bounds.GradientMoments(2, 1, m)
		within(t, "two layers", mean*mean+dev*dev, (1.5+float64(m-1)/4)/float64(m), 1e-12)
		mean, dev = bounds.GradientMoments(2, 2, m)
		within(t, "two layers, last", mean*mean+dev*dev, (6+float64(m-1))/float64(m), 1e-12)
		mean, dev = bounds.OutputSquareMoments(2, m)
		within(t, "two layers, output", mean*mean+dev*dev, 3*(6+float64(m-1))/float64(m), 1e-12)
	}
}

// drawThree draws a network of three layers and returns the squared gradient norms over m and the output over sqrt m times sqrt m.
func drawThree(m int, r *rand.Rand) (norms [3]float64, f float64) {
	a, b, c := 2/float64(m), 2/float64(m), 1/float64(m)
	h1, h2 := make([]float64, m), make([]float64, m)
	w2 := make([][]float64, m)
	for i := range h1 {
		h1[i] = math.Max(0, math.Sqrt(a)*r.NormFloat64())
	}
	back := make([]float64, m) // of layer 2
	for i := range h2 {
		w2[i] = make([]float64, m)
		for j := range w2[i] {
			w2[i][j] = math.Sqrt(b) * r.NormFloat64()
			h2[i] += w2[i][j] * h1[j]
		}
		w3 := math.Sqrt(c) * r.NormFloat64()
		if h2[i] > 0 {
			back[i] = w3
		}
		h2[i] = math.Max(0, h2[i])
		f += w3 * h2[i]
	}
	sq := func(v []float64) (s float64) {
		for _, x := range v {
			s += x * x
		}
		return s
	}
	first := 0.0
	for j := range h1 {
		if h1[j] > 0 {
			s := 0.0
			for i := range back {
				s += back[i] * w2[i][j]
			}
			first += s * s
		}
	}
	return [3]float64{first, sq(h1) * sq(back), sq(h2)}, f * math.Sqrt(float64(m))
}

// The variance of one neuron's summand by quadrature over the plane of the two preactivations.
func TestTwoLayerTangentVariance(t *testing.T) {
	for _, angle := range []float64{0.3, 1.2, 2.5} {
		sin, cos := math.Sincos(angle)
		var mean, square float64
		const cells = 2000
		const h = 16. / cells
		for i := range cells {
			for j := range cells {
				p, q := -8+(float64(i)+0.5)*h, -8+(float64(j)+0.5)*h
				u, v := p, cos*p+sin*q
				if u <= 0 || v <= 0 {
					continue
				}
				weight := h * h * math.Exp(-(p*p+q*q)/2) / (2 * math.Pi)
				mean += weight * (2*u*v + cos)                         // E g^2 = 1
				square += weight * (4*u*u*v*v + 4*u*v*cos + 3*cos*cos) // E g^4 = 3
			}
		}
		within(t, "mean", bounds.HalfLastTheta(2).Of(kernel.UnitPair(cos)), mean, 2e-3)
		within(t, "variance", bounds.TwoLayerTangentVariance(angle, 7), (square-mean*mean)/7, 5e-3)
	}
	within(t, "equal inputs", bounds.TwoLayerTangentVariance(0, 1), 2*3+2+1.5-2.25, 1e-13)
	if bounds.TwoLayerTangentVariance(math.Pi, 1) > 1e-12 {
		t.Error("antipodal inputs share no neuron")
	}
}
