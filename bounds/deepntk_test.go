package bounds

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/kernel"
	"convergo/nets/deep"
)

func deepStream(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 47)) }

func gaussianRows(n, d int, rng *rand.Rand) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	return x
}

// sphereRows draws rows uniformly from the sphere of the given radius.
func sphereRows(n, d int, radius float64, rng *rand.Rand) *mat.Dense {
	x := gaussianRows(n, d, rng)
	for i := range n {
		row := x.RawRowView(i)
		floats.Scale(radius/floats.Norm(row, 2), row)
	}
	return x
}

func must(t interface {
	Helper()
	Fatal(...any)
}) func(float64, error) float64 {
	return func(v float64, err error) float64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestDeepNTKBracketsLambdaMin: on every data set, antipodal, parallel and badly scaled ones included,
// the bounds of Nguyen et al. (2021) hold and are ordered.
func TestDeepNTKBracketsLambdaMin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		must := must(t)
		n := rapid.IntRange(1, 14).Draw(t, "n")
		d := rapid.IntRange(1, 12).Draw(t, "d")
		hidden := rapid.IntRange(0, 4).Draw(t, "hidden")
		family := rapid.SampledFrom([]string{"plain", "antipodal", "parallel", "offset", "scaled"}).Draw(t, "family")
		rng := deepStream(rapid.Uint64Range(0, 1<<16).Draw(t, "seed"))
		x := gaussianRows(n, d, rng)
		for i := range n {
			row := x.RawRowView(i)
			switch {
			case family == "scaled":
				floats.Scale(math.Pow(10, 2*rng.Float64()-1), row)
			case family == "offset":
				floats.AddConst(3, row)
			case family == "antipodal" && i > 0:
				floats.ScaleTo(row, -1, x.RawRowView(i-1))
			case family == "parallel" && i == 1:
				floats.ScaleTo(row, 2, x.RawRowView(0))
			}
		}
		exact, err := kernel.NTK(hidden).Lambda0(x)
		if err != nil {
			t.Fatal(err)
		}
		b := DeepNTK{Hidden: hidden}
		upper := must(b.Upper(x))
		lower := must(b.Lower(x))
		byNorm := must(b.LowerByNorm(x))
		gershgorin := must(b.LowerByGershgorin(x))
		slack := 1e-11 * float64(n) * upper
		if upper < exact.Lower() {
			t.Fatalf("upper bound %v below lambda_min %v", upper, exact)
		}
		if lower > exact.Upper() {
			t.Fatalf("lower bound %v above lambda_min %v", lower, exact)
		}
		if byNorm > lower+slack || gershgorin > byNorm+slack {
			t.Fatalf("bounds out of order: %v, %v, %v", gershgorin, byNorm, lower)
		}
		if hidden >= 1 {
			for r := 1; r <= 8; r++ {
				if got := must(b.LowerByHermite(x, r)); got > exact.Upper() {
					t.Fatalf("Hermite bound %v for r = %d above lambda_min %v", got, r, exact)
				}
			}
		}
		if n == 1 && lower < exact.Value*(1-2e-11) {
			t.Fatalf("one sample: lower bound %v, lambda_min %v; they are equal", lower, exact)
		}
	})
}

// TestDeepNTKLowerIsTight: for two unit inputs at a positive cosine every power has lambda_min 1-r^k,
// and the bound is an equality up to the tail.
func TestDeepNTKLowerIsTight(t *testing.T) {
	must := must(t)
	x := mat.NewDense(2, 2, []float64{1, 0, 0.6, 0.8})
	for hidden := 1; hidden <= 4; hidden++ {
		exact := kernel.NTK(hidden).At(1) - kernel.NTK(hidden).At(0.6)
		if got := must(DeepNTK{Hidden: hidden, Terms: 80}.Lower(x)); !(math.Abs(got-exact) <= 2e-11) || got > exact {
			t.Errorf("%d hidden layers: bound %v, lambda_min %v", hidden, got, exact)
		}
	}
}

