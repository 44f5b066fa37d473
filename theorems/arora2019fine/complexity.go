package arora2019fine

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

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// rademacherDetermined bounds the Rademacher complexity of the networks near a given start.
//
// Setting: n <= 8 unit inputs, a drawn start; the class of all networks with ||W - W(0)||_F <= B and
// ||w_r - w_r(0)|| <= R for every r.
//
// Hypotheses: none.
//
// Conclusion: Rad_S <= B ||Z(0)||_F/n + R sum_i F_i/(n sqrt m), F_i = #{r: |w_r(0) . x_i| <= R}.
//
// Constants: derived; see bounds.RademacherDetermined. The supremum on the left is bounded from below, exactly in the
// signs: for each of the 2^n sign vectors the member that maximises the linear part, with its rows cut to norm R, is evaluated.
//
// Convention: 1/sqrt(m) scaling, any kappa.
//
// Reference: derived here, after the proof of Lemma 5.4.
//
// Control: four fifths of the first term, in a class with so small an R that the second one does not cover it.
func rademacherDetermined() checks.Claim[classP] {
	wide := classP{data.Spec{Kind: data.Sphere, N: 5, D: 5, Seed: 1}, 1000, 1, 0.1, 1.5, 0.2}
	return checks.Claim[classP]{
		ID: "arora2019fine/rademacher-start", Title: "complexity around a given start", Reference: "derived here, after Lemma 5.4",
		Formula:    `\mathrm{Rad}_S \le \frac{B \lVert Z(0) \rVert_F}{n} + \frac{R}{n\sqrt{m}} \sum_i F_i`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 2,
		Space: classes(), Grid: []classP{
			wide,
			{data.Spec{Kind: data.Sphere, N: 6, D: 3, Seed: 2}, 200, 1, 1, 3, 0.2},
			{images.Easy(data.MNIST, 6, 49), 500, 1, 0.3, 1.5, 0.2},
		},
		Cost:  classP.cost,
		Setup: func(p classP) (checks.Instance, error) { return startComplexity(p, 1) },
		Controls: []checks.Control[classP]{{
			Name: "four-fifths-of-the-ball", Why: "the linear part alone is nearly B ||Z||_F/n", At: []classP{wide},
			Setup: func(p classP) (checks.Instance, error) { return startComplexity(p, 0.8) },
		}},
	}
}

// classP has B and the ratio R sqrt(m)/B, so that the cut of the rows is the same at any width.
type classP struct {
	Data  data.Spec `json:"data"`
	M     int       `json:"m"`
	Kappa float64   `json:"kappa"`
	B     float64   `json:"b"`
	Rows  float64   `json:"rows"` // R sqrt(m)/B
	Delta float64   `json:"delta"`
}

func (p classP) r() float64 { return p.Rows * p.B / math.Sqrt(float64(p.M)) }

func (p classP) cost() checks.Cost {
	n, d := size(p.Data)
	m := float64(p.M)
	return checks.Cost{Setup: setupWork(p.Data), Trial: m*(20*d+2*n*d) + math.Pow(2, n)*m*(4*n*n+10*n), Bytes: 8 * m * (d + 2*n), Size: fmt.Sprintf("m=%d", p.M)}
}

func classes() *rapid.Generator[classP] {
	return rapid.Custom(func(t *rapid.T) classP {
		return classP{
			Data:  gen.Specs(gen.Range{MinN: 1, MaxN: 5, MinD: 1, MaxD: 5}).Draw(t, "data"),
			M:     rapid.IntRange(1, 200).Draw(t, "m"),
			Kappa: rapid.SampledFrom([]float64{1, 0.1, 3}).Draw(t, "kappa"),
			B:     rapid.SampledFrom([]float64{0.1, 1, 0.01, 10}).Draw(t, "B"),
			Rows:  rapid.Float64Range(0.3, 4).Draw(t, "R over B/sqrt(m)"),
			Delta: 0.3,
		}
	})
}

func startComplexity(p classP, share float64) (checks.Instance, error) {
	f, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	return checks.Instance{Trial: func(r *rand.Rand) checks.Measurement {
		net := f.network(p.M, p.Kappa, nets.Independent, r)
		b := f.initial(net)
		// Rows of norm 1 only to rounding: the radius in which flips are counted is a little larger.
		fragile, zF := sum(b, net, p.r()*(1+1e-12)+1e-15*p.Kappa)
		return checks.Measurement{Observed: complexity(b, net, p.B, p.r()),
			Predicted: bounds.RademacherDetermined(share*p.B, p.r(), zF, fragile, f.n(), p.M), Tolerance: 1e-12 * (p.B + p.Kappa)}
	}}, nil
}

// sum returns sum_i F_i(R) and ||Z(0)||_F.
func sum(b *nets.Batch, net *nets.Network, radius float64) (fragile int, zF float64) {
	counts := make([]int, len(b.U))
	b.Fragile(counts, net, radius)
	for _, c := range counts {
		fragile += c
	}
	active := 0
	for _, z := range b.Z.RawMatrix().Data {
		if z >= 0 {
			active++
		}
	}
	return fragile, math.Sqrt(float64(active) / float64(net.Width()))
}

