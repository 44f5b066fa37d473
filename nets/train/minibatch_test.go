package train

import (
	"math"
	"slices"
	"testing"

	"convergo/nets"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// A step on a mini-batch follows n/b times the gradient, by differences, of the terms of the samples drawn.
func TestMiniBatchStepIsTheDefinition(t *testing.T) {
	losses := []nets.Loss{nets.Square{}, nets.Square{Mean: true}, nets.Logistic{}, nets.CrossEntropy{Sum: true}}
	rapid.Check(t, func(t *rapid.T) {
		rng := newRand(rapid.Uint64().Draw(t, "seed"))
		in := nets.Init{Width: rapid.IntRange(1, 5).Draw(t, "m"), Dim: 2, Kappa: 1, Output: nets.GaussianOutput, Act: nets.Softplus()}
		n := rapid.IntRange(1, 6).Draw(t, "n")
		net, x, y := problem(rng, in, n)
		loss := rapid.SampledFrom(losses).Draw(t, "loss")
		if _, ok := loss.(nets.CrossEntropy); ok {
			for i := range y {
				y[i] = rng.Float64()
			}
		}
		opt := Options{
			Step: 0.1, Loss: loss,
			Layers: rapid.SampledFrom([]nets.Layers{nets.FirstLayer, nets.SecondLayer, nets.BothLayers}).Draw(t, "layers"),
			Batch: MiniBatch{
				Size: rapid.IntRange(1, n).Draw(t, "b"), Rand: rng,
				Law: rapid.SampledFrom([]Sampling{Replacing, Distinct, Passes}).Draw(t, "law"),
			},
		}
		if rapid.Bool().Draw(t, "momentum") {
			opt.Momentum.Beta = 0.5
		}
		d, err := NewDescent(net, x, y, opt)
		if err != nil {
			t.Fatal(err)
		}
		read := func() (w []float64) {
			for _, p := range weights(net, opt.Layers) {
				w = append(w, *p)
			}
			return w
		}
		path := [][]float64{read()}
		for k := range 5 {
			before := net.Clone()
			d.Step()
			b := float64(len(d.sampler.drawn))
			g := differences(before, opt.Layers, func(net *nets.Network) (sum float64) {
				u := net.Output(x)
				for _, i := range d.sampler.drawn {
					// The loss of sample i alone, whatever the loss is divided by.
					sum += loss.Value(u[i:i+1], y[i:i+1])
				}
				if loss.Name() == "square/mean" || loss.Name() == "logistic/mean" {
					return sum / b
				}
				return sum * float64(n) / b
			})
			follow(opt.Momentum, &path, nil, opt.Step, g)
			// Rounding of the differences, which grows with the loss: steps are large for some samples.
			if off := floats.Distance(read(), path[k+1], math.Inf(1)); off > 1e-9*(1+floats.Norm(g, 2)) {
				t.Fatalf("step %d: weights differ from the definition by %v", k+1, off)
			}
			for i, u := range net.Output(x) {
				if s := d.State(); s.U[i] != u || s.Step != k+1 {
					t.Fatalf("step %d: output %v, in the state %v", k+1, u, s.U[i])
				}
			}
			path[k+1] = read()
		}
	})
}

// Moments of the count c_i of a sample in a batch, with exact values: b/n; b/n (1 - 1/n) and
// -b/n^2 with replacement, p(1-p) and -p(1-p)/(n-1), p = b/n, without.
func TestSamplingMoments(t *testing.T) {
	const n, b, draws = 7, 3, 20000
	p := float64(b) / n
	for _, c := range []struct {
		law                  Sampling
		variance, covariance float64
	}{
		{Replacing, p * (1 - 1./n), -p / n},
		{Distinct, p * (1 - p), -p * (1 - p) / (n - 1)},
	} {
		s := newSampler(MiniBatch{Size: b, Law: c.law, Rand: newRand(41)}, mat.NewDense(n, 1, nil), 1)
		var mean, square [n]float64
		var product [n][n]float64
		for range draws {
			s.draw()
			var count [n]float64
			for _, i := range s.drawn {
				count[i]++
			}
			for i, v := range count {
				mean[i] += v / draws
				square[i] += (v - p) * (v - p) / draws
				for j := range i {
					product[i][j] += (v - p) * (count[j] - p) / draws
				}
			}
		}
		// Counts are at most 3 and their central moments of order 1: five deviations of 1/sqrt(draws).
		const tol = 5 / 141.
		for i := range n {
			if !(math.Abs(mean[i]-p) <= tol) || !(math.Abs(square[i]-c.variance) <= tol) {
				t.Errorf("law %d: sample %d has mean count %v and variance %v, want %v and %v", c.law, i, mean[i], square[i], p, c.variance)
			}
			for j := range i {
				if !(math.Abs(product[i][j]-c.covariance) <= tol) {
					t.Errorf("law %d: samples %d and %d have covariance %v, want %v", c.law, i, j, product[i][j], c.covariance)
				}
			}
		}
	}
}

// Distinct samples are distinct; a pass sees every sample once, its last batch what is left, and the order
// of passes is uniform: each of the 6 orders of three samples comes up in a sixth of them.
func TestSamplingWithoutReplacement(t *testing.T) {
	s := newSampler(MiniBatch{Size: 4, Law: Distinct, Rand: newRand(43)}, mat.NewDense(5, 1, nil), 1)
	for range 50 {
		s.draw()
		if slices.Sort(s.drawn); len(slices.Compact(s.drawn)) != 4 {
			t.Fatalf("distinct samples are %v", s.drawn)
		}
	}
	s = newSampler(MiniBatch{Size: 2, Law: Passes, Rand: newRand(47)}, mat.NewDense(3, 1, nil), 1)
	orders := map[[3]int]int{}
	const passes = 6000
	for range passes {
		s.draw()
		order := append([]int(nil), s.drawn...)
		s.draw()
		if order = append(order, s.drawn...); len(order) != 3 {
			t.Fatalf("a pass over three samples is %v", order)
		}
		orders[[3]int(order)]++
	}
	for order, count := range orders {
		// Five deviations of a binomial count.
		if !(math.Abs(float64(count)-passes/6) <= 5*math.Sqrt(passes*5/36.)) || len(orders) != 6 || order[0]+order[1]+order[2] != 3 {
			t.Errorf("order %v came up %d times of %d (%d orders)", order, count, passes, len(orders))
		}
	}
}

// A batch of all samples, drawn without replacement, is gradient descent but for the order of sums.
func TestFullMiniBatch(t *testing.T) {
	start, x, y := problem(newRand(53), nets.NTK(40, 3), 6)
	run := func(batch MiniBatch) *mat.Dense {
		net := start.Clone()
		if _, err := Descend(background, net, x, y, Options{Step: 0.5, Steps: 10, Batch: batch}); err != nil {
			t.Fatal(err)
		}
		return net.W
	}
	for _, law := range []Sampling{Distinct, Passes} {
		if !mat.EqualApprox(run(MiniBatch{Size: 6, Law: law, Rand: newRand(1)}), run(MiniBatch{}), 1e-12) {
			t.Errorf("law %d: a batch of all samples is not gradient descent", law)
		}
	}
}

// Run evaluates all samples only where somebody looks, and comes to the same.
func TestMiniBatchRunIsSteps(t *testing.T) {
	start, x, y := problem(newRand(59), nets.NTK(40, 3), 6)
	opt := func() Options {
		return Options{Step: 0.2, Steps: 23, Batch: MiniBatch{Size: 2, Rand: newRand(1)}, Momentum: Momentum{Beta: 0.3, Nesterov: true}, Record: Residuals | Moves}
	}
	every, err := Descend(background, start.Clone(), x, y, opt())
	if err != nil {
		t.Fatal(err)
	}
	rare := opt()
	rare.At = Every(10)
	d, err := NewDescent(start.Clone(), x, y, rare)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := d.Run(background)
	if err != nil || !slices.Equal(trace.Steps, []int{0, 10, 20, 23}) {
		t.Fatalf("rows at %v, error %v", trace.Steps, err)
	}
	for k, step := range trace.Steps {
		if trace.Loss[k] != every.Loss[step] || trace.MaxMove[k] != every.MaxMove[step] || !floats.Equal(trace.Residual[k], every.Residual[step]) {
			t.Errorf("step %d differs when others are not recorded", step)
		}
	}
	again, err := NewDescent(start.Clone(), x, y, opt())
	if err != nil {
		t.Fatal(err)
	}
	for range 23 {
		again.Step()
	}
	if !mat.Equal(again.State().Net.W, d.State().Net.W) || !floats.Equal(again.State().U, d.State().U) {
		t.Error("23 steps differ from a run of 23")
	}
}

// A wide network interpolates, so that the noise of the mini-batches vanishes with the loss.
func TestMiniBatchHasNoFloor(t *testing.T) {
	for _, law := range []Sampling{Replacing, Distinct, Passes} {
		net, x, y := problem(newRand(61), nets.NTK(400, 6), 4)
		trace, err := Descend(background, net, x, y, Options{Step: 0.4, Steps: 600, Batch: MiniBatch{Size: 1, Law: law, Rand: newRand(2)}, At: AtSteps(0)})
		if err != nil || !(trace.Norm[1] < 1e-6*trace.Norm[0]) {
			t.Errorf("law %d: residual norms %v, error %v", law, trace.Norm, err)
		}
	}
}

func TestMiniBatchErrors(t *testing.T) {
	net, x, y := problem(newRand(4), nets.NTK(6, 3), 3)
	rng := newRand(1)
	for _, c := range []struct {
		want string
		opt  Options
	}{
		{"momentum 1", Options{Momentum: Momentum{Beta: 1}}},
		{"momentum NaN", Options{Momentum: Momentum{Beta: math.NaN()}}},
		{"heavy ball", Options{Momentum: Momentum{Beta: 0.5, Jump: true}}},
		{"of -1 of 3", Options{Batch: MiniBatch{Size: -1, Rand: rng}}},
		{"of 4 of 3", Options{Batch: MiniBatch{Size: 4, Law: Distinct, Rand: rng}}},
		{"unknown sampling 3", Options{Batch: MiniBatch{Size: 1, Law: 3, Rand: rng}}},
		{"random numbers", Options{Batch: MiniBatch{Size: 1}}},
		{"probabilities", Options{Loss: nets.CrossEntropy{}}},
	} {
		c.opt.Step = 1
		_, err := NewDescent(net, x, []float64{2, 1, 0}, c.opt)
		wantError(t, err, c.want)
	}
	if _, err := NewDescent(net, x, y, Options{Step: 1, Batch: MiniBatch{Size: 9, Rand: rng}}); err != nil {
		t.Errorf("9 draws of 3 samples with replacement: %v", err)
	}
	_, err := Flow(background, net, x, y, 1, Options{Step: 1, Momentum: Momentum{Beta: 0.5}})
	wantError(t, err, "flow with momentum")
	err = newMaskedError(net, x, y, Masking{Law: Partition{}, Models: 2, LocalSteps: 1}, Options{Step: 1, Batch: MiniBatch{Size: 1, Rand: rng}})
	wantError(t, err, "plain steps")
}