// TestDeepNTKLowerIsNotVacuous pins the quality of the bounds.
func TestDeepNTKLowerIsNotVacuous(t *testing.T) {
	must := must(t)
	x := sphereRows(60, 120, 1, deepStream(1))
	for _, hidden := range []int{1, 4} {
		exact, err := kernel.NTK(hidden).Lambda0(x)
		if err != nil {
			t.Fatal(err)
		}
		b := DeepNTK{Hidden: hidden}
		lower, gershgorin := must(b.Lower(x)), must(b.LowerByGershgorin(x))
		if lower < 0.85*exact.Value || gershgorin < 0.3*exact.Value {
			t.Errorf("%d hidden layers: lambda_min %v, bounds %v and %v", hidden, exact, lower, gershgorin)
		}
		// A control: coefficients 1.3 times too large are caught.
		if 1.3*lower <= exact.Value {
			t.Errorf("%d hidden layers: the bound is too loose to tell a factor 1.3", hidden)
		}
	}
	// Another: the largest norm in place of the smallest.
	floats.Scale(0.1, x.RawRowView(0))
	exact, err := kernel.NTK(1).Lambda0(x)
	if err != nil {
		t.Fatal(err)
	}
	if wrong := must(DeepNTK{Hidden: 1}.LowerByNorm(x)) * 100; wrong <= exact.Upper() {
		t.Errorf("with the largest norm the bound is %v, lambda_min %v", wrong, exact)
	}
}

func TestDeepNTKSphere(t *testing.T) {
	must := must(t)
	const n, d, delta = 20, 100, 0.05
	for _, c := range []struct {
		hidden int
		want   float64 // divided by d, summed apart
	}{{1, 0.160}, {2, 0.466}} {
		if got := must(DeepNTK{Hidden: c.hidden}.Sphere(n, d, delta)); !(math.Abs(got/d-c.want) <= 1e-3) {
			t.Errorf("%d hidden layers: %v d, want %v d", c.hidden, got/d, c.want)
		}
	}
	predicted := must(DeepNTK{Hidden: 1}.Sphere(n, d, delta))
	rng := deepStream(2)
	for range 20 {
		exact, err := kernel.NTK(1).Lambda0(sphereRows(n, d, math.Sqrt(d), rng))
		if err != nil {
			t.Fatal(err)
		}
		// P(a violation) <= 0.05 each and in fact far smaller: rho_max has slack.
		if exact.Upper() < predicted {
			t.Errorf("lambda_min %v below %v", exact, predicted)
		}
	}
	// A control: points of a plane are not of R^100.
	flat := gaussianRows(n, d, rng)
	plane := gaussianRows(2, d, rng)
	flat.Mul(gaussianRows(n, 2, rng), plane)
	for i := range n {
		row := flat.RawRowView(i)
		floats.Scale(math.Sqrt(d)/floats.Norm(row, 2), row)
	}
	exact, err := kernel.NTK(1).Lambda0(flat)
	if err != nil {
		t.Fatal(err)
	}
	if exact.Lower() >= predicted {
		t.Errorf("points in a plane have lambda_min %v >= %v", exact, predicted)
	}
	if got := must(DeepNTK{Hidden: 1}.Sphere(100, 10, delta)); got != 0 {
		t.Errorf("low dimension: bound %v, want 0", got)
	}
	if got := must(DeepNTK{Hidden: 3}.Sphere(1, 7, delta)); !(math.Abs(got-28) <= 1e-11*28) {
		t.Errorf("one point: bound %v, want 28", got)
	}
}

func TestFeatureKernelLower(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		must := must(t)
		n := rapid.IntRange(1, 10).Draw(t, "n")
		d := rapid.IntRange(1, 10).Draw(t, "d")
		rng := deepStream(rapid.Uint64Range(0, 1<<16).Draw(t, "seed"))
		F := gaussianRows(n, d, rng)
		for i := range n {
			floats.Scale(math.Pow(10, 2*rng.Float64()-1), F.RawRowView(i))
		}
		exact, err := kernel.ReLUFeature().Lambda0(F)
		if err != nil {
			t.Fatal(err)
		}
		for r := 1; r <= 6; r++ {
			if got := must(FeatureKernelLower(F, 1, r)); got > exact.Upper() {
				t.Fatalf("r = %d: bound %v above lambda_min %v", r, got, exact)
			}
		}
	})
}

// TestFeatureKernelLowerOnOrthonormalRows: there both sides are explicit.
func TestFeatureKernelLowerOnOrthonormalRows(t *testing.T) {
	must := must(t)
	F := mat.NewDense(3, 3, []float64{2, 0, 0, 0, 2, 0, 0, 0, 2})
	for r, want := range map[int]float64{1: 0.25, 2: 1 / (4 * math.Pi), 3: 0, 4: 1 / (48 * math.Pi)} {
		if got := must(FeatureKernelLower(F, 1.5, r)); !(math.Abs(got-9*want) <= 1e-12) {
			t.Errorf("r = %d: %v, want %v", r, got, 9*want)
		}
	}
}

