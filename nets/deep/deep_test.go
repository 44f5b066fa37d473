package deep

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/testdata/peers"
)

func stream(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 17)) }

func gaussian(n, d int, rng *rand.Rand) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	return x
}

func mustNew(t testing.TB, config Config, rng *rand.Rand) *Network {
	t.Helper()
	net, err := New(config, rng)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func mustPass(t testing.TB, net *Network, x *mat.Dense) *Pass {
	t.Helper()
	p, err := net.NewPass(x)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// drawn is a random network with a batch; widths straddle the tile sizes.
type drawn struct {
	config Config
	net    *Network
	x      *mat.Dense
	rng    *rand.Rand
}

func draw(t *rapid.T, activations ...Activation) drawn {
	n := rapid.IntRange(1, 12).Draw(t, "n")
	d := rapid.IntRange(1, 9).Draw(t, "d")
	hidden := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, 12), rapid.IntRange(60, 70)), 0, 4).Draw(t, "hidden")
	config := Config{Inputs: d, Hidden: hidden, Multiplier: 0.7}
	config.Activation = rapid.SampledFrom(activations).Draw(t, "activation")
	if rapid.Bool().Draw(t, "ntk") {
		config.Convention = NTK
	} else {
		config.Std = HeStd(d, hidden)
	}
	rng := stream(rapid.Uint64Range(0, 1<<16).Draw(t, "seed"))
	net, err := New(config, rng)
	if err != nil {
		t.Fatal(err)
	}
	return drawn{config, net, gaussian(n, d, rng), rng}
}

func everyActivation() []Activation {
	return []Activation{ReLU(), LeakyReLU(0.3), Tanh(), Softplus(), Erf(), Sigmoid(), Identity()}
}

// TestForwardMatchesDefinition evaluates the network sample by sample, with the
// formulas of the two papers.
func TestForwardMatchesDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t, ReLU())
		got, err := c.net.Output(c.x)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			g := mat.VecDenseCopyOf(c.x.RowView(i))
			for l := 1; l < c.net.Depth(); l++ {
				next := mat.NewVecDense(c.net.Width(l), nil)
				next.MulVec(c.net.Weight(l), g)
				for j := range next.Len() {
					v := math.Max(next.AtVec(j), 0)
					if c.config.Convention == NTK {
						v *= math.Sqrt(2 / float64(c.net.Width(l)))
					}
					next.SetVec(j, v)
				}
				g = next
			}
			want := 0.7 * mat.Dot(c.net.Weight(c.net.Depth()).RowView(0), g)
			if !(math.Abs(got[i]-want) <= 1e-12*(1+math.Abs(want))) {
				t.Fatalf("f(x_%d) = %v, want %v", i, got[i], want)
			}
		}
	})
}

// TestJacobianMatchesDifferences compares the full Jacobian with central
// differences of the output, which err by O(h^2) where no gate flips.
func TestJacobianMatchesDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t, everyActivation()...)
		p, err := c.net.NewPass(c.x)
		if err != nil {
			t.Fatal(err)
		}
		h := 1e-5
		if p.Margin() < 1e-2 {
			h = 1e-7 // a kink nearby
		}
		if p.Margin() < 1e-4 {
			return
		}
		jac := p.Jacobian()
		theta := c.net.Params()
		for range 20 {
			k := c.rng.IntN(len(theta))
			old := theta[k]
			theta[k] = old + h
			up, err1 := c.net.Output(c.x)
			theta[k] = old - h
			down, err2 := c.net.Output(c.x)
			theta[k] = old
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			for i := range up {
				want := (up[i] - down[i]) / (2 * h)
				tolerance := 1e-13*(1+math.Abs(up[i]))/h + 1e-6*(1+math.Abs(want))
				if got := jac.At(i, k); !(math.Abs(got-want) <= tolerance) {
					t.Fatalf("df(x_%d)/dtheta_%d = %v, differences give %v", i, k, got, want)
				}
			}
		}
	})
}

