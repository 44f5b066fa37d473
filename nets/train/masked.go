package train

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"convergo/nets"

	"gonum.org/v1/gonum/mat"
)

// Masking describes one round of training masked sub-networks (Liao and Kyrillidis 2022): draw
// Models masks; each sub-network starts from the present weights and takes
// LocalSteps gradient steps on its own loss; neuron r then moves by the average
// of its movements.
type Masking struct {
	Law        MaskLaw
	Models     int // p
	LocalSteps int // tau

	// Inverted divides the outputs of the sub-networks by xi (inverted dropout);
	// the prediction is then the output of the whole network, not xi times it.
	Inverted bool
	// Reuse draws the masks once and keeps them: a control.
	Reuse bool
	// ByModels averages over all p sub-networks in place of the
	// N_r = max(1, sum_l M_r^l) that hold the neuron: a control.
	ByModels bool
}

func (k Masking) validate(m int) error {
	switch {
	case k.Law == nil:
		return errors.New("train: no mask law; take train.Bernoulli or train.Partition")
	case k.Models < 1 || k.LocalSteps < 1:
		return fmt.Errorf("train: %d sub-networks and %d local steps; both must be at least 1", k.Models, k.LocalSteps)
	}
	return k.Law.Validate(k.Models, m)
}

// A Masked is training by rounds of masked sub-networks. One step of its State
// is one round; State.U is the prediction E f_M = xi f that the theory follows (f
// itself for Inverted). Only the first layer is trained.
type Masked struct {
	opt   Options
	how   Masking
	rng   *rand.Rand
	state State

	masks [][]bool
	drawn bool
	local *nets.Network // the sub-network at work
	batch *nets.Batch   // its preactivations
	next  *mat.Dense    // aggregated weights, rows with held > 0
	held  []int         // sub-networks that hold the neuron
	moved []bool
	grad  []float64
}

// NewMasked evaluates net, without a mask of its own, and stands before round 1.
// Masks are drawn from rng, in order of the rounds.
func NewMasked(net *nets.Network, x *mat.Dense, y []float64, how Masking, opt Options, rng *rand.Rand) (*Masked, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := checkProblem(net, x, y, opt.Loss); err != nil {
		return nil, err
	}
	if err := how.validate(net.Width()); err != nil {
		return nil, err
	}
	switch {
	case opt.Layers != nets.FirstLayer:
		return nil, errors.New("train: masked rounds train the first layer only; leave Options.Layers empty")
	case !opt.plain():
		return nil, errors.New("train: masked rounds take plain steps on all samples; leave Options.Momentum and Batch empty")
	case net.Mask != nil:
		return nil, errors.New("train: the network has a mask already; masked rounds bring their own")
	}
	m, n := net.Width(), len(y)
	k := &Masked{
		opt: opt, how: how, rng: rng,
		masks: make([][]bool, how.Models),
		local: net.Clone(), batch: nets.NewBatch(x, m), next: mat.DenseCopyOf(net.W),
		held: make([]int, m), moved: make([]bool, m), grad: make([]float64, n),
	}
	for l := range k.masks {
		k.masks[l] = make([]bool, m)
	}
	factor := how.Law.Xi(how.Models, m)
	if how.Inverted {
		k.local.Scale /= factor
		factor = 1
	}
	k.state.init(net, x, y, factor, opt)
	return k, nil
}

// State is where the run stands.
func (k *Masked) State() *State { return &k.state }

// Round draws masks and takes one round. It allocates nothing.
func (k *Masked) Round() {
	if !k.how.Reuse || !k.drawn {
		k.how.Law.Draw(k.rng, k.masks)
		k.drawn = true
	}
	k.RoundWith(k.masks)
}

// RoundWith takes one round with the given masks, for claims that enumerate them.
func (k *Masked) RoundWith(masks [][]bool) {
	clear(k.held)
	for _, mask := range masks {
		k.train(mask)
		k.aggregate(mask)
	}
	k.commit(len(masks))
}

// train takes the local steps of one sub-network.
func (k *Masked) train(mask []bool) {
	s := &k.state
	k.local.Mask = mask
	for r, kept := range mask {
		if kept {
			copy(k.local.W.RawRowView(r), s.Net.W.RawRowView(r))
			copy(k.batch.Z.RawRowView(r), s.Batch.Z.RawRowView(r))
		}
	}
	clear(k.moved)
	k.batch.Refresh(k.local, k.moved)
	for step := range k.how.LocalSteps {
		k.opt.Loss.Gradient(k.grad, k.batch.U, s.Y)
		if step+1 < k.how.LocalSteps {
			k.batch.Update(k.local, k.opt.Step, k.grad, nets.FirstLayer)
		} else {
			k.batch.Move(k.local, k.opt.Step, k.grad)
		}
	}
}

// aggregate takes the sub-network's weights into the running means
// w_k + (1/N) sum_l (w^l - w_k) = (1/N) sum_l w^l over the sub-networks that
// hold the neuron. A running mean of equal copies is that copy to the last bit,
// which is why full masks reproduce gradient descent exactly.
func (k *Masked) aggregate(mask []bool) {
	for r, kept := range mask {
		if !kept {
			continue
		}
		k.held[r]++
		mean, w := k.next.RawRowView(r), k.local.W.RawRowView(r)
		if k.held[r] == 1 {
			copy(mean, w)
			continue
		}
		share := 1 / float64(k.held[r])
		for i, v := range w {
			mean[i] += share * (v - mean[i])
		}
	}
}

// commit installs the aggregated weights and evaluates them.
func (k *Masked) commit(models int) {
	s := &k.state
	for r, held := range k.held {
		k.moved[r] = held > 0
		if held == 0 {
			continue
		}
		w, mean := s.Net.W.RawRowView(r), k.next.RawRowView(r)
		if !k.how.ByModels || held == models {
			copy(w, mean)
			continue
		}
		share := float64(held) / float64(models)
		for i, v := range mean {
			w[i] += share * (v - w[i])
		}
	}
	s.Batch.Refresh(s.Net, k.moved)
	s.Step++
	s.refresh()
}

// Run takes opt.Steps rounds, as Descent.Run takes steps.
func (k *Masked) Run(ctx context.Context) (*Trace, error) {
	return drive(ctx, &k.state, k.opt, k.Round)
}

// DescendMasked runs rounds of masked sub-networks on net, in place.
func DescendMasked(ctx context.Context, net *nets.Network, x *mat.Dense, y []float64, how Masking, opt Options, rng *rand.Rand) (*Trace, error) {
	k, err := NewMasked(net, x, y, how, opt, rng)
	if err != nil {
		return nil, err
	}
	return k.Run(ctx)
}
