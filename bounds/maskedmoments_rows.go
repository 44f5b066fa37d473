package bounds

// A rowMoment is one value of the masks of a neuron, one a sub-network, with its probability.
type rowMoment struct {
	masks       []float64 // M^l
	shares      []float64 // omega^l = M^l/N
	probability float64
}

// rowMoments enumerates the masks of one neuron.
func (s MaskScheme) rowMoments() []rowMoment {
	var out []rowMoment
	for code := range 1 << s.Models {
		row := rowMoment{masks: make([]float64, s.Models), shares: make([]float64, s.Models), probability: 1}
		held := 0.0
		for l := range s.Models {
			if code>>l&1 == 1 {
				row.masks[l] = 1
				held++
				row.probability *= s.Keep
			} else {
				row.probability *= 1 - s.Keep
			}
		}
		if s.Partition {
			row.probability = s.Keep
			if held != 1 {
				continue
			}
		}
		for l, v := range row.masks {
			if held > 0 {
				row.shares[l] = v / held
			}
		}
		if row.probability > 0 {
			out = append(out, row)
		}
	}
	return out
}

// moment is the mean over the masks of one neuron of the product of the factors
//
//	1: omega^l   2: omega^l'   4: M^l   8: M^l'
//
// for l = 0 and l' = other.
func (k *MaskedMoments) moment(other, factors int) float64 {
	var mean float64
	for _, row := range k.row {
		v := row.probability
		for bit, factor := range []float64{row.shares[0], row.shares[other], row.masks[0], row.masks[other]} {
			if factors>>bit&1 == 1 {
				v *= factor
			}
		}
		mean += v
	}
	return mean
}

// products is the mean of sum_{l,l'} over the given sums over neurons of shares, such as (sum_r omega_r^l)
// (sum_r omega_r^l'), times (sigma S_l - y) (sigma S_l' - y).
func (k *MaskedMoments) products(shares []int) float64 {
	s, y := k.sigma, k.y
	pair := func(other int) float64 {
		with := func(more ...int) float64 {
			return k.coincide(other, append(append([]int(nil), shares...), more...), nil)
		}
		return s*s*with(4, 8) - s*y*(with(4)+with(8)) + y*y*with()
	}
	p := float64(k.scheme.Models)
	sum := p * pair(0)
	if k.scheme.Models > 1 {
		sum += p * (p - 1) * pair(1)
	}
	return sum
}

// coincide sums over all neurons of the items, each of which has one: over the ways to let the items share
// neurons, the mean of each neuron's factors times the sum over distinct neurons of the c_r that belong to the
// masks among the items.
func (k *MaskedMoments) coincide(other int, items, blocks []int) float64 {
	if len(items) == 0 {
		return k.distinct(other, blocks)
	}
	var sum float64
	for i := range blocks {
		merged := append([]int(nil), blocks...)
		merged[i] |= items[0]
		sum += k.coincide(other, items[1:], merged)
	}
	return sum + k.coincide(other, items[1:], append(append([]int(nil), blocks...), items[0]))
}

// distinct is the term of [MaskedMoments.coincide] in which each block has a neuron of its own.
func (k *MaskedMoments) distinct(other int, blocks []int) float64 {
	value, weighted, together := 1.0, 0, false
	for _, b := range blocks {
		value *= k.moment(other, b)
		if b&(4|8) != 0 {
			weighted++
		}
		together = together || b&4 != 0 && b&8 != 0
	}
	n := float64(k.active)
	switch {
	case together:
		value *= k.q
	case weighted == 2:
		value *= k.cc - k.q
	case weighted == 1:
		value *= k.c
	}
	for i := weighted; i < len(blocks); i++ { // the other neurons are any that are left
		value *= n - float64(i)
	}
	return value
}
