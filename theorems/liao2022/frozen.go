package liao2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/train"

	"gonum.org/v1/gonum/mat"
)

// A frozen lab trains on independent inputs from preactivations that are all +kappa or -kappa, in pairs of equal
// weights and opposite output weights. While no preactivation changes its sign, training is linear, and its
// moments over the masks are known at every width: see bounds.MaskedMoments for orthonormal inputs.
type frozen struct {
	*lab
	start *nets.Network
	signs *mat.Dense // m x n, of the preactivations
}

// weightStream keeps the draw of the weights apart from those of the data.
const weightStream = 0x11a0

func (p training) frozen() (*frozen, error) {
	l, err := p.lab()
	if err != nil {
		return nil, err
	}
	if l.rowSum > 1+1e-9 {
		return nil, fmt.Errorf("%v: inner products add up to %v; the moments of each input by itself ask for orthonormal inputs", p.Data, l.rowSum-1)
	}
	return l.freeze()
}

// freeze starts from preactivations +kappa and -kappa on independent inputs.
func (l *lab) freeze() (*frozen, error) {
	f := &frozen{lab: l, start: l.lab0(), signs: mat.NewDense(l.M, l.n, nil)}
	f.signs.Mul(f.start.W, l.x.T())
	f.signs.Apply(func(_, _ int, z float64) float64 { return math.Copysign(1, z) }, f.signs)
	var z mat.Dense
	z.Scale(l.kappa(), f.signs)
	if err := preactivate(f.start, l.x, &z); err != nil {
		return nil, fmt.Errorf("%v: %w", l.Data, err)
	}
	return f, nil
}

// preactivate sets the weights in the span of independent inputs that have the given preactivations.
func preactivate(net *nets.Network, x, z *mat.Dense) error {
	var gram, dual mat.Dense
	gram.Mul(x, x.T())
	if err := dual.Solve(&gram, x); err != nil {
		return fmt.Errorf("given preactivations ask for independent inputs: %w", err)
	}
	net.W.Mul(z, &dual)
	return nil
}

// lab0 draws the weights whose signs are kept; they belong to the instance.
func (l *lab) lab0() *nets.Network {
	return l.ground.start(l.M, l.kappa(), rand.New(rand.NewPCG(l.Data.Seed, weightStream)))
}

