package deep

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// StartGram draws the tangent kernel of a ReLU network of the standard convention at its start, on the rows of x, without
// those of its weight matrices that have more columns than x has rows. The law is exactly that of the Gram of [New], at a cost
// of O(n^2 m) a layer of m neurons behind any number of others.
//
// Given the features F (n x q) of a layer, of full rank n < q, the preactivations of the next are Z = F W^T = R G for F F^T = R R^T,
// with G of independent N(0, 1) entries: see [Forward]. Given these too, W is known on the row space of F alone, whose orthonormal
// basis is M = R^{-1} F, and fresh on the rest: B W = B G^T M + B H (I - M^T M), H independent of all. A product B H has the law of
// S H' with S S^T = B B^T and n rows in H'.
func StartGram(x *mat.Dense, config Config, rng *rand.Rand) (*mat.SymDense, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if config.Convention != Standard || config.Activation.name != "relu" || config.Multiplier != 1 {
		return nil, fmt.Errorf("deep: a start without weights is for a ReLU network of the standard convention without a multiplier")
	}
	n, d := x.Dims()
	if d != config.Inputs {
		return nil, fmt.Errorf("deep: the data has %d columns, the network %d inputs", d, config.Inputs)
	}
	layers := make([]startLayer, len(config.Hidden))
	f := x
	for l, width := range config.Hidden {
		layers[l] = drawStartLayer(f, width, config.Std[l], rng)
		f = layers[l].feature
	}
	k := outer(f)
	if len(layers) == 0 {
		return k, nil
	}
	last := len(layers) - 1
	b := mat.NewDense(n, config.Hidden[last], nil)
	fillNormal(b.RawRowView(0), config.Std[last+1], rng)
	for i := 1; i < n; i++ {
		copy(b.RawRowView(i), b.RawRowView(0))
	}
	for l := last; ; l-- {
		layers[l].close(b)
		features, slopes := outer(layers[l].input), outer(b)
		for i := range n {
			for j := i; j < n; j++ {
				k.SetSym(i, j, k.At(i, j)+features.At(i, j)*slopes.At(i, j))
			}
		}
		if l == 0 {
			return k, nil
		}
		b = layers[l].back(b, slopes, rng)
	}
}

// startLayer is a layer of [StartGram].
type startLayer struct {
	std            float64
	input, feature *mat.Dense // n x q, n x m
	weight         *mat.Dense // m x q where q <= n; else nil, and:
	basis          *mat.Dense // M, n x q, zero in rows that depend on those above
	fresh          *mat.Dense // G, n x m
}

func drawStartLayer(input *mat.Dense, m int, std float64, rng *rand.Rand) startLayer {
	n, q := input.Dims()
	l := startLayer{std: std, input: input, feature: mat.NewDense(n, m, nil)}
	if q <= n {
		l.weight = mat.NewDense(m, q, nil)
		fillNormal(l.weight.RawMatrix().Data, std, rng)
		l.feature.Mul(input, l.weight.T())
	} else {
		root := mat.NewTriDense(n, mat.Lower, nil)
		semidefiniteRoot(root, outer(input))
		l.basis = solved(root, input)
		l.fresh = mat.NewDense(n, m, nil)
		fillNormal(l.fresh.RawMatrix().Data, 1, rng)
		l.feature.Mul(root, l.fresh)
		l.feature.Scale(std, l.feature)
	}
	for i := range n {
		row := l.feature.RawRowView(i)
		for j, v := range row {
			row[j] = math.Max(v, 0)
		}
	}
	return l
}

// close sets the entries of b to zero whose gates are closed.
func (l startLayer) close(b *mat.Dense) {
	n, _ := b.Dims()
	for i := range n {
		row := b.RawRowView(i)
		for j, v := range l.feature.RawRowView(i) {
			if v == 0 {
				row[j] = 0
			}
		}
	}
}

// back returns B W given B B^T.
func (l startLayer) back(b *mat.Dense, square *mat.SymDense, rng *rand.Rand) *mat.Dense {
	n, q := l.input.Dims()
	out := mat.NewDense(n, q, nil)
	if l.weight != nil {
		out.Mul(b, l.weight)
		return out
	}
	root := mat.NewTriDense(n, mat.Lower, nil)
	semidefiniteRoot(root, square)
	fresh := mat.NewDense(n, q, nil)
	fillNormal(fresh.RawMatrix().Data, 1, rng)
	out.Mul(root, fresh)
	var known, seen, part mat.Dense
	known.Mul(b, l.fresh.T())
	seen.Mul(out, l.basis.T())
	known.Sub(&known, &seen)
	part.Mul(&known, l.basis)
	out.Add(out, &part)
	out.Scale(l.std, out)
	return out
}

// solved is root^{-1} a, with a row of zeros where the root has a zero pivot.
func solved(root *mat.TriDense, a *mat.Dense) *mat.Dense {
	out := mat.DenseCopyOf(a)
	n, _ := out.Dims()
	for i := range n {
		row := out.RawRowView(i)
		if root.At(i, i) == 0 {
			clear(row)
			continue
		}
		for j := range i {
			floats.AddScaled(row, -root.At(i, j), out.RawRowView(j))
		}
		floats.Scale(1/root.At(i, i), row)
	}
	return out
}

func outer(a *mat.Dense) *mat.SymDense {
	n, _ := a.Dims()
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			out.SetSym(i, j, floats.Dot(a.RawRowView(i), a.RawRowView(j)))
		}
	}
	return out
}

func fillNormal(dst []float64, std float64, rng *rand.Rand) {
	for i := range dst {
		dst[i] = std * rng.NormFloat64()
	}
}
