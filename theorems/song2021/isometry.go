package song2021

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/data/gen"
	"convergo/theorems/internal/images"
	"convergo/theorems/internal/userfile"
)

// pair is a network and a second point of its weight space.
type pair struct {
	start
	Step   float64 `json:"step"`             // distance of the two points, as a share of ||W_0||
	Worst  bool    `json:"worst,omitempty"`  // for Fixed weights: in the direction of the proof; else random
	Hidden bool    `json:"hidden,omitempty"` // only W moves
}

// isometry is the near-isometry of the Jacobian at the start, and how fast it can change.
//
// Setting: one output; J the Jacobian of the n outputs in (V, W), at weights (V_0, W_0) and at other ones (V, W).
//
// Hypotheses: |phi'| <= B1 and |phi'(a) - phi'(b)| <= B2 |a - b|, with as many neurons as samples at least; no |v_r| above vmax at either point.
//
// Conclusion: (i) sigma_min(J_0) >= mu = sigma_min(phi(W_0 X)); (ii) ||J_0|| <= sqrt(sigma_max(phi(W_0 X))^2 + B1^2 ||X||^2 ||V_0||^2); (iii)
// ||J - J_0|| <= Lambda ||(V,W) - (V_0,W_0)||_F with Lambda = ||X|| (c + sqrt(c^2 + 4 B1^2))/2, c = B2 vmax max_i ||x_i||. So, by Weyl's inequality,
// mu/2 <= sigma(J) <= ||J_0|| + mu/2 on the ball of radius mu/(2 Lambda).
//
// Constants: sharper than the printed ones, which follow: nu = B1 ||X|| ||V_0|| + sigma_max(phi(W_0 X)) is a sum where the blocks of J add in squares, and
// beta = sqrt 2 ||X|| (B1 + B2 chi), for unit inputs, is at least Lambda (bounds.FeatureMap.PrintedJacobianLipschitz). (i) The block in V is
// Phi^T. (ii) The block in W has the squared norm sum_r v_r^2 ||X (phi'_r o R)||^2 <= B1^2 ||X||^2 ||V||^2 at ||R|| = 1. (iii) bounds.FeatureMap.
// Equality in (i) for V_0 = 0, in (ii) for one linear neuron, in (iii) in the limit for phi(z) = z^2/2 up to |z| = 1 and linear beyond, at
// w x just below 1, where phi' = B1 and phi” = B2. The last line follows by the same argument as (iii). Rounding: 8 (n + m d + m) ulp of
// the Frobenius norms of the Jacobians.
//
// Convention: one output, no output factor.
//
// Reference: Song et al. (2021), Lemma 3 with Lemma 1, constants sharpened here.
//
// Control: sigma_max for sigma_min, B1 or B2 taken five per cent too small, a factor of 1/1.05 on the bound of ||J_0||, vmax left out.
func isometry() checks.Checkable {
	type sabotage struct{ low, top, b1, b2, v float64 }
	faithful := sabotage{1, 1, 1, 1, 1}
	setup := func(s sabotage) func(pair) (checks.Instance, error) {
		return func(p pair) (checks.Instance, error) {
			common, err := p.setting()
			if err != nil {
				return checks.Instance{}, err
			}
			common.b1 *= s.b1
			common.feature.B1 *= s.b1
			common.feature.B2 *= s.b2
			inst := checks.Instance{
				Hypotheses: []checks.Hypothesis{checks.Require("neurons", float64(p.Width), checks.AtLeast, float64(common.set.N()))},
				Facts: []checks.Fact{
					checks.NewFact("Lambda at V = 0", common.feature.JacobianLipschitz(0)),
					checks.NewFact("beta as printed, at V = 0", common.feature.PrintedJacobianLipschitz(0)),
				},
			}
			inst.Trial = func(r *rand.Rand) checks.Measurement {
				j, err := p.jacobians(common, r)
				if err != nil {
					return checks.Failed(err)
				}
				return checks.All(
					checks.Measurement{Part: "smallest singular value", Observed: j.low, Predicted: s.low * j.features[0], Relation: checks.AtLeast, Tolerance: j.rounding},
					checks.Measurement{
						Part: "largest singular value", Observed: j.top, Tolerance: j.rounding,
						Predicted: s.top * math.Hypot(j.features[1], common.b1*common.feature.X*j.v0),
					},
					checks.Measurement{
						Part: "change", Observed: j.change, Tolerance: j.rounding,
						Predicted: common.feature.JacobianLipschitz(s.v*j.vmax) * j.distance,
					},
				)
			}
			return inst, nil
		}
	}
	one := data.Spec{Kind: data.Basis, N: 1, D: 1, Labels: data.Const}
	kink := pair{start: start{Data: one, Act: "huber", Width: 1, Fixed: []float64{0.999, 0.8}}, Step: 1e-4, Worst: true}
	line := pair{start: start{Data: one, Act: "identity", Width: 1, Fixed: []float64{1, -1}}, Step: 0.1, Worst: true}
	rest := pair{start: start{Data: data.Spec{Kind: data.Sphere, N: 4, D: 6, Seed: 1}, Act: "tanh", Width: 8}, Step: 0.1}
	return checks.Claim[pair]{
		ID: "song2021/isometry", Title: "near-isometry of the Jacobian, and its Lipschitz constant", Reference: "Lemmas 1 and 3, sharpened here",
		Formula:    `\|J - J_0\| \le \tfrac12\|X\|\left(c + \sqrt{c^2 + 4B_1^2}\right) \|(V,W)-(V_0,W_0)\|_F, \quad c = B_2 \max_r |v_r| \max_i \|x_i\|`,
		Convention: convention, Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Space: rapid.Custom(func(t *rapid.T) pair {
			n := rapid.IntRange(1, 5).Draw(t, "n")
			return pair{
				start: start{
					Data:  gen.Specs(gen.Range{MinN: 1, MaxN: n, MinD: 1, MaxD: 4}).Draw(t, "data"),
					Act:   rapid.SampledFrom(append([]string{"huber"}, smoothNames...)).Draw(t, "act"),
					Width: rapid.IntRange(n, 10).Draw(t, "width"), Output: rapid.SampledFrom([]float64{0, 0.1, 1, 30}).Draw(t, "output"),
				},
				Step: rapid.SampledFrom([]float64{1e-4, 0.01, 0.3, 2}).Draw(t, "step"), Hidden: rapid.Bool().Draw(t, "hidden"),
			}
		}),
		Grid: []pair{
			kink, line, rest, // equality in (iii), (ii) and (i)
			{start: start{Data: data.Spec{Kind: data.Sphere, N: 6, D: 4, Seed: 2}, Act: "gelu", Width: 20, Output: 0.3}, Step: 0.01},
			{start: start{Data: images.Hard(data.MNIST, 10, 49), Act: "erf", Width: 30, Output: 0.2}, Step: 0.02, Hidden: true},
			{start: start{Data: images.Easy(data.Fashion, 10, 49), Act: "softplus", Width: 30, Output: 0.2}, Step: 0.02},
		},
		OnData: func(f checks.DataFile) []pair {
			return []pair{{start: start{Data: userfile.Signed(f, 20), Act: "gelu", Width: 40, Output: 0.2}, Step: 0.02}}
		},
		Cost: func(p pair) checks.Cost {
			n, d := float64(max(p.Data.N, 1)), float64(max(p.Data.D, 1))
			return checks.Cost{Trial: 60 * n * n * float64(p.Width) * (d + 1), Size: fmt.Sprintf("m=%d", p.Width)}
		},
		Setup: setup(faithful),
		Controls: []checks.Control[pair]{
			{
				Name: "smallest-five-per-cent-more", Why: "at V = 0 the Jacobian is the feature matrix",
				At: []pair{rest}, Setup: setup(sabotage{1.05, 1, 1, 1, 1}),
			},
			{
				Name: "largest-five-per-cent-less", Why: "for one linear neuron the bound is attained",
				At: []pair{line}, Setup: setup(sabotage{1, 1 / 1.05, 1, 1, 1}),
			},
			{
				Name: "smaller-first-derivative", Why: "the neuron at the kink has slope B1", At: []pair{kink}, Setup: setup(sabotage{1, 1, 1 / 1.05, 1, 1}),
			},
			{
				Name: "smaller-second-derivative", Why: "and its slope changes at the rate B2", At: []pair{kink}, Setup: setup(sabotage{1, 1, 1, 1 / 1.05, 1}),
			},
			{
				Name: "output-weights-forgotten", Why: "phi'' acts through the output weights", At: []pair{kink}, Setup: setup(sabotage{1, 1, 1, 1, 0}),
			},
		},
	}
}

