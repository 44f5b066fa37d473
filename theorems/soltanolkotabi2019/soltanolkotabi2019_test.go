package soltanolkotabi2019

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"convergo/bounds"
	"convergo/bounds/dataset"
	"convergo/bounds/predict"
	"convergo/checks"
	"convergo/nets/data"
)

// TestClaims checks every claim; run one with -run 'TestClaims/soltanolkotabi2019/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// The form of a plant is best among positive semidefinite ones: the gradient there is positive semidefinite and zero on its range.
func TestPlantsAreBest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, p := range []planted{{N: 9, D: 3, Rank: 1, Off: 1}, {N: 8, D: 3, Rank: 0, Off: 0.1}, {N: 6, D: 2, Rank: 2, Off: 3}, {N: 4, D: 3, Rank: 2}} {
		p.V = signs(p.D, 0, 0)
		s, err := p.draw(r)
		if err != nil {
			t.Fatal(err)
		}
		gradient := mat.NewSymDense(p.D, nil)
		for i := range s.y {
			row := s.x.RowView(i)
			miss := mat.Inner(row, s.form, row) - s.y[i]
			if !(math.Abs(miss-s.off[i]) <= 1e-9) {
				t.Errorf("%+v: sample %d misses by %v, told %v", p, i, miss, s.off[i])
			}
			gradient.SymRankOne(gradient, miss, row)
		}
		values, err := bounds.SymmetricEigenvalues(gradient)
		if err != nil {
			t.Fatal(err)
		}
		var product mat.Dense
		product.Mul(gradient, s.form)
		if values[0] < -1e-9 || mat.Norm(&product, 2) > 1e-8 {
			t.Errorf("%+v: gradient with eigenvalues %v, %v on the range of the form", p, values, mat.Norm(&product, 2))
		}
		if rising := p.Off != 0 && p.Rank < p.D; rising != (values[p.D-1] > 1e-6) {
			t.Errorf("%+v: largest eigenvalue of the gradient %v", p, values[p.D-1])
		}
	}
}

// setup is that of a claim, to be tried outside its hypotheses.
func setup[P any](c checks.Checkable) func(P) (checks.Instance, error) {
	return c.(checks.Claim[P]).Setup
}

// Each hypothesis is asked for, and fails where it should.
func TestHypothesesAreAsked(t *testing.T) {
	try := func(claim, hypothesis string, inst checks.Instance, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		asked := inst.Hypotheses
		if inst.Trial != nil {
			asked = append(asked, inst.Trial(rand.New(rand.NewPCG(1, 1))).Hypotheses...)
		}
		for _, h := range asked {
			if h.Name == hypothesis {
				if h.Met() {
					t.Errorf("%s: %q is met: %v against %v", claim, hypothesis, h.Have, h.Need)
				}
				return
			}
		}
		t.Errorf("%s does not ask for %q", claim, hypothesis)
	}
	sphere := data.Spec{Kind: data.Sphere, N: 9, D: 3, Seed: 1, Labels: data.Const}
	below := sphere
	below.LabelScale = -1
	for _, c := range []struct {
		v    []float64
		name string
	}{{signs(2, 3, 0), "k+"}, {signs(3, 2, 0), "k-"}} {
		p := scene{Data: sphere, V: c.v, Scale: 1}
		inst, err := setup[descent](benignLandscape())(descent{scene: p})
		try("benign-landscape", c.name, inst, err)
		inst, err = setup[joint](jointLandscape())(joint{scene: p, HiddenFirst: true})
		if c.name == "k-" {
			p.Data = below
			inst, err = setup[joint](jointLandscape())(joint{scene: p, HiddenFirst: true})
		}
		try("joint-landscape", c.name, inst, err)
		inst, err = setup[stationary](saddleStationary())(stationary{Norms: []float64{1, 2, 3}, Labels: []float64{1, 1, 1}, V: c.v})
		try("saddle-stationary", c.name, inst, err)
	}
	for _, c := range []struct {
		v    []float64
		name string
	}{{signs(3, 4, 0), "k+"}, {signs(4, 3, 0), "k-"}} {
		p := scene{Data: sphere, V: c.v, Scale: 1}
		inst, err := setup[scene](saddleEverywhere())(p)
		try("saddle-everywhere", c.name, inst, err)
		inst, err = setup[scene](curvatureCertificate())(p)
		try("curvature-certificate", c.name, inst, err)
	}
	inst, err := setup[descent](benignLandscape())(descent{scene: scene{Data: gaussian(9, 3), V: signs(3, 3, 0)}, GradientOnly: true})
	try("benign-landscape", secondOrder(0, 0).Name, inst, err)
	inst, err = setup[joint](jointLandscape())(joint{scene: scene{Data: gaussian(9, 3), V: make([]float64, 6)}})
	try("joint-landscape", secondOrder(0, 0).Name, inst, err)
	inst, err = setup[scene](minimumAttained())(scene{Data: sphere, V: signs(2, 3, 0)})
	try("minimum-attained", "k+ >= p", inst, err)
	inst, err = setup[scene](minimumAttained())(scene{Data: below, V: signs(3, 2, 0)})
	try("minimum-attained", "k- >= q", inst, err)
	inst, err = setup[planted](sameSignLandscape())(planted{N: 9, D: 3, Rank: 1, V: signs(2, 1, 0), Scale: 1})
	try("same-sign-landscape", "k+", inst, err)
	inst, err = setup[planted](sameSignLandscape())(planted{N: 9, D: 3, Rank: 1, Off: 1, V: signs(3, 1, 0), Scale: 1})
	try("same-sign-landscape", "k-", inst, err)
	inst, err = setup[planted](plantedLoss())(planted{N: 9, D: 3, Rank: 1, V: signs(3, 4, 0), Scale: 1})
	try("planted-loss", "k+", inst, err)
	axes := local{Data: data.Spec{Kind: data.Basis, N: 3, D: 3}, Act: "square", Width: 3, Keep: 0.02, Share: 0.02, Fill: 1.05, Aim: "first", Axes: true, Steps: 2}
	inst, err = setup[local](localDescent())(axes)
	try("local-descent", "||r(0)||", inst, err)
	axes = local{Data: data.Spec{Kind: data.Duplicate, N: 4, D: 4, Seed: 1}, Act: "tanh", Width: 4, Keep: 0.5, Share: 1, Fill: 0.9, Steps: 2}
	inst, err = setup[local](localDescent())(axes)
	try("local-descent", "alpha_0 > 0", inst, err)
}

