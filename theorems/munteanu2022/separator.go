package munteanu2022

import (
	"fmt"
	"math"
	"math/rand/v2"

	"convergo/bounds"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// separated are labelled data with a failure probability. Kernel takes the separator S_q of the kernel
// margin, for data in any dimension; Width multiplies the width (controls).
type separated struct {
	Data   data.Spec `json:"data"`
	Delta  float64   `json:"delta"`
	Kernel bool      `json:"kernel,omitempty"`
	Width  float64   `json:"width,omitempty"`
}

// A separator is a map v with |v(z)| <= 1 and its margin min_i y_i E[<v(z),x_i> 1{<x_i,z> > 0}].
type separator struct {
	x      *mat.Dense
	y, q   []float64
	unit   bool // v = S_q/|S_q|, else S_q
	margin float64
}

// newSeparator takes the weights q of the planar margin with v = S_q/|S_q|, which is optimal but for
// the gap of the certificates, or those of the kernel margin with v = S_q, whose margin
// min_i (Y H^inf Y q)_i is gamma_2^2 at the optimal q.
func newSeparator(s data.Spec, byKernel bool) (*separator, error) {
	in, err := build(s)
	if err != nil {
		return nil, err
	}
	x, y, h := in.Span, in.Set.Y, in.Limit
	v := &separator{x: x, y: y, unit: !byKernel, margin: math.Inf(1)}
	if byKernel {
		m, err := bounds.KernelMargin(h, y)
		if err != nil {
			return nil, err
		}
		v.q = m.Weights
		for i := range y {
			sum := 0.0
			for j := range y {
				sum += y[i] * h.At(i, j) * y[j] * v.q[j]
			}
			v.margin = math.Min(v.margin, sum)
		}
		return v, nil
	}
	m, err := bounds.PlanarMargin(x, y)
	if err != nil {
		return nil, err
	}
	arcs, _, err := bounds.Arcs(x)
	if err != nil {
		return nil, err
	}
	v.q = m.Weights
	sums, dir := make([]float64, len(y)), make([]float64, 2)
	for _, arc := range arcs {
		v.at(dir, arc.Direction[:])
		for i, on := range arc.Active {
			if on {
				sums[i] += arc.Weight * y[i] * floats.Dot(dir, x.RawRowView(i))
			}
		}
	}
	for _, sum := range sums {
		v.margin = math.Min(v.margin, sum)
	}
	return v, nil
}

// at stores v(z) in dst.
func (v *separator) at(dst, z []float64) {
	clear(dst)
	for i, q := range v.q {
		row := v.x.RawRowView(i)
		if floats.Dot(z, row) >= 0 {
			for k, w := range row {
				dst[k] += q * v.y[i] * w
			}
		}
	}
	if !v.unit {
		return
	}
	if norm := floats.Norm(dst, 2); norm > 0 {
		for k := range dst {
			dst[k] /= norm
		}
	}
}

// tangentMargin returns min_i y_i <grad f(x_i), U> for the weights of the batch, and |U|_F, where
// neuron s has u_s = a_s v_s/size.
func tangentMargin(net *nets.Network, batch *nets.Batch, x *mat.Dense, y []float64, v func(s int) []float64, size float64) (least, norm float64) {
	margins := make([]float64, len(y))
	for s := range net.Width() {
		u, z := v(s), batch.Z.RawRowView(s)
		if u == nil {
			continue
		}
		norm += floats.Dot(u, u) / (size * size)
		for i := range y {
			if z[i] >= 0 { // a_s^2 = 1
				margins[i] += net.Scale * y[i] * floats.Dot(u, x.RawRowView(i)) / size
			}
		}
	}
	least = math.Inf(1)
	for _, m := range margins {
		least = math.Min(least, m)
	}
	return least, math.Sqrt(norm)
}

func (p separated) width(v *separator) int {
	w := bounds.FiniteMarginWidth(len(v.y), v.margin, p.Delta)
	if p.Width > 0 {
		w *= p.Width
	}
	return bounds.EvenWidth(w)
}

// finiteMargin carries the margin to finite width.
//
// Setting: labelled data of unit norm; a map v with |v(z)| <= 1 and margin gamma > 0 on it: in the plane
// v = S_q/|S_q| with the optimal weights q, whose margin is the tangent-kernel margin; in any dimension v = S_q
// with the weights of the kernel margin, whose margin is gamma_2^2 (see margin-kernel).
//
// Hypotheses: gamma > 0 (here at least 1e-6), m >= 16 gamma^{-2} ln(n/delta) and even.
//
// Conclusion: with probability at least 1 - delta over the g of a coupled network, U with rows
// u_s = a_s v(g_s)/sqrt(m) has |U|_F <= 1 and y_i <grad f(W(0),x_i), U> >= gamma/2 for all i.
//
// Constants: derived. Each sample's margin is a mean over m/2 pairs of terms in [-1, 1] with mean at least gamma:
// Hoeffding. What is compared is the margin over max(1, |U|_F), which covers both conclusions.
//
// Convention: coupled pairs; the scale beta does not matter and is 1.
//
// Reference: width gamma^{-2} log n of the abstract, derived here.
//
// Control: a twelfth of the width, where some sample of 16 misses gamma/2 more often than not.
//
// Loose: a union over the samples of the bounded difference of independent pairs.
func finiteMargin() checks.Claim[separated] {
	setup := func(p separated) (checks.Instance, error) {
		v, err := newSeparator(p.Data, p.Kernel)
		if err != nil {
			return checks.Instance{}, err
		}
		inst := checks.Instance{
			Hypotheses: []checks.Hypothesis{checks.Require("margin gamma", v.margin, checks.AtLeast, 1e-6)},
			Facts:      []checks.Fact{checks.NewFact("gamma", v.margin)},
			Terms:      checks.Terms{Delta: checks.Float(p.Delta)},
		}
		if v.margin < 1e-6 {
			return inst, nil
		}
		m := p.width(v)
		_, d := v.x.Dims()
		law := net(m, d, 1)
		inst.Facts = append(inst.Facts,
			checks.NewFact("required width (derived)", bounds.FiniteMarginWidth(len(v.y), v.margin, p.Delta)),
			checks.NewFact("width run", float64(m)),
			checks.NewFact("gamma^{-8}, order of the width before", math.Pow(v.margin, -8)))
		inst.Trial = func(r *rand.Rand) checks.Measurement {
			net, batch := law.Draw(r), nets.NewBatch(v.x, m)
			batch.Forward(net)
			u := make([]float64, d)
			least, norm := tangentMargin(net, batch, v.x, v.y, func(s int) []float64 {
				if s%2 == 0 { // partners share v
					v.at(u, net.W.RawRowView(s))
				}
				return u
			}, math.Sqrt(float64(m)))
			return checks.Measurement{Observed: least / math.Max(norm, 1), Predicted: v.margin / 2, Relation: checks.AtLeast}
		}
		return inst, nil
	}
	circle := func(n int, delta, width float64) separated {
		return separated{Data: circle(n), Delta: delta, Width: width}
	}
	pictures := func(s data.Spec) separated {
		return separated{Data: s, Delta: 0.3, Kernel: true}
	}
	return checks.Claim[separated]{
		ID: "munteanu2022/finite-margin", Title: "the margin at finite width", Reference: "derived here",
		Formula: `m \ge \frac{16}{\gamma^2} \ln\frac{n}{\delta} \ \Rightarrow\ \min_i y_i \langle \nabla f(W(0),x_i), U\rangle \ge \frac{\gamma}{2}, \ \|U\|_F \le 1`, Convention: convention,
		Basis: checks.Derived, Form: checks.Probably{}, Version: 3, Detects: map[string]float64{"": 1.9},
		Space: rapid.Custom(func(t *rapid.T) separated {
			s := gen.Separated(gen.Range{MinN: 1, MaxN: 6, MinD: 2, MaxD: 4}).Draw(t, "data")
			s.Labels = rapid.SampledFrom([]string{data.Const, data.Alternate, data.Sign}).Draw(t, "signs")
			return separated{Data: s, Delta: rapid.SampledFrom([]float64{0.9, 0.5}).Draw(t, "delta"), Kernel: true}
		}),
		Grid: []separated{
			circle(4, 0.1, 0), circle(8, 0.3, 0),
			{Data: data.Spec{Kind: data.Sphere, N: 5, D: 2, Seed: 4, Labels: data.Sign}, Delta: 0.3},
			pictures(images.Classes(data.Fashion, 4, 49, 0, 9)), pictures(images.Easy(data.MNIST, 6, 49)),
			{Data: images.Easy(data.MNIST, 20, 784), Delta: 0.1, Kernel: true}, circle(32, 0.1, 0),
		},
		Cost: func(p separated) checks.Cost {
			v, err := newSeparator(p.Data, p.Kernel)
			if err != nil || v.margin < 1e-6 {
				return checks.Cost{}
			}
			m, n, d := float64(p.width(v)), float64(len(v.y)), float64(v.x.RawMatrix().Cols)
			return checks.Cost{Setup: 1e3 * n * n * n, Trial: m * (60 + d*(10+6*n)), Bytes: 8 * m * (n + d), Size: fmt.Sprintf("m=%g", m)}
		},
		Setup: setup,
		Controls: []checks.Control[separated]{{
			Name: "too-narrow", Why: "at a twelfth of the width some sample misses half of the margin several times too often", At: []separated{circle(8, 0.1, 1./12), circle(16, 0.1, 1./12)},
		}},
	}
}