// jacobians are the numbers of a pair of points.
type jacobians struct {
	low, top         float64    // extreme singular values of J_0
	features         [2]float64 // those of Phi_0
	v0, vmax         float64    // ||V_0||, and the largest |v_r| at both
	change, distance float64    // ||J - J_0|| and how far the points are apart
	rounding         float64
}

func (p pair) jacobians(s setting, r *rand.Rand) (jacobians, error) {
	net := p.network(s, r)
	batch := nets.NewBatch(s.set.X, p.Width)
	batch.Forward(net)
	j0 := batch.Jacobian(net, nets.BothLayers)
	out := jacobians{v0: floats.Norm(net.A, 2), vmax: largest(net.A)}
	g := mat.NewSymDense(s.set.N(), nil)
	batch.Gram(g, net, nets.SecondLayer)
	low, err := eig.Min(g)
	if err != nil {
		return out, err
	}
	top, err := eig.Max(g)
	if err != nil {
		return out, err
	}
	out.features = [2]float64{math.Sqrt(math.Max(0, low.Lower())), math.Sqrt(top.Upper())}
	var svd mat.SVD
	if !svd.Factorize(j0, mat.SVDNone) {
		return out, fmt.Errorf("the singular values of the Jacobian did not converge")
	}
	values := svd.Values(nil)
	out.top, out.low = values[0], values[len(values)-1]

	size := p.Step * mat.Norm(net.W, 2)
	dw, dv := nets.Gaussian(p.Width, s.set.D(), r), mat.NewVecDense(p.Width, nil)
	if !p.Hidden {
		dv.CopyVec(nets.Gaussian(p.Width, 1, r).ColView(0))
	}
	if p.Worst { // the right singular vector of (B1, 0; c, B1)
		c := s.feature.B2 * math.Abs(net.A[0])
		top := (c + math.Sqrt(c*c+4*s.feature.B1*s.feature.B1)) / 2
		dw.Set(0, 0, top)
		dv.SetVec(0, math.Copysign(s.feature.B1, net.A[0]))
	}
	length := math.Hypot(mat.Norm(dw, 2), mat.Norm(dv, 2))
	dw.Scale(size/length, dw)
	dv.ScaleVec(size/length, dv)
	net.W.Add(net.W, dw)
	floats.Add(net.A, dv.RawVector().Data)
	batch.Forward(net)
	j := batch.Jacobian(net, nets.BothLayers)
	_, columns := j.Dims()
	out.rounding = 8 * float64(s.set.N()+columns) * unit * (mat.Norm(j, 2) + mat.Norm(j0, 2))
	j.Sub(j, j0)
	if !svd.Factorize(j, mat.SVDNone) {
		return out, fmt.Errorf("the singular values of the change did not converge")
	}
	out.change, out.distance = svd.Values(nil)[0], size
	out.vmax = math.Max(out.vmax, largest(net.A))
	return out, nil
}

func largest(v []float64) float64 { return floats.Norm(v, math.Inf(1)) }
