package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"convergo/nets"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

var background = context.Background()

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// problem draws unit samples, labels and an initial network.
func problem(rng *rand.Rand, in nets.Init, n int) (*nets.Network, *mat.Dense, []float64) {
	x, y := mat.NewDense(n, in.Dim, nil), make([]float64, n)
	for i := range n {
		row := x.RowView(i).(*mat.VecDense)
		for k := range in.Dim {
			row.SetVec(k, rng.NormFloat64())
		}
		row.ScaleVec(1/mat.Norm(row, 2), row)
		y[i] = float64(2*rng.IntN(2) - 1)
	}
	return in.Draw(rng), x, y
}

func drawProblem(t *rapid.T) (*nets.Network, *mat.Dense, []float64, *rand.Rand) {
	rng := newRand(rapid.Uint64().Draw(t, "seed"))
	in := nets.NTK(rapid.IntRange(1, 80).Draw(t, "m"), rapid.IntRange(1, 6).Draw(t, "d"))
	net, x, y := problem(rng, in, rapid.IntRange(1, 6).Draw(t, "n"))
	return net, x, y, rng
}

func near(a, b, tol float64) bool { return math.Abs(a-b) <= tol*(1+math.Abs(a)+math.Abs(b)) }

// The residual after one step is the linear one plus a correction
// from the neurons that flipped, with no remainder.
func TestFlipCorrectionIsExact(t *testing.T) {
	flipped := 0
	rapid.Check(t, func(t *rapid.T) {
		net, x, y, rng := drawProblem(t)
		if rapid.Bool().Draw(t, "other output weights") {
			for r := range net.A {
				net.A[r] = rng.NormFloat64()
			}
		}
		eta := rapid.Float64Range(0.1, 20).Draw(t, "eta")
		d, err := NewDescent(net, x, y, Options{Step: eta})
		if err != nil {
			t.Fatal(err)
		}
		s := d.State()
		want := append([]float64(nil), s.Residual...)
		LinearStep(want, s.Gram(), eta, s.Residual)
		d.Step()
		for i := range y {
			for r, a := range net.A {
				if z := s.Batch.Z.At(r, i); s.Patterns.Active(i, r) != (z >= 0) {
					want[i] += net.Scale * a * math.Abs(z)
					flipped++
				}
			}
			if !near(s.Residual[i], want[i], 1e-10) {
				t.Fatalf("residual %d is %v, linear step and correction give %v", i, s.Residual[i], want[i])
			}
		}
	})
	if flipped == 0 {
		t.Error("no neuron flipped: the correction was not tested")
	}
}

// Euler's identity and the drift of a_r^2 - |w_r|^2 under the step
// of both layers.
func TestBalanceDrift(t *testing.T) {
	acts := []nets.Activation{nets.ReLU(), nets.LeakyReLU(0.2), nets.Identity()}
	rapid.Check(t, func(t *rapid.T) {
		net, x, y, _ := drawProblem(t)
		net.Act = rapid.SampledFrom(acts).Draw(t, "act")
		eta := rapid.Float64Range(0.01, 2).Draw(t, "eta")
		d, err := NewDescent(net, x, y, Options{Step: eta, Layers: nets.BothLayers})
		if err != nil {
			t.Fatal(err)
		}
		before := net.Clone()
		dw, da := mat.NewDense(net.Width(), net.Dim(), nil), make([]float64, net.Width())
		d.State().Batch.Gradient(dw, da, net, d.State().Residual)
		d.Step()
		for r := range net.A {
			w, g, v := before.W.RowView(r), dw.RowView(r), net.W.RowView(r)
			if euler := mat.Dot(w, g); !near(euler, before.A[r]*da[r], 1e-11) {
				t.Fatalf("neuron %d: <w, dL/dw> = %v, a dL/da = %v", r, euler, before.A[r]*da[r])
			}
			drift := net.A[r]*net.A[r] - mat.Dot(v, v) - before.A[r]*before.A[r] + mat.Dot(w, w)
			if want := eta * eta * (da[r]*da[r] - mat.Dot(g, g)); !near(drift, want, 1e-10) {
				t.Fatalf("neuron %d: balance drifts by %v, want %v", r, drift, want)
			}
		}
	})
}

