package deep

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"convergo/nets/train"
)

// The law of the Gram matrix of the second layer, against that of networks with weights.
func TestForwardLaw(t *testing.T) {
	const m, draws = 6, 6000
	x := mat.NewDense(2, 2, []float64{1, 0, 0.6, 0.8})
	var walk, net [3][2]float64 // sums and sums of squares of G_00, G_01, G_11
	note := func(sums *[3][2]float64, g mat.Symmetric) {
		for k, v := range []float64{g.At(0, 0), g.At(0, 1), g.At(1, 1)} {
			sums[k][0] += v / draws
			sums[k][1] += v * v / draws
		}
	}
	rng := stream(31)
	for range draws {
		w := NewForward(x, m, 2./m)
		w.Next(rng)
		w.Next(rng)
		note(&walk, w.Gram())
		p := mustPass(t, mustNew(t, Config{Inputs: 2, Hidden: []int{m, m}, Std: []float64{math.Sqrt(2. / m), math.Sqrt(2. / m), 1}}, rng), x)
		var g mat.SymDense
		g.SymOuterK(1, p.Feature(2))
		note(&net, &g)
	}
	for k := range walk {
		sd := math.Sqrt((walk[k][1] + net[k][1]) / draws)
		if d := math.Abs(walk[k][0] - net[k][0]); d > 5*sd {
			t.Errorf("entry %d: means %v and %v", k, walk[k][0], net[k][0])
		}
		if ratio := walk[k][1] / net[k][1]; ratio < 0.75 || ratio > 1.33 {
			t.Errorf("entry %d: second moments %v and %v", k, walk[k][1], net[k][1])
		}
	}
	if d := math.Abs(walk[0][0] - 1); d > 5*math.Sqrt(walk[0][1]/draws) {
		t.Errorf("E|h|^2 = %v, want 1", walk[0][0])
	}
}

// Equal inputs keep equal preactivations, and a zero input has none.
func TestForwardDegenerate(t *testing.T) {
	w := NewForward(mat.NewDense(3, 2, []float64{0.6, 0.8, 0, 0, 0.6, 0.8}), 50, 0.04)
	for range 4 {
		w.Next(stream(32))
		if d := floats.Distance(w.Preactivation().RawRowView(0), w.Preactivation().RawRowView(2), math.Inf(1)); d > 1e-14 {
			t.Errorf("equal inputs differ by %v", d)
		}
		if floats.Norm(w.Feature().RawRowView(1), 2) != 0 {
			t.Error("a zero input has features")
		}
		for k, z := range w.Preactivation().RawRowView(0) {
			if w.Feature().At(0, k) != math.Max(z, 0) {
				t.Fatal("the features are not relu(Z)")
			}
		}
		if got, want := w.Gram().At(0, 2), square(w.Feature().RawRowView(0)); !(math.Abs(got-want) <= 1e-12*want) {
			t.Errorf("Gram entry %v, want %v", got, want)
		}
	}
}

func square(v []float64) float64 { return floats.Dot(v, v) }

// Batches of all samples are full descent, and a batch of one follows n times its gradient.
func TestStochastic(t *testing.T) {
	rng := stream(33)
	const n = 5
	x, y := gaussian(n, 3, rng), []float64{1, -1, 2, 0, 0.5}
	start := mustNew(t, Config{Inputs: 3, Hidden: []int{6, 4}, Std: HeStd(3, []int{6, 4})}, rng)
	full, batch := start.Clone(), start.Clone()
	if _, err := (Descent{Step: 0.05, Steps: 7, Frozen: []int{1, 3}}).Run(full, x, y); err != nil {
		t.Fatal(err)
	}
	out, err := Stochastic{Step: 0.05, Steps: 7, Frozen: []int{1, 3}}.Run(batch, x, y)
	if err != nil {
		t.Fatal(err)
	}
	if e := floats.Distance(full.Params(), batch.Params(), math.Inf(1)); e > 1e-13 || out.Steps != 7 {
		t.Errorf("all samples: weights differ by %v after %d steps", e, out.Steps)
	}
	for _, law := range []train.Sampling{train.Replacing, train.Distinct, train.Passes} {
		draws := train.MiniBatch{Size: 2, Law: law, Rand: stream(34)}
		next, err := draws.Indices(n)
		if err != nil {
			t.Fatal(err)
		}
		want := start.Clone()
		for range 6 {
			p := mustPass(t, want, x)
			step := mat.NewVecDense(want.NumParams(), nil)
			drawn := next()
			for _, i := range drawn {
				step.AddScaledVec(step, n/float64(len(drawn))*(p.Output()[i]-y[i]), p.Jacobian().RowView(i))
			}
			floats.AddScaled(want.Params(), -0.02, step.RawVector().Data)
		}
		got := start.Clone()
		out, err := Stochastic{Step: 0.02, Steps: 6, Batch: train.MiniBatch{Size: 2, Law: law, Rand: stream(34)}}.Run(got, x, y)
		if err != nil {
			t.Fatal(err)
		}
		if e := floats.Distance(got.Params(), want.Params(), math.Inf(1)); e > 1e-12 {
			t.Errorf("sampling %d: weights are off by %v", law, e)
		}
		loss := 0.0
		for i, u := range mustPass(t, got, x).Output() {
			loss += (u - y[i]) * (u - y[i]) / 2
		}
		if !(math.Abs(out.Loss-loss) <= 1e-12*loss) {
			t.Errorf("sampling %d: loss %v, want %v", law, out.Loss, loss)
		}
	}
	seen := 0
	if out, err := (Stochastic{Step: 0.02, Steps: 9, Observe: func(*State) bool { seen++; return seen < 4 }}).Run(start.Clone(), x, y); err != nil || out.Steps != 3 {
		t.Errorf("stopped after %d steps, %v; want 3", out.Steps, err)
	}
	if _, err := (Stochastic{Step: 0.02, Steps: 1, Batch: train.MiniBatch{Size: 9, Law: train.Distinct, Rand: rng}}).Run(start, x, y); err == nil {
		t.Error("nine distinct samples of five are impossible")
	}
}
