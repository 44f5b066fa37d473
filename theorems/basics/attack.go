package basics

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
)

// An attack moves every neuron by at most R from its start.
type attack struct {
	Data  data.Spec `json:"data"`
	Width int       `json:"m"`
	R     float64   `json:"r"`
	How   string    `json:"how"` // see attacks
}

// attacks lists the attacks: across flips every neuron it can on the first input, off only
// switches off, fragile moves each neuron across its nearest input, random goes
// anywhere.
func attacks() []string { return []string{"across", "off", "fragile", "random"} }

// planted is the attack fragile from weights that are chosen against the bound, see plant; it
// needs independent inputs.
const planted = "planted"

func (p attack) cost() checks.Cost {
	n, d := size(p.Data)
	m := float64(p.Width)
	return checks.Cost{Setup: n*n*d + 1e4, Trial: m*(12*d+6*n*d+20*n) + n*n*m/8, Size: fmt.Sprintf("m=%d", p.Width)}
}

func attacked(how ...string) *rapid.Generator[attack] {
	return rapid.Custom(func(t *rapid.T) attack {
		return attack{
			Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 8, MinD: 1, MaxD: 6}).Draw(t, "data"),
			Width: rapid.IntRange(1, 200).Draw(t, "m"),
			R:     math.Pow(10, rapid.Float64Range(-3, 0.5).Draw(t, "log10 r")),
			How:   rapid.SampledFrom(how).Draw(t, "how"),
		}
	})
}

// move returns a copy of the network with every neuron moved by at most radius.
func (p attack) move(net *nets.Network, batch *nets.Batch, radius float64, r *rand.Rand) (*nets.Network, error) {
	moved := net.Clone()
	n, d := batch.X.Dims()
	for k := range net.Width() {
		z, target := batch.Z.RawRowView(k), 0
		step := make([]float64, d)
		switch p.How {
		case "random":
			step = vector(r, d)
			step = scaled(radius/floats.Norm(step, 2), step)
		case "fragile", planted:
			for i := range n {
				if math.Abs(z[i]) < math.Abs(z[target]) {
					target = i
				}
			}
			fallthrough
		case "across", "off":
			if p.How != "off" || z[target] > 0 {
				step = scaled(-math.Copysign(radius, z[target]), batch.X.RawRowView(target))
			}
		default:
			return nil, fmt.Errorf("unknown attack %q: use one of %v or %s", p.How, attacks(), planted)
		}
		row := moved.W.RawRowView(k)
		for i := range row {
			row[i] += step[i]
		}
	}
	return moved, nil
}

// plant sets the weights so that every neuron is active on all inputs and fragile on one alone, in turn: w.x_k
// is in (0, R) there and in (R, 3R/2) elsewhere.
func (p attack) plant(net *nets.Network, x *mat.Dense, r *rand.Rand) error {
	n, d := x.Dims()
	z := mat.NewDense(n, p.Width, nil)
	z.Apply(func(i, k int, _ float64) float64 {
		if i == k%n {
			return p.R * (0.05 + 0.9*r.Float64())
		}
		return p.R * (1.01 + 0.49*r.Float64())
	}, z)
	w := mat.NewDense(d, p.Width, nil)
	if err := w.Solve(x, z); err != nil {
		return fmt.Errorf("inputs that are nearly dependent cannot be planted: %w", err)
	}
	net.W.Copy(w.T())
	return nil
}

// A moved is a network before and after an attack.
type moved struct {
	fragile []int // S_i: neurons within R of the kink on input i, before
	flips   []int // neurons whose pattern on input i differs
	before  *mat.SymDense
	after   *mat.SymDense
}

// run draws a network and attacks it with the given multiple of R.
func (p attack) run(set *data.Set, multiple float64, r *rand.Rand) (*moved, error) {
	n := set.N()
	net, batch := nets.NTK(p.Width, set.D()).Draw(r), nets.NewBatch(set.X, p.Width)
	if p.How == planted {
		if err := p.plant(net, set.X, r); err != nil {
			return nil, err
		}
	}
	batch.Forward(net)
	out := &moved{fragile: make([]int, n), flips: make([]int, n), before: mat.NewSymDense(n, nil), after: mat.NewSymDense(n, nil)}
	batch.Fragile(out.fragile, net, p.R*(1+1e-12))
	start, end := nets.NewPatterns(n, p.Width), nets.NewPatterns(n, p.Width)
	batch.Patterns(start)
	batch.Gram(out.before, net, nets.FirstLayer)
	moved, err := p.move(net, batch, multiple*p.R, r)
	if err != nil {
		return nil, err
	}
	batch.Forward(moved)
	batch.Patterns(end)
	batch.Gram(out.after, moved, nets.FirstLayer)
	start.Flips(out.flips, end)
	return out, nil
}
