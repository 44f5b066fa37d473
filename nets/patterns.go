package nets

import (
	"convergo/nets/internal/neuron"
	"fmt"
	"math/bits"
)

// Patterns holds which neurons are active on which samples, 1{w_r.x_i >= 0}, as
// one bit set over the neurons a sample.
type Patterns struct {
	n, m, words int
	bits        []uint64
}

// NewPatterns returns patterns of n samples and m neurons, all inactive.
func NewPatterns(n, m int) *Patterns {
	words := (m + 63) / 64
	return &Patterns{n: n, m: m, words: words, bits: make([]uint64, n*words)}
}

// Dims returns the numbers of samples and of neurons.
func (p *Patterns) Dims() (n, m int) { return p.n, p.m }

func (p *Patterns) row(i int) []uint64 { return p.bits[i*p.words : (i+1)*p.words] }

// Active says whether neuron r is active on sample i.
func (p *Patterns) Active(i, r int) bool { return p.row(i)[r/64]>>(r%64)&1 == 1 }

// CoActive counts the neurons that are active on both samples.
func (p *Patterns) CoActive(i, j int) int {
	v, count := p.row(j), 0
	for k, w := range p.row(i) {
		count += bits.OnesCount64(w & v[k])
	}
	return count
}

// Flips stores in dst (n) the number of neurons a sample whose patterns in p
// and q differ, and returns their sum.
func (p *Patterns) Flips(dst []int, q *Patterns) int {
	if p.n != q.n || p.m != q.m {
		panic(fmt.Sprintf("nets: flips between patterns of %d x %d and %d x %d", p.n, p.m, q.n, q.m))
	}
	total := 0
	for i := range p.n {
		v, count := q.row(i), 0
		for k, w := range p.row(i) {
			count += bits.OnesCount64(w ^ v[k])
		}
		dst[i] = count
		total += count
	}
	return total
}

// Keep makes all neurons inactive that the mask leaves out. A nil mask keeps all.
func (p *Patterns) Keep(mask []bool) {
	if mask == nil {
		return
	}
	for k := range p.words {
		var keep uint64
		for r := 64 * k; r < min(64*k+64, p.m); r++ {
			if mask[r] {
				keep |= 1 << (r % 64)
			}
		}
		for i := range p.n {
			p.bits[i*p.words+k] &= keep
		}
	}
}

// Patterns stores the signs of Z in dst. Masks play no part.
func (b *Batch) Patterns(dst *Patterns) {
	m, n := b.Z.Dims()
	if dst.n != n || dst.m != m {
		panic(fmt.Sprintf("nets: patterns of %d x %d for a batch of %d samples and width %d", dst.n, dst.m, n, m))
	}
	raw := b.Z.RawMatrix()
	for k := range dst.words {
		clear(b.words)
		for r := 64 * k; r < min(64*k+64, m); r++ {
			z, words, shift := row(raw, r), b.words, r&63
			words = words[:len(z)]
			for i, v := range z {
				words[i] |= (neuron.Inactive(v) ^ 1) << (shift & 63)
			}
		}
		for i, w := range b.words {
			dst.bits[i*dst.words+k] = w
		}
	}
}

// Fragile stores in dst (n) the counts N_i(R) = #{r : |w_r.x_i| <= R} over the
// neurons that are kept, and returns their maximum. If no neuron moves farther
// than R, then at most N_i(R |x_i|) patterns flip on sample i.
//
// Pass R(1+1e-12) where a bound must stand in the face of rounding.
func (b *Batch) Fragile(dst []int, net *Network, radius float64) int {
	b.mustFit(net)
	clear(dst)
	for r := range net.Width() {
		if !net.Keeps(r) {
			continue
		}
		for i, z := range b.Z.RawRowView(r) {
			if -radius <= z && z <= radius {
				dst[i]++
			}
		}
	}
	most := 0
	for _, c := range dst {
		most = max(most, c)
	}
	return most
}
