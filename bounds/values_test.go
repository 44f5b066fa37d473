package bounds_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
)

// Every requirement at one problem, by its formula with the numbers put in.
func TestRequirementsByHand(t *testing.T) {
	p := bounds.Problem{N: 3, Lambda0: 0.25, S: 1.5, Delta: 0.1, LabelBound: 1, LabelNorm: 2, Margin: 0.2}
	order := math.Pow(3, 6) / (math.Pow(0.25, 4) * 1e-3) // n^6/(lambda_0^4 delta^3)
	want := map[string]float64{
		"du2019/gram-init":             256 * 9 * math.Log(30) * 16,
		"hoeffding/gram-init":          8 * 1.5 * 1.5 * 3 * math.Log(120) * 16,
		"chernoff/gram-init":           9 * math.Log(30) / (0.25 + 0.75*math.Log(0.75)),
		"derived/gram-invertible":      math.Log(30) / math.Log(9./8),
		"du2019/flow":                  4 * 256 * 27 / (2 * math.Pi) * 1.5 * order,
		"du2019/descent":               16 * 4 * 256 * 27 / (2 * math.Pi) * 1.5 * order,
		"derived/descent":              bounds.ImprovedWidth(p),
		"songyang2019/descent":         81 * 256 * math.Pow(math.Log(30), 3),
		"oymak2019/descent":            3 * math.Pow(1.5, 6) * 256,
		"arora2019/descent":            order,
		"allenzhu2019/descent":         bounds.AllenZhuWidth(3, 1, bounds.ClosestPair(0.25), 1),
		"song2021/descent":             2.25 * math.Sqrt(3) * 8,
		"munteanu2022/squared":         9 * 16 * math.Log(30),
		"yang2023/descent":             math.Pow(12, 4),
		"bombari2022/spectrum":         math.Sqrt(3),
		"soltanolkotabi2019/landscape": 4, // d = 2
		"derived/coupled":              16 * 2.25 * math.Log(60) * 4,
		"derived/coupled-margin":       16 * math.Log(60) / 0.04,
		"liu2022/nesterov":             81 * math.Pow((1.125+0.0625)/0.1875, 2) * math.Pow(math.Log(30), 3) / (0.1875 * 0.1875),
		"derived/nesterov":             bounds.NesterovWidth(p),
		"derived/gauss-newton":         bounds.NewtonWidth(3, 1.5, 0.25, 2, 0.1, 0.1),
		"arora2019exact/kernel":        math.Pow(24, 4) * math.Log(60),
		"derived/shallow-tangent":      bounds.ShallowTangentWidth(3, 0.25/3, 0.1),
	}
	for _, r := range bounds.Requirements() {
		got := r.Width(p)
		if r.Name == "du2019/both-layers" { // the larger solution of m = order log(m/delta)
			within(t, r.Name, got, order*math.Log(got/0.1), 1e-12)
			if got < order {
				t.Errorf("%s = %v is the smaller solution", r.Name, got)
			}
			continue
		}
		w, ok := want[r.Name]
		if !ok {
			t.Errorf("%s has no value here", r.Name)
			continue
		}
		within(t, r.Name, got, w, 1e-12)
		delete(want, r.Name)
	}
	for name := range want {
		t.Errorf("no requirement %s", name)
	}
}

// Bound is the largest modulus on the strip, and beyond the strip a larger one is attained or a pole is near.
func TestAnalyticBounds(t *testing.T) {
	sigmoid := func(z complex128) complex128 { return 1 / (1 + cmplx.Exp(-z)) }
	tests := []struct {
		name string
		f    bounds.Analytic
		at   func(z complex128) complex128
	}{
		{"tanh", bounds.SmoothTanh().Value, cmplx.Tanh},
		{"sech^2", bounds.SmoothTanh().Slope, func(z complex128) complex128 { return 1 / (cmplx.Cosh(z) * cmplx.Cosh(z)) }},
		{"sigmoid", bounds.SmoothSigmoid().Value, sigmoid},
		{"slope of the sigmoid", bounds.SmoothSigmoid().Slope, func(z complex128) complex128 { return sigmoid(z) * sigmoid(-z) }},
		{"cube of sech^2", bounds.SmoothTanh().Slope.Power(3), func(z complex128) complex128 { return cmplx.Pow(cmplx.Cosh(z), -6) }},
	}
	for _, tt := range tests {
		largest := func(y float64) float64 {
			most := 0.0
			for x := -25.0; x <= 25; x += 1. / 64 {
				most = math.Max(most, cmplx.Abs(tt.at(complex(x, y))))
			}
			return most
		}
		within(t, tt.name+" on the edge", largest(tt.f.Strip), tt.f.Bound, 1e-9)
		if beyond := largest(tt.f.Strip * 1.05); beyond < tt.f.Bound*1.001 {
			t.Errorf("%s: at most %v beyond a strip with the bound %v", tt.name, beyond, tt.f.Bound)
		}
		within(t, tt.name, tt.f.At(0.7), real(tt.at(0.7)), 1e-14)
	}
}

