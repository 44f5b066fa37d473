package kernel

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel/conv"
	"convergo/bounds/kernel/job"
	"convergo/checks"
	finite "convergo/nets/conv"
	"convergo/nets/deep"
)

// networks are random networks of finite width, whose tangent kernels at the start are averaged.
type networks struct {
	arch    string
	depth   int // layers of weights
	width   int // neurons of a hidden layer, or channels
	shape   conv.Shape
	draws   int
	seed    uint64
	workers int
}

// tangent is the kernel of one network on the rows of two matrices, of the same one where they are the same.
type tangent func(ctx context.Context, x, z *mat.Dense) (*mat.Dense, error)

// draw returns network i: it depends on the seed, the network and i alone.
func (n networks) draw(i int) (tangent, error) {
	rng := checks.Stream(n.seed, "kernel-study/"+n.arch, fmt.Appendf(nil, "depth %d, width %d, images %v", n.depth, n.width, n.shape), i)
	hidden := make([]int, n.depth-1)
	for h := range hidden {
		hidden[h] = n.width
	}
	if n.arch == "fc" {
		net, err := deep.New(deep.Config{Inputs: n.shape.Size(), Hidden: hidden, Convention: deep.NTK}, rng)
		if err != nil {
			return nil, err
		}
		return func(_ context.Context, x, z *mat.Dense) (*mat.Dense, error) { return connectedBlock(net, x, z) }, nil
	}
	net, err := finite.New(finite.Config{Channels: n.shape.Channels, Height: n.shape.Height, Width: n.shape.Width,
		Filter: 3, Hidden: hidden, Pooled: n.arch == "cntk-gap"}, rng)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, x, z *mat.Dense) (*mat.Dense, error) { return net.Block(ctx, x, z, n.workers) }, nil
}

// connectedBlock cuts the block out of the kernel of all rows together.
func connectedBlock(net *deep.Network, x, z *mat.Dense) (*mat.Dense, error) {
	rows, _ := x.Dims()
	all, from := x, 0
	if z != x {
		all, from = new(mat.Dense), rows
		all.Stack(x, z)
	}
	g, err := net.Gram(all)
	if err != nil {
		return nil, err
	}
	k := mat.NewDense(rows, g.SymmetricDim()-from, nil)
	k.Apply(func(i, j int, _ float64) float64 { return g.At(i, from+j) }, k)
	return k, nil
}

// params is the number of weights of a network.
func (n networks) params() int {
	square, last := 9, n.width
	inputs := n.shape.Channels
	switch n.arch {
	case "fc":
		square, inputs = 1, n.shape.Size()
	case "cntk":
		last *= n.shape.Height * n.shape.Width
	}
	return square*n.width*(inputs+(n.depth-2)*n.width) + last
}

// gradientMemory bounds the gradients of the rows and columns of a tile, in bytes.
const gradientMemory = 128 << 20

// side is that of the tiles: gradients are computed once for each tile that needs them, so that few large tiles are best.
func (n networks) side() int { return max(1, min(256, gradientMemory/16/n.params())) }

// matrix is K(x, x), or K(x, z) when z is not nil.
func (n networks) matrix(x, z *mat.Dense) job.Matrix {
	rows, d := x.Dims()
	m := job.Matrix{Rows: rows, Cols: rows, Symmetric: z == nil,
		Name: fmt.Sprintf("mean of %d tangent kernels of %s, depth %d, width %d, seed %d, on %v: %s", n.draws, n.arch, n.depth, n.width, n.seed, n.shape, digest(x))}
	if z == nil {
		z = x
	} else {
		m.Cols, _ = z.Dims()
		m.Name += " " + digest(z)
	}
	m.Block = func(ctx context.Context, rows, cols job.Span, put func(i, j int, v float64)) error {
		left := x.Slice(rows.From, rows.To, 0, d).(*mat.Dense)
		right := left
		if !m.Symmetric || rows != cols {
			right = z.Slice(cols.From, cols.To, 0, d).(*mat.Dense)
		}
		sum := mat.NewDense(rows.Len(), cols.Len(), nil)
		for i := range n.draws {
			kernel, err := n.draw(i)
			if err != nil {
				return err
			}
			k, err := kernel(ctx, left, right)
			if err != nil {
				return err
			}
			sum.Add(sum, k)
		}
		for i := range rows.Len() {
			for j := range cols.Len() {
				if left != right || i <= j {
					put(rows.From+i, cols.From+j, sum.At(i, j)/float64(n.draws))
				}
			}
		}
		return ctx.Err()
	}
	return m
}

func digest(x *mat.Dense) string { return job.Digest(mat.DenseCopyOf(x).RawMatrix().Data) }
