package subquadratic

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

// Newton trains the first layer of a two-layer network by approximate Gauss-Newton steps: W -= J^T g with
// |G g - (f - y)| <= Accuracy |f - y|.
type Newton struct {
	Net *nets.Network
	X   *mat.Dense
	Y   []float64
	// Accuracy is the share of the residual that the solution of the system leaves; the worst direction, along the residual
	// itself, is taken: g = (1 - Accuracy) G^{-1} (f - y).
	Accuracy float64

	Batch    *nets.Batch
	Solution []float64 // g of the last step
	Residual []float64 // f - y

	gram  *mat.SymDense
	fresh bool // gram is that of the present weights
}

// NewNewton starts at the weights of net.
func NewNewton(net *nets.Network, x *mat.Dense, y []float64, accuracy float64) (*Newton, error) {
	if err := nets.CheckData(x, y); err != nil {
		return nil, err
	}
	if !(accuracy >= 0 && accuracy < 1) {
		return nil, fmt.Errorf("subquadratic: accuracy %v of the system; take one in [0, 1)", accuracy)
	}
	s := &Newton{Net: net, X: x, Y: y, Accuracy: accuracy, Batch: nets.NewBatch(x, net.Width())}
	s.gram, s.Residual = mat.NewSymDense(len(y), nil), make([]float64, len(y))
	s.refresh()
	return s, nil
}

func (s *Newton) refresh() {
	s.Batch.Forward(s.Net)
	floats.SubTo(s.Residual, s.Batch.U, s.Y)
	s.fresh = false
}

// Gram is the Gram matrix J J^T at the present weights; it belongs to s until the next step.
func (s *Newton) Gram() *mat.SymDense {
	if !s.fresh {
		s.Batch.Gram(s.gram, s.Net, nets.FirstLayer)
		s.fresh = true
	}
	return s.gram
}

// Norm is the Euclidean norm of the residual.
func (s *Newton) Norm() float64 { return floats.Norm(s.Residual, 2) }

// Step takes one step. It fails where the Gram matrix is singular.
func (s *Newton) Step() error {
	g, err := solve(s.Gram(), s.Residual)
	if err != nil {
		return err
	}
	floats.Scale(1-s.Accuracy, g)
	s.Solution = g
	s.Batch.Move(s.Net, 1, g)
	s.refresh()
	return nil
}

// Near counts, for each input, the neurons whose preactivation lies within radius of the threshold, and returns the
// largest count.
func (s *Newton) Near(threshold, radius float64) int {
	m, n := s.Batch.Z.Dims()
	most := 0
	for i := range n {
		count := 0
		for r := range m {
			if math.Abs(s.Batch.Z.At(r, i)-threshold) <= radius {
				count++
			}
		}
		most = max(most, count)
	}
	return most
}
