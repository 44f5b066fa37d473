package conv

import (
	"context"
	"fmt"
)

// Device evaluates planes elsewhere than on the processor; package cuda has one for NVIDIA's GPUs.
type Device interface {
	String() string
	// Supports says why a kernel cannot be evaluated there, nil if it can.
	Supports(net Net, shape Shape) error
	// Planes fills Sums. It is called from one goroutine at a time for each Kernel.
	Planes(ctx context.Context, w *Work) error
}

// Work is what a device has to do: the planes of many pairs of images.
type Work struct {
	Net     Net
	Shape   Shape
	Float32 bool // else float64
	// Constants are 1/q^2, the smallest 1 - cos that is not taken for 0, and the coefficients of P and H over pi q^2,
	// interleaved, the highest terms first.
	Constants []float64
	X, Z      []Tables
	Pairs     [][2]int // of an image of X and one of Z
	// Sums are the sums of K and of D Theta + K (D Theta, when the last layer is fixed) over the planes of each pair:
	// Offsets() planes for each pair, with the row offset running first.
	Sums [][2]float64
}

// Offsets is the number of planes of a pair: one for the vanilla head, one a pixel for GAP.
func (w *Work) Offsets() int { return offsets(w.Net, w.Shape) }

func offsets(net Net, shape Shape) int {
	if net.Head == GAP {
		return shape.Height * shape.Width
	}
	return 1
}

// Tables are what the pairs of an image share; their values have the precision of the work. S and R are the roots of
// the diagonals of Sigma and their reciprocals (0 where the root is).
type Tables struct {
	Pixels []float64 // channel by channel, row by row
	S, R   []float64 // layer by layer, row by row
}

// deviceBatch bounds the memory of the sums of one call, in pairs of planes.
const deviceBatch = 1 << 22

// devicePairs runs the planes of pairs on a device.
type devicePairs[T float] struct {
	*pairs[T]
	shape  Shape
	device Device
}

// withDevice takes the pairs to o.Device, if there is one.
func withDevice[T float](p *pairs[T], err error, shape Shape, o Options) (runner, error) {
	if err != nil || o.Device == nil {
		return p, err
	}
	if err := o.Device.Supports(p.net, shape); err != nil {
		return nil, fmt.Errorf("conv: %v: %w", o.Device, err)
	}
	return &devicePairs[T]{p, shape, o.Device}, nil
}

func (p *devicePairs[T]) instructions() string { return p.device.String() }

func (p *devicePairs[T]) block(ctx context.Context, x, z prepared, triangle bool, put func(i, j int, s sums)) error {
	xs, zs := x.([]*tables[T]), z.([]*tables[T])
	w := &Work{Net: p.net, Shape: p.shape, Float32: lanes[T]() == 16, X: p.compact(xs), Z: p.compact(zs)}
	for k, c := range p.constants {
		if k != 2 { // the number 1, for the assembly
			w.Constants = append(w.Constants, float64(c))
		}
	}
	flush := func() error {
		w.Sums = make([][2]float64, len(w.Pairs)*w.Offsets())
		if err := p.device.Planes(ctx, w); err != nil {
			return fmt.Errorf("conv: %v: %w", p.device, err)
		}
		for k, pair := range w.Pairs {
			put(pair[0], pair[1], p.total(w.Sums[k*w.Offsets():][:w.Offsets()]).scaled(xs[pair[0]].exponent+zs[pair[1]].exponent))
		}
		w.Pairs = w.Pairs[:0]
		return nil
	}
	for i := range xs {
		for j := range zs {
			if triangle && i > j {
				continue
			}
			w.Pairs = append(w.Pairs, [2]int{i, j})
			if (len(w.Pairs)+1)*w.Offsets() > deviceBatch {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	if len(w.Pairs) == 0 {
		return nil
	}
	return flush()
}

// total adds the planes of a pair in the order of the processor.
func (p *devicePairs[T]) total(planes [][2]float64) (total sums) {
	for len(planes) > 0 {
		n := min(p.shape.Height, len(planes))
		var column sums
		for _, s := range planes[:n] {
			column.add(sums{s[0], s[1]})
		}
		total.add(column)
		planes = planes[n:]
	}
	return total
}

// compact takes the padding out of tables.
func (p *devicePairs[T]) compact(list []*tables[T]) []Tables {
	strip := func(padded []T) []float64 {
		var values []float64
		for ; len(padded) > 0; padded = padded[p.layout.stride:] {
			for _, v := range padded[:p.layout.cols] {
				values = append(values, float64(v))
			}
		}
		return values
	}
	var out []Tables
	for _, t := range list {
		out = append(out, Tables{strip(t.image), strip(t.s), strip(t.r)})
	}
	return out
}
