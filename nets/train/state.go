package train

import (
	"math"

	"convergo/nets"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// A State is a network in training: weights, outputs, and what the theorems
// measure against step 0. Its methods recompute what they return; the results
// are shared buffers.
type State struct {
	Step     int           // steps (or rounds) taken
	Net      *nets.Network // as it stands; its Batch.Z and Batch.U are current
	Batch    *nets.Batch
	Y        []float64
	U        []float64 // predictions: the outputs, times xi in masked training
	Residual []float64 // U - Y
	Norm     float64   // Euclidean norm of Residual

	W0       *mat.Dense     // weights at step 0
	Patterns *nets.Patterns // at step 0

	factor   float64 // U over Batch.U
	stale    bool    // the weights have moved since the outputs were computed
	loss     nets.Loss
	layers   nets.Layers
	minEig   func(*mat.SymDense) float64
	patterns *nets.Patterns // scratch
	flips    []int
	gram     *mat.SymDense
	gram0    *mat.SymDense
	diff     *mat.SymDense
}

func (s *State) init(net *nets.Network, x *mat.Dense, y []float64, factor float64, opt Options) {
	n, m := len(y), net.Width()
	*s = State{
		Net: net, Batch: nets.NewBatch(x, m), Y: y, U: make([]float64, n), Residual: make([]float64, n),
		W0:       mat.DenseCopyOf(net.W),
		Patterns: nets.NewPatterns(n, m), patterns: nets.NewPatterns(n, m), flips: make([]int, n),
		gram: mat.NewSymDense(n, nil), diff: mat.NewSymDense(n, nil),
		factor: factor, loss: opt.Loss, layers: opt.Layers, minEig: opt.MinEig,
	}
	s.Batch.Forward(net)
	s.Batch.Patterns(s.Patterns)
	if opt.Record&(GramFrobenius|GramSpectral) != 0 {
		s.gram0 = mat.NewSymDense(n, nil)
		s.Batch.Gram(s.gram0, net, opt.Layers)
	}
	s.refresh()
}

// evaluate brings the outputs up to date with the weights.
func (s *State) evaluate() {
	if s.stale {
		s.stale = false
		s.Batch.Forward(s.Net)
		s.refresh()
	}
}

func (s *State) refresh() {
	for i, u := range s.Batch.U {
		s.U[i] = s.factor * u
	}
	s.Norm = nets.Residual(s.Residual, s.U, s.Y)
}

// finite looks at weights too: a neuron whose weights have overflowed can be
// inactive on every sample, with outputs that look sound.
func (s *State) finite() bool {
	w := s.Net.W.RawMatrix()
	var sum float64
	if w.Stride == w.Cols {
		sum = blas64.Asum(blas64.Vector{N: w.Rows * w.Cols, Inc: 1, Data: w.Data})
	} else {
		sum = mat.Norm(s.Net.W, 1)
	}
	return !math.IsNaN(s.Norm+sum) && !math.IsInf(s.Norm+sum, 0)
}

// Loss returns the loss of the predictions.
func (s *State) Loss() float64 { return s.loss.Value(s.U, s.Y) }

// Gram returns the Gram matrix of the trained layers at the present weights.
func (s *State) Gram() *mat.SymDense {
	s.Batch.Gram(s.gram, s.Net, s.layers)
	return s.gram
}

// MinEig returns the smallest eigenvalue of Gram.
func (s *State) MinEig() float64 { return s.minEig(s.Gram()) }

// Movement returns max_r |w_r - w_r(0)| and the Frobenius norm |W - W(0)|_F.
func (s *State) Movement() (largest, frobenius float64) {
	return nets.Movement(s.Net.W, s.W0)
}

// Flips counts the patterns that differ from step 0: each sample's count, and
// their sum.
func (s *State) Flips() (perSample []int, total int) {
	s.Batch.Patterns(s.patterns)
	total = s.patterns.Flips(s.flips, s.Patterns)
	return s.flips, total
}

// gramChange returns H(k) - H(0), given that init was asked to keep H(0).
func (s *State) gramChange() *mat.SymDense {
	h := s.Gram()
	for i := range s.Y {
		for j := i; j < len(s.Y); j++ {
			s.diff.SetSym(i, j, h.At(i, j)-s.gram0.At(i, j))
		}
	}
	return s.diff
}

func smallestEigenvalue(h *mat.SymDense) float64 {
	v, ok := eigenvalues(h)
	if !ok {
		return math.NaN()
	}
	return v[0]
}

// spectralNorm is the largest eigenvalue in absolute value.
func spectralNorm(h *mat.SymDense) float64 {
	v, ok := eigenvalues(h)
	if !ok {
		return math.NaN()
	}
	return math.Max(math.Abs(v[0]), math.Abs(v[len(v)-1]))
}

// eigenvalues returns them in ascending order. Where entries lie so far apart that the reduction to
// tridiagonal form can leave a block of theirs below 2^-405, it asks for vectors too: without, gonum's
// Dsterf scales such a block up with the wrong stride and panics.
func eigenvalues(h *mat.SymDense) ([]float64, bool) {
	low, high := math.Inf(1), 0.0
	for i := range h.SymmetricDim() {
		for j := range i + 1 {
			if v := math.Abs(h.At(i, j)); v > 0 {
				low, high = math.Min(low, v), math.Max(high, v)
			}
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(h, low < high*0x1p-200) {
		return nil, false
	}
	return eig.Values(nil), true
}
