package dataset

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/eig"
	"convergo/bounds/kernel"
)

// Facts are what theory asks about a data set.
type Facts struct {
	N, D     int
	Geometry Geometry
	Spectral eig.Certified // S = ||X||_2
	Kernels  []KernelFacts // of the limit kernels, the two-layer derivative kernel H first
	Labels   *LabelFacts   // nil without labels
}

// Geometry is how close samples come when a sample and its opposite count as one.
type Geometry struct {
	Separation float64 // min over i != j of min(|x_i - x_j|, |x_i + x_j|); +Inf for one sample
	Near       int     // pairs closer than NearDistance
	Closest    []Pair  // the closest pairs, at most 5, the closest first
}

// NearDistance is the distance below which two samples of unit norm are called near.
const NearDistance = 0.01

// A Pair is two samples, counted from 0, at a distance; Opposite when the distance is that to the
// opposite of the other.
type Pair struct {
	I, J     int
	Distance float64
	Opposite bool
}

// KernelFacts are the ends of the spectrum of a Gram matrix.
type KernelFacts struct {
	Name    string // such as "H"
	Meaning string // what is trained in the network whose kernel it is
	Lambda0 eig.Certified
	Top     eig.Certified
}

// Condition is the condition number, infinite where Lambda0 is not certified.
func (k KernelFacts) Condition() float64 {
	if !k.Lambda0.OK {
		return math.Inf(1)
	}
	return k.Top.Value / k.Lambda0.Value
}

// Options bounds the work. The zero value means the defaults.
type Options struct {
	// The labels are decomposed in the eigenvectors of H, the slowest part, up to so many samples (default
	// 2000).
	MaxSpectrum int
	// The margin solves a cone program of as many variables as samples (default 200).
	MaxMargin int
	// Progress, if not nil, is told of each finished step.
	Progress func(done, steps int)
}

func (o Options) maxSpectrum() int { return orDefault(o.MaxSpectrum, 2000) }

func (o Options) maxMargin() int { return orDefault(o.MaxMargin, 200) }

func orDefault(v, fallback int) int {
	if v == 0 {
		return fallback
	}
	return v
}

// A limit is a kernel that is looked at.
type limit struct {
	name, meaning string
	k             kernel.Kernel
	bias          bool // on the inputs (x, 1)/sqrt 2
}

func limits() []limit {
	return []limit{
		{"H", "two layers, the first trained", kernel.ReLU(), false},
		{"Sigma", "two layers, the last trained", kernel.ReLUFeature(), false},
		{"NTK 1", "two layers, both trained", kernel.NTK(1), false},
		{"NTK 2", "three layers, all trained", kernel.NTK(2), false},
		{"NTK 3", "four layers, all trained", kernel.NTK(3), false},
		{"H with bias", "as H, on the inputs (x, 1)/sqrt 2", kernel.ReLU(), true},
	}
}

// withBias returns (x, 1)/sqrt 2 for every row x: a network with biases on x is one without on these.
func withBias(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	b := mat.NewDense(n, d+1, nil)
	for i := range n {
		row := b.RawRowView(i)
		copy(row, x.RawRowView(i))
		row[d] = 1
		for k := range row {
			row[k] *= math.Sqrt2 / 2
		}
	}
	return b
}

// Of computes the facts of the rows of x (n x d, of unit norm) and of the labels y (nil, or n of them).
// It costs about 6 n^2 d and 20 n^3 operations. The error is that of the context, or says what is wrong
// with the data.
func Of(ctx context.Context, x *mat.Dense, y []float64, opts Options) (*Facts, error) {
	n, d := x.Dims()
	if y != nil && len(y) != n {
		return nil, fmt.Errorf("dataset: %d labels for %d samples; give one a sample", len(y), n)
	}
	for i := range n {
		if r := mat.Norm(x.RowView(i), 2); !(math.Abs(r-1) <= 1e-9) {
			return nil, fmt.Errorf("dataset: sample %d has norm %g; scale all samples to unit norm, on which the kernels are compared", i+1, r)
		}
	}
	f := &Facts{N: n, D: d}
	work := limits()
	done, steps := 0, len(work)+3
	step := func() error {
		if done++; opts.Progress != nil {
			opts.Progress(done, steps)
		}
		return ctx.Err()
	}
	var err error
	if f.Geometry, err = geometry(x); err != nil {
		return nil, err
	}
	if err := step(); err != nil {
		return nil, err
	}
	if f.Spectral, err = eig.SpectralNorm(x); err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	if err := step(); err != nil {
		return nil, err
	}
	var h *mat.SymDense
	for i, l := range work {
		inputs := x
		if l.bias {
			inputs = withBias(x)
		}
		g, err := l.k.Gram(inputs)
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", l.name, err)
		}
		if i == 0 {
			h = g
		}
		k, err := kernelFacts(l, g, d)
		if err != nil {
			return nil, fmt.Errorf("dataset: %s: %w", l.name, err)
		}
		f.Kernels = append(f.Kernels, k)
		if err := step(); err != nil {
			return nil, err
		}
	}
	if y != nil {
		if f.Labels, err = labelFacts(ctx, x, h, y, opts); err != nil {
			return nil, err
		}
	}
	return f, step()
}

// kernelFacts are those of the Gram matrix of a limit kernel on samples of d dimensions.
func kernelFacts(l limit, g *mat.SymDense, d int) (KernelFacts, error) {
	if l.bias {
		d++
	}
	low, err := eig.Min(g)
	if err != nil {
		return KernelFacts{}, err
	}
	top, err := eig.Max(g)
	if err != nil {
		return KernelFacts{}, err
	}
	rounding := gramError(l.k, g.SymmetricDim(), d)
	return KernelFacts{Name: l.name, Meaning: l.meaning, Lambda0: low.Widen(rounding), Top: top.Widen(rounding)}, nil
}

// gramError bounds the spectral norm of the rounding of a Gram matrix: n times that of an entry.
// Norms are 1 to 1e-9, which 1 + 1e-8 covers.
func gramError(k kernel.Kernel, n, d int) float64 { return float64(n) * k.EntryError(d, 1+1e-8) }

// geometry goes through all pairs.
func geometry(x *mat.Dense) (Geometry, error) {
	pair, err := kernel.Pairs(x)
	if err != nil {
		return Geometry{}, fmt.Errorf("dataset: %w", err)
	}
	const most = 5
	g := Geometry{Separation: math.Inf(1)}
	n, _ := x.Dims()
	for j := range n {
		for i := range j {
			p := pair(i, j)
			q := Pair{I: i, J: j, Distance: min(p.Chord(), p.Antichord()), Opposite: p.Antichord() < p.Chord()}
			if q.Distance < NearDistance {
				g.Near++
			}
			if len(g.Closest) == most && q.Distance >= g.Closest[most-1].Distance {
				continue
			}
			at, _ := slices.BinarySearchFunc(g.Closest, q.Distance, func(c Pair, d float64) int {
				if c.Distance <= d {
					return -1
				}
				return 1
			})
			g.Closest = slices.Insert(g.Closest, at, q)
			g.Closest = g.Closest[:min(most, len(g.Closest))]
		}
	}
	if len(g.Closest) > 0 {
		g.Separation = g.Closest[0].Distance
	}
	return g, nil
}
