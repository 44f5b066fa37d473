package kernel

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/nets/deep"
)

func deepStream(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 31)) }

func deepData(n, d int, rng *rand.Rand) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	return x
}

// gaussianMoments returns 2 E[relu(u) relu(v)] and 2 E[1{u>0} 1{v>0}] for a centred Gaussian pair with
// variances a, b and covariance c, by product quadrature in polar coordinates of the whitened pair.
func gaussianMoments(a, b, c float64) (value, slope float64) {
	l11 := math.Sqrt(a)
	l21 := c / l11
	l22 := math.Sqrt(b - l21*l21)
	from, to := -math.Atan2(l21, l22), math.Pi/2
	radial := func(f func(r float64) float64) float64 {
		return quad.Fixed(func(r float64) float64 { return f(r) * r * math.Exp(-r*r/2) }, 0, 13, 90, quad.Legendre{}, 0)
	}
	angular := func(f func(cos, sin float64) float64) float64 {
		return quad.Fixed(func(t float64) float64 { return f(math.Cos(t), math.Sin(t)) }, from, to, 40, quad.Legendre{}, 0)
	}
	value = radial(func(r float64) float64 {
		return angular(func(cos, sin float64) float64 { return r * l11 * cos * r * (l21*cos + l22*sin) })
	}) / math.Pi
	slope = radial(func(float64) float64 {
		return angular(func(float64, float64) float64 { return 1 })
	}) / math.Pi
	return value, slope
}

// TestNTKMatchesQuadrature runs the recursion of Arora et al. (2019, exact computation) on covariances, every expectation by
// quadrature, and compares all depths up to three.
func TestNTKMatchesQuadrature(t *testing.T) {
	for _, norms := range [][2]float64{{1, 1}, {0.3, 4}} {
		for _, r := range []float64{-0.99, -0.7, -0.2, 0, 0.1, 0.5, 0.9, 0.999} {
			p := UnitPair(r)
			p.NormX, p.NormY = norms[0], norms[1]
			a, b, c := norms[0]*norms[0], norms[1]*norms[1], norms[0]*norms[1]*r
			theta := c
			for hidden := 1; hidden <= 3; hidden++ {
				next, dot := gaussianMoments(a, b, c)
				theta = theta*dot + next
				a2, _ := momentsOfOne(a)
				b2, _ := momentsOfOne(b)
				a, b, c = a2, b2, next
				scale := norms[0] * norms[1]
				if got := NNGP(hidden).Of(p); !(math.Abs(got-c) <= 1e-12*scale) {
					t.Errorf("NNGP(%d) at r = %v, norms %v: %v, quadrature %v", hidden, r, norms, got, c)
				}
				if got := NTK(hidden).Of(p); !(math.Abs(got-theta) <= 3e-12*scale) {
					t.Errorf("NTK(%d) at r = %v, norms %v: %v, quadrature %v", hidden, r, norms, got, theta)
				}
			}
		}
	}
}

// momentsOfOne is gaussianMoments on the diagonal, where the pair degenerates to one variable.
func momentsOfOne(a float64) (value, slope float64) {
	density := func(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }
	value = 2 * quad.Fixed(func(z float64) float64 { return a * z * z * density(z) }, 0, 13, 90, quad.Legendre{}, 0)
	slope = 2 * quad.Fixed(density, 0, 13, 90, quad.Legendre{}, 0)
	return value, slope
}

