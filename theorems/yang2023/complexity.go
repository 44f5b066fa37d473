package yang2023

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
)

// complexityDraws is how many draws of the start and of the signs a trial of rademacher averages.
const complexityDraws = 10

// rademacher is the complexity of the linearised network.
//
// Setting: n unit inputs; a network of width m at its start, all biases B >= 0; the functions <grad f(x), V> of its weights and
// biases, |V|_F <= D; random signs sigma.
//
// Hypotheses: none.
//
// Conclusion: their Rademacher complexity on the inputs, averaged over the start, is at most D sqrt(2Q(B)/n): per D,
// E (1/n) |sum_i sigma_i grad f(x_i)|_F <= sqrt(2Q(B)/n).
//
// Constants: derived: by Jensen's inequality, since |grad f(x_i)|^2 = (2/m) |S_on(i, 0)| has the mean 2Q(B). Where gradients are
// orthogonal, as for antipodes, it is attained as m grows. The printed D sqrt(8 e^{-B^2/2}/n) of Lemma 41 is weaker by
// sqrt(8 e^{-B^2/2}/(2Q)) >= 2 sqrt 2. With D = sqrt(y^T H^inf(B)^{-1} y) it gives a leading term
// sqrt(8Q y^T H^{-1} y/n) of the population loss, where Theorem 9 has sqrt(32 e^{-B^2/2} y^T H^{-1} y/n). Since
// H^inf/(2Q) -> I, the first tends to 2 ||y||/sqrt(n) as B grows, and the second grows like sqrt(B): a larger bias does not
// make them smaller.
//
// Convention: 1/sqrt(m) scaling, weights and biases trained. With X the variable, var X <= var(X^2)/E X^2, and both moments are known exactly:
// n^2 X^2 = sigma^T H(0) sigma.
//
// Reference: Yang et al., Lemma 41 and Theorem 9; derived here.
//
// Control: 0.9 of the square of the bound; gradients in the weights alone.
func rademacher() checks.Checkable {
	setup := func(square func(b float64) float64) func(wide) (checks.Instance, error) {
		return func(p wide) (checks.Instance, error) {
			in, err := load(p.Data, p.Bias)
			if err != nil {
				return checks.Instance{}, err
			}
			n := in.n()
			deviation, err := spread(in, p.M)
			if err != nil {
				return checks.Instance{}, err
			}
			return checks.Instance{
				Terms: checks.Terms{Resolution: 0.02, Deviation: checks.Float(deviation / math.Sqrt(complexityDraws))},
				Trial: func(r *rand.Rand) checks.Measurement {
					law, batch, signs := in.law(p.M, nets.Independent), nets.NewBatch(in.x, p.M), make([]float64, n)
					_, d := in.x.Dims()
					gradient, sum := mat.NewDense(p.M, d, nil), 0.0
					for range complexityDraws {
						net := law.Draw(r)
						batch.Forward(net)
						for i := range signs {
							signs[i] = float64(2*r.IntN(2) - 1)
						}
						batch.Gradient(gradient, nil, net, signs)
						sum += mat.Norm(gradient, 2) / float64(n)
					}
					return checks.Measurement{Observed: sum / complexityDraws, Predicted: math.Sqrt(square(p.Bias) / float64(n))}
				},
			}, nil
		}
	}
	antipodes := data.Spec{Kind: data.Antipodal, N: 2, D: 2, Seed: 1}
	grid := []wide{
		{Data: antipodes, Bias: 0.5, M: 100}, {Data: antipodes, Bias: 1, M: 200}, {Data: data.Spec{Kind: data.Sphere, N: 6, D: 12, Seed: 1}, Bias: 2, M: 400},
		{Data: images.All(data.MNIST, 5, 49), Bias: 0.5, M: 60},
	}
	return checks.Claim[wide]{
		ID: "yang2023/rademacher", Title: "complexity of the linearised network", Reference: "Lemma 41 and Theorem 9, derived here",
		Formula: `\mathbb{E}\,\frac{1}{n}\Big\|\sum_i \sigma_i \nabla f(x_i)\Big\|_F \le \sqrt{\frac{2Q(B)}{n}} \le \sqrt{\frac{8 e^{-B^2/2}}{n}}`, Convention: convention,
		Basis: checks.Derived, Form: checks.Mean{}, Version: 1,
		Grid: grid,
		Cost: func(p wide) checks.Cost {
			c := gramCost(p)
			c.Trial *= complexityDraws
			return c
		},
		Setup: setup(func(b float64) float64 { return 2 * kernel.UpperTail(b) }),
		Controls: []checks.Control[wide]{
			{Name: "smaller", Why: "antipodes attain the bound", At: grid[:2], Setup: setup(func(b float64) float64 { return 0.9 * 2 * kernel.UpperTail(b) })},
			{Name: "weights-alone", Why: "biases double the square of the gradient", At: grid[:2], Setup: setup(kernel.UpperTail)},
		},
	}
}

