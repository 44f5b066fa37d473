package du2019

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
)

// joint are the parameters of the certificate for both layers.
type joint struct {
	Data   data.Spec `json:"data"`
	M      int       `json:"m"`
	Theta  float64   `json:"theta"`
	Norm   float64   `json:"norm"`           // of the labels
	Size   float64   `json:"size,omitempty"` // of the preactivations of a planted start, on orthonormal inputs; 0 is an antisymmetric Gaussian start
	Steps  int       `json:"steps"`
	Labels float64   `json:"labels,omitempty"` // a factor on the labels that the certificate does not know of; 0 is 1
}

// jointCertificate is Theorem 3.3 for one network.
//
// Setting: gradient flow on (W, a), followed by Euler steps of size 0.04 over the trace of H(0) + G(0); |a_r(0)| = 1; s0 = lambda_min(H(0)), e0 = ||u(0) - y||,
// S = ||X||_2, Z = max_r ||relu(X w_r(0))||, theta in (0, 1), lambda = (1-theta)^2 s0, T = e0/(sqrt m lambda). Labels along the eigenvector of
// lambda_min(H(0) + G(0)), for the planted start all equal.
//
// Hypotheses: on the draw, s0 > 0 and (1 + R_a) S sqrt(phat(R_w)) + R_a S <= theta sqrt(s0) with R_a = (Z T + S^2 T^2)/(1 - S^2 T^2), R_w = (1 + R_a) S T
// and S T < 1. Draws that miss it are skipped and counted. The run ends where the steps are known to within 1 % only, which is also what
// their sums may exceed the integrals by.
//
// Conclusion: for all t, ||u(t) - y|| <= exp(-lambda t) e0, no w_r moves farther than R_w and no a_r farther than R_a, and lambda_min(H(t)) >= lambda.
//
// Constants: derived in bounds.CertifyJoint. As theta and the weights tend to 0 all are attained, by the planted start: every neuron is active on all of
// the orthonormal inputs with small preactivations of one size.
//
// Convention: NTK scaling, both layers trained, sum loss.
//
// Reference: derived here; Du et al. (2019), Theorem 3.3, without its union bounds.
//
// Control: labels half as large again as the certificate knows (the layers move farther), or far larger (the eigenvalue falls), and 1.25 times the rate.
func jointCertificate() checks.Claim[joint] {
	planted := joint{Data: data.Spec{Kind: data.Basis, N: 4, D: 4, Labels: data.Const}, M: 100, Theta: 0.03, Norm: 1e-4, Size: 0.01, Steps: 700}
	large, far := planted, planted
	large.Labels, far.Labels = 1.5, 1e4
	grid := []joint{
		planted,
		{Data: data.Spec{Kind: data.Basis, N: 4, D: 4}, M: 1000, Theta: 0.2, Norm: 1e-3, Steps: 60},
		{Data: data.Spec{Kind: data.Sphere, N: 8, D: 16, Seed: 1}, M: 1000, Theta: 0.3, Norm: 1e-3, Steps: 60},
	}
	for _, s := range pictures(4, 49) {
		grid = append(grid, joint{Data: s, M: 1000, Theta: 0.3, Norm: 1e-4, Steps: 40})
	}
	return checks.Claim[joint]{
		ID: "du2019/joint-certificate", Title: "certificate for training both layers", Reference: "Theorem 3.3, made deterministic here",
		Formula:    `(1+R_a)\|X\|_2\sqrt{\hat p(R_w)} + R_a\|X\|_2 \le \theta\sqrt{s_0} \Rightarrow \|u(t)-y\| \le e^{-(1-\theta)^2 s_0 t}\|u(0)-y\|`,
		Convention: "NTK scaling, both layers trained, sum loss", Basis: checks.Derived, Form: checks.Always{}, Version: 1,
		Grid: grid,
		OnData: func(f checks.DataFile) []joint {
			return []joint{{Data: file(f, 4), M: 1000, Theta: 0.3, Norm: 1e-5, Steps: 40}}
		},
		Cost: func(p joint) checks.Cost {
			return jointCost(descentRun{Data: p.Data, M: p.M, Steps: p.Steps})
		},
		Setup: func(p joint) (checks.Instance, error) { return setupJointCertificate(p, 1) },
		Controls: []checks.Control[joint]{
			{Name: "larger-labels", Why: "labels half as large again move both layers half as far again", At: []joint{large}},
			{Name: "far-labels", Why: "labels of the size of the outputs switch half of the neurons off, which the certificate does not foresee", At: []joint{far}},
			{
				Name: "faster-rate", Why: "the rate is nearly attained", At: []joint{planted},
				Setup: func(p joint) (checks.Instance, error) { return setupJointCertificate(p, 1.25) },
			},
		},
	}
}