func TestNTKAtDepthOneIsClosedForm(t *testing.T) {
	for k := -100; k <= 100; k++ {
		r := float64(k) / 100
		features, slopes := ReLUFeature().At(r), ReLU().At(r)
		if got := NNGP(1).At(r); !(math.Abs(got-2*features) <= 1e-15) {
			t.Errorf("NNGP(1) at %v: %v, want %v", r, got, 2*features)
		}
		if got, want := NTK(1).At(r), 2*features+2*slopes; !(math.Abs(got-want) <= 2e-15) {
			t.Errorf("NTK(1) at %v: %v, want %v", r, got, want)
		}
		if got := NTKTerm(1, 1).At(r); !(math.Abs(got-2*slopes) <= 1e-15) {
			t.Errorf("NTKTerm(1, 1) at %v: %v, want %v", r, got, 2*slopes)
		}
		if got := NTK(0).At(r); got != r {
			t.Errorf("NTK(0) at %v: %v", r, got)
		}
	}
}

func TestNTKIdentities(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hidden := rapid.IntRange(0, 10).Draw(t, "hidden")
		n := rapid.IntRange(1, 8).Draw(t, "n")
		d := rapid.IntRange(1, 5).Draw(t, "d")
		x := deepData(n, d, deepStream(rapid.Uint64Range(0, 1<<16).Draw(t, "seed")))
		K, err := NTK(hidden).Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		sum := mat.NewSymDense(n, nil)
		for l := 1; l <= hidden+1; l++ {
			term, err := NTKTerm(hidden, l).Gram(x)
			if err != nil {
				t.Fatal(err)
			}
			sum.AddSym(sum, term)
		}
		if !mat.EqualApprox(K, sum, 1e-13*mat.Norm(K, 1)) {
			t.Fatal("the terms do not add up to the kernel")
		}
		for i := range n {
			want := float64(hidden+1) * mat.Dot(x.RowView(i), x.RowView(i))
			if got := K.At(i, i); !(math.Abs(got-want) <= 1e-13*want) {
				t.Fatalf("diagonal %v, want %v", got, want)
			}
		}
		var eig mat.EigenSym
		eig.Factorize(K, false)
		if low := eig.Values(nil)[0]; low < -1e-14*float64(n)*mat.Norm(K, 2) {
			t.Fatalf("smallest eigenvalue %v", low)
		}
	})
}

// TestNTKAntipodalNullity: with p > d antipodal pairs the kernel of one hidden layer has nullity p-d
// exactly, and that of two hidden layers none.
func TestNTKAntipodalNullity(t *testing.T) {
	const d, pairs = 3, 5
	x := deepData(2*pairs, d, deepStream(4))
	for i := range pairs {
		for j := range d {
			x.Set(pairs+i, j, -x.At(i, j))
		}
	}
	for hidden, want := range map[int]int{1: pairs - d, 2: 0} {
		K, err := NTK(hidden).Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		var eig mat.EigenSym
		eig.Factorize(K, false)
		nullity := 0
		for _, v := range eig.Values(nil) {
			if math.Abs(v) < 1e-14*mat.Norm(K, 2) {
				nullity++
			}
		}
		if nullity != want {
			t.Errorf("%d hidden layers: nullity %d, want %d", hidden, nullity, want)
		}
	}
}

func TestNNGPStep(t *testing.T) {
	if cos, next := NNGPStep(0); cos != 1 || next != 0 {
		t.Errorf("parallel inputs: %v, %v", cos, next)
	}
	if cos, next := NNGPStep(math.Pi); cos != 0 || !(math.Abs(next-math.Pi/2) <= 1e-15) {
		t.Errorf("antipodal inputs: %v, %v", cos, next)
	}
	for k := 1; k < 1000; k++ {
		angle := math.Pi * float64(k) / 1000
		cos, next := NNGPStep(angle)
		want := (math.Sin(angle) + (math.Pi-angle)*math.Cos(angle)) / math.Pi
		if !(math.Abs(cos-want) <= 4e-16) || !(math.Abs(math.Cos(next)-cos) <= 5e-16) {
			t.Errorf("angle %v: cos %v (want %v), angle %v", angle, cos, want, next)
		}
		if next > angle {
			t.Errorf("angle %v grew to %v", angle, next)
		}
	}
	// angle' = angle (1 - angle/(3 pi) + O(angle^2)): an arccosine of k1 would return noise of 1e-8.
	for _, angle := range []float64{1e-6, 1e-9, 1e-100} {
		_, next := NNGPStep(angle)
		if want := angle * (1 - angle/(3*math.Pi)); !(math.Abs(next/want-1) <= 2*angle*angle+4e-16) {
			t.Errorf("angle %v: relative error %v", angle, next/want-1)
		}
	}
	// Near antipodes cos' = (pi-angle)^3/(3 pi).
	const gap = 1.0 / (1 << 20)
	cos, _ := NNGPStep(math.Pi - gap)
	// math.Pi is not pi: the gap seen is exact, the leading term is relative to it.
	if want := gap * gap * gap / (3 * math.Pi); !(math.Abs(cos/want-1) <= 1e-9) {
		t.Errorf("near antipodes cos' = %v, want %v", cos, want)
	}
}

