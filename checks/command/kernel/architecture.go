package kernel

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/bounds/kernel/conv"
	"convergo/bounds/kernel/job"
)

// architecture is a kernel with the samples of the file.
type architecture struct {
	x         *mat.Dense
	connected *kernel.Kernel // or
	conv      *conv.Kernel
	gap       bool
	device    bool // a GPU
}

func (r *request) architecture(x, z *mat.Dense, device conv.Device) (architecture, error) {
	a := architecture{x: x, gap: r.arch == "cntk-gap"}
	_, d := x.Dims()
	if z != nil {
		if _, dz := z.Dims(); dz != d {
			return a, fmt.Errorf("%s has %d values a sample and %s %d; both must have the same", r.data, d, r.test, dz)
		}
	}
	if r.depth < 2 {
		return a, fmt.Errorf("--depth %d: a network has two layers of weights at least", r.depth)
	}
	switch {
	case r.filter < 1:
		return a, fmt.Errorf("--filter %d: the side of a filter is odd and positive", r.filter)
	case r.branch == 0:
		return a, errors.New("--branch 0: that leaves the shortcuts alone; give another factor")
	case r.branch != 1 && r.block == 0:
		return a, errors.New("--branch is the factor of residual branches; give --block too")
	case r.fix && r.depth == 2 && r.kind == "ntk":
		return a, errors.New("--fix with --depth 2 leaves nothing to train, and the tangent kernel is 0; give a larger depth or --kind nngp")
	}
	kind, ok := map[string]conv.Kind{"ntk": conv.NTK, "nngp": conv.NNGP}[r.kind]
	if !ok {
		return a, fmt.Errorf("--kind %q: use ntk or nngp", r.kind)
	}
	switch r.arch {
	case "fc":
		if device != nil && r.device != "auto" {
			return a, fmt.Errorf("--device %s is for convolutional networks; leave it out with --arch fc", r.device)
		}
		err := r.fullyConnected(&a, kind)
		return a, err
	case "cntk", "cntk-gap":
	default:
		return a, fmt.Errorf("--arch %q: use fc, cntk or cntk-gap", r.arch)
	}
	padding, ok := map[string]conv.Padding{"zero": conv.Zero, "circular": conv.Circular}[r.padding]
	if !ok {
		return a, fmt.Errorf("--padding %q: use zero or circular", r.padding)
	}
	shape, err := parseShape(r.shape, d)
	if err != nil {
		return a, err
	}
	net := conv.Net{Depth: r.depth - 1, Filter: r.filter, Padding: padding, FixFirst: r.fix, FixLast: r.fix, Block: r.block, Branch: r.branch}
	if a.gap {
		net.Head = conv.GAP
	}
	if r.device == "auto" && device != nil && device.Supports(net, shape) != nil {
		device = nil
	}
	a.device = device != nil
	a.conv, err = conv.New(net, shape, conv.Options{Kind: kind, Float32: r.single, Workers: r.workers, Device: device})
	return a, err
}

func (r *request) fullyConnected(a *architecture, kind conv.Kind) error {
	if r.single || r.block != 0 || r.check != 0 {
		return errors.New("--float32, --block and --check are for convolutional networks; leave them out with --arch fc")
	}
	hidden := r.depth - 1
	k := kernel.NTK(hidden)
	switch {
	case kind == conv.NNGP:
		k = kernel.NNGP(hidden)
	case r.fix: // layer 0 and the last have no share
		weights := make([]float64, hidden+1)
		for i := 1; i < hidden; i++ {
			weights[i] = 1
		}
		k = kernel.NTKWeighted(weights)
	}
	a.connected = &k
	return nil
}

// parseShape reads "3x32x32"; an empty text stands for square images of one channel or three.
func parseShape(text string, values int) (conv.Shape, error) {
	var s conv.Shape
	if text != "" {
		var rest string
		n, _ := fmt.Sscanf(text, "%dx%dx%d%s", &s.Channels, &s.Height, &s.Width, &rest)
		if n != 3 || min(s.Channels, s.Height, s.Width) < 1 || max(s.Channels, s.Height, s.Width) > values || s.Size() != values {
			return s, fmt.Errorf("--shape %q: give channels x height x width, as 3x32x32, with a product of the %d values of a sample", text, values)
		}
		return s, nil
	}
	for _, channels := range []int{1, 3} {
		side := int(math.Round(math.Sqrt(float64(values / channels))))
		if channels*side*side == values {
			return conv.Shape{Channels: channels, Height: side, Width: side}, nil
		}
	}
	return s, fmt.Errorf("%d values a sample are no square image of 1 or 3 channels; give --shape, as 3x32x32", values)
}

func (a architecture) images(x *mat.Dense) conv.Images {
	if x == nil {
		return conv.Images{}
	}
	return conv.Images{Shape: a.conv.Shape(), Data: mat.DenseCopyOf(x).RawMatrix().Data}
}

// matrix is K(x, x), or K(x, z) when z is not nil.
func (a architecture) matrix(z *mat.Dense) job.Matrix {
	if a.connected != nil {
		return job.Connected(*a.connected, a.x, z)
	}
	return job.Convolutional(a.conv, a.images(a.x), a.images(z))
}

// side is that of tiles which take seconds, at the size of CIFAR-10; on a GPU, and of matrices with so many tiles that
// their number would count, more.
func (a architecture) side(m job.Matrix) int {
	if a.gap && !a.device && max(m.Rows, m.Cols) <= 10_000 {
		return 16
	}
	return 64
}

func (a architecture) sizes(z *mat.Dense) (n, m int) {
	n, _ = a.x.Dims()
	if z == nil {
		return n, n
	}
	m, _ = z.Dims()
	return n, m
}

func (a architecture) check(ctx context.Context, z *mat.Dense, count int, at func(i, j int) float64) (float64, error) {
	if z == nil {
		z = a.x
	}
	return a.conv.Check(ctx, a.images(a.x), a.images(z), count, 1, at)
}

// inserted puts a suffix before the ending of a file name.
func inserted(name, suffix string) string {
	if suffix == "" {
		return name
	}
	ext := filepath.Ext(name)
	return strings.TrimSuffix(name, ext) + suffix + ext
}

func suffixed(names []string, suffix string) []string {
	var list []string
	for _, n := range names {
		list = append(list, n+suffix)
	}
	return list
}