// While no pattern flips, descent is the linear recursion; weights 1e4 times as
// large as the steps see to that.
func TestDescentIsLinearWithoutFlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := newRand(rapid.Uint64().Draw(t, "seed"))
		in := nets.NTK(400, 5)
		in.Kappa, in.Symmetry = 1e4, nets.Antisymmetric
		net, x, y := problem(rng, in, 4)
		d, err := NewDescent(net, x, y, Options{Step: 0.7, Steps: 60, Record: Residuals | Flips | Moves | MinEig})
		if err != nil {
			t.Fatal(err)
		}
		h := mat.NewSymDense(4, nil)
		h.CopySym(d.State().Gram())
		e0 := append([]float64(nil), d.State().Residual...)
		trace, err := d.Run(background)
		if err != nil {
			t.Fatal(err)
		}
		// Flips are rare, and patterns may flip back: what is linear is the run before the first.
		for k, flips := range trace.MaxFlips {
			if flips != 0 {
				trace.Residual = trace.Residual[:k]
				break
			}
		}
		lin, err := NewLinear(h)
		if err != nil {
			t.Fatal(err)
		}
		path := Linearised(h, e0, 0.7, 60)
		for k, e := range trace.Residual {
			closed := lin.Descent(e0, 0.7, k)
			for i := range e {
				if !(math.Abs(e[i]-path[k][i]) <= 1e-9) || !(math.Abs(closed[i]-path[k][i]) <= 1e-12) {
					t.Fatalf("step %d: residual %v, recursion %v, closed form %v", k, e[i], path[k][i], closed[i])
				}
			}
		}
		if len(trace.Residual) <= 60 {
			return
		}
		// |W - W(0)|_F^2 = eta^2 c^T H c with c = sum_k e_k, since W(k) - W(0) = -eta J^T c.
		c := mat.NewVecDense(4, nil)
		for _, e := range path[:60] {
			c.AddVec(c, mat.NewVecDense(4, e))
		}
		if want := 0.7 * math.Sqrt(mat.Inner(c, h, c)); !near(trace.FrobeniusMove[60], want, 1e-7) {
			t.Fatalf("Frobenius movement %v, want %v", trace.FrobeniusMove[60], want)
		}
		if trace.MinEig[60] != trace.MinEig[0] || !near(trace.MinEig[0], lin.Values[0], 1e-12) {
			t.Fatalf("smallest eigenvalue %v then %v, kernel's %v", trace.MinEig[0], trace.MinEig[60], lin.Values[0])
		}
	})
}

// du/dt = -(H + G)(u - y): halving the step quarters what is left over.
func TestFlowIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := newRand(rapid.Uint64().Draw(t, "seed"))
		in := nets.NTK(60, 4)
		in.Act = rapid.SampledFrom([]nets.Activation{nets.Tanh(), nets.Softplus(), nets.Erf()}).Draw(t, "act")
		start, x, y := problem(rng, in, 3)
		layers := rapid.SampledFrom([]nets.Layers{nets.FirstLayer, nets.SecondLayer, nets.BothLayers}).Draw(t, "layers")
		defect := func(h float64) float64 {
			d, err := NewDescent(start.Clone(), x, y, Options{Step: h, Layers: layers})
			if err != nil {
				t.Fatal(err)
			}
			s := d.State()
			want := append([]float64(nil), s.Residual...)
			LinearStep(want, s.Gram(), h, s.Residual)
			d.Step()
			var e float64
			for i := range want {
				e += (want[i] - s.Residual[i]) * (want[i] - s.Residual[i])
			}
			return math.Sqrt(e)
		}
		coarse, fine := defect(2e-3), defect(1e-3)
		if fine > 0.3*coarse+1e-13 || coarse > 1e-3 {
			t.Fatalf("defects %v and %v of steps 2e-3 and 1e-3", coarse, fine)
		}
	})
}