func TestNTKSeries(t *testing.T) {
	for _, c := range []struct {
		hidden int
		want   []float64 // c_1..c_6 of Nguyen et al. (2021), recomputed there; c_0 is checked below
	}{
		{1, []float64{1, 0.4775, 0, 0.0663, 0, 0.0279}},
		{2, []float64{0.9581, 0.6156, 0.1840, 0.1146, 0.0487, 0.0496}},
	} {
		got := NTK(c.hidden).Coefficients(7)[1:]
		for i, v := range got {
			if !(math.Abs(v-c.want[i]) <= 6e-5) {
				t.Errorf("NTK(%d): c_%d = %v, want %v", c.hidden, i+1, v, c.want[i])
			}
		}
	}
	for hidden := range 7 {
		for _, k := range []Kernel{NTK(hidden), NNGP(hidden)} {
			a := k.Coefficients(400)
			if got, want := a[0], k.At(0); !(math.Abs(got-want) <= 1e-14) {
				t.Errorf("%s: a_0 = %v, value at 0 is %v", k.Name(), got, want)
			}
			sum := 0.0
			for r, v := range a {
				if v < 0 {
					t.Errorf("%s: a_%d = %v is negative", k.Name(), r, v)
				}
				sum += v
			}
			if sum > k.At(1)+1e-12 || sum < 0.8*k.At(1) {
				t.Errorf("%s: 400 coefficients sum to %v, the kernel at 1 is %v", k.Name(), sum, k.At(1))
			}
			for _, r := range []float64{-0.9, -0.5, 0.3, 0.6, 0.9} {
				sum, power := 0.0, 1.0
				for _, v := range a {
					sum += v * power
					power *= r
				}
				if want := k.At(r); !(math.Abs(sum-want) <= 1e-13*float64(hidden+1)) {
					t.Errorf("%s at %v: series %v, value %v", k.Name(), r, sum, want)
				}
			}
		}
	}
}

