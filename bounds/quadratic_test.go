package bounds

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

func gaussianDraw(n, d int, r *rand.Rand) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	x.Apply(func(_, _ int, _ float64) float64 { return r.NormFloat64() }, x)
	return x
}

func normals(n int, r *rand.Rand) []float64 {
	y := make([]float64, n)
	for i := range y {
		y[i] = r.NormFloat64()
	}
	return y
}

func TestQuadraticFeaturesKeepInnerProducts(t *testing.T) {
	x := gaussianDraw(5, 3, rand.New(rand.NewPCG(1, 1)))
	a := QuadraticFeatures(x)
	for i := range 5 {
		for j := range 5 {
			inner := floats.Dot(x.RawRowView(i), x.RawRowView(j))
			if got := floats.Dot(a.RawRowView(i), a.RawRowView(j)); !(math.Abs(got-inner*inner) <= 1e-12) {
				t.Errorf("<x_%d x_%d^T> = %v, want <x, x'>^2 = %v", i, j, got, inner*inner)
			}
		}
	}
}

// Above the threshold the fit solves the normal equations; below it the labels are met.
func TestFitQuadratic(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for _, n := range []int{1, 4, 6, 7, 15} {
		x, y := gaussianDraw(n, 3, r), normals(n, r)
		fit, err := FitQuadratic(x, y)
		if err != nil {
			t.Fatal(err)
		}
		if want := min(n, 6); fit.Rank != want || QuadraticRank(n, 3) != want {
			t.Errorf("n=%d: rank %d and %d, want %d", n, fit.Rank, QuadraticRank(n, 3), want)
		}
		loss := 0.0
		for i := range n {
			row := x.RowView(i)
			miss := mat.Inner(row, fit.Form, row) - y[i]
			if !(math.Abs(miss-fit.Misses[i]) <= 1e-9) {
				t.Errorf("n=%d: sample %d misses by %v, told %v", n, i, miss, fit.Misses[i])
			}
			loss += miss * miss / (2 * float64(n))
		}
		if !(math.Abs(loss-fit.Loss) <= 1e-10) {
			t.Errorf("n=%d: loss %v, told %v", n, loss, fit.Loss)
		}
		if s := QuadraticResiduals(x, y, fit.Form); mat.Norm(s, 2) > 1e-9 {
			t.Errorf("n=%d: the gradient at the minimum is %v", n, mat.Norm(s, 2))
		}
		if n > 6 { // normal equations by another route
			var gram, right, beta mat.Dense
			a := QuadraticFeatures(x)
			gram.Mul(a.T(), a)
			right.Mul(a.T(), mat.NewDense(n, 1, y))
			if err := beta.Solve(&gram, &right); err != nil {
				t.Fatal(err)
			}
			var misses mat.Dense
			misses.Mul(a, &beta)
			misses.Sub(&misses, mat.NewDense(n, 1, y))
			if want := math.Pow(mat.Norm(&misses, 2), 2) / (2 * float64(n)); !(math.Abs(want-fit.Loss) <= 1e-10) {
				t.Errorf("n=%d: loss %v, by normal equations %v", n, fit.Loss, want)
			}
		}
	}
}

func TestQuadraticRankOfRepeatedInputs(t *testing.T) {
	x := mat.NewDense(4, 2, []float64{1, 2, 1, 2, -1, -2, 3, 1})
	fit, err := FitQuadratic(x, []float64{1, 3, 2, 5})
	// The first three inputs are one: they are met in the mean, 2.
	if err != nil || fit.Rank != 2 || !(math.Abs(fit.Loss-2.0/8) <= 1e-12) {
		t.Errorf("rank %d and loss %v, %v; want 2 and 0.25", fit.Rank, fit.Loss, err)
	}
}

// Inputs at a distance of 1e-8 are two, at 1e-12 they are one: singular values count from 1e-10 of the largest.
func TestQuadraticRankOfNearInputs(t *testing.T) {
	for distance, want := range map[float64]struct {
		rank int
		loss float64
	}{1e-4: {2, 0}, 1e-8: {2, 0}, 1e-12: {1, 1.0 / 4}} {
		fit, err := FitQuadratic(mat.NewDense(2, 2, []float64{1, 0, 1, distance}), []float64{0, 1})
		if err != nil || fit.Rank != want.rank || !(math.Abs(fit.Loss-want.loss/2) <= 1e-9) {
			t.Errorf("distance %v: rank %d and loss %v, %v; want %v", distance, fit.Rank, fit.Loss, err, want)
		}
	}
}