// spread is sqrt(var(X^2)/E X^2) for X = |sum_i sigma_i grad f(x_i)|/n: given H(0) the signs have the variance
// 2 sum_{i != j} H_ij^2, and the trace of H(0) is a sum of counts.
func spread(in *inputs, m int) (float64, error) {
	joint, err := kernel.Threshold(in.bias).Gram(in.set.X)
	if err != nil {
		return 0, err
	}
	n, q := in.n(), kernel.UpperTail(in.bias)
	variance := 0.0
	for i := range n {
		for j := range n {
			k, p := in.gram.At(i, j), joint.At(i, j)
			if i != j {
				variance += 2 * k * k * (p*p + p*(1-p)/float64(m))
			}
			variance += 4 * (p - q*q) / float64(m)
		}
	}
	mean := 2 * float64(n) * q // of n^2 X^2
	return math.Sqrt(math.Max(variance, 1e-6*mean*mean)/mean) / float64(n), nil
}

// linearisation compares the network with its linearisation, the bound multiplied by the factor.
func linearisation(factor float64) func(wide) (checks.Instance, error) {
	return func(p wide) (checks.Instance, error) {
		in, err := load(p.Data, p.Bias)
		if err != nil {
			return checks.Instance{}, err
		}
		return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
			net, batch := in.law(p.M, nets.Independent).Draw(r), nets.NewBatch(in.x, p.M)
			batch.Forward(net)
			start, u := mat.DenseCopyOf(batch.Z), append([]float64(nil), batch.U...)
			target, sign := r.IntN(in.n()), float64(2*r.IntN(2)-1)
			x, scale := in.x.RawRowView(target), p.Reach/in.gram.At(target, target)
			for k := range p.M {
				if net.A[k] == sign {
					toward := -math.Copysign(scale, start.At(k, target))
					for c, v := range net.W.RawRowView(k) {
						net.W.Set(k, c, v+toward*x[c])
					}
				}
			}
			batch.Forward(net)
			var ms []checks.Measurement
			for i := range in.n() {
				linear, bound, size := u[i], 0.0, 1.0
				for k := range p.M {
					z := start.At(k, i)
					moved := batch.Z.At(k, i) - z
					if z >= 0 {
						linear += net.Scale * net.A[k] * moved
					}
					bound += net.Scale * math.Max(0, math.Abs(moved)-math.Abs(z))
					size += net.Scale * (math.Abs(z) + math.Abs(moved))
				}
				ms = append(ms, checks.Measurement{Observed: math.Abs(batch.U[i] - linear), Predicted: factor * bound, Tolerance: 64 * unit * size})
			}
			return checks.Worst(ms...)
		}}, nil
	}
}

// ball is how far the network is from its linearisation.
//
// Setting: n unit inputs; a network with weights and biases of any kind, here at its start with all biases B, and
// another one whose preactivations on the inputs differ by Delta_ri. The adversary moves those of one input on the neurons of one
// sign by R toward their boundary.
//
// Hypotheses: none.
//
// Conclusion: |f'(x_i) - f(x_i) - <grad f(x_i), V>| <= m^{-1/2} sum_r (|Delta_ri| - |z_ri|)_+ for every i, V the
// difference of the weights and biases. So it is at most m^{-1/2} R F_i when all |Delta_ri| <= R, F_i the number of neurons with
// |z_ri| <= R; and the Rademacher complexity of a ball |V|_F <= D within reach R at most
// (D/n) sqrt((2/m) sum_i |S_on(i, 0)|) + (R/(n sqrt m)) sum_i F_i.
//
// Constants: derived: relu(z+D) - relu(z) - D 1{z >= 0} lies between 0 and (|D| - |z|)_+. One input attains it.
//
// Convention: 1/sqrt(m) scaling.
//
// Reference: Yang et al., Lemma 41, whose second term, 4 c (R_w + R_b)^2 sqrt(m) e^{-B^2/2}, hides c; derived here.
//
// Control: nine tenths of the bound; the network taken for linear.
func ball() checks.Checkable {
	grid := []wide{
		{Data: orthonormal(1), Bias: 0.5, M: 500, Reach: 0.5}, {Data: orthonormal(3), Bias: 1, M: 500, Reach: 1},
		{Data: data.Spec{Kind: data.Sphere, N: 5, D: 4, Seed: 1}, Bias: 2, M: 1000, Reach: 0.3}, {Data: images.All(data.Fashion, 5, 49), Bias: 1, M: 500, Reach: 0.2},
	}
	return checks.Claim[wide]{
		ID: "yang2023/ball", Title: "distance of the network from its linearisation", Reference: "Lemma 41, derived here",
		Formula: `|f'(x_i) - f(x_i) - \langle \nabla f(x_i), V\rangle| \le \frac{1}{\sqrt m}\sum_r (|\Delta_{ri}| - |z_{ri}|)_+`, Convention: convention,
		Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) wide {
			return wide{
				Data: gen.Specs(gen.Range{MinN: 1, MaxN: 5, MinD: 1, MaxD: 4}).Draw(t, "data"), Bias: biasOf(t), M: rapid.IntRange(1, 80).Draw(t, "m"),
				Reach: math.Pow(10, rapid.Float64Range(-3, 2).Draw(t, "log10 reach")),
			}
		}),
		Grid: grid, Cost: gramCost, Setup: linearisation(1),
		Controls: []checks.Control[wide]{
			{Name: "smaller", Why: "one input attains the bound", At: grid[:1], Setup: linearisation(0.9)},
			{Name: "linear", Why: "neurons that cross their boundary make a difference", At: grid, Setup: linearisation(0)},
		},
	}
}
