package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"convergo/testdata/peers"
)

const bits = 160

func number(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }

func product(x, y *big.Float) *big.Float  { return number(0).Mul(x, y) }
func quotient(x, y *big.Float) *big.Float { return number(0).Quo(x, y) }
func sum(x, y *big.Float) *big.Float      { return number(0).Add(x, y) }
func minus(x, y *big.Float) *big.Float    { return number(0).Sub(x, y) }

// exactSincos is sin and cos of t in [0, 4], by their series.
func exactSincos(t *big.Float) (sin, cos *big.Float) {
	sin, cos = number(0), number(0)
	term := number(1)
	for k := 1; k < 80; k++ {
		if k%2 == 1 {
			cos = sum(cos, term)
		} else {
			sin = sum(sin, term)
		}
		term = quotient(product(term, t), number(float64(k)))
		if k%2 == 0 {
			term.Neg(term)
		}
	}
	return sin, cos
}

// exactPi is pi by Newton's steps on the sine.
func exactPi() *big.Float {
	t := number(math.Pi)
	for range 3 {
		sin, _ := exactSincos(t)
		t = sum(t, sin)
	}
	return t
}

// exactAngle is the angle of (cos, sin), by Newton steps on sin(angle - t) from an estimate t.
func exactAngle(cos, sin *big.Float) *big.Float {
	c, _ := cos.Float64()
	s, _ := sin.Float64()
	t := number(math.Atan2(s, c))
	for range 3 {
		ts, tc := exactSincos(t)
		t = sum(t, minus(product(sin, tc), product(cos, ts)))
	}
	return t
}

func TestArccos(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	at := []float64{0, 0.5, -0.5, math.Nextafter(0.5, 1), math.Nextafter(-0.5, -1), moderate, -moderate, 0.875, -0.875, 1e-17, -1e-300}
	for range 3000 {
		at = append(at, 0.875*(2*rng.Float64()-1))
	}
	worst := 0.0
	for _, r := range at {
		got := arccos(r)
		sin, cos := exactSincos(number(got))
		off, _ := quotient(minus(cos, number(r)), sin).Float64()
		worst = max(worst, math.Abs(off)/unit)
	}
	if !(worst <= 4.5 && worst > 2) { // an angle beyond 2 is rounded by up to 2 u
		t.Errorf("the arccosine is off by up to %.3g u, want 2 to 4.5", worst)
	}
}

// exactSine is the sine of the angle in [0, pi] with this cosine.
func exactSine(cos *big.Float) *big.Float {
	square := product(minus(number(1), cos), sum(number(1), cos))
	if square.Sign() <= 0 {
		return number(0)
	}
	return number(0).Sqrt(square)
}

// exactPair is the product of the norms of two rows of float64, and their cosine.
func exactPair(x, y []float64) (norms, cos *big.Float) {
	dot, xx, yy := number(0), number(0), number(0)
	for k := range x {
		a, b := number(x[k]), number(y[k])
		dot, xx, yy = sum(dot, product(a, b)), sum(xx, product(a, a)), sum(yy, product(b, b))
	}
	norms = number(0).Sqrt(product(xx, yy))
	return norms, quotient(dot, norms)
}

// exactEntry is the ReLU's limit kernel and the tangent kernel of three layers.
func exactEntry(x, y []float64) (relu, ntk float64) {
	norms, cos := exactPair(x, y)
	sin, pi := exactSine(cos), exactPi()
	rest := minus(pi, exactAngle(cos, sin))
	relu, _ = quotient(product(product(norms, cos), rest), product(number(2), pi)).Float64()
	theta := cos
	for range 3 {
		k0 := quotient(rest, pi)
		cos = quotient(sum(sin, product(rest, cos)), pi)
		sin = exactSine(cos)
		rest = minus(pi, exactAngle(cos, sin))
		theta = sum(product(theta, k0), cos)
	}
	ntk, _ = product(theta, norms).Float64()
	return relu, ntk
}

// What goes into a kernel is as near as the comment of EntryError says: norms, cosines, sines and angles.
func TestAnglesAreWithinTheirError(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	for _, d := range []int{2, 7, 40} {
		for range 4 {
			x := nearBoundaries(d, rng)
			ps, err := newPoints(x)
			if err != nil {
				t.Fatal(err)
			}
			ps.each(ps, true, func(i, from int, r row) {
				for j := range r.cos {
					p := r.pair(j)
					norms, cos := exactPair(x.RawRowView(i), x.RawRowView(from+j))
					sin := exactSine(cos)
					for _, v := range []struct {
						what  string
						got   float64
						want  *big.Float
						units float64
					}{
						{"product of norms", p.NormX * p.NormY, norms, 6 * p.NormX * p.NormY}, {"cosine", p.Cos, cos, float64(d + 10)},
						{"sine", p.Sin, sin, float64(2*d + 16)}, {"angle", p.Angle, exactAngle(cos, sin), float64(2*d + 16)},
					} {
						if off, _ := minus(number(v.got), v.want).Float64(); !(math.Abs(off) <= v.units*unit) {
							t.Errorf("d=%d (%d, %d): the %s is off by %.3g u, want at most %g", d, i, from+j, v.what, off/unit, v.units)
						}
					}
				}
			})
		}
	}
}

