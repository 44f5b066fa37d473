package train

import (
	"math"
	"testing"

	"convergo/nets"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// Sub-networks of all neurons, however many, are gradient descent bit for bit.
func TestFullMasksAreDescent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net, x, y, _ := drawProblem(t)
		how := Masking{
			Law:    rapid.SampledFrom([]MaskLaw{Bernoulli{1}, FixedSize{net.Width()}}).Draw(t, "law"),
			Models: rapid.IntRange(1, 5).Draw(t, "p"), LocalSteps: rapid.IntRange(1, 4).Draw(t, "tau"),
			Inverted: rapid.Bool().Draw(t, "inverted"), ByModels: rapid.Bool().Draw(t, "by models"),
		}
		opt := Options{Step: rapid.Float64Range(0.1, 3).Draw(t, "eta")}
		plain, err := NewDescent(net.Clone(), x, y, opt)
		if err != nil {
			t.Fatal(err)
		}
		k, err := NewMasked(net.Clone(), x, y, how, opt, newRand(1))
		if err != nil {
			t.Fatal(err)
		}
		for range 6 {
			k.Round()
			for range how.LocalSteps {
				plain.Step()
			}
			a, b := k.State(), plain.State()
			if !mat.Equal(a.Net.W, b.Net.W) || a.Norm != b.Norm || !mat.Equal(a.Batch.Z, b.Batch.Z) {
				t.Fatal("a round of full masks is not so many steps of descent")
			}
		}
	})
}

// roundByDefinition is the aggregation, with descent on each sub-network.
func roundByDefinition(t *rapid.T, net *nets.Network, x *mat.Dense, y []float64, masks [][]bool, tau int, eta float64) *mat.Dense {
	m, d := net.W.Dims()
	sum, count := mat.NewDense(m, d, nil), make([]float64, m)
	for _, mask := range masks {
		sub := net.Clone().Masked(mask)
		if _, err := Descend(background, sub, x, y, Options{Step: eta, Steps: tau}); err != nil {
			t.Fatal(err)
		}
		var move mat.Dense
		move.Sub(sub.W, net.W)
		sum.Add(sum, &move)
		for r, kept := range mask {
			if kept {
				count[r]++
			}
		}
	}
	next := mat.DenseCopyOf(net.W)
	for r := range m {
		for c := range d {
			next.Set(r, c, next.At(r, c)+sum.At(r, c)/math.Max(1, count[r]))
		}
	}
	return next
}

func TestRoundIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net, x, y, rng := drawProblem(t)
		law := rapid.SampledFrom([]MaskLaw{Bernoulli{0.4}, Partition{}}).Draw(t, "law")
		p, tau := rapid.IntRange(1, 4).Draw(t, "p"), rapid.IntRange(1, 3).Draw(t, "tau")
		masks := make([][]bool, p)
		for l := range masks {
			masks[l] = make([]bool, net.Width())
		}
		k, err := NewMasked(net, x, y, Masking{Law: law, Models: p, LocalSteps: tau}, Options{Step: 1.5}, rng)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			law.Draw(rng, masks)
			want := roundByDefinition(t, net, x, y, masks, tau, 1.5)
			k.RoundWith(masks)
			if !mat.EqualApprox(net.W, want, 1e-11) {
				t.Fatal("weights after a round differ from the definition")
			}
			xi := law.Xi(p, net.Width())
			for i, u := range net.Output(x) {
				if !near(k.State().U[i], xi*u, 1e-12) {
					t.Fatalf("prediction %d is %v, xi f = %v", i, k.State().U[i], xi*u)
				}
			}
		}
	})
}

// The mean update of one round over all masks, by enumeration, and
// the control that averages over the models.
func TestMeanUpdateByEnumeration(t *testing.T) {
	const m, p, xi, eta = 3, 2, 0.3, 0.8
	start, x, y := problem(newRand(9), nets.NTK(m, 3), 3)
	u := start.Output(x)
	b := nets.NewBatch(x, m)
	b.Forward(start)
	for _, byModels := range []bool{false, true} {
		theta := 1 - (1-xi)*(1-xi)
		if byModels {
			theta = xi
		}
		mean := mat.NewDense(m, 3, nil)
		for code := range 1 << (m * p) {
			masks, weight := [][]bool{make([]bool, m), make([]bool, m)}, 1.0
			for bit := range m * p {
				kept := code>>bit&1 == 1
				masks[bit/m][bit%m] = kept
				if kept {
					weight *= xi
				} else {
					weight *= 1 - xi
				}
			}
			net := start.Clone()
			k, err := NewMasked(net, x, y, Masking{Law: Bernoulli{xi}, Models: p, LocalSteps: 1, ByModels: byModels}, Options{Step: eta}, newRand(1))
			if err != nil {
				t.Fatal(err)
			}
			k.RoundWith(masks)
			net.W.Sub(net.W, start.W)
			net.W.Scale(weight, net.W)
			mean.Add(mean, net.W)
		}
		for r := range m {
			for c := range 3 {
				var want float64
				for i := range y {
					if z := b.Z.At(r, i); z >= 0 {
						want += (xi*u[i] - y[i] + (1-xi)*start.A[r]*z*start.Scale) * x.At(i, c)
					}
				}
				want *= -eta * theta * start.A[r] * start.Scale
				if got := mean.At(r, c); !(math.Abs(got-want) <= 1e-14) {
					t.Errorf("by models %v: mean update (%d,%d) is %v, want %v", byModels, r, c, got, want)
				}
			}
		}
	}
}

