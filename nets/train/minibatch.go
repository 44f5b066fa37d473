package train

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"convergo/nets"

	"gonum.org/v1/gonum/mat"
)

// Sampling is how the samples of a step are drawn.
type Sampling uint8

const (
	Replacing Sampling = iota // each independently and uniformly
	Distinct                  // a uniformly drawn set at each step
	Passes                    // one after another in a random order, drawn anew for each pass over the data
)

// A MiniBatch makes gradient descent stochastic: a step follows n/b times the gradient of the terms of the
// b samples drawn, which is the gradient of the loss in expectation (in Passes, over the order). The loss
// must be a sum over samples. With Passes the last batch of a pass has what is left, and its own b.
//
// The zero value takes all samples at each step.
type MiniBatch struct {
	Size int // b; 0 is all samples
	Law  Sampling
	Rand *rand.Rand // where indices are drawn from, in order of the steps
}

func (m MiniBatch) validate(n int) error {
	switch {
	case m.Size == 0:
		return nil
	case m.Size < 0 || m.Law != Replacing && m.Size > n:
		return fmt.Errorf("train: mini-batches of %d of %d samples; take between 1 and %d", m.Size, n, n)
	case m.Law > Passes:
		return fmt.Errorf("train: unknown sampling %d; take train.Replacing, Distinct or Passes", m.Law)
	case m.Rand == nil:
		return errors.New("train: mini-batches without a source of random numbers; set MiniBatch.Rand")
	}
	return nil
}

// sampler draws mini-batches and evaluates networks on them.
type sampler struct {
	MiniBatch
	order []int // a permutation of the samples; for Passes, of this pass
	at    int   // Passes: how much of the pass is done
	drawn []int // the samples of this step

	batch *nets.Batch // of Size samples, those drawn in front
	u     []float64   // outputs on all n samples, current for those drawn
	e     []float64   // derivatives of the loss in the outputs of the batch
}

func newSampler(m MiniBatch, x *mat.Dense, width int) *sampler {
	n, d := x.Dims()
	s := &sampler{
		MiniBatch: m, order: make([]int, n), drawn: make([]int, 0, m.Size),
		batch: nets.NewBatch(mat.NewDense(m.Size, d, nil), width), u: make([]float64, n), e: make([]float64, m.Size),
	}
	for i := range s.order {
		s.order[i] = i
	}
	return s
}

// draw chooses the samples of a step.
func (s *sampler) draw() {
	n := len(s.order)
	s.drawn = s.drawn[:0]
	switch s.Law {
	case Replacing:
		for range s.Size {
			s.drawn = append(s.drawn, s.Rand.IntN(n))
		}
	case Distinct:
		s.shuffle(s.Size)
		s.drawn = append(s.drawn, s.order[:s.Size]...)
	case Passes:
		if s.at == 0 {
			s.shuffle(n)
		}
		end := min(s.at+s.Size, n)
		s.drawn = append(s.drawn, s.order[s.at:end]...)
		s.at = end % n
	}
}

// shuffle puts a uniformly drawn sequence of samples in the first places of the order.
func (s *sampler) shuffle(places int) {
	for i := range places {
		j := i + s.Rand.IntN(len(s.order)-i)
		s.order[i], s.order[j] = s.order[j], s.order[i]
	}
}

// evaluate draws samples, evaluates net on them and sets e to n/b times the derivatives of the loss in
// their outputs; grad (n) is scratch.
func (s *sampler) evaluate(net *nets.Network, x *mat.Dense, y []float64, loss nets.Loss, grad []float64) {
	s.draw()
	for k, i := range s.drawn {
		s.batch.SetSample(k, x.RawRowView(i))
	}
	s.batch.Forward(net)
	for k, i := range s.drawn {
		s.u[i] = s.batch.U[k]
	}
	loss.Gradient(grad, s.u, y)
	clear(s.e)
	share := float64(len(y)) / float64(len(s.drawn))
	for k, i := range s.drawn {
		s.e[k] = share * grad[i]
	}
}
