package subquadratic

import "gonum.org/v1/gonum/mat"

// Ops counts multiply-adds by what they were spent on.
type Ops struct {
	Dense   int // entries of dense matrices that were read
	LowRank int // products with stored factors
	Gram    int // inner products of sparse vectors
	Solve   int // n x n systems, n^3 each
	Stored  int // numbers that updates stored
	Restart int // stored factors multiplied out into the dense matrix
}

// A Lazy is a square matrix W = base + P K^T, whose changes are kept as columns of P and K until they are worth a restart.
type Lazy struct {
	// Limit is the rank beyond which an update restarts: base += P K^T, no columns. Negative never restarts.
	Limit int

	base *mat.Dense // transposed, so that a column of W is a row here
	p, k [][]float64
	ops  *Ops
}

// NewLazy takes over the matrix, m x m, and counts into ops.
func NewLazy(w *mat.Dense, limit int, ops *Ops) *Lazy {
	return &Lazy{Limit: limit, base: mat.DenseCopyOf(w.T()), ops: ops}
}

// Rank is the number of stored columns.
func (l *Lazy) Rank() int { return len(l.p) }

// Matrix returns W in full, at m^2 operations a stored column that are not counted: for looking, not for training.
func (l *Lazy) Matrix() *mat.Dense {
	w := mat.DenseCopyOf(l.base.T())
	for j, p := range l.p {
		for r, v := range p {
			axpy(w.RawRowView(r), v, l.k[j])
		}
	}
	return w
}

// Mul returns W v, reading the columns of base that v touches.
func (l *Lazy) Mul(v Sparse) []float64 {
	m, _ := l.base.Dims()
	out := make([]float64, m)
	for n, c := range v.Index {
		axpy(out, v.Value[n], l.base.RawRowView(c))
	}
	l.ops.Dense += m * len(v.Index)
	for j, k := range l.k {
		axpy(out, sparseDot(k, v), l.p[j])
	}
	l.ops.LowRank += len(l.p) * (m + len(v.Index))
	return out
}

// MulTrans returns W^T v, reading the rows of W that v touches.
func (l *Lazy) MulTrans(v Sparse) []float64 {
	m, _ := l.base.Dims()
	out := make([]float64, m)
	for c := range out {
		out[c] = sparseDot(l.base.RawRowView(c), v)
	}
	l.ops.Dense += m * len(v.Index)
	for j, p := range l.p {
		axpy(out, sparseDot(p, v), l.k[j])
	}
	l.ops.LowRank += len(l.p) * (m + len(v.Index))
	return out
}

// Update adds sum_j p_j k_j^T, the rank one terms of a step, and restarts when the stored rank exceeds the limit.
func (l *Lazy) Update(p, k []Sparse) {
	m, _ := l.base.Dims()
	for j := range p {
		l.p = append(l.p, p[j].Dense(m))
		l.k = append(l.k, k[j].Dense(m))
		l.ops.Stored += len(p[j].Index) + len(k[j].Index)
	}
	if l.Limit >= 0 && len(l.p) > l.Limit {
		l.restart()
	}
}

// restart multiplies the factors out by classical multiplication.
func (l *Lazy) restart() {
	m, _ := l.base.Dims()
	for c := range m {
		row := l.base.RawRowView(c)
		for j, p := range l.p {
			axpy(row, l.k[j][c], p)
		}
	}
	l.ops.Restart += len(l.p) * m * m
	l.p, l.k = nil, nil
}

func axpy(dst []float64, a float64, x []float64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += a * x[i]
	}
}

func sparseDot(x []float64, v Sparse) float64 {
	var s float64
	for n, i := range v.Index {
		s += x[i] * v.Value[n]
	}
	return s
}
