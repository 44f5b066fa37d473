package bounds_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"convergo/bounds"
)

func gaussians(rows, cols int, rng *rand.Rand) *mat.Dense {
	m := mat.NewDense(rows, cols, nil)
	for i := range rows {
		for j := range cols {
			m.Set(i, j, rng.NormFloat64())
		}
	}
	return m
}

// forward is the network W_L phi(W_{L-1} ... phi(W_1 x)) at every row of x.
func forward(phi func(float64) float64, x *mat.Dense, weights []*mat.Dense) []float64 {
	h := x
	for l, w := range weights {
		n, _ := h.Dims()
		out, _ := w.Dims()
		z := mat.NewDense(n, out, nil)
		z.Mul(h, w.T())
		if l < len(weights)-1 {
			z.Apply(func(_, _ int, v float64) float64 { return phi(v) }, z)
		}
		h = z
	}
	return mat.Col(nil, 0, h)
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func small(rng *rand.Rand) (x *mat.Dense, weights []*mat.Dense) {
	return gaussians(4, 3, rng), []*mat.Dense{gaussians(5, 3, rng), gaussians(4, 5, rng), gaussians(1, 4, rng)}
}

// The mean of a neuron, by simulation.
func TestMiddleBlockMean(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	f := gaussians(3, 4, rng)
	const variance, draws = 0.6, 400000
	block, err := bounds.NewMiddleBlock(bounds.SmoothSigmoid(), f, variance, 1.5)
	if err != nil {
		t.Fatal(err)
	}
	sum := mat.NewSymDense(3, nil)
	for range draws {
		g, w := make([]float64, 3), make([]float64, 4)
		for k := range w {
			w[k] = math.Sqrt(variance) * rng.NormFloat64()
		}
		for i := range g {
			g[i] = logistic(floats.Dot(f.RawRowView(i), w))
			g[i] *= 1 - g[i]
		}
		for i := range g {
			for j := range i + 1 {
				sum.SetSym(i, j, sum.At(i, j)+g[i]*g[j])
			}
		}
	}
	for i := range 3 {
		for j := range i + 1 {
			inner := floats.Dot(f.RawRowView(i), f.RawRowView(j))
			if want := inner * sum.At(i, j) / draws; !(math.Abs(block.Mean.At(i, j)-want) <= 2e-3*math.Abs(want)) {
				t.Errorf("mean %d, %d is %v, simulation %v", i, j, block.Mean.At(i, j), want)
			}
		}
	}
	// The largest eigenvalue of F F^T, by the power method: it is less than the sum of all squares.
	power := mat.NewVecDense(3, []float64{1, 1, 1})
	top := 0.0
	for range 2000 {
		var next mat.VecDense
		next.MulVec(f.T(), power)
		power.MulVec(f, &next)
		top = mat.Norm(power, 2)
		power.ScaleVec(1/top, power)
	}
	within(t, "radius", block.Radius, top/16, 1e-9)
	var covariance mat.SymDense
	covariance.SymOuterK(variance, f)
	_, entry, err := bounds.GaussianKernel(bounds.SmoothSigmoid().Slope, &covariance)
	if err != nil {
		t.Fatal(err)
	}
	largest := 0.0
	for i := range 3 {
		largest = math.Max(largest, floats.Dot(f.RawRowView(i), f.RawRowView(i)))
	}
	const cauchy = 0.25 * 4 / (math.Pi * math.Pi) // the slope is at most 1/2 on a strip of pi/2
	within(t, "error", block.Err, 3*largest*(entry+8*0x1p-53*(1.0/16+3*cauchy*variance*largest)), 0.01)
	if block.Std != 1.5 || !(block.Err > 0 && block.Err < 1e-11*block.Radius*10) {
		t.Errorf("deviation %v, error %v", block.Std, block.Err)
	}
}

// With one sample and a constant slope K_mid is R std^2 times a chi-square, whose Chernoff bound is known:
// P(chi^2_n <= n x) <= exp(-(n/2)(x - 1 - log x)).
func TestMiddleBlockLower(t *testing.T) {
	const r, std, delta = 2.5, 1.3, 0.04
	block := bounds.MiddleBlock{Mean: mat.NewSymDense(1, []float64{r}), Radius: r, Std: std}
	for _, n := range []int{20, 100, 3000} {
		lo, hi := 1e-9, 1.0
		for range 200 {
			x := (lo + hi) / 2
			if float64(n)/2*(x-1-math.Log(x)) > math.Log(1/delta) {
				lo = x
			} else {
				hi = x
			}
		}
		got := block.Lower(r, n, delta)
		within(t, "lower bound", got, float64(n)*lo*r*std*std, 1e-6)
		if share := (distuv.ChiSquared{K: float64(n)}).CDF(got / (r * std * std)); share > delta || share < delta/10 {
			t.Errorf("width %d: the bound fails with probability %v, allowed %v", n, share, delta)
		}
		if other := block.Lower(r/2, n, delta); !(other < got/2*(1+1e-9)) {
			t.Errorf("half of the mean gives %v of %v", other, got)
		}
	}
	eps := 0.3
	within(t, "width", block.Width(r, eps, delta), 2*math.Log(1/delta)/(1-eps-1-math.Log(1-eps)), 1e-6)
	pair := bounds.MiddleBlock{Mean: mat.NewSymDense(2, []float64{r, 0, 0, r}), Radius: r, Std: std}
	within(t, "lower bound of two samples", pair.Lower(r, 300, delta), block.Lower(r, 300, delta/2), 1e-9)
	within(t, "width of two samples", pair.Width(r, eps, delta), 2*math.Log(2/delta)/(1-eps-1-math.Log(1-eps)), 1e-6)
	within(t, "lower bound at the width", block.Lower(r, 1000, math.Exp(-1000.0/2*(-eps-math.Log(1-eps)))), (1-eps)*1000*r*std*std, 1e-6)
	if w := block.Width(r, 0, 0.1); !math.IsNaN(w) {
		t.Errorf("width without a margin: %v", w)
	}
	// The variance of R std^2 chi^2_n is 2 n R^2 std^4; that of the least eigenvalue has only the second moment, 3.
	within(t, "deviation", block.Deviation(r, 50), math.Sqrt(2*50)*r*std*std, 1e-12)
	within(t, "deviation of the eigenvalue", block.LambdaDeviation(r, 50), math.Sqrt(3*50)*r*std*std, 1e-12)
}

// The kernel at an antisymmetric start, by differences of the outputs.
func TestAntisymmetricKernel(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const gamma = 3
	x, first, a, w := gaussians(4, 3, rng), gaussians(5, 3, rng), gaussians(4, 5, rng), gaussians(1, 4, rng)
	hidden, out := mat.NewDense(8, 5, nil), mat.NewDense(1, 8, nil)
	hidden.Stack(a, a)
	for k := range 4 {
		out.Set(0, k, gamma*w.At(0, k))
		out.Set(0, 4+k, -gamma*w.At(0, k))
	}
	features := mat.NewDense(4, 5, nil)
	features.Mul(x, first.T())
	features.Apply(func(_, _ int, v float64) float64 { return math.Tanh(v) }, features)
	got, err := bounds.AntisymmetricKernel(bounds.SmoothTanh(), features, a, w.RawRowView(0), gamma)
	if err != nil {
		t.Fatal(err)
	}
	want := mat.NewSymDense(4, nil)
	for _, layer := range []*mat.Dense{first, hidden, out} {
		g := differences(math.Tanh, x, []*mat.Dense{first, hidden, out}, layer)
		want.SymRankK(want, 1, g)
	}
	if !mat.EqualApprox(got, want, 1e-6*mat.Max(got)) {
		t.Errorf("kernel\n%v, differences give\n%v", mat.Formatted(got), mat.Formatted(want))
	}
}

// differences is the Jacobian of the outputs in one layer, by central differences.
func differences(phi func(float64) float64, x *mat.Dense, weights []*mat.Dense, layer *mat.Dense) *mat.Dense {
	n, _ := x.Dims()
	entries := layer.RawMatrix().Data
	jac := mat.NewDense(n, len(entries), nil)
	const h = 1e-5
	for k := range entries {
		old := entries[k]
		entries[k] = old + h
		up := forward(phi, x, weights)
		entries[k] = old - h
		down := forward(phi, x, weights)
		entries[k] = old
		for i := range n {
			jac.Set(i, k, (up[i]-down[i])/(2*h))
		}
	}
	return jac
}

func TestKhatriRaoGram(t *testing.T) {
	x, weights := small(rand.New(rand.NewPCG(5, 6)))
	for l := 1; l <= 3; l++ {
		got, err := bounds.KhatriRaoGram(bounds.SmoothSigmoid(), x, weights, l)
		if err != nil {
			t.Fatal(err)
		}
		want := mat.NewSymDense(4, nil)
		want.SymRankK(want, 1, differences(logistic, x, weights, weights[l-1]))
		if !mat.EqualApprox(got, want, 1e-7*mat.Max(got)) {
			t.Errorf("layer %d:\n%v, differences give\n%v", l, mat.Formatted(got), mat.Formatted(want))
		}
	}
	if _, err := bounds.KhatriRaoGram(bounds.SmoothTanh(), x, weights, 4); err == nil {
		t.Error("a fourth layer of three is taken")
	}
}

func TestSecondOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	x, weights := small(rng)
	_, direction := small(rng)
	value, first, second, err := bounds.SecondOrder(bounds.SmoothTanh(), x, weights, direction)
	if err != nil {
		t.Fatal(err)
	}
	at := func(s float64) []float64 {
		var moved []*mat.Dense
		for l, w := range weights {
			m := mat.DenseCopyOf(w)
			var step mat.Dense
			step.Scale(s, direction[l])
			m.Add(m, &step)
			moved = append(moved, m)
		}
		return forward(math.Tanh, x, moved)
	}
	const h = 1e-4
	up, mid, down := at(h), at(0), at(-h)
	for i := range value {
		slope, bend := (up[i]-down[i])/(2*h), (up[i]-2*mid[i]+down[i])/(h*h)
		if !(math.Abs(value[i]-mid[i]) <= 1e-12) || !(math.Abs(first[i]-slope) <= 1e-5*(1+math.Abs(slope))) || !(math.Abs(second[i]-bend) <= 1e-4*(1+math.Abs(bend))) {
			t.Errorf("sample %d: %v, %v, %v; differences give %v, %v, %v", i, value[i], first[i], second[i], mid[i], slope, bend)
		}
	}
	if _, _, _, err := bounds.SecondOrder(bounds.SmoothTanh(), x, weights, direction[:2]); err == nil {
		t.Error("two directions of three weight matrices are taken")
	}
}