// TestProductsMatchJacobian checks everything that avoids the Jacobian.
func TestProductsMatchJacobian(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t, everyActivation()...)
		p, err := c.net.NewPass(c.x)
		if err != nil {
			t.Fatal(err)
		}
		jac := p.Jacobian()
		n, params := jac.Dims()
		norm := mat.Norm(jac, 2)

		var want mat.Dense
		want.Mul(jac, jac.T())
		got := p.Gram(nil)
		var sum mat.Dense
		sum.Sub(got, &want)
		if e := mat.Norm(&sum, 2); e > 1e-13*norm*norm {
			t.Fatalf("Gram differs from J J^T by %v", e)
		}
		sum.Reset()
		sum.CloneFrom(got)
		term := mat.NewSymDense(n, nil)
		for l := 1; l <= c.net.Depth(); l++ {
			sum.Sub(&sum, p.GramTerm(term, l))
		}
		if e := mat.Norm(&sum, 2); e > 1e-13*norm*norm {
			t.Fatalf("Gram differs from the sum of its terms by %v", e)
		}

		v, u := mat.NewVecDense(params, nil), mat.NewVecDense(n, nil)
		for i := range params {
			v.SetVec(i, c.rng.NormFloat64())
		}
		for i := range n {
			u.SetVec(i, c.rng.NormFloat64())
		}
		var jv, jtu mat.VecDense
		jv.MulVec(jac, v)
		jtu.MulVec(jac.T(), u)
		if e := floats.Distance(p.JMul(nil, v.RawVector().Data), jv.RawVector().Data, 2); e > 1e-13*norm*mat.Norm(v, 2) {
			t.Fatalf("J v is off by %v", e)
		}
		if e := floats.Distance(p.JTMul(nil, u.RawVector().Data), jtu.RawVector().Data, 2); e > 1e-13*norm*mat.Norm(u, 2) {
			t.Fatalf("J^T u is off by %v", e)
		}
	})
}

// TestEulerIdentity: a ReLU network is 1-homogeneous in each W_l, so that the
// derivative along W_l is the output itself.
func TestEulerIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t, ReLU())
		p, err := c.net.NewPass(c.x)
		if err != nil {
			t.Fatal(err)
		}
		for l := 1; l <= c.net.Depth(); l++ {
			v := make([]float64, c.net.NumParams())
			copy(c.net.LayerParams(v, l), c.net.LayerParams(c.net.Params(), l))
			for i, got := range p.JMul(nil, v) {
				if want := p.Output()[i]; !(math.Abs(got-want) <= 1e-12*(1+math.Abs(want))) {
					t.Fatalf("layer %d, sample %d: <W_l, df/dW_l> = %v, f = %v", l, i, got, want)
				}
			}
		}
	})
}

// TestHomogeneityOfTerms: scaling W_k by s multiplies the term of W_l by s^2
// unless k = l.
func TestHomogeneityOfTerms(t *testing.T) {
	rng := stream(3)
	hidden := []int{7, 3, 9}
	net := mustNew(t, Config{Inputs: 4, Hidden: hidden}, rng)
	p := mustPass(t, net, gaussian(6, 4, rng))
	for k := 1; k <= net.Depth(); k++ {
		var before []*mat.SymDense
		for l := 1; l <= net.Depth(); l++ {
			before = append(before, p.GramTerm(nil, l))
		}
		const s = 1.5
		net.Weight(k).Scale(s, net.Weight(k))
		p.Forward()
		for l := 1; l <= net.Depth(); l++ {
			factor := s * s
			if l == k {
				factor = 1
			}
			var want mat.SymDense
			want.ScaleSym(factor, before[l-1])
			if got := p.GramTerm(nil, l); !mat.EqualApprox(got, &want, 1e-13*mat.Norm(&want, 1)) {
				t.Errorf("scaling W_%d: wrong factor on the term of W_%d", k, l)
			}
		}
	}
}

// TestExpectedDiagonal checks the exact mean of K(x, x) at every width,
// E K(x,x) = |x|^2 prod_l (n_l/2) sum_k prod_{l != k} beta_l^2, and of the NTK
// convention, L |x|^2.
func TestExpectedDiagonal(t *testing.T) {
	const draws = 4000
	hidden := []int{7, 3, 9}
	x := mat.NewDense(1, 4, []float64{1, -2, 0.5, 1})
	squared := 6.25
	std := []float64{0.5, 1.2, 0.8, 1.1}
	want := 0.0
	for k := range std {
		term := squared * 7 * 3 * 9 / 8
		for l, s := range std {
			if l != k {
				term *= s * s
			}
		}
		want += term
	}
	for _, c := range []struct {
		config Config
		want   float64
	}{
		{Config{Inputs: 4, Hidden: hidden, Std: std}, want},
		{Config{Inputs: 4, Hidden: hidden, Convention: NTK}, 4 * squared},
	} {
		rng := stream(11)
		sum, squares := 0.0, 0.0
		for range draws {
			k := mustPass(t, mustNew(t, c.config, rng), x).Gram(nil).At(0, 0)
			sum += k
			squares += k * k
		}
		mean := sum / draws
		se := math.Sqrt((squares/draws - mean*mean) / draws)
		if z := (mean - c.want) / se; !(math.Abs(z) <= 4.5) {
			t.Errorf("%v: mean %v, want %v (z = %.1f)", c.config.Convention, mean, c.want, z)
		}
	}
}