func TestQuadraticResiduals(t *testing.T) {
	x := mat.NewDense(2, 2, []float64{1, 2, 0, 3})
	m := mat.NewSymDense(2, []float64{1, 1, 1, 2})
	s := QuadraticResiduals(x, []float64{10, 20}, m)
	// f = 1 + 4 + 8 = 13 and 18: residuals 3 and -2.
	want := mat.NewSymDense(2, []float64{3, 6, 6, 12 - 18})
	if !mat.EqualApprox(s, want, 1e-12) {
		t.Errorf("S = %v, want %v", mat.Formatted(s), mat.Formatted(want))
	}
}

func TestQuadraticGapIsTheExcess(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	loss := func(x *mat.Dense, y []float64, m mat.Matrix) (sum float64) {
		for i := range y {
			sum += math.Pow(mat.Inner(x.RowView(i), m, x.RowView(i))-y[i], 2) / (2 * float64(len(y)))
		}
		return sum
	}
	for range 20 {
		x, y := gaussianDraw(9, 3, r), normals(9, r)
		fit, err := FitQuadratic(x, y)
		if err != nil {
			t.Fatal(err)
		}
		m := mat.NewSymDense(3, nil)
		m.SymOuterK(r.NormFloat64(), gaussianDraw(3, 3, r))
		got := QuadraticGap(9, QuadraticResiduals(x, y, m), m, fit.Form)
		if want := loss(x, y, m) - fit.Loss; !(math.Abs(got-want) <= 1e-9*(1+want)) {
			t.Errorf("gap %v, want %v", got, want)
		}
	}
}

func TestQuadraticNetworkComputesTheForm(t *testing.T) {
	m := mat.NewSymDense(3, []float64{1, 2, 0, 2, -3, 1, 0, 1, 0.5})
	v := []float64{2, -0.5, 1, -1, 3, -4}
	w, err := QuadraticNetwork(m, v)
	if err != nil {
		t.Fatal(err)
	}
	var got, right mat.Dense
	right.Mul(mat.NewDiagDense(6, v), w)
	got.Mul(w.T(), &right)
	if !mat.EqualApprox(&got, m, 1e-12) {
		t.Errorf("W^T D W = %v", mat.Formatted(&got))
	}
}

func TestQuadraticWidth(t *testing.T) {
	for n, want := range map[int]float64{1: 2, 2: 4, 3: 4, 4: 6, 6: 6, 7: 8, 10: 8, 5050: 200, 5051: 202, 1 << 40: 2965820, math.MaxInt64: 8589934592} {
		if got := QuadraticWidth(n); got != want {
			t.Errorf("n=%d: width %v, want %v", n, got, want)
		}
	}
	if !math.IsNaN(QuadraticWidth(0)) {
		t.Error("a width for no samples")
	}
}

func TestSymmetricEigenvalues(t *testing.T) {
	values, err := SymmetricEigenvalues(mat.NewSymDense(2, []float64{1, 2, 2, 1}))
	if err != nil || !floats.EqualApprox(values, []float64{-1, 3}, 1e-12) {
		t.Errorf("%v, %v; want -1 and 3", values, err)
	}
}

func TestQuadraticSaddle(t *testing.T) {
	v := []float64{0.5, 3, -2, -7}
	if p, n := SignedLeast(v); p != 0.5 || n != 2 {
		t.Errorf("least %v and %v, want 0.5 and 2", p, n)
	}
	for _, c := range []struct{ low, high, want float64 }{
		{-1, 3, -6.0 / 2}, {-20, 3, -10.0 / 2}, {1, 3, -6.0 / 2}, {-20, -3, -10.0 / 2}, {0, 0, 0},
	} {
		if got := QuadraticSaddle(4, v, c.low, c.high); !(math.Abs(got-c.want) <= 1e-12) {
			t.Errorf("eigenvalues %v and %v: %v, want %v", c.low, c.high, got, c.want)
		}
	}
}

// One sample, one weight a sign, by hand: x = 2, f = 3 w_+^2 4 - 5 w_-^2 4.
func TestQuadraticPointByHand(t *testing.T) {
	at := QuadraticPoint{N: 1, V: []float64{3, -5}, W: mat.NewDense(2, 1, []float64{0.1, -0.2}), Gradient: 7, Curvature: -2, FourthPower: 16}
	// By the slope: 7/(2*3*0.1) and 7/(2*5*0.2) = 3.5; by curvature: (1 + 2 (0.3)^2 16)/3 = 1.2933 and (1 + 2*1*16)/5 = 6.6.
	if got := at.Residual(); !(math.Abs(got-3.5) <= 1e-12) {
		t.Errorf("residual %v, want 3.5", got)
	}
	at.V = []float64{3, 0}
	if got := at.Residual(); !math.IsInf(got, 1) {
		t.Errorf("residual %v without a negative neuron, want none", got)
	}
	at.V = []float64{3, 5} // all positive: s = |W|, vmax 5
	norm := math.Hypot(0.1, 0.2)
	if got, want := at.NegativePart(), min(7/(6*norm), 1.0/3); !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("negative part %v, want %v: two neurons are dependent in one dimension", got, want)
	}
	at.V, at.W = []float64{3}, mat.NewDense(1, 1, []float64{0.1})
	if got, want := at.NegativePart(), (1+2*0.09*16)/3; !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("negative part %v, want %v", got, want)
	}
	at.W.Zero()
	if got, want := at.NegativePart(), 1.0/3; !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("negative part %v at the origin, want %v", got, want)
	}
}

