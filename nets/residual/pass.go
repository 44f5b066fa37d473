package residual

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Pass holds what a network computes on one batch, in memory that is used again each time Forward is called. The
// matrices it returns are live views with one row for each position of each input; they must not be written to.
type Pass struct {
	net      *Network
	n        int
	x        []*mat.Dense // x[h] is x^(h), h = 0..H
	phi      []*mat.Dense // phi[h] are the patches that layer h reads, h = 1..H
	z, slope []*mat.Dense // of layer h, h = 1..H
	d        []*mat.Dense // gradient rows, h = 1..H
	gradient []*mat.Dense // h = 1..H+1
	back     *mat.Dense
	patches  []float64 // one row of patches, backward
	out      []float64
	fresh    bool // the gradient rows belong to these weights
}

// NewPass allocates a pass over the rows of x, each with the p d_0 entries of an input, position by position, and runs it.
func (net *Network) NewPass(x *mat.Dense) (*Pass, error) {
	c := net.Config
	n, entries := x.Dims()
	if entries != c.Positions*c.Channels {
		return nil, fmt.Errorf("residual: inputs of %d entries for %d positions of %d channels", entries, c.Positions, c.Channels)
	}
	rows := n * c.Positions
	p := &Pass{
		net: net, n: n, out: make([]float64, n),
		x: make([]*mat.Dense, c.Layers+1), phi: make([]*mat.Dense, c.Layers+1), z: make([]*mat.Dense, c.Layers+1),
		slope: make([]*mat.Dense, c.Layers+1), d: make([]*mat.Dense, c.Layers+1), gradient: make([]*mat.Dense, c.Layers+2),
		back: mat.NewDense(rows, c.Width, nil), patches: make([]float64, c.Patch*max(c.Width, c.Channels)),
	}
	p.x[0] = mat.NewDense(rows, c.Channels, mat.DenseCopyOf(x).RawMatrix().Data)
	for h, in := 1, c.Channels; h <= c.Layers; h, in = h+1, c.Width {
		p.x[h], p.z[h] = mat.NewDense(rows, c.Width, nil), mat.NewDense(rows, c.Width, nil)
		p.slope[h], p.d[h] = mat.NewDense(rows, c.Width, nil), mat.NewDense(rows, c.Width, nil)
		if p.phi[h] = p.x[h-1]; c.Patch > 1 {
			p.phi[h] = mat.NewDense(rows, c.Patch*in, nil)
		}
	}
	for h := 1; h <= c.Layers+1; h++ {
		r, k := net.Weight(h).Dims()
		p.gradient[h] = mat.NewDense(r, k, nil)
	}
	p.Forward()
	return p, nil
}

// Forward recomputes the pass. Call it after changing the weights.
func (p *Pass) Forward() {
	c := p.net.Config
	p.fresh = false
	for h := 1; h <= c.Layers; h++ {
		p.gather(h)
		w, scale := p.net.W[h-1], c.scale(h)
		for i := range p.n * c.Positions {
			below, x, z, slope := p.phi[h].RawRowView(i), p.x[h].RawRowView(i), p.z[h].RawRowView(i), p.slope[h].RawRowView(i)
			for r := range z {
				z[r] = floats.Dot(w.RawRowView(r), below)
				x[r], slope[r] = scale*c.Activation.Value(z[r]), c.Activation.Deriv(z[r])
			}
			if c.skips(h) {
				floats.Add(x, p.x[h-1].RawRowView(i))
			}
		}
	}
	a := p.net.A.RawMatrix().Data
	for i := range p.out {
		p.out[i] = floats.Dot(a, p.input(p.x[c.Layers], i))
	}
}

// input is the part of a matrix that belongs to input i.
func (p *Pass) input(x *mat.Dense, i int) []float64 {
	size := p.net.Config.Positions * x.RawMatrix().Cols
	return x.RawMatrix().Data[i*size : (i+1)*size]
}

// gather fills the patches that layer h reads.
func (p *Pass) gather(h int) {
	if p.net.Config.Patch == 1 {
		return // they are the features
	}
	in := p.x[h-1].RawMatrix().Cols
	p.eachPatch(func(row, slot, from int) {
		copy(p.phi[h].RawRowView(row)[slot*in:(slot+1)*in], p.x[h-1].RawRowView(from))
	})
}

// eachPatch calls f for every row, every slot of its patch, and the row that the slot shows, but for those beyond the
// edges.
func (p *Pass) eachPatch(f func(row, slot, from int)) {
	c := p.net.Config
	for i := range p.n {
		for l := range c.Positions {
			for slot := range c.Patch {
				if from := l + slot - c.Patch/2; from >= 0 && from < c.Positions {
					f(i*c.Positions+l, slot, i*c.Positions+from)
				}
			}
		}
	}
}

// backward fills the gradient rows unless they are there.
func (p *Pass) backward() {
	if p.fresh {
		return
	}
	p.fresh = true
	c := p.net.Config
	for i := range p.n {
		copy(p.input(p.back, i), p.net.A.RawMatrix().Data)
	}
	for h := c.Layers; h >= 1; h-- {
		scale := c.scale(h)
		for i := range p.n * c.Positions {
			d, b, slope := p.d[h].RawRowView(i), p.back.RawRowView(i), p.slope[h].RawRowView(i)
			for r := range d {
				d[r] = scale * slope[r] * b[r]
			}
		}
		if h > 1 {
			p.descendTo(h)
		}
	}
}

