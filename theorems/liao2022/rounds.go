package liao2022

import (
	"fmt"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/theorems/internal/twolayer"
)

// Schemes of the table.
const (
	schemeDescent   = "full gradient descent"
	schemeDropout   = "dropout"
	schemeMulti     = "multi-sample dropout"
	schemeBernoulli = "Bernoulli sub-networks"
	schemePartition = "independent subnet training"
	schemeInverted  = "inverted dropout"
)

// A training is training by masked rounds on one data set.
type training struct {
	Data   data.Spec `json:"data"`
	Scheme string    `json:"scheme"`
	Xi     float64   `json:"xi"`
	P      int       `json:"p"`
	Tau    int       `json:"tau"`
	Eta    float64   `json:"eta"` // step size in units of 1/lambda_max(H^inf)
	M      int       `json:"m"`
	Rounds int       `json:"rounds"`
	Tail   int       `json:"tail,omitempty"`  // rounds at the end that are averaged
	Kappa  float64   `json:"kappa,omitempty"` // 0 is 1
	Reuse  bool      `json:"reuse,omitempty"` // keep the masks of the first round: a control
	Runs   int       `json:"runs,omitempty"`  // that a trial averages, to be near normal; 0 is 1
}

func (p training) scheme() bounds.MaskScheme {
	return bounds.MaskScheme{
		Keep: p.Xi, Models: p.P, LocalSteps: p.Tau,
		Partition: p.Scheme == schemePartition, Inverted: p.Scheme == schemeInverted,
	}
}

func (p training) masking() train.Masking {
	how := train.Masking{Law: train.Bernoulli{Keep: p.Xi}, Models: p.P, LocalSteps: p.Tau, Inverted: p.Scheme == schemeInverted, Reuse: p.Reuse}
	if p.Scheme == schemePartition {
		how.Law = train.Partition{}
	}
	return how
}

func (p training) kappa() float64 {
	if p.Kappa == 0 {
		return 1
	}
	return p.Kappa
}

func (p training) runs() int { return max(p.Runs, 1) }

// cost counts a neuron's visit as 40 operations beside its arithmetic: on few
// samples that is what it takes.
func (p training) cost() checks.Cost {
	n, _ := twolayer.Size(p.Data)
	visits := float64(p.runs()*p.Rounds) * (1 + float64(p.P)*(1+p.Xi*float64(p.Tau)))
	return checks.Cost{Setup: 100 * n * n * n, Trial: float64(p.M) * (visits*(2*n*n+40) + 30*n), Size: fmt.Sprintf("m=%d, %d rounds", p.M, p.Rounds)}
}

// A lab is a run with its data and its limit.
type lab struct {
	training
	*ground
	law bounds.MaskScheme
	eta float64
}

func (p training) lab() (*lab, error) {
	g, err := groundOn(p.Data)
	if err != nil {
		return nil, err
	}
	l := &lab{training: p, ground: g, law: p.scheme()}
	if err := l.law.Validate(); err != nil {
		return nil, err
	}
	if p.M%2 != 0 || p.Rounds < 1 || p.Tail > p.Rounds {
		return nil, fmt.Errorf("width %d, %d rounds, tail %d: the width must be even and the tail within the rounds", p.M, p.Rounds, p.Tail)
	}
	l.eta = p.Eta / g.top()
	return l, nil
}

func (g *ground) top() float64 { return g.limit.Values[g.n-1] }

// facts are what the table of the schemes is made of.
func (l *lab) facts() []checks.Fact {
	return []checks.Fact{
		checks.NewFact("lambda_0", l.lambda0.Value),
		checks.NewFact("step size", l.eta),
		checks.NewFact("theta", l.law.Theta()),
		checks.NewFact("rate as m grows", l.law.SlowestFactor(l.eta, l.limit.Values)),
		checks.NewFact("width run", float64(l.M)),
	}
}

// run draws weights of zero output and takes the rounds, with a look after
// each; look gets the round, from 1.
func (l *lab) run(y []float64, rng *rand.Rand, look func(round int, s *train.State)) error {
	k, err := train.NewMasked(l.start(l.M, l.kappa(), rng), l.x, y, l.masking(), train.Options{Step: l.eta}, rng)
	if err != nil {
		return err
	}
	for round := 1; round <= l.Rounds; round++ {
		k.Round()
		look(round, k.State())
	}
	return nil
}

// expectedTail is the limit m -> infinity of the mean of ||e_k||^2 over the last rounds, with the path from round 1.
func (l *lab) expectedTail() (mean float64, path []float64) {
	path = l.limit.SquaredError(l.law, l.eta, l.kappa(), l.y, l.Rounds)[1:]
	for _, v := range path[l.Rounds-l.Tail:] {
		mean += v / float64(l.Tail)
	}
	return mean, path
}

// orthonormals are n orthonormal inputs with labels of the given size and alternating sign.
func orthonormals(n int, labels float64) data.Spec {
	return data.Spec{Kind: data.Basis, N: n, D: n, Labels: data.Alternate, LabelScale: labels}
}