// The square of the inner product of two inputs on the sphere, by quadrature over their angle.
func TestSquaredGramBounds(t *testing.T) {
	for _, d := range []int{2, 3, 5, 12} {
		weight, mean, square := 0.0, 0.0, 0.0
		const nodes = 20000
		for k := range nodes {
			angle := (float64(k) + 0.5) * math.Pi / nodes
			w := math.Pow(math.Sin(angle), float64(d-2))
			product := math.Pow(float64(d)*math.Cos(angle), 2)
			weight, mean, square = weight+w, mean+w*product, square+w*product*product
		}
		mean, square = mean/weight, square/weight
		dd := float64(d * d)
		if got := SquaredGramUpper(d); !(math.Abs(got-(dd-mean)) <= 1e-6*dd) {
			t.Errorf("d=%d: upper bound %v, mean of two inputs %v", d, got, dd-mean)
		}
		for _, n := range []int{1, 2, 7} {
			want := dd - mean - math.Sqrt(float64(n*(n-1))*(square-mean*mean))
			if got := SquaredGramLower(n, d); !(math.Abs(got-want) <= 1e-6*dd) {
				t.Errorf("n=%d, d=%d: lower bound %v, by quadrature %v", n, d, got, want)
			}
		}
	}
}

func TestQuadraticGapsByHand(t *testing.T) {
	if got := QuadraticDuality(3, 4, 6); got != 4 {
		t.Errorf("%v, want 4*6/(2*3)", got)
	}
	if got := QuadraticCurvatureGap(3, 8, 2); got != 3 {
		t.Errorf("%v, want 3*8/(4*2)", got)
	}
	if got := PlantedQuadraticLoss(3, 8, 2, 10, 5); got != 7 {
		t.Errorf("%v, want 3*8/4 + 2*10/(4*5)", got)
	}
}

func TestLocalJacobianByHand(t *testing.T) {
	j := LocalJacobian{Least: 2, Most: 3, Lipschitz: 4, Keep: 0.25, Share: 0.5}
	for name, c := range map[string]struct{ got, want float64 }{
		"radius":   {j.Radius(), 0.75 * 0.25 * 0.75},
		"singular": {j.Singular(), 1.5},
		"step":     {j.Step(0.1), 0.5 / (12.25 + 0.4)},
		"decrease": {j.Decrease(0.01), 0.01 * 1.5 * 2.25},
		"path":     {j.Path(0.1), 0.2 / 2.25},
	} {
		if !(math.Abs(c.got-c.want) <= 1e-14) {
			t.Errorf("%s %v, want %v", name, c.got, c.want)
		}
	}
}

// The largest curvature by second differences on a fine grid, and the Lipschitz constant of the Jacobian attained by one neuron on one input.
func TestLargestCurvature(t *testing.T) {
	for name, f := range map[string]func(float64) float64{
		"square": func(z float64) float64 { return z * z }, "tanh": math.Tanh, "sin": math.Sin, "erf": math.Erf,
		"softplus": func(z float64) float64 { return math.Log1p(math.Exp(z)) },
	} {
		const h = 1e-3
		most := 0.0
		for z := -4.0; z <= 4; z += 0.002 {
			most = math.Max(most, math.Abs(f(z+h)-2*f(z)+f(z-h))/(h*h))
		}
		if got := LargestCurvature(name); !(math.Abs(got-most) <= 1e-5) {
			t.Errorf("%s: %v, differences give %v", name, got, most)
		}
	}
	if !math.IsNaN(LargestCurvature("relu")) {
		t.Error("a curvature of ReLU")
	}
	// f(x) = v w^2 x^2 in one dimension: J = 2 v w x^2.
	if got := TwoLayerJacobianLipschitz(3, 2, 5, 5); got != 2*3*25 {
		t.Errorf("%v, want %v", got, 2*3*25)
	}
}