// A point is stationary up to rounding, and no further.
func TestStationaryIsAsked(t *testing.T) {
	p := stationary{Norms: []float64{1, 2}, Labels: []float64{3, -2}, Fitted: []int{0}, V: signs(2, 2, 0)}
	inst, err := setup[stationary](saddleStationary())(p)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	if m := inst.Trial(r); len(m.Hypotheses) != 1 || !m.Hypotheses[0].Met() {
		t.Errorf("hypotheses %+v on the draw, want one that is met", m.Hypotheses)
	}
	x, err := p.data()
	if err != nil {
		t.Fatal(err)
	}
	s, err := labelled(x, p.Labels, p.V)
	if err != nil {
		t.Fatal(err)
	}
	net, err := p.net(s, r)
	if err != nil {
		t.Fatal(err)
	}
	net.W.Set(0, 1, 1e-8)
	if h, err := stationaryHypothesis(s, net); err != nil || h.Met() {
		t.Errorf("%+v is met, %v, 1e-8 away from a stationary point", h, err)
	}
}

// The deviations that means are judged with are those of the trials.
func TestDeviationsAreThoseOfTheTrials(t *testing.T) {
	for name, build := range map[string]func() (checks.Instance, error){
		"residual-mean": func() (checks.Instance, error) { return setup[general](residualMean())(general{N: 30, D: 2, Batch: 2}) },
		"khatri-rao-lower": func() (checks.Instance, error) {
			return setup[product](khatriRaoLower())(product{N: 2, D: 6, Batch: 10})
		},
		"khatri-rao-mean": func() (checks.Instance, error) {
			return setup[product](khatriRaoMean())(product{N: 2, D: 6, Batch: 10})
		},
	} {
		inst, err := build()
		if err != nil {
			t.Fatal(err)
		}
		const trials = 1500
		r := rand.New(rand.NewPCG(3, 1))
		values := make([]float64, trials)
		for i := range values {
			values[i] = inst.Trial(r).Observed
		}
		got, want := stat.StdDev(values, nil), float64(inst.Terms.Deviation)
		if !(math.Abs(got-want) <= 0.1*want) {
			t.Errorf("%s: the trials deviate by %v, told %v", name, got, want)
		}
	}
}

func TestSquaredGramOfAPair(t *testing.T) {
	for _, angle := range []float64{math.Pi / 2, 1, 1e-2, 0} {
		x := mat.NewDense(2, 2, []float64{1, 0, math.Cos(angle), math.Sin(angle)})
		c, err := squaredGram(x)
		if want := math.Pow(math.Sin(angle), 2); err != nil || !(math.Abs(c.Value-want) <= c.Err) || c.Err > 1e-13 || c.OK != (angle > 0) {
			t.Errorf("angle %v: %v, %v; want %v", angle, c, err, want)
		}
	}
}

func TestPredictions(t *testing.T) {
	for name, c := range map[string]struct {
		x     *mat.Dense
		width float64
		tells bool
	}{
		"three in the plane": {mat.NewDense(3, 2, []float64{1, 0, 0, 1, 0.6, 0.8}), 4, true},
		"four in the plane":  {mat.NewDense(4, 2, []float64{1, 0, 0, 1, 0.6, 0.8, 0.8, 0.6}), 4, false},
		"a repeated one":     {mat.NewDense(2, 3, []float64{1, 0, 0, -1, 0, 0}), 6, false},
	} {
		p := Predictions(&predict.Data{X: c.x, Facts: &dataset.Facts{}})
		if len(p) != 1 || p[0].Width != c.width || p[0].Telling() != c.tells {
			t.Errorf("%s: %+v, want width %v, telling %v", name, p, c.width, c.tells)
		}
	}
}
