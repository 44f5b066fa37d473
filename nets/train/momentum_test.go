package train

import (
	"math"
	"testing"

	"convergo/nets"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// weights returns pointers to all weights of the named layers: W row by row, then a.
func weights(net *nets.Network, layers nets.Layers) (w []*float64) {
	for r := range net.Width() {
		if layers&nets.FirstLayer != 0 {
			row := net.W.RawRowView(r)
			for k := range row {
				w = append(w, &row[k])
			}
		}
	}
	if layers&nets.SecondLayer != 0 {
		for r := range net.A {
			w = append(w, &net.A[r])
		}
	}
	return w
}

// differences is the gradient of a function of the network by central differences.
func differences(net *nets.Network, layers nets.Layers, f func(*nets.Network) float64) []float64 {
	const h = 1e-4
	net = net.Clone()
	var g []float64
	for _, w := range weights(net, layers) {
		v := *w
		at := func(step float64) float64 { *w = v + step; return f(net) }
		// Fourth order: the error is of the order of h^4.
		g = append(g, (8*(at(h)-at(-h))-(at(2*h)-at(-2*h)))/(12*h))
		*w = v
	}
	return g
}

// follow is the method by its definition in terms of whole weight vectors, with gradients by differences:
// w holds W(0) to W(t), v the V of Nesterov.
func follow(m Momentum, w, v *[][]float64, eta float64, g []float64) {
	t := len(*w) - 1
	now := (*w)[t]
	next := make([]float64, len(now))
	if !m.Nesterov {
		before := now
		if t > 0 {
			before = (*w)[t-1]
		}
		for i := range next {
			next[i] = now[i] + m.Beta*(now[i]-before[i]) - eta*g[i]
		}
		*w = append(*w, next)
		return
	}
	step := make([]float64, len(now))
	floats.AddScaledTo(step, now, -eta, g)
	last := step
	switch {
	case t > 0:
		last = (*v)[t-1]
	case m.Jump:
		last = now
	}
	for i := range next {
		next[i] = step[i] + m.Beta*(step[i]-last[i])
	}
	*w, *v = append(*w, next), append(*v, step)
}

func TestMomentumIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := newRand(rapid.Uint64().Draw(t, "seed"))
		in := nets.Init{Width: rapid.IntRange(1, 6).Draw(t, "m"), Dim: 2, Kappa: 1, Output: nets.GaussianOutput}
		in.Act = rapid.SampledFrom([]nets.Activation{nets.Tanh(), nets.Softplus(), nets.Erf()}).Draw(t, "act")
		net, x, y := problem(rng, in, 3)
		if rapid.Bool().Draw(t, "masked") {
			net.Mask = make([]bool, in.Width)
			net.Mask[0] = true
		}
		m := Momentum{Beta: rapid.Float64Range(0.1, 0.99).Draw(t, "beta"), Nesterov: rapid.Bool().Draw(t, "Nesterov")}
		m.Jump = m.Nesterov && rapid.Bool().Draw(t, "jump")
		layers := rapid.SampledFrom([]nets.Layers{nets.FirstLayer, nets.SecondLayer, nets.BothLayers}).Draw(t, "layers")
		loss := rapid.SampledFrom([]nets.Loss{nets.Square{}, nets.Logistic{}}).Draw(t, "loss")
		const eta = 0.1
		d, err := NewDescent(net, x, y, Options{Step: eta, Layers: layers, Loss: loss, Momentum: m})
		if err != nil {
			t.Fatal(err)
		}
		read := func() (w []float64) {
			for _, p := range weights(net, layers) {
				w = append(w, *p)
			}
			return w
		}
		var path, v [][]float64
		path = append(path, read())
		for k := range 5 {
			g := differences(net, layers, func(net *nets.Network) float64 { return loss.Value(net.Output(x), y) })
			follow(m, &path, &v, eta, g)
			d.Step()
			if off := floats.Distance(read(), path[k+1], math.Inf(1)); off > 1e-9*(1+floats.Norm(g, 2)) {
				t.Fatalf("step %d: weights differ from the definition by %v", k+1, off)
			}
			for i, u := range net.Output(x) {
				if s := d.State(); s.U[i] != u || s.Residual[i] != u-y[i] || s.Step != k+1 {
					t.Fatalf("step %d: output %v, in the state %v", k+1, u, s.U[i])
				}
			}
			path[k+1] = read() // errors of the differences do not add up
		}
	})
}

// Training the second layer alone is linear: with A = I - eta H the residuals follow
// xi(t+1) = (1+beta) A xi(t) - beta A xi(t-1) for Nesterov, and (beta I + A) xi(t) - beta xi(t-1) for heavy
// ball, from xi(-1) = xi(0). Nesterov's method that jumps follows it from step 1 on only.
func TestMomentumOnLinearModel(t *testing.T) {
	net, x, y := problem(newRand(31), nets.NTK(50, 4), 3)
	for _, m := range []Momentum{{Beta: 0.8}, {Beta: 0.8, Nesterov: true}, {Beta: 0.8, Nesterov: true, Jump: true}} {
		const eta, steps = 0.5, 40
		d, err := NewDescent(net.Clone(), x, y, Options{Step: eta, Steps: steps, Layers: nets.SecondLayer, Momentum: m, Record: Residuals})
		if err != nil {
			t.Fatal(err)
		}
		h := mat.NewSymDense(3, nil)
		h.CopySym(d.State().Gram())
		trace, err := d.Run(background)
		if err != nil {
			t.Fatal(err)
		}
		apply := func(e []float64) []float64 { u := append([]float64(nil), e...); LinearStep(u, h, eta, e); return u }
		for k := range steps {
			now, before := trace.Residual[k], trace.Residual[max(0, k-1)]
			a, b := apply(now), apply(before)
			want := make([]float64, 3)
			for i := range want {
				if m.Nesterov {
					want[i] = (1+m.Beta)*a[i] - m.Beta*b[i]
				} else {
					want[i] = m.Beta*now[i] + a[i] - m.Beta*before[i]
				}
			}
			off := floats.Distance(trace.Residual[k+1], want, 2) / floats.Norm(trace.Residual[0], 2)
			if jumps := m.Jump && k == 0; off > 1e-12 != jumps || jumps && off < 0.01 {
				t.Errorf("%+v, step %d: residual off by %v of the first", m, k+1, off)
			}
		}
		if end := trace.Norm[steps] / trace.Norm[0]; end > 0.1 {
			t.Errorf("%+v: %v of the residual is left", m, end)
		}
	}
}

// A momentum next to 0 is gradient descent but for that, and 0 is gradient descent.
func TestMomentumOfZero(t *testing.T) {
	start, x, y := problem(newRand(37), nets.NTK(20, 3), 4)
	run := func(m Momentum) *mat.Dense {
		net := start.Clone()
		if _, err := Descend(background, net, x, y, Options{Step: 0.5, Steps: 10, Momentum: m, At: AtSteps()}); err != nil {
			t.Fatal(err)
		}
		return net.W
	}
	plain := run(Momentum{})
	for _, m := range []Momentum{{Beta: 1e-14}, {Beta: 1e-14, Nesterov: true}} {
		if !mat.EqualApprox(run(m), plain, 1e-12) {
			t.Errorf("momentum %+v is not gradient descent", m)
		}
	}
	if !mat.Equal(run(Momentum{Nesterov: true}), plain) {
		t.Error("no momentum is not gradient descent")
	}
}
