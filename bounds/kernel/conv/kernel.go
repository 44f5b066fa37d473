package conv

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"

	"gonum.org/v1/gonum/mat"
)

// Options says how a kernel is computed.
type Options struct {
	Kind         Kind
	Float32      bool   // planes in float32; sums over planes stay in float64
	Instructions string // one of [Instructions]; "" is the fastest
	Workers      int    // goroutines; 0 is GOMAXPROCS. The values do not depend on it.
	Device       Device // evaluates the planes; nil is the processor
}

// Kernel evaluates the limit kernel of one [Net] on images of one [Shape]. It is safe for concurrent use.
type Kernel struct {
	net     Net
	shape   Shape
	options Options
	run     runner
}

// runner hides the type of the planes.
type runner interface {
	// block calls put for every pair of the images x and z, or for those with i <= j, from one goroutine.
	block(ctx context.Context, x, z prepared, triangle bool, put func(i, j int, s sums)) error
	prepare(ctx context.Context, im Images, from, to int) (prepared, error)
	bytes() int // of the tables of an image
	instructions() string
}

// prepared are the tables of several images.
type prepared any

// maxTables bounds the tables of an image, in bytes.
const maxTables = 8 << 30

// New returns the kernel of net on images of the given shape. It fails on a network or a shape that does not
// exist, and on instructions that this machine lacks.
func New(net Net, shape Shape, o Options) (*Kernel, error) {
	net, err := net.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := shape.valid(); err != nil {
		return nil, err
	}
	if bytes := 8 * (float64(shape.Channels) + 2*float64(net.Depth)) * float64(shape.Height) * 2 * float64(shape.Width); bytes > maxTables {
		return nil, fmt.Errorf("conv: %d layers on images of shape %v take %.2g bytes an image; at most %.2g are taken", net.Depth, shape, bytes, float64(maxTables))
	}
	if o.Workers < 0 {
		return nil, fmt.Errorf("conv: %d workers; give a positive number, or 0 for one a processor", o.Workers)
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	k := &Kernel{net: net, shape: shape, options: o}
	if o.Float32 {
		p, e := newPairs[float32](net, shape, o)
		k.run, err = withDevice(p, e, shape, o)
	} else {
		p, e := newPairs[float64](net, shape, o)
		k.run, err = withDevice(p, e, shape, o)
	}
	if err != nil {
		return nil, err
	}
	return k, nil
}

// Instructions lists the instruction sets that this machine can run, the fastest first. The last, "go", runs on all.
// All but "go" give the same bits, and "go" the same to 1e-14 in float64.
func Instructions() []string {
	var names []string
	for _, l := range instructions[float64]() {
		names = append(names, l.name)
	}
	return names
}

// Net is the network with its defaults filled in.
func (k *Kernel) Net() Net { return k.net }

// Shape is the shape of the images.
func (k *Kernel) Shape() Shape { return k.shape }

// Instructions is the instruction set in use, or the name of the device.
func (k *Kernel) Instructions() string { return k.run.instructions() }

// Pair is the kernel of two images, each of Shape.Size() values laid out as in [Images].
func (k *Kernel) Pair(x, z []float64) (float64, error) {
	a, b := Images{k.shape, x}, Images{k.shape, z}
	var value float64
	if a.Len() != 1 || b.Len() != 1 {
		return 0, fmt.Errorf("conv: a pair of %d and %d values; an image of shape %v has %d", len(x), len(z), k.shape, k.shape.Size())
	}
	err := k.Block(context.Background(), a, b, false, func(_, _ int, v float64) { value = v })
	return value, err
}

// Gram is the n x n matrix K(x_i, x_j), each pair computed once.
func (k *Kernel) Gram(ctx context.Context, x Images) (*mat.SymDense, error) {
	if len(x.Data) == 0 {
		return nil, errors.New("conv: no images; give at least one")
	}
	g := mat.NewSymDense(x.Len(), nil)
	return g, k.Block(ctx, x, x, true, g.SetSym)
}

// Cross is the n x m matrix K(x_i, z_j).
func (k *Kernel) Cross(ctx context.Context, x, z Images) (*mat.Dense, error) {
	if len(x.Data) == 0 || len(z.Data) == 0 {
		return nil, errors.New("conv: no images; give at least one in each set")
	}
	c := mat.NewDense(x.Len(), z.Len(), nil)
	return c, k.Block(ctx, x, z, false, c.Set)
}

// tableBudget bounds the memory of the tables of a tile, in bytes.
const tableBudget = 64 << 20

// Block calls put(i, j, K(x_i, z_j)) for all pairs, or only for i <= j when triangle is set (x and z are then the
// same images), always from one goroutine at a time. Its memory does not grow with the number of images. It
// stops when ctx is done, and fails when a value is too large for float64.
func (k *Kernel) Block(ctx context.Context, x, z Images, triangle bool, put func(i, j int, v float64)) error {
	if err := errors.Join(x.check(k.shape), z.check(k.shape)); err != nil {
		return err
	}
	side := min(max(1, tableBudget/2/k.run.bytes()), 256)
	if k.net.Head == GAP { // a pair keeps two sums for each column
		side = min(side, max(1, int(math.Sqrt(tableBudget/(16*float64(k.shape.Width))))))
	}
	var overflow error
	for top := 0; top < x.Len(); top += side {
		rows, err := k.run.prepare(ctx, x, top, min(top+side, x.Len()))
		if err != nil {
			return err
		}
		left := 0
		if triangle {
			left = top
		}
		for ; left < z.Len(); left += side {
			onDiagonal := triangle && left == top
			columns := rows
			if !onDiagonal {
				if columns, err = k.run.prepare(ctx, z, left, min(left+side, z.Len())); err != nil {
					return err
				}
			}
			err := k.run.block(ctx, rows, columns, onDiagonal, func(i, j int, s sums) {
				v := k.value(s)
				if v-v != 0 && overflow == nil {
					overflow = fmt.Errorf("conv: the kernel of images %d and %d is too large (%v); use float64, a smaller branch factor or smaller images", top+i, left+j, v)
				}
				put(top+i, left+j, v)
			})
			if err := errors.Join(err, overflow); err != nil {
				return err
			}
		}
	}
	return nil
}

// value applies the head to the sums over the planes.
func (k *Kernel) value(s sums) float64 {
	v := s.ntk
	if k.options.Kind == NNGP {
		v = s.nngp
	}
	if k.net.Head == GAP {
		pixels := float64(k.shape.Height * k.shape.Width)
		v /= pixels * pixels
	}
	return v
}

// Check recomputes a sample of count entries of K(x, z) in float64 and returns the largest deviation of at(i, j)
// from it, relative to sqrt(K(x_i,x_i) K(z_j,z_j)), which bounds the entry. The sample depends on seed alone.
func (k *Kernel) Check(ctx context.Context, x, z Images, count int, seed uint64, at func(i, j int) float64) (float64, error) {
	o := k.options
	o.Float32, o.Device = false, nil
	exact, err := New(k.net, k.shape, o)
	if err != nil {
		return 0, err
	}
	if x.Len() == 0 || z.Len() == 0 {
		return 0, errors.New("conv: no images; give at least one in each set")
	}
	draw := rand.New(rand.NewPCG(seed, 0))
	var worst float64
	for range count {
		if err := ctx.Err(); err != nil {
			return worst, err
		}
		i, j := draw.IntN(x.Len()), draw.IntN(z.Len())
		var v [3]float64
		for n, pair := range [3][2][]float64{{x.At(i), z.At(j)}, {x.At(i), x.At(i)}, {z.At(j), z.At(j)}} {
			if v[n], err = exact.Pair(pair[0], pair[1]); err != nil {
				return worst, err
			}
		}
		if scale := math.Sqrt(v[1] * v[2]); scale > 0 {
			worst = max(worst, math.Abs(at(i, j)-v[0])/scale)
		} else if at(i, j) != v[0] {
			return math.Inf(1), nil
		}
	}
	return worst, nil
}

// String names the kernel with all that its values depend on.
func (k *Kernel) String() string {
	precision := "float64"
	if k.options.Float32 {
		precision = "float32"
	}
	return fmt.Sprintf("%s of %+v in %s (%s)", [...]string{NTK: "NTK", NNGP: "NNGP"}[k.options.Kind], k.net, precision, k.arithmetic())
}

// arithmetic names the instruction sets that give the same bits.
func (k *Kernel) arithmetic() string {
	name := k.Instructions()
	switch {
	case k.options.Device != nil:
		return name
	case name != "go":
		return "fused"
	case contracts(1+0x1p-30, 1-0x1p-30):
		return "go, fused by the compiler" // arm64, GOAMD64=v3, ...
	}
	return name
}

// contracts says whether the compiler makes x*y + z one operation.
//
//go:noinline
func contracts(x, y float64) bool { return x*y-1 != 0 }