// Flow of the second layer alone is linear, so that its exponential is exact.
func TestFlowIsExponential(t *testing.T) {
	in := nets.NTK(50, 4)
	start, x, y := problem(newRand(5), in, 3)
	end := func(step float64) (flow, exact float64) {
		d, err := NewDescent(start.Clone(), x, y, Options{Step: step, Layers: nets.SecondLayer})
		if err != nil {
			t.Fatal(err)
		}
		lin, err := NewLinear(d.State().Gram())
		if err != nil {
			t.Fatal(err)
		}
		trace, err := Flow(background, start.Clone(), x, y, 3, Options{Step: step, Layers: nets.SecondLayer})
		if err != nil {
			t.Fatal(err)
		}
		if k := trace.Steps[len(trace.Steps)-1]; float64(k)*step != 3 {
			t.Fatalf("flow for time 3 took %d steps of %v", k, step)
		}
		return trace.Norm[len(trace.Norm)-1], mat.Norm(mat.NewVecDense(3, lin.Flow(d.State().Residual, 3)), 2)
	}
	coarse, exact := end(1. / 64)
	fine, _ := end(1. / 128)
	if a, b := math.Abs(coarse-exact), math.Abs(fine-exact); a > 0.02*exact || !(math.Abs(b/a-0.5) <= 0.05) {
		t.Errorf("errors %v and %v at steps 1/64 and 1/128 of %v: not first order", a, b, exact)
	}
}

// With |x| <= 1 no gradient row exceeds |X| |e| / sqrt(m), and for
// one sample with a quarter of the neurons active the movement is 2 e0/sqrt(m) lambda0
// times (lambda0 = 1/2), the printed radius times 2.
func TestMovementByHand(t *testing.T) {
	const m = 64
	net := &nets.Network{W: mat.NewDense(m, 1, nil), A: make([]float64, m), Act: nets.ReLU(), Scale: nets.NTKScale(m)}
	for r := range m {
		net.A[r] = 1
		net.W.Set(r, 0, -5)
		if r < m/4 {
			net.W.Set(r, 0, 5)
		}
	}
	x := mat.NewDense(1, 1, []float64{1})
	y := []float64{net.Output(x)[0] - 0.1}
	trace, err := Descend(background, net, x, y, Options{Step: 0.5, Steps: 400, Record: Moves | MinEig, At: AtSteps(0)})
	if err != nil {
		t.Fatal(err)
	}
	if trace.MinEig[0] != 0.25 || len(trace.Steps) != 2 || trace.Steps[1] != 400 {
		t.Fatalf("smallest eigenvalue %v, rows at %v", trace.MinEig[0], trace.Steps)
	}
	// sum of eta e_k / sqrt m = e0/(lambda sqrt m) = 0.1*4/8.
	if got := trace.MaxMove[1]; !(math.Abs(got-0.05) <= 1e-12) {
		t.Errorf("largest movement %v, want 0.05", got)
	}
	if got := trace.FrobeniusMove[1]; !(math.Abs(got-0.05*4) <= 1e-12) {
		t.Errorf("Frobenius movement %v, want 0.2", got)
	}
}