func TestInputJacobian(t *testing.T) {
	rng := stream(5)
	for _, act := range everyActivation() {
		net := mustNew(t, Config{Inputs: 5, Hidden: []int{11, 70, 6}, Convention: NTK, Multiplier: 2, Activation: act}, rng)
		x := gaussian(2, 5, rng)
		p := mustPass(t, net, x)
		const h = 1e-6
		for l := 1; l <= net.Depth(); l++ {
			jac := p.InputJacobian(l, 1)
			for k := range 5 {
				at := func(step float64) []float64 {
					moved := mat.DenseCopyOf(x)
					moved.Set(1, k, x.At(1, k)+step)
					q := mustPass(t, net, moved)
					if l == net.Depth() {
						return []float64{q.Output()[1]}
					}
					return append([]float64(nil), q.Preactivation(l).RawRowView(1)...)
				}
				up, down := at(h), at(-h)
				for j := range up {
					want := (up[j] - down[j]) / (2 * h)
					if got := jac.At(j, k); !(math.Abs(got-want) <= 1e-7*(1+math.Abs(want))) {
						t.Fatalf("%v, layer %d: dz_%d/dx_%d = %v, differences give %v", act, l, j, k, got, want)
					}
				}
			}
		}
	}
}

func TestFeatureSingularValues(t *testing.T) {
	rng := stream(8)
	net := mustNew(t, Config{Inputs: 4, Hidden: []int{30, 3, 500}}, rng)
	p := mustPass(t, net, gaussian(10, 4, rng))
	for l := range net.Depth() {
		got, err := p.FeatureSingularValues(l)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 10 {
			t.Fatalf("layer %d: %d singular values, want 10", l, len(got))
		}
		var gram mat.SymDense
		gram.SymOuterK(1, p.Feature(l))
		var eig mat.EigenSym
		if !eig.Factorize(&gram, false) {
			t.Fatal("no eigenvalues")
		}
		values := eig.Values(nil) // increasing
		for i, s := range got {
			if want := values[9-i]; !(math.Abs(s*s-want) <= 1e-12*values[9]) {
				t.Errorf("layer %d: sigma_%d^2 = %v, eigenvalue %v", l, i, s*s, want)
			}
		}
		if width := net.Width(l); width < 10 && got[9] != 0 {
			t.Errorf("layer %d of width %d: smallest singular value %v, want 0", l, width, got[9])
		}
	}
}

func TestSecondMoments(t *testing.T) {
	for _, act := range everyActivation() {
		const h = 1.0 / 512 // trapezium rule
		z := []float64{0}
		var value, slope [1]float64
		sum := 0.0
		for k := -14 * 512; k <= 14*512; k++ {
			z[0] = float64(k) * h
			act.eval(value[:], slope[:], z)
			sum += value[0] * value[0] * math.Exp(-z[0]*z[0]/2) * h / math.Sqrt(2*math.Pi)
		}
		// The kink of ReLU costs the trapezium rule O(h^4).
		if got := act.moment; !(math.Abs(got-sum) <= 1e-11) {
			t.Errorf("%v: second moment %v, quadrature %v", act, got, sum)
		}
	}
}