// moments are those of every input under a scheme, labels, and preactivations of size kappa: 0 for the part of the error that comes
// from the labels.
func (f *frozen) moments(s bounds.MaskScheme, y []float64, kappa float64) ([]*bounds.MaskedMoments, error) {
	out := make([]*bounds.MaskedMoments, f.n)
	for i := range out {
		active, sum := 0, 0.0
		for r := range f.M {
			if f.signs.At(r, i) > 0 {
				active++
				sum += f.start.A[r] * kappa
			}
		}
		var err error
		squares := float64(active) * kappa * kappa
		if out[i], err = bounds.NewMaskedMoments(s, f.M, active, f.eta, y[i], sum, squares); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// predict follows the moments through the rounds and adds up what is read of each input after each.
func (f *frozen) predict(s bounds.MaskScheme, read func(k *bounds.MaskedMoments) float64) ([]float64, error) {
	moments, err := f.moments(s, f.y, f.kappa())
	if err != nil {
		return nil, err
	}
	path := make([]float64, f.Rounds)
	for _, k := range moments {
		for round := range path {
			k.Round()
			path[round] += read(k)
		}
	}
	return path, nil
}

// expectedTail is the mean of E||e_k||^2 over the last rounds, with the path from round 1.
func (f *frozen) expectedTail(s bounds.MaskScheme) (mean float64, path []float64, err error) {
	path, err = f.predict(s, (*bounds.MaskedMoments).SquaredError)
	if err != nil {
		return 0, nil, err
	}
	for _, v := range path[f.Rounds-f.Tail:] {
		mean += v / float64(f.Tail)
	}
	return mean, path, nil
}

// rounds trains from the start, with a look after each round, and returns the hypothesis that no preactivation
// has come near to changing its sign.
func (f *frozen) rounds(y []float64, rng *rand.Rand, look func(round int, s *train.State)) (checks.Hypothesis, error) {
	k, err := train.NewMasked(f.start.Clone(), f.x, y, f.masking(), train.Options{Step: f.eta}, rng)
	if err != nil {
		return checks.Hypothesis{}, err
	}
	least := 1.0
	for round := 1; round <= f.Rounds; round++ {
		k.Round()
		least = math.Min(least, f.margin(k.State()))
		look(round, k.State())
	}
	return same(least), nil
}

// margin is the least preactivation against its sign at the start, in units of kappa.
func (f *frozen) margin(s *train.State) float64 {
	least := math.Inf(1)
	z, sign := s.Batch.Z.RawMatrix().Data, f.signs.RawMatrix().Data
	for i, v := range z {
		if v *= sign[i]; v < least {
			least = v
		}
	}
	return least / f.kappa()
}

func same(least float64) checks.Hypothesis {
	return checks.Require("least sign_r0 w_r.x/kappa", least, checks.AtLeast, 0.02)
}

// tail returns the mean of ||e_k||^2 over the last rounds of the runs of a trial, and the whole path of the first.
func (f *frozen) tail(rng *rand.Rand) (mean float64, path []float64, still checks.Hypothesis, err error) {
	mean, still, err = f.average(func() (tail float64, still checks.Hypothesis, err error) {
		first := path == nil
		still, err = f.rounds(f.y, rng, func(round int, s *train.State) {
			if first {
				path = append(path, s.Norm*s.Norm)
			}
			if round > f.Rounds-f.Tail {
				tail += s.Norm * s.Norm / float64(f.Tail)
			}
		})
		return tail, still, err
	})
	return mean, path, still, err
}

// response returns <e_K, e_0>/|e_0|^2 of half the difference of two runs with the same masks and the labels y
// and -y: the part of the error that comes from the labels.
func (f *frozen) response(rng *rand.Rand) (float64, checks.Hypothesis, error) {
	how, opposite := f.masking(), make([]float64, f.n)
	masks := maskBuffers(f.P, f.M)
	for i, y := range f.y {
		opposite[i] = -y
	}
	var runs [2]*train.Masked
	for i, y := range [][]float64{f.y, opposite} {
		var err error
		if runs[i], err = train.NewMasked(f.start.Clone(), f.x, y, how, train.Options{Step: f.eta}, nil); err != nil {
			return 0, checks.Hypothesis{}, err
		}
	}
	least := 1.0
	for range f.Rounds {
		how.Law.Draw(rng, masks)
		for _, k := range runs {
			k.RoundWith(masks)
			least = math.Min(least, f.margin(k.State()))
		}
	}
	var left, norm float64
	for i, y := range f.y {
		left -= y * (runs[0].State().Residual[i] - runs[1].State().Residual[i]) / 2
		norm += y * y
	}
	return left / norm, same(least), nil
}

// average is the mean of several runs, and the least of their margins.
func (f *frozen) average(one func() (float64, checks.Hypothesis, error)) (mean float64, still checks.Hypothesis, err error) {
	still = same(1)
	for range f.runs() {
		v, margin, err := one()
		if err != nil {
			return 0, still, err
		}
		mean += v / float64(f.runs())
		if margin.Have < still.Have {
			still = margin
		}
	}
	return mean, still, nil
}

// regionTerms are those of a mean squared error of the given size on four inputs: the deviation of a run is at most its mean, see
// [errorRegion] and [partitionFloor].
func (f *frozen) regionTerms(mean float64) checks.Terms {
	return checks.Terms{
		Trials: 300, Resolution: 0.17, Deviation: checks.Float(mean / math.Sqrt(float64(f.runs()))),
	}
}
