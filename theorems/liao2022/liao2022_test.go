package liao2022

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds"
	"convergo/bounds/predict"
	"convergo/checks"
	"convergo/nets/data"
	"convergo/nets/train"

	"gonum.org/v1/gonum/mat"
)

// TestClaims checks every claim; run one with -run 'TestClaims/liao2022/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

func TestEnumerationIsALaw(t *testing.T) {
	for _, p := range []exactP{
		{M: 3, Law: "bernoulli", Xi: 0.3, P: 2}, {M: 4, Law: "partition", Xi: 1.0 / 3, P: 3}, {M: 7, Law: "fixed", Xi: 3.0 / 7, P: 1},
	} {
		var total, kept float64
		shared := 0.0 // P(neuron 0 is in the first and the last sub-network)
		p.enumerate(func(masks [][]bool, probability float64) {
			total += probability
			if masks[0][0] {
				kept += probability
				if masks[p.P-1][0] {
					shared += probability
				}
			}
		})
		want := map[string]float64{"bernoulli": 0.09, "partition": 0, "fixed": p.Xi}[p.Law]
		if !(math.Abs(total-1) <= 1e-13) || !(math.Abs(kept-p.Xi) <= 1e-13) || !(math.Abs(shared-want) <= 1e-13) {
			t.Errorf("%s: total %v, kept %v, shared %v; want 1, %v, %v", p.Law, total, kept, shared, p.Xi, want)
		}
	}
}

// With xi = 1 the runs of the table are gradient descent, bit for bit.
func TestFullMasksReproduceDescent(t *testing.T) {
	p := training{
		Data:   data.Spec{Kind: data.Sphere, N: 4, D: 7, Seed: 3, Labels: data.Sign},
		Scheme: schemeDescent, Xi: 1, P: 3, Tau: 2, Eta: 0.8, M: 200, Rounds: 15,
	}
	l, err := p.lab()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := train.NewDescent(l.start(p.M, 1, rand.New(rand.NewPCG(1, 2))), l.x, l.y, train.Options{Step: l.eta})
	if err != nil {
		t.Fatal(err)
	}
	err = l.run(l.y, rand.New(rand.NewPCG(1, 2)), func(round int, s *train.State) {
		plain.Step()
		plain.Step()
		if !mat.Equal(s.Net.W, plain.State().Net.W) || s.Norm != plain.State().Norm {
			t.Fatalf("round %d differs from descent", round)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The exact moments are those of fixed activations, so that on the grid no draw may be left out.
func TestNoActivationChangesOnTheGrid(t *testing.T) {
	for _, c := range Source().Claims {
		claim, ok := c.(checks.Claim[training])
		if !ok {
			continue
		}
		for i, p := range claim.Grid {
			in, err := claim.Setup(p)
			if err != nil {
				t.Fatal(err)
			}
			for trial := range uint64(30) {
				m := in.Trial(rand.New(rand.NewPCG(trial, 5)))
				if len(m.Hypotheses) != 1 || !m.Hypotheses[0].Met() {
					t.Errorf("%s, instance %d, trial %d: %+v", claim.ID, i, trial, m.Hypotheses)
				}
			}
		}
	}
}

// The numbers of Theorem 3, worked out by hand for n = d = 2, xi = 1/2, p = 2, tau = 3, eta = 1/10, kappa = 2, m = 40, K = 4:
// lambda = 1/4, theta = 3/4, C_1 = 9/2.
func TestPublishedTheorem(t *testing.T) {
	p := training{Data: orthonormals(2, 1), Scheme: schemeBernoulli, Xi: 0.5, P: 2, Tau: 3, Eta: 0.05, Kappa: 2, M: 40, Rounds: 4}
	l, err := p.lab()
	if err != nil {
		t.Fatal(err)
	}
	const (
		region = 102.4 + 652.8 + 1./27 + 1./6 + 737.28 + 14.4
		second = 2 * 16 * region * 16 / 3 // n K^2 B_1/(kappa^2 theta lambda^2)
	)
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-9*want) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("step size", l.eta, 0.1)
	near("B_1", l.publishedRegion(), region)
	near("width", l.publishedWidth(0.25), 16*second)

	// Full masks leave no region: first n^4/(kappa^2 lambda^4), then K^2 p is the largest.
	for _, c := range []struct {
		rounds int
		want   float64
	}{{4, 16 * 64}, {10, 40 * 200}} {
		p.Xi, p.Rounds = 1, c.rounds
		if l, err = p.lab(); err != nil {
			t.Fatal(err)
		}
		near("width of full masks", l.publishedWidth(0.25), c.want)
	}
}

// What the paper says about two orthonormal inputs, lambda_0 = 1/2, with four masks of xi = 1/2: theta = 15/16, lambda = 1/4.
func TestPredictions(t *testing.T) {
	d := &predict.Data{Problem: bounds.Problem{N: 2, S: 1, Lambda0: 0.5}, Delta: 0.1, Share: 0.01}
	all := Predictions(d)
	const eta = 0.25 / 8
	decay := eta * 15 / 16 * 0.25 / 4
	steps := math.Ceil(math.Log(0.01) / math.Log1p(-decay))
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"width of the start", all[0].Width, math.Log(2*4000/0.1) / (0.15342640972 * 0.25)},
		{"step", all[1].Step, eta}, {"rate", all[1].Rate, 1 - decay}, {"steps", all[1].Steps, steps},
		{"width", all[1].Width, steps / 0.1 * math.Max(16*2*16./15*256, steps*steps*4)},
	} {
		if !(math.Abs(c.got-c.want) <= 1e-9*c.want) {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
}

// The stated deviations bound those of the trials, by less than two on the tightest instance, so that half of one would not.
func TestStatedDeviations(t *testing.T) {
	deviations(t, gramMean())
	deviations(t, ridge())
	deviations(t, rate())
	deviations(t, errorRegion())
	deviations(t, partitionFloor())
}

func deviations[P any](t *testing.T, c checks.Claim[P]) {
	t.Helper()
	const trials = 40
	tightest := 0.0
	for _, p := range c.Grid {
		in, err := c.Setup(p)
		if err != nil {
			t.Fatal(err)
		}
		stated := float64(in.Terms.Deviation)
		if stated == 0 {
			continue
		}
		var sum, squares float64
		for trial := range uint64(trials) {
			v := in.Trial(rand.New(rand.NewPCG(trial, 7))).Observed
			sum += v / trials
			squares += v * v / trials
		}
		tightest = math.Max(tightest, math.Sqrt(squares-sum*sum)/stated)
	}
	if !(tightest < 1 && tightest > 0.5) {
		t.Errorf("%s: the trials deviate by at most %.3g of what is stated", c.ID, tightest)
	}
}