func TestIndicatorIsItsPolynomial(t *testing.T) {
	in, err := bounds.NewIndicator([]float64{1, -2, 3})
	if err != nil {
		t.Fatal(err)
	}
	within(t, "value", in.Value(0.5), 0.75, 1e-15)
	// nu_1 = 1/(2 sqrt pi): h of the polynomial x alone is 2 sqrt pi u.
	line, _ := bounds.NewIndicator([]float64{0, 1})
	within(t, "h", line.At(1.5, 0.2), 3*math.SqrtPi, 1e-14)
}

// Weights lie on the simplex and attain Upper.
func TestMarginWeights(t *testing.T) {
	check := func(name string, m bounds.Margin, tol float64, norm func(q []float64) float64) {
		t.Helper()
		sum := 0.0
		for _, q := range m.Weights {
			sum += q
			if q < 0 {
				t.Errorf("%s: weight %v", name, q)
			}
		}
		within(t, name+": sum of weights", sum, 1, 1e-12)
		within(t, name+": at the weights", norm(m.Weights), m.Upper, tol)
		within(t, name+": gap", m.Gap()+m.Lower, m.Upper, 1e-15)
	}
	for _, n := range []int{1, 3} {
		x := mat.NewDense(n, 2, []float64{1, 0, 0.6, 0.8, -0.8, 0.6}[:2*n])
		y := []float64{1, -1, 1}[:n]
		planar, err := bounds.PlanarMargin(x, y)
		if err != nil {
			t.Fatal(err)
		}
		// E|S_q| over directions, many of them.
		check(fmt.Sprintf("planar, n=%d", n), planar, 1e-3, func(q []float64) float64 {
			const steps = 1 << 16
			mean := 0.0
			for k := range steps {
				sin, cos := math.Sincos(2 * math.Pi * (float64(k) + 0.5) / steps)
				var s [2]float64
				for i := range q {
					if x.At(i, 0)*cos+x.At(i, 1)*sin > 0 {
						s[0] += q[i] * y[i] * x.At(i, 0)
						s[1] += q[i] * y[i] * x.At(i, 1)
					}
				}
				mean += math.Hypot(s[0], s[1]) / steps
			}
			return mean
		})
		h := mat.NewSymDense(n, nil)
		for i := range n {
			for j := range n {
				h.SetSym(i, j, 1/float64(1+max(i-j, j-i)))
			}
		}
		kernel, err := bounds.KernelMargin(h, y)
		if err != nil {
			t.Fatal(err)
		}
		check(fmt.Sprintf("kernel, n=%d", n), kernel, 1e-9, func(q []float64) float64 {
			sum := 0.0
			for i := range q {
				for j := range q {
					sum += q[i] * q[j] * y[i] * y[j] * h.At(i, j)
				}
			}
			return math.Sqrt(sum)
		})
		feature, _, err := bounds.FeatureMargin(x, y)
		if err != nil {
			t.Fatal(err)
		}
		check(fmt.Sprintf("features, n=%d", n), feature, 1e-9, func(q []float64) float64 {
			var s [2]float64
			for i := range q {
				s[0] += q[i] * y[i] * x.At(i, 0)
				s[1] += q[i] * y[i] * x.At(i, 1)
			}
			return math.Hypot(s[0], s[1])
		})
	}
	if gap := (bounds.Margin{Lower: 0.25, Upper: 1}).Gap(); gap != 0.75 {
		t.Errorf("gap %v, want 0.75", gap)
	}
}

// Two samples at an angle of 2 pi 1e-13: two arcs of the circle are too short to be kept. Directions have length one.
func TestArcsLost(t *testing.T) {
	arcs, lost, err := bounds.Arcs(mat.NewDense(2, 2, []float64{1, 0, 1, 2 * math.Pi * 1e-13}))
	if err != nil {
		t.Fatal(err)
	}
	within(t, "lost", lost, 2e-13, 0.01)
	total := lost
	for _, a := range arcs {
		total += a.Weight
		within(t, "length of a direction", math.Hypot(a.Direction[0], a.Direction[1]), 1, 1e-15)
		if on := a.Direction[0] > 0; on != a.Active[0] || on != a.Active[1] {
			t.Errorf("direction %v activates %v", a.Direction, a.Active)
		}
	}
	if len(arcs) != 2 || !(math.Abs(total-1) <= 1e-15) {
		t.Errorf("%d arcs of total length %v, want 2 of length 1", len(arcs), total)
	}
}

