package conv

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"convergo/nets/fmablas"
)

// Block returns the tangent kernel <grad f(x_i), grad f(z_j)> of the rows of x (n x d) with those of z (m x d), d values
// an image as in [Network.Output]. It holds n + m gradients in memory, computed by the given number of goroutines. An
// entry has the same bits in any block, with any number of workers. It stops when ctx is done.
func (net *Network) Block(ctx context.Context, x, z *mat.Dense, workers int) (*mat.Dense, error) {
	left, err := net.gradients(ctx, x, workers)
	if err != nil {
		return nil, err
	}
	right := left
	if z != x {
		if right, err = net.gradients(ctx, z, workers); err != nil {
			return nil, err
		}
	}
	k := mat.NewDense(left.Rows, right.Rows, nil)
	c := k.RawMatrix()
	fmablas.Implementation{Workers: workers}.Dgemm(blas.NoTrans, blas.Trans, left.Rows, right.Rows, left.Cols,
		1, left.Data, left.Stride, right.Data, right.Stride, 0, c.Data, c.Stride)
	return k, nil
}

// gradients are those of the rows of x, a row each.
func (net *Network) gradients(ctx context.Context, x *mat.Dense, workers int) (blas64.General, error) {
	n, d := x.Dims()
	if want := net.config.Channels * net.config.pixels(); d != want {
		return blas64.General{}, fmt.Errorf("conv: rows of %d values for images of %d", d, want)
	}
	p := len(net.params)
	g := blas64.General{Rows: n, Cols: p, Stride: p, Data: make([]float64, n*p)}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range max(1, min(workers, n)) {
		wait.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				net.gradient(g.Data[i*p:(i+1)*p], net.forward(x.RawRowView(i)))
			}
		})
	}
	wait.Wait()
	return g, ctx.Err()
}
