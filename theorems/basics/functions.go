package basics

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
)

// sinePL is a PL constant of x^2 + 3 sin^2 x: the infimum of f'^2/(2f) is
// 0.1755310, at |x| = 2.2017. (The often quoted 1/32 is valid and smaller.)
const sinePL = 0.17553

// A smooth is a smooth function with certified constants, minimal at 0
// with value 0: gap is f - f*, evaluated without a difference of losses.
type smooth struct {
	l, mu float64
	gap   func(x []float64) float64
	grad  func(dst, x []float64)
	start []float64
}

// A function names a smooth function and a step.
type function struct {
	Kind  string  `json:"kind"`  // quadratic (with two flat directions), sine, sines (rotated), last-layer
	N     int     `json:"n"`     // quadratic: rank; sines: dimension; last-layer: samples
	Kappa float64 `json:"kappa"` // quadratic: lmax over the smallest nonzero eigenvalue
	Step  float64 `json:"step"`  // eta L
}

func functionKinds() []string { return []string{"quadratic", "sine", "sines", "last-layer"} }

func (p function) draw(r *rand.Rand) (*smooth, error) {
	if p.N < 1 {
		return nil, fmt.Errorf("n = %d: give at least 1", p.N)
	}
	switch p.Kind {
	case "quadratic":
		values, err := spectrum{p.N, p.Kappa, "geometric"}.values()
		if err != nil {
			return nil, err
		}
		flat := 2
		if p.N == 1 {
			flat = 0 // the equality cases live in one dimension
		}
		return quadraticGap(rotation(r, p.N+flat), append(values, make([]float64, flat)...), values[0], r), nil
	case "sine":
		return sines(mat.NewDense(1, 1, []float64{1}), r), nil
	case "sines":
		return sines(rotation(r, p.N), r), nil
	case "last-layer":
		return p.lastLayer(r)
	}
	return nil, fmt.Errorf("unknown function %q: use one of %v", p.Kind, functionKinds())
}

// quadraticGap is sum_i values_i <q_i, x>^2/2 with columns q_i.
func quadraticGap(q *mat.Dense, values []float64, mu float64, r *rand.Rand) *smooth {
	n, rank := q.Dims()
	coords := func(x []float64) *mat.VecDense {
		var c mat.VecDense
		c.MulVec(q.T(), mat.NewVecDense(n, x))
		return &c
	}
	top := 0.0
	for _, v := range values {
		top = math.Max(top, v)
	}
	return &smooth{
		l: top, mu: mu,
		gap: func(x []float64) float64 {
			c := coords(x)
			var sum float64
			for i, v := range values {
				sum += v * c.AtVec(i) * c.AtVec(i)
			}
			return sum / 2
		},
		grad: func(dst, x []float64) {
			c := coords(x)
			for i := range rank {
				c.SetVec(i, values[i]*c.AtVec(i))
			}
			mat.NewVecDense(n, dst).MulVec(q, c)
		},
		start: scaled(math.Pow(10, 2*r.Float64()-1), vector(r, n)),
	}
}

// sines is sum_i f(<q_i, x>) with f(t) = t^2 + 3 sin^2 t.
func sines(q *mat.Dense, r *rand.Rand) *smooth {
	n, _ := q.Dims()
	coords := func(x []float64) *mat.VecDense {
		var c mat.VecDense
		c.MulVec(q.T(), mat.NewVecDense(n, x))
		return &c
	}
	return &smooth{
		l: 8, mu: sinePL,
		gap: func(x []float64) float64 {
			c := coords(x)
			var sum float64
			for i := range n {
				sum += sine(c.AtVec(i))
			}
			return sum
		},
		grad: func(dst, x []float64) {
			c := coords(x)
			for i := range n {
				c.SetVec(i, sineSlope(c.AtVec(i)))
			}
			mat.NewVecDense(n, dst).MulVec(q, c)
		},
		start: scaled(math.Pow(10, 2*r.Float64()-1), vector(r, n)),
	}
}

func sine(x float64) float64 {
	s := math.Sin(x)
	return x*x + 3*s*s
}

func sineSlope(x float64) float64 { return 2*x + 3*math.Sin(2*x) }

// lastLayer trains the output weights of a network alone: a quadratic with the
// feature Gram matrix, seen from one of its minimisers. Leaky ReLU features are
// never all zero, as those of a few ReLU neurons may be.
func (p function) lastLayer(r *rand.Rand) (*smooth, error) {
	width := 4*p.N + 8
	set, err := data.Spec{Kind: data.Gaussian, N: p.N, D: p.N + 2, Seed: r.Uint64()}.Build()
	if err != nil {
		return nil, err
	}
	batch := nets.NewBatch(set.X, width)
	batch.Forward(nets.NTK(width, set.D()).Draw(r))
	features := mat.NewDense(width, p.N, nil) // columns are samples
	phi := nets.LeakyReLU(0.1).Value
	features.Apply(func(_, _ int, z float64) float64 { return phi(z) * nets.NTKScale(width) }, batch.Z)
	var svd mat.SVD
	if !svd.Factorize(features, mat.SVDThin) {
		return nil, fmt.Errorf("the singular values of the features did not converge")
	}
	var u mat.Dense
	svd.UTo(&u)
	values := svd.Values(nil)
	for i, s := range values {
		values[i] = s * s
	}
	return quadraticGap(&u, values, values[len(values)-1], r), nil
}

// rounding is what an error of the given number of evaluations in the position
// adds to a gap: each carries e = 16 n u |x|, |x| the largest norm so far, also
// from the flat directions, so that sqrt(gap) moves by at most sqrt(L/2) e.
func (f *smooth) rounding(norm, gap, evaluations float64) float64 {
	e := evaluations * 16 * float64(len(f.start)+4) * unit * norm * math.Sqrt(f.l/2)
	return (2*math.Sqrt(gap)+e)*e + underflow
}

func functions(maxStep float64) *rapid.Generator[function] {
	return rapid.Custom(func(t *rapid.T) function {
		return function{
			Kind:  rapid.SampledFrom(functionKinds()).Draw(t, "kind"),
			N:     rapid.IntRange(1, 6).Draw(t, "n"),
			Kappa: math.Pow(10, rapid.Float64Range(0, 3).Draw(t, "log10 kappa")),
			Step:  rapid.Float64Range(1e-3, maxStep).Draw(t, "step"),
		}
	})
}

func functionCost(steps float64) func(function) checks.Cost {
	return func(p function) checks.Cost {
		n := float64(p.N + 4)
		return checks.Cost{Trial: 100*n*n*n + 12*n*n*steps + 100*steps}
	}
}