func setupJointCertificate(p joint, speed float64) (checks.Instance, error) {
	q, err := build(p.Data)
	if err != nil {
		return checks.Instance{}, err
	}
	terms := checks.Terms{}
	if p.Size > 0 {
		terms.Trials = 1 // nothing is drawn
	}
	return checks.Instance{
		Hypotheses: []checks.Hypothesis{q.distinct()},
		Facts:      q.facts(checks.NewFact("label norm", p.Norm), checks.NewFact("width run", float64(p.M))), Terms: terms,
		Trial: func(r *rand.Rand) checks.Measurement {
			net := q.planted(p.M, p.M, 0, p.Size, 0)
			if p.Size == 0 {
				net = q.antisymmetric(p.M).Draw(r)
			}
			return q.certifiedJoint(net, p, speed)
		},
	}, nil
}

func (q *problem) certifiedJoint(net *nets.Network, p joint, speed float64) checks.Measurement {
	b := nets.NewBatch(q.x, p.M)
	b.Forward(net)
	h, both := mat.NewSymDense(q.n, nil), mat.NewSymDense(q.n, nil)
	b.Gram(h, net, nets.FirstLayer)
	b.Gram(both, net, nets.BothLayers)
	s0, err := eig.Min(h)
	if err != nil {
		return checks.Failed(err)
	}
	in := bounds.Instance{Width: p.M, S: q.s, LambdaMin0: s0.Lower(), Residual0: p.Norm}
	cert, err := bounds.CertifyJoint(in, largestFeature(b), p.Theta)
	if err != nil { // the theorem is silent on this draw
		return checks.Measurement{Relation: checks.AtLeast, Hypotheses: []checks.Hypothesis{checks.RequireThat("certificate at hand", false)}}
	}
	fragile := make([]int, q.n)
	b.Fragile(fragile, net, inflate(cert.RadiusW))
	loss := cert.Loss(phat(fragile, p.M))
	y := slowest(both)
	if p.Size > 0 { // H + G is barely more than a multiple of the identity: the direction that moves the output weights most
		for i := range y {
			y[i] = 1 / math.Sqrt(float64(q.n))
		}
	}
	for i := range y {
		y[i] *= p.Norm * max(1, p.Labels)
	}
	step := 0.04 / mat.Trace(both)
	euler, rate := newEulerBound(q, p.M, step, cert.LambdaMin), newDecay(speed*cert.LambdaMin)
	slack := discretisation - 1
	hidden := checks.Measurement{Predicted: cert.RadiusW, Tolerance: slack * cert.RadiusW, Part: "hidden weights"}
	output := checks.Measurement{Predicted: cert.RadiusA, Tolerance: slack * cert.RadiusA, Part: "output weights"}
	least := checks.Measurement{Observed: math.Inf(1), Predicted: cert.LambdaMin, Relation: checks.AtLeast, Tolerance: 1e-13 * float64(q.n), Part: "eigenvalue"}
	err = q.descendWith(net, y, train.Options{Step: step, Layers: nets.BothLayers}, p.Steps, func(s *train.State) bool {
		excess := euler.see(s)
		if p.Labels == 0 && excess > discretisation {
			return false
		}
		rate.see(float64(s.Step)*step, euler.e0, s.Norm, min(excess, discretisation))
		w, _ := s.Movement()
		a, _ := s.OutputMovement()
		hidden.Observed, output.Observed = max(hidden.Observed, w), max(output.Observed, a)
		if s.Step%20 == 0 || s.Step == p.Steps {
			s.Batch.Gram(h, s.Net, nets.FirstLayer)
			least.Observed = min(least.Observed, smallestEigenvalue(h))
		}
		return s.Norm > 1e-4*euler.e0
	})
	if err != nil {
		return checks.Failed(err)
	}
	m := checks.All(rate.measurement(), hidden, output, least)
	m.Hypotheses = []checks.Hypothesis{checks.Require("loss of the smallest singular value", loss, checks.AtMost, cert.Allowed)}
	return m
}

// largestFeature is max_r ||relu(X w_r)||.
func largestFeature(b *nets.Batch) float64 {
	m, n := b.Z.Dims()
	var largest float64
	for r := range m {
		var s float64
		for _, z := range b.Z.RawRowView(r)[:n] {
			s += max(z, 0) * max(z, 0)
		}
		largest = max(largest, s)
	}
	return math.Sqrt(largest)
}