// descendTo carries the backward rows from above layer h to below it.
func (p *Pass) descendTo(h int) {
	c := p.net.Config
	if !c.skips(h) {
		p.back.Zero()
	}
	w := p.net.W[h-1]
	for i := range p.n {
		for l := range c.Positions {
			row := i*c.Positions + l
			patch := p.patches[:c.Patch*c.Width]
			clear(patch)
			for r, v := range p.d[h].RawRowView(row) {
				floats.AddScaled(patch, v, w.RawRowView(r))
			}
			for slot := range c.Patch {
				if from := l + slot - c.Patch/2; from >= 0 && from < c.Positions {
					floats.Add(p.back.RawRowView(i*c.Positions+from), patch[slot*c.Width:(slot+1)*c.Width])
				}
			}
		}
	}
}

// Output returns f(x_i).
func (p *Pass) Output() []float64 { return p.out }

// Feature returns x^(h), h = 0..H.
func (p *Pass) Feature(h int) *mat.Dense { return p.x[h] }

// Patches returns phi(x^(h-1)), which layer h = 1..H reads.
func (p *Pass) Patches(h int) *mat.Dense { return p.phi[h] }

// Slope returns sigma'(Z_h), h = 1..H.
func (p *Pass) Slope(h int) *mat.Dense { return p.slope[h] }

// Norm is ||x_i^(h)||_F.
func (p *Pass) Norm(h, i int) float64 { return floats.Norm(p.input(p.x[h], i), 2) }

// Apart is ||x_i^(h) - x_i^(h)(other)||_F for a pass of the same shape.
func (p *Pass) Apart(other *Pass, h, i int) float64 {
	return floats.Distance(p.input(p.x[h], i), other.input(other.x[h], i), 2)
}

// FeatureGram returns the matrix of inner products of the x_i^(h).
func (p *Pass) FeatureGram(h int) *mat.SymDense {
	g := mat.NewSymDense(p.n, nil)
	for i := range p.n {
		for j := i; j < p.n; j++ {
			g.SetSym(i, j, floats.Dot(p.input(p.x[h], i), p.input(p.x[h], j)))
		}
	}
	return g
}

// Gram sets dst to the sum over the given layers, all if none is given, of their parts of J J^T. A nil dst is allocated.
func (p *Pass) Gram(dst *mat.SymDense, layers ...int) *mat.SymDense {
	if dst == nil {
		dst = mat.NewSymDense(p.n, nil)
	}
	dst.Zero()
	p.backward()
	for h := 1; h <= p.net.Config.Layers+1; h++ {
		if !among(layers, h) {
			continue
		}
		for i := range p.n {
			for j := i; j < p.n; j++ {
				dst.SetSym(i, j, dst.At(i, j)+p.inner(h, i, j))
			}
		}
	}
	return dst
}

// inner is the inner product of the gradients of two outputs with respect to layer h.
func (p *Pass) inner(h, i, j int) float64 {
	c := p.net.Config
	if h == c.Layers+1 {
		return floats.Dot(p.input(p.x[c.Layers], i), p.input(p.x[c.Layers], j))
	}
	sum := 0.0
	for k := range c.Positions {
		for l := range c.Positions {
			a, b := i*c.Positions+k, j*c.Positions+l
			sum += floats.Dot(p.d[h].RawRowView(a), p.d[h].RawRowView(b)) * floats.Dot(p.phi[h].RawRowView(a), p.phi[h].RawRowView(b))
		}
	}
	return sum
}

// Gradient returns J_h^T e, the gradient of sum_i e_i f(x_i) with respect to layer h, as a view that the next call
// overwrites.
func (p *Pass) Gradient(h int, e []float64) *mat.Dense {
	c := p.net.Config
	g := p.gradient[h]
	g.Zero()
	if h == c.Layers+1 {
		for i, v := range e {
			floats.AddScaled(g.RawMatrix().Data, v, p.input(p.x[c.Layers], i))
		}
		return g
	}
	p.backward()
	for i := range p.n * c.Positions {
		v, d, below := e[i/c.Positions], p.d[h].RawRowView(i), p.phi[h].RawRowView(i)
		for r := range d {
			floats.AddScaled(g.RawRowView(r), v*d[r], below)
		}
	}
	return g
}

// Descend takes one step of gradient descent on half the sum of the squared residuals e in the given layers, all if none is
// given, and runs the pass at the new weights. All gradients are computed before any weight moves.
func (p *Pass) Descend(eta float64, e []float64, layers ...int) {
	last := p.net.Config.Layers + 1
	for h := 1; h <= last; h++ {
		if among(layers, h) {
			p.Gradient(h, e)
		}
	}
	for h := 1; h <= last; h++ {
		if among(layers, h) {
			floats.AddScaled(p.net.Weight(h).RawMatrix().Data, -eta, p.gradient[h].RawMatrix().Data)
		}
	}
	p.Forward()
}

// among reports whether the layer is one of those given, or none is.
func among(layers []int, h int) bool {
	for _, l := range layers {
		if l == h {
			return true
		}
	}
	return len(layers) == 0
}

// Residual sets e to f(x_i) - y_i and returns its norm.
func (p *Pass) Residual(e, y []float64) float64 {
	sum := 0.0
	for i, v := range p.out {
		e[i] = v - y[i]
		sum += e[i] * e[i]
	}
	return math.Sqrt(sum)
}

// Network returns the network whose pass it is.
func (p *Pass) Network() *Network { return p.net }