// nearBoundaries has rows at all angles to the first, those where the computation changes among them.
func nearBoundaries(d int, rng *rand.Rand) *mat.Dense {
	angles := []float64{0, 1e-9, 1e-3, 0.3, math.Acos(moderate) - 1e-9, math.Acos(moderate) + 1e-9, 0.7, 1, math.Pi / 3, 1.5, math.Pi / 2,
		2, math.Pi - math.Acos(moderate) - 1e-9, math.Pi - math.Acos(moderate) + 1e-9, 3, math.Pi - 1e-6}
	x := mat.NewDense(len(angles), d, nil)
	u, v := make([]float64, d), make([]float64, d)
	for k := range d {
		u[k], v[k] = rng.NormFloat64(), rng.NormFloat64()
	}
	normalise(u, u)
	along := 0.0
	for k := range d {
		along += u[k] * v[k]
	}
	for k := range d {
		v[k] -= along * u[k]
	}
	normalise(v, v)
	for i, a := range angles {
		for k := range d {
			x.Set(i, k, (1+0.1*float64(i))*(math.Cos(a)*u[k]+math.Sin(a)*v[k]))
		}
	}
	return x
}

// Every entry is within its certified error of the exact one, from products, from chords and where one takes over.
func TestEntriesAreWithinTheirError(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, d := range []int{2, 7, 300} {
		x := nearBoundaries(d, rng)
		n, _ := x.Dims()
		relu, err := ReLU().Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		ntk, err := NTK(3).Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		norms, _ := Norms(x)
		top := 0.0
		for i := range n {
			for j := range i + 1 {
				a, b := exactEntry(x.RawRowView(i), x.RawRowView(j))
				size := math.Sqrt(norms[i] * norms[j])
				for _, e := range []struct {
					k          Kernel
					got, exact float64
				}{{ReLU(), relu.At(i, j), a}, {NTK(3), ntk.At(i, j), b}} {
					share := math.Abs(e.got-e.exact) / e.k.EntryError(d, size)
					top = max(top, share)
					if !(share <= 1) {
						t.Errorf("d=%d, %s (%d, %d): %v, want %v, an error of %.2g times the bound", d, e.k.Name(), i, j, e.got, e.exact, share)
					}
				}
			}
		}
		t.Logf("d=%d: the largest error is %.3f of its bound", d, top)
	}
}

// The bytes depend neither on the number of processors nor on which rows are beside a pair.
func TestTilesDoNotMatter(t *testing.T) {
	const n, d = 3*tileRows + 5, 9
	rng := rand.New(rand.NewPCG(7, 8))
	x := mat.NewDense(n, d, nil)
	for i := range n {
		for k := range d {
			x.Set(i, k, rng.NormFloat64())
		}
	}
	x.SetRow(n-1, x.RawRowView(0))
	gram := func(procs int) *mat.SymDense {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		g, err := NTK(2).Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := gram(1)
	if !mat.Equal(g, gram(3)) {
		t.Error("the kernel depends on GOMAXPROCS")
	}
	c, err := NTK(2).Cross(x.Slice(100, 103, 0, d), x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		for j := range n {
			if c.At(i, j) != g.At(100+i, j) {
				t.Fatalf("entry (%d, %d): %v across, %v in the Gram matrix", i, j, c.At(i, j), g.At(100+i, j))
			}
		}
	}
	if g.At(0, n-1) != g.At(0, 0) {
		t.Error("a repeated row has another value than the diagonal")
	}
}

func BenchmarkPeersLimitKernel(b *testing.B) { benchmarkGram(b, ReLU()) }

func BenchmarkPeersDeepNTK(b *testing.B) { benchmarkGram(b, NTK(3)) }

func benchmarkGram(b *testing.B, k Kernel) {
	x := peers.Sphere(b, "sphere", 1000, 50)
	var g *mat.SymDense
	peers.Loop(b, func() {
		var err error
		if g, err = k.Gram(x); err != nil {
			b.Fatal(err)
		}
	})
	peers.Sum(b, g)
}

// BenchmarkEfficiencyGram is the wall time of one worker over twice that of two, on the inputs of the peers; the least of several, in
// turns, because other work on the machine only adds.
func BenchmarkEfficiencyGram(b *testing.B) {
	x := peers.Sphere(b, "sphere", 2000, 50)
	for _, k := range []Kernel{ReLU(), NTK(3)} {
		b.Run(k.Name(), func(b *testing.B) {
			least := [2]float64{math.Inf(1), math.Inf(1)}
			for b.Loop() {
				for workers := 1; workers <= 2; workers++ {
					before := runtime.GOMAXPROCS(workers)
					start := time.Now()
					if _, err := k.Gram(x); err != nil {
						b.Fatal(err)
					}
					least[workers-1] = min(least[workers-1], time.Since(start).Seconds())
					runtime.GOMAXPROCS(before)
				}
			}
			b.ReportMetric(least[0]/(2*least[1]), "efficiency")
		})
	}
}