// complexity is a lower bound on the Rademacher complexity of the class around net, by enumeration of the signs:
// the mean over eps of (1/n) sum_i eps_i (f_W(x_i) - f_W(0)(x_i)), with W - W(0) along Z(0) eps, of norm at most B, and
// its rows cut to norm R. The terms of W(0) have mean zero over eps. No weights are formed: movements lie in
// the span of the samples and act through K = X X^T.
func complexity(b *nets.Batch, net *nets.Network, ball, radius float64) float64 {
	m, n := b.Z.Dims()
	k := make([][]float64, n)
	for i := range k {
		k[i] = mat.Row(nil, i, b.K)
	}
	along, norms := mat.NewDense(m, n, nil), make([]float64, m)
	eps, coef := make([]float64, n), make([]float64, n)
	var total float64
	for signs := range 1 << n {
		for i := range eps {
			eps[i] = float64(2*(signs>>i&1) - 1)
		}
		var frobenius float64
		for r := range m {
			z, out := b.Z.RawRowView(r), along.RawRowView(r)
			for i, v := range z {
				coef[i] = 0
				if v >= 0 {
					coef[i] = net.A[r] * net.Scale * eps[i]
				}
			}
			var square float64
			for i := range n {
				var dot float64
				for j, c := range coef {
					dot += c * k[i][j]
				}
				out[i] = dot
				square += dot * coef[i]
			}
			norms[r] = math.Sqrt(math.Max(0, square))
			frobenius += square
		}
		if frobenius <= 0 {
			continue
		}
		for r := range m {
			c := ball / math.Sqrt(frobenius)
			if c*norms[r] > radius {
				c = radius / norms[r]
			}
			z, out := b.Z.RawRowView(r), along.RawRowView(r)
			for i, v := range z {
				total += eps[i] * net.Scale * net.A[r] * (math.Max(0, v+c*out[i]) - math.Max(0, v))
			}
		}
	}
	return total / float64(n) / math.Pow(2, float64(n))
}

// rademacherClass is the complexity before the start is drawn, as the source states it.
//
// Setting: n unit inputs, independent start of scale kappa, R fixed, the class of rademacher-start.
//
// Hypotheses: none.
//
// Conclusion: with probability at least 1 - delta over the start, for all B,
// Rad_S <= (B/sqrt(2n)) (1 + sqrt(2t/m))^{1/2} + R sqrt m p + R sqrt(t/2), t = log(2/delta), p = erf(R/(kappa sqrt 2)).
//
// Constants: derived; it implies the (B/sqrt(2n)) (1 + (2t/m)^{1/4}) + 2 R^2 sqrt m/kappa + R sqrt(2t) that Lemma 5.4 states,
// shown as a fact. The left side is measured from below as for rademacher-start.
//
// Convention: 1/sqrt(m) scaling.
//
// Reference: derived here, after Lemma 5.4, whose form it sharpens.
//
// Control: 1/sqrt(8n) for 1/sqrt(2n), at a width and a radius where the terms in R do not cover the difference.
func rademacherClass() checks.Claim[classP] {
	wide := classP{data.Spec{Kind: data.Sphere, N: 3, D: 5, Seed: 1}, 8000, 1, 0.1, 1.2, 0.3}
	return checks.Claim[classP]{
		ID: "arora2019fine/rademacher-class", Title: "complexity around a random start", Reference: "derived here, after Lemma 5.4",
		Formula:    `\mathrm{Rad}_S \le \frac{B}{\sqrt{2n}} \left( 1+\sqrt{2t/m} \right)^{1/2} + R\sqrt{m}\,p + R\sqrt{t/2}`,
		Convention: convention, Basis: checks.Derived, Form: checks.Probably{}, Version: 2,
		Space: classes(), Grid: []classP{
			{data.Spec{Kind: data.Sphere, N: 4, D: 5, Seed: 1}, 1000, 1, 0.1, 1.5, 0.3},
			{data.Spec{Kind: data.Sphere, N: 5, D: 3, Seed: 2}, 200, 1, 1, 3, 0.3},
			{images.Easy(data.Fashion, 4, 49), 500, 1, 0.3, 1.5, 0.3},
		},
		Cost:  classP.cost,
		Setup: func(p classP) (checks.Instance, error) { return classComplexity(p, 1) },
		Controls: []checks.Control[classP]{{
			Name: "smaller-ball", Why: "1/sqrt(8n) is half of what the linear part reaches", At: []classP{wide},
			Setup: func(p classP) (checks.Instance, error) { return classComplexity(p, 0.5) },
		}},
	}
}

func classComplexity(p classP, share float64) (checks.Instance, error) {
	f, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	bound := bounds.RademacherClass(share*p.B, p.r(), p.Kappa, f.n(), p.M, p.Delta)
	return checks.Instance{
		Facts: []checks.Fact{checks.NewFact("printed bound", bounds.PrintedRademacherClass(p.B, p.r(), p.Kappa, f.n(), p.M, p.Delta)), checks.NewFact("R", p.r())},
		Terms: checks.Terms{Delta: checks.Float(p.Delta)},
		Trial: func(r *rand.Rand) checks.Measurement {
			net := f.network(p.M, p.Kappa, nets.Independent, r)
			return checks.Measurement{Observed: complexity(f.initial(net), net, p.B, p.r()), Predicted: bound, Tolerance: 1e-12 * (p.B + p.Kappa)}
		},
	}, nil
}