func TestErrors(t *testing.T) {
	rng := stream(1)
	for _, c := range []Config{
		{},
		{Inputs: 2, Hidden: []int{3, 0}},
		{Inputs: 2, Hidden: []int{3}, Std: []float64{1}},
		{Inputs: 2, Std: []float64{math.NaN()}},
		{Inputs: 2, Std: []float64{1}, Convention: NTK},
		{Inputs: 2, CSigma: 2},
		{Inputs: 2, CSigma: -1, Convention: NTK},
		{Inputs: 2, Multiplier: math.Inf(1)},
		{Inputs: 2, Convention: 7},
	} {
		if _, err := New(c, rng); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
	net := mustNew(t, Config{Inputs: 2, Hidden: []int{3}}, rng)
	for _, x := range []*mat.Dense{nil, {}, mat.NewDense(1, 3, nil), mat.NewDense(1, 2, []float64{0, math.NaN()})} {
		if _, err := net.Gram(x); err == nil {
			t.Errorf("batch %v: no error", x)
		}
	}
	x := mat.NewDense(1, 2, []float64{1, 2})
	for _, c := range []struct {
		run Descent
		y   []float64
	}{
		{Descent{Step: 0, Steps: 1}, []float64{1}},
		{Descent{Step: 1, Steps: -1}, []float64{1}},
		{Descent{Step: 1, Steps: 1}, []float64{1, 2}},
		{Descent{Step: 1, Steps: 1}, []float64{math.NaN()}},
		{Descent{Step: 1, Steps: 1, Frozen: []int{3}}, []float64{1}},
	} {
		if _, err := c.run.Run(net, x, c.y); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

// TestProductMatchesNaive covers shapes on both sides of the blocks, with
// strided operands.
func TestProductMatchesNaive(t *testing.T) {
	rng := stream(2)
	view := func(r, c int) blas64.General {
		return gaussian(r+1, c+3, rng).Slice(1, r+1, 2, c+2).(*mat.Dense).RawMatrix()
	}
	at := func(g blas64.General, tr blas.Transpose, i, j int) float64 {
		if tr == blas.Trans {
			i, j = j, i
		}
		return g.Data[i*g.Stride+j]
	}
	for _, s := range [][3]int{{1, 1, 1}, {64, 192, 256}, {65, 193, 257}, {193, 65, 300}, {3, 400, 7}} {
		for _, tA := range []blas.Transpose{blas.NoTrans, blas.Trans} {
			for _, tB := range []blas.Transpose{blas.NoTrans, blas.Trans} {
				m, n, k := s[0], s[1], s[2]
				a, b, c := view(m, k), view(k, n), view(m, n)
				if tA == blas.Trans {
					a = view(k, m)
				}
				if tB == blas.Trans {
					b = view(n, k)
				}
				product(tA, tB, a, b, c)
				for range 200 {
					i, j := rng.IntN(m), rng.IntN(n)
					want := 0.0
					for l := range k {
						want += at(a, tA, i, l) * at(b, tB, l, j)
					}
					if got := c.Data[i*c.Stride+j]; !(math.Abs(got-want) <= 1e-12*float64(k)) {
						t.Fatalf("%v %c %c: entry (%d,%d) = %v, want %v", s, tA, tB, i, j, got, want)
					}
				}
			}
		}
	}
}

// TestResultsDoNotDependOnGOMAXPROCS uses shapes for which gonum's own Gemm
// would go parallel.
func TestResultsDoNotDependOnGOMAXPROCS(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var grams []*mat.SymDense
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		rng := stream(40)
		net := mustNew(t, Config{Inputs: 70, Hidden: []int{300, 200}, Convention: NTK}, rng)
		x := gaussian(130, 70, rng)
		if _, err := (Descent{Step: 1e-4, Steps: 3}).Run(net, x, make([]float64, 130)); err != nil {
			t.Fatal(err)
		}
		grams = append(grams, mustPass(t, net, x).Gram(nil))
	}
	if !mat.Equal(grams[0], grams[1]) || !mat.Equal(grams[0], grams[2]) {
		t.Error("the kernel depends on GOMAXPROCS")
	}
}

// BenchmarkPeersDeepGram is the empirical tangent kernel of 784-512-512-1 on 128 inputs, forward pass included.
func BenchmarkPeersDeepGram(b *testing.B) {
	const n, d, m = 128, 784, 512
	net := mustNew(b, Config{Inputs: d, Hidden: []int{m, m}, Std: HeStd(d, []int{m, m})}, stream(9))
	for l, name := range []string{"first", "second", "third"} {
		w := net.weights[l]
		rows, columns := w.Dims()
		w.Scale(math.Sqrt(2/float64(columns)), peers.Matrix(b, name, rows, columns))
	}
	p := mustPass(b, net, peers.Matrix(b, "inputs", n, d))
	gram := mat.NewSymDense(n, nil)
	peers.Loop(b, func() {
		p.Forward()
		p.Gram(gram)
	})
	peers.Sum(b, gram)
}
