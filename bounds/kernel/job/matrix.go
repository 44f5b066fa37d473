package job

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/bounds/kernel/conv"
)

// A Span is the range [From, To) of rows or columns.
type Span struct{ From, To int }

// Len is the number of indices in the span.
func (s Span) Len() int { return s.To - s.From }

// Matrix is a kernel matrix K(x_i, z_j) to be computed.
type Matrix struct {
	// Name identifies the kernel and the data: two matrices of one name are equal. It is what a folder remembers.
	Name       string
	Rows, Cols int
	Symmetric  bool // K(x_i, x_j): only i <= j is computed
	// Block calls put for all entries of the spans, from one goroutine at a time; of a symmetric matrix with equal spans
	// only for i <= j. An entry has the same bits in any block.
	Block func(ctx context.Context, rows, cols Span, put func(i, j int, v float64)) error
}

// Digest is a name for data: the SHA-256 of the values.
func Digest(values []float64) string {
	h := sha256.New()
	var b [8]byte
	for _, v := range values {
		binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
		h.Write(b[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Convolutional is the matrix of a convolutional kernel on x, or of x against z when z has images.
func Convolutional(k *conv.Kernel, x, z conv.Images) Matrix {
	m := Matrix{Rows: x.Len(), Cols: z.Len(), Name: fmt.Sprintf("convolutional %s on %v: %s %s", k, k.Shape(), Digest(x.Data), Digest(z.Data))}
	if len(z.Data) == 0 {
		m.Cols, m.Symmetric, z = m.Rows, true, x
	}
	m.Block = func(ctx context.Context, rows, cols Span, put func(i, j int, v float64)) error {
		return k.Block(ctx, part(x, rows), part(z, cols), m.Symmetric && rows == cols, func(i, j int, v float64) {
			put(rows.From+i, cols.From+j, v)
		})
	}
	return m
}

func part(im conv.Images, s Span) conv.Images {
	n := im.Shape.Size()
	return conv.Images{Shape: im.Shape, Data: im.Data[s.From*n : s.To*n]}
}

// Connected is the matrix of a kernel of fully connected networks on the rows of x (n x d), or of x against the rows of z
// (m x d) when z is not nil. A row of zeros has no direction and is an error.
func Connected(k kernel.Kernel, x, z *mat.Dense) Matrix {
	n, _ := x.Dims()
	m := Matrix{Rows: n, Cols: n, Symmetric: z == nil, Name: fmt.Sprintf("connected %s %s: %s", k.Name(), fingerprint(k), Digest(mat.DenseCopyOf(x).RawMatrix().Data))}
	if m.Symmetric {
		z = x
	} else {
		m.Cols, _ = z.Dims()
		m.Name += " " + Digest(mat.DenseCopyOf(z).RawMatrix().Data)
	}
	_, dx := x.Dims()
	_, dz := z.Dims()
	m.Block = func(ctx context.Context, rows, cols Span, put func(i, j int, v float64)) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		a, b := x.Slice(rows.From, rows.To, 0, dx), z.Slice(cols.From, cols.To, 0, dz)
		if m.Symmetric && rows == cols {
			g, err := k.Gram(a)
			if err != nil {
				return fmt.Errorf("rows from %d: %w", rows.From, err)
			}
			for i := range rows.Len() {
				for j := i; j < cols.Len(); j++ {
					put(rows.From+i, cols.From+j, g.At(i, j))
				}
			}
			return nil
		}
		g, err := k.Cross(a, b)
		if err != nil {
			return fmt.Errorf("rows from %d, columns from %d: %w", rows.From, cols.From, err)
		}
		for i := range rows.Len() {
			for j := range cols.Len() {
				put(rows.From+i, cols.From+j, g.At(i, j))
			}
		}
		return nil
	}
	return m
}

// fingerprint tells kernels of one name apart, by their values at a few angles: names leave weights out.
func fingerprint(k kernel.Kernel) string {
	var values []float64
	for _, z := range [][]float64{{1, 0}, {4, 3}, {3, 4}, {0, 1}, {-3, 4}, {-1, 0}} {
		p, err := kernel.NewPair([]float64{1, 0}, z)
		if err != nil {
			panic(err) // no row is zero
		}
		values = append(values, k.Of(p))
	}
	return Digest(values)[:16]
}

// entries is the number of entries to compute.
func (m Matrix) entries() float64 {
	if m.Symmetric {
		return float64(m.Rows) * float64(m.Rows+1) / 2
	}
	return float64(m.Rows) * float64(m.Cols)
}

// Estimate computes a corner of the matrix for about the given time and returns how long all of it takes at that pace.
func Estimate(ctx context.Context, m Matrix, budget time.Duration) (time.Duration, error) {
	for side := 1; ; side *= 2 {
		rows, cols := Span{0, min(side, m.Rows)}, Span{max(0, m.Cols-side), m.Cols} // off the diagonal, if it can be
		count := 0
		start := time.Now()
		if err := m.Block(ctx, rows, cols, func(int, int, float64) { count++ }); err != nil {
			return 0, err
		}
		spent := time.Since(start)
		if spent >= budget/4 || rows.Len() == m.Rows && cols.Len() == m.Cols {
			return time.Duration(float64(spent) / float64(count) * m.entries()), nil
		}
	}
}