// Inverted dropout descends the loss of f_M/xi.
func TestInvertedRound(t *testing.T) {
	start, x, y := problem(newRand(9), nets.NTK(40, 3), 3)
	mask := make([]bool, 40)
	for r := range mask {
		mask[r] = r%4 == 0
	}
	want := start.Clone().Masked(mask)
	want.Scale /= 0.25
	if _, err := Descend(background, want, x, y, Options{Step: 0.5, Steps: 2}); err != nil {
		t.Fatal(err)
	}
	k, err := NewMasked(start, x, y, Masking{Law: Bernoulli{0.25}, Models: 1, LocalSteps: 2, Inverted: true}, Options{Step: 0.5}, newRand(1))
	if err != nil {
		t.Fatal(err)
	}
	k.RoundWith([][]bool{mask})
	if !mat.Equal(start.W, want.W) || k.State().U[0] != k.State().Batch.U[0] {
		t.Error("an inverted round is not descent on f_M/xi with prediction f")
	}
}

func TestMaskLaws(t *testing.T) {
	const m, p, rounds = 40, 4, 500
	rng := newRand(6)
	masks := make([][]bool, p)
	for l := range masks {
		masks[l] = make([]bool, m)
	}
	for _, c := range []struct {
		law     MaskLaw
		xi      float64
		overlap float64 // P(neuron 0 and neuron 1 kept in sub-network 0)
		copies  float64 // P(neuron 0 kept in sub-networks 0 and 1)
	}{
		{Bernoulli{0.3}, 0.3, 0.09, 0.09},
		{Partition{}, 0.25, 0.0625, 0},
		{FixedSize{10}, 0.25, 0.25 * 9 / 39, 0.0625},
		{Paired{Bernoulli{0.3}}, 0.3, 0.09, 0.09},
		{Paired{FixedSize{5}}, 0.25, 0.25 * 4 / 19, 0.0625},
	} {
		var kept, overlap, copies float64
		for range rounds {
			c.law.Draw(rng, masks)
			for l, mask := range masks {
				size := 0
				for r := range m {
					if mask[r] {
						size++
					}
					kept += truth(mask[r]) / (rounds * m * p)
					overlap += truth(mask[r] && mask[(r+1)%m]) / (rounds * m * p)
					copies += truth(mask[r] && masks[(l+1)%p][r]) / (rounds * m * p)
					if _, paired := c.law.(Paired); paired && mask[r] != mask[(r+m/2)%m] {
						t.Fatalf("%v: neurons %d and %d are not masked together", c.law, r, (r+m/2)%m)
					}
				}
				if _, fixed := c.law.(FixedSize); fixed && size != 10 {
					t.Fatalf("%v keeps %d neurons", c.law, size)
				}
			}
		}
		if c.law.Xi(p, m) != c.xi || !(math.Abs(kept-c.xi) <= 0.01) || !(math.Abs(overlap-c.overlap) <= 0.01) || !(math.Abs(copies-c.copies) <= 0.01) {
			t.Errorf("%v: xi = %v, kept %.3f, overlap %.3f, copies %.3f; want %+v", c.law, c.law.Xi(p, m), kept, overlap, copies, c)
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestReuseKeepsTheMasks(t *testing.T) {
	for _, reuse := range []bool{true, false} {
		net, x, y := problem(newRand(9), nets.NTK(200, 4), 3)
		k, err := NewMasked(net, x, y, Masking{Law: Partition{}, Models: 2, LocalSteps: 1, Reuse: reuse}, Options{Step: 0.5}, newRand(1))
		if err != nil {
			t.Fatal(err)
		}
		k.Round()
		first := append([]bool(nil), k.masks[0]...)
		k.Round()
		same := true
		for r, v := range k.masks[0] {
			same = same && v == first[r]
		}
		if same != reuse {
			t.Errorf("reuse %v: masks of the second round are the first's: %v", reuse, same)
		}
	}
}