// TestNTKSeriesInHighPrecision repeats the recursion of the series in 200-bit arithmetic.
func TestNTKSeriesInHighPrecision(t *testing.T) {
	const terms = 80
	big200 := func(v float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(v) }
	mul := func(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(200).Mul(a, b) }
	quo := func(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(200).Quo(a, b) }
	add := func(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(200).Add(a, b) }
	sub := func(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(200).Sub(a, b) }
	root := func(a *big.Float) *big.Float { return new(big.Float).SetPrec(200).Sqrt(a) }
	one := big200(1)
	asin := func(x *big.Float) *big.Float { // x <= 0.95: term_j = binom(2j,j) x^{2j+1}/(4^j (2j+1))
		sum, power := big200(0), mul(x, one)
		for j := 0; j < 1500; j++ {
			sum = add(sum, quo(power, big200(float64(2*j+1))))
			power = mul(mul(power, mul(x, x)), quo(big200(float64(2*j+1)), big200(float64(2*j+2))))
		}
		return sum
	}
	pi := mul(big200(6), asin(big200(0.5)))
	times := func(a, b []*big.Float) []*big.Float {
		c := make([]*big.Float, terms)
		for i := range c {
			c[i] = big200(0)
			for j := 0; j <= i; j++ {
				c[i] = add(c[i], mul(a[j], b[i-j]))
			}
		}
		return c
	}
	g, theta := make([]*big.Float, terms), make([]*big.Float, terms)
	for i := range g {
		g[i], theta[i] = big200(0), big200(0)
	}
	g[1], theta[1] = one, one
	for hidden := 1; hidden <= 4; hidden++ {
		square, slope := times(g, g), make([]*big.Float, terms)
		u := []*big.Float{quo(one, root(sub(one, square[0])))}
		for n := 1; n < terms; n++ {
			sum := big200(0)
			for k := 1; k <= n; k++ {
				sum = add(sum, mul(mul(big200(float64(n)-float64(k)/2), square[k]), u[n-k]))
			}
			u = append(u, quo(sum, mul(big200(float64(n)), sub(one, square[0]))))
			slope[n-1] = mul(big200(float64(n)), g[n])
		}
		slope[terms-1] = big200(0)
		c, product := g[0], times(slope, u)
		k0 := []*big.Float{add(big200(0.5), quo(asin(c), pi))}
		for n := 1; n < terms; n++ {
			k0 = append(k0, quo(product[n-1], mul(big200(float64(n)), pi)))
		}
		product = times(k0, slope)
		g[0] = quo(add(root(sub(one, mul(c, c))), mul(c, mul(pi, k0[0]))), pi)
		for n := 1; n < terms; n++ {
			g[n] = quo(product[n-1], big200(float64(n)))
		}
		theta = times(theta, k0)
		for n, got := range NTK(hidden).Coefficients(terms) {
			theta[n] = add(theta[n], g[n])
			want, _ := theta[n].Float64()
			if !(math.Abs(got-want) <= 3e-14*want) {
				t.Errorf("%d hidden layers: c_%d = %v, want %v", hidden, n, got, want)
			}
		}
	}
}

func TestHermiteReLU(t *testing.T) {
	for r, want := range map[int]float64{
		0: 1 / (2 * math.Pi), 1: 0.25, 2: 1 / (4 * math.Pi), 3: 0, 4: 1 / (48 * math.Pi),
		5: 0, 6: 1 / (160 * math.Pi), 8: 5 / (1792 * math.Pi),
	} {
		if got := HermiteReLU(r) * HermiteReLU(r); !(math.Abs(got-want) <= 1e-16) {
			t.Errorf("mu_%d^2 = %v, want %v", r, got, want)
		}
	}
	// E[relu(z) h_r(z)] by quadrature, with h_{r+1} = (z h_r - sqrt(r) h_{r-1})/sqrt(r+1).
	hermite := func(r int, z float64) float64 {
		h, before := 1.0, 0.0
		for k := range r {
			h, before = (z*h-math.Sqrt(float64(k))*before)/math.Sqrt(float64(k+1)), h
		}
		return h
	}
	for r := range 25 {
		want := quad.Fixed(func(z float64) float64 {
			return z * hermite(r, z) * math.Exp(-z*z/2) / math.Sqrt(2*math.Pi)
		}, 0, 16, 200, quad.Legendre{}, 0)
		if got := HermiteReLU(r); !(math.Abs(got-want) <= 1e-12) {
			t.Errorf("mu_%d = %v, quadrature %v", r, got, want)
		}
	}
	// mu_r^2 decays like r^{-5/2}, far beyond the range of factorials.
	big, small := HermiteReLU(4000), HermiteReLU(1000)
	if slope := 2 * math.Log(big/small) / math.Log(4); !(math.Abs(slope+2.5) <= 0.01) {
		t.Errorf("mu_r^2 has exponent %v, want -2.5", slope)
	}
}