func TestFeatureLossBoundsTheTail(t *testing.T) {
	rng := deepStream(5)
	F := sphereRows(8, 12, 1, rng)
	frobenius := mat.Norm(F, 2)
	var svd mat.SVD
	svd.Factorize(F, mat.SVDNone)
	operator := svd.Values(nil)[0]
	const draws = 20000
	for _, s := range []float64{0, 0.5, 1, 1.5} {
		cut := frobenius + s*operator
		tail := 0.0
		w, v := mat.NewVecDense(12, nil), mat.NewVecDense(8, nil)
		for range draws {
			for j := range 12 {
				w.SetVec(j, rng.NormFloat64())
			}
			v.MulVec(F, w)
			if norm := mat.Norm(v, 2); norm > cut {
				tail += norm * norm / draws
			}
		}
		if loss := featureLoss(frobenius, operator, s); tail > loss {
			t.Errorf("s = %v: second moment beyond the cut %v, bound %v", s, tail, loss)
		}
	}
	if a, b := featureLoss(2, 1, 0.999), featureLoss(2, 1, 1.001); b >= a {
		t.Errorf("the loss grows with s: %v, %v", a, b)
	}
}

// TestFeatureWidthSuffices draws layers of the predicted width. Lambda is exact, so a frequency of
// violations above delta refutes the bound.
func TestFeatureWidthSuffices(t *testing.T) {
	must := must(t)
	for _, c := range []struct{ n, d int }{{2, 3}, {5, 5}} {
		rng := deepStream(uint64(c.n))
		x := sphereRows(c.n, c.d, 1, rng)
		lambda, err := kernel.ReLUFeature().Lambda0(x)
		if err != nil {
			t.Fatal(err)
		}
		var svd mat.SVD
		svd.Factorize(x, mat.SVDNone)
		frobenius, operator := mat.Norm(x, 2), svd.Values(nil)[0]
		width := must(FeatureWidth(frobenius, operator, lambda.Value, c.n, 0.1))
		// The cut is the smallest one allowed: width = 2 t^2 log(n/delta)/(c lambda).
		s := (math.Sqrt(width*chernoffHalf*lambda.Value/(2*math.Log(float64(c.n)/0.1))) - frobenius) / operator
		if over, under := featureLoss(frobenius, operator, s-0.01), featureLoss(frobenius, operator, s+0.01); over < lambda.Value/2 || under > lambda.Value/2 {
			t.Errorf("n = %d: the cut s = %v is not where the loss is lambda/2", c.n, s)
		}
		for range 5 {
			net, err := deep.New(deep.Config{Inputs: c.d, Hidden: []int{int(width)}}, rng)
			if err != nil {
				t.Fatal(err)
			}
			p, err := net.NewPass(x)
			if err != nil {
				t.Fatal(err)
			}
			sigma, err := p.FeatureSingularValues(1)
			if err != nil {
				t.Fatal(err)
			}
			if low := sigma[c.n-1] * sigma[c.n-1]; low < width*lambda.Value/4 {
				t.Errorf("n = %d, width %v: sigma_min^2 = %v, want at least %v", c.n, width, low, width*lambda.Value/4)
			}
		}
	}
	if got := must(FeatureWidth(1, 1, 0, 3, 0.1)); !math.IsInf(got, 1) {
		t.Errorf("singular kernel: width %v, want +Inf", got)
	}
}