func TestTraceColumns(t *testing.T) {
	start, x, y := problem(newRand(7), nets.NTK(100, 3), 5)
	opt := Options{Step: 2, Steps: 25, Record: Residuals | MinEig | Moves | Flips | GramFrobenius | GramSpectral, At: Every(10)}
	d, err := NewDescent(start.Clone(), x, y, opt)
	if err != nil {
		t.Fatal(err)
	}
	first := mat.NewSymDense(5, nil)
	first.CopySym(d.State().Gram())
	trace, err := d.Run(background)
	if err != nil {
		t.Fatal(err)
	}
	if len(trace.Steps) != 4 || trace.Steps[2] != 20 || trace.Steps[3] != 25 {
		t.Fatalf("rows at %v", trace.Steps)
	}
	s := d.State()
	var change mat.Dense
	change.Sub(s.Gram(), first)
	var svd mat.SVD
	svd.Factorize(&change, mat.SVDNone)
	per, total := s.Flips()
	most := 0
	for _, c := range per {
		most = max(most, c)
	}
	largest, frobenius := s.Movement()
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"loss", trace.Loss[3], s.Norm * s.Norm / 2},
		{"norm", trace.Norm[3], mat.Norm(mat.NewVecDense(5, trace.Residual[3]), 2)},
		{"max move", trace.MaxMove[3], largest},
		{"Frobenius move", trace.FrobeniusMove[3], frobenius},
		{"flip fraction", trace.FlipFraction[3], float64(total) / 500},
		{"max flips", float64(trace.MaxFlips[3]), float64(most)},
		{"Gram Frobenius", trace.GramFrobenius[3], mat.Norm(&change, 2)},
		{"Gram spectral", trace.GramSpectral[3], svd.Values(nil)[0]},
		{"smallest eigenvalue", trace.MinEig[3], smallestEigenvalue(s.Gram())},
	} {
		if !near(c.got, c.want, 1e-12) || c.want == 0 {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if trace.MaxMove[0] != 0 || trace.FlipFraction[0] != 0 || trace.GramSpectral[0] != 0 {
		t.Error("step 0 differs from itself")
	}
	plain, err := Descend(background, start.Clone(), x, y, Options{Step: 2, Steps: 25})
	if err != nil || plain.Residual != nil || plain.MinEig != nil || plain.MaxFlips != nil || len(plain.Norm) != 26 {
		t.Errorf("a bare trace holds more or less than steps, loss and norm: %+v, error %v", plain, err)
	}
	if plain.Norm[20] != trace.Norm[2] {
		t.Error("recording changes the run")
	}
}

func TestTrainingInSpanIsTheSame(t *testing.T) {
	rng := newRand(11)
	net, x, y := problem(rng, nets.NTK(200, 30), 4)
	coords, basis := nets.InSpan(x)
	sub := net.InSpan(basis)
	opt := Options{Step: 1, Steps: 30, Record: Moves | Flips | MinEig}
	whole, err := Descend(background, net, x, y, opt)
	if err != nil {
		t.Fatal(err)
	}
	inside, err := Descend(background, sub, coords, y, opt)
	if err != nil {
		t.Fatal(err)
	}
	for k := range whole.Steps {
		if !near(whole.Norm[k], inside.Norm[k], 1e-11) || !near(whole.MaxMove[k], inside.MaxMove[k], 1e-11) ||
			whole.MaxFlips[k] != inside.MaxFlips[k] || !near(whole.MinEig[k], inside.MinEig[k], 1e-11) {
			t.Fatalf("step %d differs in the span", k)
		}
	}
}

func TestLogisticDescent(t *testing.T) {
	in := nets.NTK(600, 3)
	in.Symmetry = nets.Coupled
	net, x, y := problem(newRand(2), in, 4)
	trace, err := Descend(background, net, x, y, Options{Step: 1, Steps: 800, Loss: nets.Logistic{}})
	if err != nil {
		t.Fatal(err)
	}
	if trace.Loss[0] != math.Ln2 {
		t.Errorf("loss %v at zero output, want log 2", trace.Loss[0])
	}
	for k := 1; k < len(trace.Loss); k++ {
		if trace.Loss[k] > trace.Loss[k-1] {
			t.Fatalf("the loss rises at step %d", k)
		}
	}
	if last := trace.Loss[800]; last > 0.1 || nets.Accuracy(net.Output(x), y, 1e-9) != 1 {
		t.Errorf("loss %v after 800 steps, accuracy %v", last, nets.Accuracy(net.Output(x), y, 1e-9))
	}
}

func TestRunEnds(t *testing.T) {
	start, x, y := problem(newRand(4), nets.NTK(50, 3), 3)
	stopAt7 := func(step int, s *State) bool { return step == 7 && s.Step == 7 }
	trace, err := Descend(background, start.Clone(), x, y, Options{Step: 0.1, Steps: 20, Callback: stopAt7})
	if err != nil || len(trace.Steps) != 8 {
		t.Errorf("callback at step 7: rows %v, error %v", trace.Steps, err)
	}
	ctx, cancel := context.WithCancel(background)
	trace, err = Descend(ctx, start.Clone(), x, y, Options{Step: 0.1, Steps: 20,
		Callback: func(step int, _ *State) bool {
			if step == 3 {
				cancel()
			}
			return false
		}})
	if !errors.Is(err, context.Canceled) || len(trace.Steps) != 4 {
		t.Errorf("cancelled at step 3: rows %v, error %v", trace.Steps, err)
	}
	trace, err = Descend(background, start.Clone(), x, y, Options{Step: 1e200, Steps: 20, Layers: nets.BothLayers})
	if !errors.Is(err, ErrDiverged) || len(trace.Steps) == 0 || len(trace.Steps) > 20 {
		t.Errorf("step size 1e200: rows %v, error %v", trace.Steps, err)
	}
	// Weights of -Inf make a ReLU network of zero output.
	dead := &nets.Network{W: mat.NewDense(1, 2, []float64{1, 1}), A: []float64{1}, Act: nets.ReLU(), Scale: 1}
	eye := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	trace, err = Descend(background, dead, eye, []float64{-1000, -1000}, Options{Step: 1e308, Steps: 1})
	if !errors.Is(err, ErrDiverged) || len(trace.Steps) != 1 {
		t.Errorf("weights of -Inf: rows %v, error %v", trace.Steps, err)
	}
}

func TestBadInput(t *testing.T) {
	start, x, y := problem(newRand(4), nets.NTK(6, 3), 3)
	bad := mat.DenseCopyOf(x)
	bad.Set(1, 1, math.NaN())
	good := Masking{Law: Bernoulli{Keep: 0.5}, Models: 2, LocalSteps: 1}
	for _, c := range []struct {
		want string
		err  func() error
	}{
		{"step size 0", func() error { _, err := Descend(background, start, x, y, Options{}); return err }},
		{"-1 steps", func() error { _, err := Descend(background, start, x, y, Options{Step: 1, Steps: -1}); return err }},
		{"unknown layers", func() error { _, err := NewDescent(start, x, y, Options{Step: 1, Layers: 8}); return err }},
		{"no labels", func() error { _, err := NewDescent(start, x, nil, Options{Step: 1}); return err }},
		{"labels", func() error { _, err := NewDescent(start, x, y[:2], Options{Step: 1}); return err }},
		{"feature 1 of sample 1", func() error { _, err := NewDescent(start, bad, y, Options{Step: 1}); return err }},
		{"dimension", func() error {
			_, err := NewDescent(start, mat.NewDense(1, 1, y[:1]), y[:1], Options{Step: 1})
			return err
		}},
		{"flow", func() error { _, err := Flow(background, start, x, y, 1, Options{}); return err }},
		{"flow", func() error { _, err := Flow(background, start, x, y, -1, Options{Step: 1}); return err }},
		{"kernel entry (0,1)", func() error { _, err := NewLinear(mat.NewSymDense(2, []float64{1, math.NaN(), 0, 1})); return err }},
		{"mask law", func() error { return newMaskedError(start, x, y, Masking{Models: 1, LocalSteps: 1}, Options{Step: 1}) }},
		{"0 sub-networks", func() error {
			return newMaskedError(start, x, y, Masking{Law: Partition{}, LocalSteps: 1}, Options{Step: 1})
		}},
		{"probability 0", func() error {
			return newMaskedError(start, x, y, Masking{Law: Bernoulli{}, Models: 1, LocalSteps: 1}, Options{Step: 1})
		}},
		{"keep 7 of 6", func() error {
			return newMaskedError(start, x, y, Masking{Law: FixedSize{7}, Models: 1, LocalSteps: 1}, Options{Step: 1})
		}},
		{"first layer only", func() error { return newMaskedError(start, x, y, good, Options{Step: 1, Layers: nets.BothLayers}) }},
		{"mask already", func() error { return newMaskedError(start.Masked(make([]bool, 6)), x, y, good, Options{Step: 1}) }},
		{"even", func() error {
			odd, x, y := problem(newRand(4), nets.NTK(5, 3), 3)
			return newMaskedError(odd, x, y, Masking{Law: Paired{Partition{}}, Models: 2, LocalSteps: 1}, Options{Step: 1})
		}},
	} {
		wantError(t, c.err(), c.want)
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}

func newMaskedError(net *nets.Network, x *mat.Dense, y []float64, how Masking, opt Options) error {
	_, err := NewMasked(net, x, y, how, opt, newRand(1))
	return err
}

func TestNoAllocations(t *testing.T) {
	net, x, y := problem(newRand(4), nets.NTK(200, 6), 5)
	for _, act := range []nets.Activation{nets.ReLU(), nets.Tanh()} {
		for _, loss := range []nets.Loss{nets.Square{}, nets.Logistic{}} {
			for _, layers := range []nets.Layers{nets.FirstLayer, nets.BothLayers} {
				start := net.Clone()
				start.Act = act
				d, err := NewDescent(start, x, y, Options{Step: 0.1, Layers: layers, Loss: loss})
				if err != nil {
					t.Fatal(err)
				}
				if a := testing.AllocsPerRun(20, d.Step); a != 0 {
					t.Errorf("%s, %s, layers %d: %v allocations a step", act.Name, loss.Name(), layers, a)
				}
			}
		}
	}
	for _, opt := range []Options{
		{Momentum: Momentum{Beta: 0.5}}, {Momentum: Momentum{Beta: 0.5, Nesterov: true}},
		{Batch: MiniBatch{Size: 2}}, {Batch: MiniBatch{Size: 2, Law: Distinct}}, {Batch: MiniBatch{Size: 2, Law: Passes}},
		{Batch: MiniBatch{Size: 2}, Momentum: Momentum{Beta: 0.5}, Layers: nets.BothLayers, Loss: nets.Logistic{}},
	} {
		opt.Step, opt.Batch.Rand = 0.1, newRand(1)
		d, err := NewDescent(net.Clone(), x, y, opt)
		if err != nil {
			t.Fatal(err)
		}
		if a := testing.AllocsPerRun(20, d.Step); a != 0 {
			t.Errorf("%+v: %v allocations a step", opt, a)
		}
	}
	opt := Options{Step: 0.1, Steps: 1000, Record: Residuals | Moves | Flips | GramFrobenius}
	d, err := NewDescent(net.Clone(), x, y, opt)
	if err != nil {
		t.Fatal(err)
	}
	trace := newTrace(d.State(), d.opt)
	d.State().Gram()
	if a := testing.AllocsPerRun(20, func() { d.Step(); trace.record(d.State()) }); a != 0 {
		t.Errorf("%v allocations a recorded step", a)
	}
	for _, law := range []MaskLaw{Bernoulli{0.5}, Partition{}, FixedSize{50}, Paired{Bernoulli{0.5}}} {
		k, err := NewMasked(net.Clone(), x, y, Masking{Law: law, Models: 3, LocalSteps: 2}, Options{Step: 0.1}, newRand(1))
		if err != nil {
			t.Fatal(err)
		}
		if a := testing.AllocsPerRun(20, k.Round); a != 0 {
			t.Errorf("%T: %v allocations a round", law, a)
		}
	}
}