// TestNTKMonteCarlo compares wide finite networks with the limit, entry by entry and in both
// conventions. The bias of the mean at width m is O(1/m).
func TestNTKMonteCarlo(t *testing.T) {
	const width, draws = 300, 60
	x := mat.NewDense(3, 3, []float64{1, 0, 0, 1.2, 0.5, -0.3, -0.8, 0.2, 0.1})
	for hidden := 1; hidden <= 2; hidden++ {
		widths := []int{width, width}[:hidden]
		beta := []float64{0.7, 0.09, 1.3}[:hidden+1]
		for _, convention := range []deep.Convention{deep.NTK, deep.Standard} {
			config := deep.Config{Inputs: 3, Hidden: widths, Convention: convention}
			limit := NTK(hidden)
			if convention == deep.Standard {
				config.Std = beta
				factors, err := NTKFactors(widths, beta)
				if err != nil {
					t.Fatal(err)
				}
				limit = NTKWeighted(factors)
			}
			want, err := limit.Gram(x)
			if err != nil {
				t.Fatal(err)
			}
			rng := deepStream(uint64(hidden))
			var sum, squares [3][3]float64
			for range draws {
				net, err := deep.New(config, rng)
				if err != nil {
					t.Fatal(err)
				}
				got, err := net.Gram(x)
				if err != nil {
					t.Fatal(err)
				}
				for i := range 3 {
					for j := range 3 {
						v := got.At(i, j)
						sum[i][j] += v
						squares[i][j] += v * v
					}
				}
			}
			for i := range 3 {
				for j := range 3 {
					mean := sum[i][j] / draws
					se := math.Sqrt((squares[i][j]/draws - mean*mean) / (draws - 1))
					bias := math.Sqrt(want.At(i, i)*want.At(j, j)) / width
					if gap := math.Abs(mean - want.At(i, j)); gap > 4.5*se+bias {
						t.Errorf("%v, %d hidden layers, entry (%d,%d): mean %v +- %v, limit %v", convention, hidden, i, j, mean, se, want.At(i, j))
					}
					if relative := se / math.Sqrt(want.At(i, i)*want.At(j, j)); relative > 0.03 {
						t.Errorf("standard error %v is too large to tell anything", relative)
					}
				}
			}
		}
	}
}

func TestNTKFactors(t *testing.T) {
	got, err := NTKFactors([]int{30, 7, 12}, deep.HeStd(5, []int{30, 7, 12}))
	if err != nil {
		t.Fatal(err)
	}
	for l, width := range []float64{5, 30, 7, 12} {
		if want := width / 5; !(math.Abs(got[l]-want) <= 1e-14*want) {
			t.Errorf("He factor of layer %d is %v, want %v", l+1, got[l], want)
		}
	}
	got, err = NTKFactors([]int{4, 6}, nil)
	if err != nil || len(got) != 3 || got[0] != 6 || got[1] != 6 || got[2] != 6 {
		t.Errorf("unit variances: factors %v, error %v", got, err)
	}
	for _, c := range []struct {
		widths []int
		beta   []float64
	}{{[]int{3}, []float64{1}}, {[]int{0}, nil}, {nil, []float64{-1}}, {nil, []float64{math.NaN()}}} {
		if _, err := NTKFactors(c.widths, c.beta); err == nil {
			t.Errorf("widths %v, beta %v: no error", c.widths, c.beta)
		}
	}
}

func ExampleNTK() {
	x := mat.NewDense(3, 2, []float64{1, 0, 0, 2, -1, 0})
	K, err := NTK(2).Gram(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", mat.Formatted(K))
	fmt.Printf("Taylor coefficients %.4f\n", NTK(2).Coefficients(4))
	// Output:
	// ⎡ 3.0000   1.3714   0.3183⎤
	// ⎢ 1.3714  12.0000   1.3714⎥
	// ⎣ 0.3183   1.3714   3.0000⎦
	// Taylor coefficients [0.6857 0.9581 0.6156 0.1840]
}