// The kernel with eigenvalues 1 and 3 along (1, -1) and (1, 1).
func TestSpectralMeasureByHand(t *testing.T) {
	h, r0 := mat.NewSymDense(2, []float64{2, 1, 1, 2}), []float64{1, 0}
	measure, err := bounds.NewSpectralMeasure(h, r0)
	if err != nil {
		t.Fatal(err)
	}
	modes, err := bounds.NewModes(h, r0)
	if err != nil {
		t.Fatal(err)
	}
	for i, lambda := range []float64{1, 3} {
		within(t, "eigenvalue", measure.Lambda[i], lambda, 1e-14)
		within(t, "squared component", measure.Coef[i]*measure.Coef[i], 0.5, 1e-14)
	}
	a, b := math.Exp(-0.7)/2, math.Exp(-2.1)/2
	flow := modes.Flow(0.7)
	within(t, "flow", flow[0], a+b, 1e-13)
	within(t, "flow", flow[1], b-a, 1e-13)
	within(t, "gap of flow and descent", bounds.FlowGap(0.25, 2, 3), 0.25*math.Exp(-0.5)*3, 1e-15)
}

// In the ball that DescentOnBall returns the certificate of Gauss and Newton is that of its least and largest singular values there.
func TestDescentOnBallByHand(t *testing.T) {
	for _, lip := range []float64{0.1, 0.9} { // either limit of the step decides
		g, radius, ok := bounds.DescentOnBall(1, 1.1, lip, 0.2, 0.1)
		if !ok {
			t.Fatal("no ball")
		}
		beta := 1.1 + lip*radius
		within(t, "largest step", g.MaxStep, math.Min(1/(2*beta*beta), 1/(2*lip*0.2)), 1e-11)
		within(t, "path", g.Path, 2*0.2/(1-lip*radius), 1e-11)
		within(t, "path at the step", g.PathAt(0.1), radius, 1e-11)
	}
}

// At the double root 1 the power k is [[k+1, -k], [k, 1-k]] of norm near 2k; at the root 0 the first power has norm 1.
func TestPowerBoundAttained(t *testing.T) {
	k := 100.0
	square := 4*k*k + 2 // sum of the squares of the singular values, whose product is 1
	within(t, "double root", bounds.PowerBound(1, 1, 100), math.Sqrt((square+math.Sqrt(square*square-4))/2), 0.006)
	within(t, "root 0", bounds.PowerBound(0, 0, 1), 1, 0)
}

// With little momentum and the roots +-i sqrt(beta) the first power has norm 1, which is beta^{-1/2} times the rate.
func TestHeavyBallTransientAttained(t *testing.T) {
	const beta = 1e-4
	within(t, "transient", bounds.HeavyBallTransient(1+beta, beta, 1, 1), power(0, beta, 1)/math.Sqrt(beta), 2e-4)
}

func TestEigenvalueInequalitiesAttained(t *testing.T) {
	lower, upper := bounds.Gershgorin(mat.NewSymDense(2, []float64{3, 1, 1, 2}))
	within(t, "Gershgorin's lower end", lower, 1, 0)
	within(t, "Gershgorin's upper end", upper, 4, 0)
	// A o c 11^T = c A.
	a := mat.NewSymDense(2, []float64{2, 1, 1, 2})
	lo, hi := extremes(a)
	lower, upper = bounds.SchurBounds(lo, hi, []float64{0.7, 0.7})
	within(t, "Schur's lower end", lower, 0.7, 1e-14)
	within(t, "Schur's upper end", upper, 2.1, 1e-14)
	// D A D for diagonal A and D: the ends are products of the diagonals' ends.
	lower, upper = bounds.SchurBounds(2, 5, []float64{4, 3, 6})
	within(t, "lower end of a product of diagonals", lower, 2*3, 0)
	within(t, "upper end of a product of diagonals", upper, 5*6, 0)
	// For many close samples the simple bound is that of the proof.
	within(t, "simple separation", bounds.SimpleSeparationLowerBound(1000, 1e-3), bounds.SeparationLowerBound(1000, 1e-3), 2e-3)
}

// Networks of one neuron whose gates are all fragile: the output moves by b in one direction, or by r/sqrt m for each gate.
func TestRademacherDeterminedByHand(t *testing.T) {
	within(t, "both terms", bounds.RademacherDetermined(0.5, 0.2, 3, 7, 10, 16), 0.15+0.035, 1e-15)
	// A linear class of two orthogonal features of norm f: E sup <sum eps_i z_i, w> is b f sqrt 2, over n = 2.
	within(t, "orthogonal features", bounds.RademacherDetermined(0.3, 1, math.Sqrt(2)*0.7, 0, 2, 9), 0.3*0.7*math.Sqrt2/2, 1e-15)
}

// A network of one neuron in each of two layers: with both gates open, a share of 1/4, Theta(x,x) = 4 (zc + ac + az) for three
// chi-squared variables of one degree, whose products have E (zc)^2 = 9 and E (zc)(ac) = 3.
func TestTangentDiagonalOfTwoNeurons(t *testing.T) {
	mean, variance := bounds.TangentDiagonalMoments([]int{1, 1})
	within(t, "mean", mean, 3, 1e-14)
	within(t, "variance", variance, 4*(3*9+6*3)-9, 1e-13)
}