func TestTwoLayerLipschitz(t *testing.T) {
	must := must(t)
	rng := deepStream(7)
	worst := 0.0
	for _, c := range []struct{ d, n1, n2 int }{{1, 1, 1}, {5, 20, 20}, {10, 60, 8}, {30, 10, 40}} {
		bound := must(TwoLayerLipschitz(c.d, c.n1, c.n2, 0.01))
		for range 5 {
			net, err := deep.New(deep.Config{Inputs: c.d, Hidden: []int{c.n1, c.n2}}, rng)
			if err != nil {
				t.Fatal(err)
			}
			p, err := net.NewPass(gaussianRows(50, c.d, rng))
			if err != nil {
				t.Fatal(err)
			}
			for i := range 50 {
				var svd mat.SVD
				svd.Factorize(p.InputJacobian(2, i), mat.SVDNone)
				worst = max(worst, svd.Values(nil)[0]/bound)
			}
		}
	}
	if worst > 1 || worst < 0.1 {
		t.Errorf("largest ratio of a local Lipschitz constant to its bound is %v", worst)
	}
	// A control: aligned weights of rank one with entries of the same size.
	const n, d = 100, 30
	net, err := deep.New(deep.Config{Inputs: d, Hidden: []int{n, n}}, rng)
	if err != nil {
		t.Fatal(err)
	}
	for l := 1; l <= 2; l++ {
		w := net.Weight(l)
		rows, cols := w.Dims()
		for i := range rows {
			for j := range cols {
				w.Set(i, j, 1)
			}
		}
	}
	x := gaussianRows(1, d, rng)
	x.Apply(func(_, _ int, v float64) float64 { return math.Abs(v) }, x)
	p, err := net.NewPass(x)
	if err != nil {
		t.Fatal(err)
	}
	var svd mat.SVD
	svd.Factorize(p.InputJacobian(2, 0), mat.SVDNone)
	if got, bound := svd.Values(nil)[0], must(TwoLayerLipschitz(d, n, n, 0.01)); got < 5*bound {
		t.Errorf("aligned weights: local Lipschitz constant %v, bound %v", got, bound)
	}
}

func TestLogRegions(t *testing.T) {
	for n := 1; n <= 40; n++ {
		for d := 1; d <= 45; d++ {
			sum := new(big.Int)
			for i := 0; i < d; i++ {
				sum.Add(sum, new(big.Int).Binomial(int64(n-1), int64(i)))
			}
			exact, _ := new(big.Float).SetInt(sum.Lsh(sum, 1)).Float64()
			if got, want := LogRegions(n, d), math.Log(exact); !(math.Abs(got-want) <= 1e-12*(1+want)) {
				t.Errorf("%d hyperplanes in dimension %d: %v, want %v", n, d, got, want)
			}
		}
	}
	if got, want := LogRegions(3000, 3000), 3000*math.Ln2; !(math.Abs(got-want) <= 1e-9*want) {
		t.Errorf("many hyperplanes: %v, want %v", got, want)
	}
}

// TestDeepNTKMeanDiagonal repeats the sum by hand at unequal variances.
func TestDeepNTKMeanDiagonal(t *testing.T) {
	got := must(t)(DeepNTKMeanDiagonal(2, []int{4, 6}, []float64{1, 2, 3}))
	if want := 2.0 * (2 * 3) * (4*9 + 1*9 + 1*4); !(math.Abs(got-want) <= 1e-12*want) {
		t.Errorf("mean diagonal %v, want %v", got, want)
	}
}

func TestDeepNTKErrors(t *testing.T) {
	zero := mat.NewDense(2, 2, []float64{1, 0, 0, 0})
	good := mat.NewDense(1, 1, []float64{1})
	b := DeepNTK{Hidden: 1}
	for name, err := range map[string]error{
		"upper":      second(b.Upper(zero)),
		"lower":      second(b.Lower(zero)),
		"by norm":    second(b.LowerByNorm(zero)),
		"gershgorin": second(b.LowerByGershgorin(zero)),
		"hermite":    second(b.LowerByHermite(zero, 2)),
		"power":      second(b.LowerByHermite(good, 0)),
		"depth":      second(DeepNTK{}.LowerByHermite(good, 2)),
		"terms":      second(DeepNTK{Terms: -1}.Lower(good)),
		"delta":      second(b.Sphere(2, 2, 1)),
		"feature":    second(FeatureKernelLower(good, 1, 0)),
		"norms":      second(FeatureWidth(1, 2, 1, 1, 0.1)),
		"samples":    second(FeatureWidth(1, 1, 1, 0, 0.1)),
		"lipschitz":  second(TwoLayerLipschitz(0, 1, 1, 0.1)),
		"diagonal":   second(DeepNTKMeanDiagonal(1, []int{0}, nil)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second(_ float64, err error) error { return err }

func ExampleDeepNTK() {
	x := mat.NewDense(3, 3, []float64{1, 0, 0, 0, 1, 0, 0, 0.6, 0.8})
	b := DeepNTK{Hidden: 2}
	lower, err := b.Lower(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	upper, err := b.Upper(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	lambda, err := kernel.NTK(2).Lambda0(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f <= %.3f <= %.3f\n", lower, lambda.Value, upper)
	// Output: 1.456 <= 1.456 <= 3.000
}
