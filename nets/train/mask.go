package train

import (
	"fmt"
	"math/rand/v2"
)

// A MaskLaw is the joint law of the masks of one round.
type MaskLaw interface {
	// Draw fills the masks, one a sub-network, all of the network's width.
	Draw(rng *rand.Rand, masks [][]bool)
	// Xi is the probability that a given one of the sub-networks keeps a given
	// neuron, for networks of m neurons.
	Xi(models, m int) float64
	// Validate reports parameters that define no law.
	Validate(models, m int) error
}

// Bernoulli keeps each neuron in each sub-network independently with
// probability Keep: dropout for one model and one local step.
type Bernoulli struct{ Keep float64 }

// Draw implements MaskLaw.
func (law Bernoulli) Draw(rng *rand.Rand, masks [][]bool) {
	for _, mask := range masks {
		for r := range mask {
			mask[r] = rng.Float64() < law.Keep
		}
	}
}

// Xi implements MaskLaw.
func (law Bernoulli) Xi(int, int) float64 { return law.Keep }

// Validate implements MaskLaw.
func (law Bernoulli) Validate(int, int) error {
	if !(law.Keep > 0 && law.Keep <= 1) {
		return fmt.Errorf("train: Bernoulli masks that keep a neuron with probability %v; it must lie in (0, 1]", law.Keep)
	}
	return nil
}

// Partition gives each neuron to one of the sub-networks, independently and
// uniformly: independent subnet training.
type Partition struct{}

// Draw implements MaskLaw.
func (Partition) Draw(rng *rand.Rand, masks [][]bool) {
	for r := range masks[0] {
		owner := rng.IntN(len(masks))
		for l, mask := range masks {
			mask[r] = l == owner
		}
	}
}

// Xi implements MaskLaw.
func (Partition) Xi(models, _ int) float64 { return 1 / float64(models) }

// Validate implements MaskLaw.
func (Partition) Validate(int, int) error { return nil }

// FixedSize keeps exactly Keep neurons, a uniformly drawn set in each
// sub-network. It is a control: the variance of an output under it is another than
// that of independent masks.
type FixedSize struct{ Keep int }

// Draw implements MaskLaw. Neuron r is kept with probability (neurons still to
// be kept) / (neurons left), which makes every set equally likely.
func (law FixedSize) Draw(rng *rand.Rand, masks [][]bool) {
	for _, mask := range masks {
		want := law.Keep
		for r := range mask {
			mask[r] = rng.IntN(len(mask)-r) < want
			if mask[r] {
				want--
			}
		}
	}
}

// Xi implements MaskLaw.
func (law FixedSize) Xi(_, m int) float64 { return float64(law.Keep) / float64(m) }

// Validate implements MaskLaw.
func (law FixedSize) Validate(_, m int) error {
	if law.Keep < 1 || law.Keep > m {
		return fmt.Errorf("train: masks that keep %d of %d neurons; keep between 1 and %d", law.Keep, m, m)
	}
	return nil
}

// Paired draws masks for the first half of the neurons and keeps r + m/2 where
// it keeps r, so that an antisymmetric network is masked to one with zero
// output.
type Paired struct{ Law MaskLaw }

// Draw implements MaskLaw.
func (law Paired) Draw(rng *rand.Rand, masks [][]bool) {
	half := len(masks[0]) / 2
	for l := range masks {
		masks[l] = masks[l][:half]
	}
	law.Law.Draw(rng, masks)
	for l, mask := range masks {
		masks[l] = mask[:2*half]
		copy(masks[l][half:], mask)
	}
}

// Xi implements MaskLaw.
func (law Paired) Xi(models, m int) float64 { return law.Law.Xi(models, m/2) }

// Validate implements MaskLaw.
func (law Paired) Validate(models, m int) error {
	if m%2 != 0 {
		return fmt.Errorf("train: paired masks for %d neurons; the width must be even", m)
	}
	return law.Law.Validate(models, m/2)
}
