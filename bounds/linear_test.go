package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
)

func wishart(n, d int, rng *rand.Rand) *mat.SymDense {
	g := gram(gaussian(n, d, rng))
	g.ScaleSym(1/float64(d), g)
	return g
}

// The spectral formulas against the iterations they solve, on linear models f = J theta.
func TestModes(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 41))
		n, p := 2+rng.IntN(8), 12
		j := gaussian(n, p, rng)
		h := gram(j)
		r0 := mat.Col(nil, 0, gaussian(n, 1, rng))
		norm0 := mat.Norm(mat.NewVecDense(n, r0), 2)
		m, err := bounds.NewModes(h, r0)
		if err != nil {
			t.Fatal(err)
		}
		lmin, lmax := extremes(h)
		eta := 0.9 / lmax
		q := bounds.Contraction(eta, lmin, lmax)
		r := mat.NewVecDense(n, append([]float64(nil), r0...))
		theta := mat.NewVecDense(p, nil)
		for k := range 60 {
			gd := m.GD(eta, k)
			flow := m.Flow(eta * float64(k))
			var gap, off float64
			for i := range n {
				off = max(off, math.Abs(gd[i]-r.AtVec(i)))
				gap = math.Hypot(gap, gd[i]-flow[i])
			}
			if off > 1e-12*norm0 {
				t.Fatalf("k=%d: residual off by %g", k, off)
			}
			within(t, "norm", m.GDNorm(eta, k), mat.Norm(r, 2), 1e-10)
			within(t, "movement", m.GDDisplacement(eta, k)+1, mat.Norm(theta, 2)+1, 1e-11)
			if m.GDNorm(eta, k) > math.Pow(q, float64(k))*norm0*(1+1e-12) {
				t.Fatalf("k=%d: contraction bound violated", k)
			}
			if gap > bounds.FlowGap(eta, lmax, norm0)*(1+1e-12) {
				t.Fatalf("k=%d: gap to flow %g over %g", k, gap, bounds.FlowGap(eta, lmax, norm0))
			}
			var grad, hr mat.VecDense
			grad.MulVec(j.T(), r)
			theta.AddScaledVec(theta, -eta, &grad)
			hr.MulVec(h, r)
			r.AddScaledVec(r, -eta, &hr)
		}
		// Flow by tiny steps of descent, and the minimum-norm interpolant at the end.
		const tiny = 20000
		time := 1 / lmax
		within(t, "flow", m.GDNorm(time/tiny, tiny), m.FlowNorm(time), 1e-4)
		within(t, "flow displacement", m.GDDisplacement(time/tiny, tiny), m.Displacement(time), 1e-4)
		var inv mat.VecDense
		if err := inv.SolveVec(h, mat.NewVecDense(n, r0)); err != nil {
			t.Fatal(err)
		}
		within(t, "interpolant", m.Displacement(math.Inf(1)), math.Sqrt(mat.Dot(&inv, mat.NewVecDense(n, r0))), 1e-9)
	}
	for _, bad := range []struct {
		h mat.Symmetric
		r []float64
	}{
		{mat.NewSymDense(2, nil), []float64{1}},
		{mat.NewSymDense(1, []float64{math.NaN()}), []float64{1}},
		{mat.NewSymDense(1, []float64{1}), []float64{math.Inf(1)}},
	} {
		if _, err := bounds.NewModes(bad.h, bad.r); err == nil {
			t.Errorf("NewModes(%v, %v) gave no error", bad.h, bad.r)
		}
	}
}

func TestContraction(t *testing.T) {
	// Equality along an extreme eigenvector, the optimal step, divergence past 2/lmax.
	within(t, "q*", bounds.Contraction(bounds.BestStep(1, 9), 1, 9), 0.8, 1e-15)
	within(t, "q at 1/lmax", bounds.Contraction(1.0/9, 1, 9), 8.0/9, 1e-15)
	if bounds.Contraction(2.01/9, 1, 9) <= 1 {
		t.Error("no divergence at 2.01/lmax")
	}
	for eta := 0.01; eta < 0.3; eta += 0.01 {
		if bounds.Contraction(eta, 1, 9) < 0.8-1e-15 {
			t.Errorf("eta = %g beats BestStep", eta)
		}
	}
}

// The bound holds for all x and k and is nearly attained.
func TestModeGap(t *testing.T) {
	for x := 0.005; x <= 1; x += 0.005 {
		worst := 0.0
		for k := 1; k < 2000; k++ {
			gap := math.Exp(-x*float64(k)) - math.Pow(1-x, float64(k))
			if gap < -1e-16 || gap > bounds.ModeGap(x)*(1+1e-12) {
				t.Fatalf("x=%g, k=%d: gap %g, bound %g", x, k, gap, bounds.ModeGap(x))
			}
			worst = max(worst, gap)
		}
		if worst < 0.7*bounds.ModeGap(x) {
			t.Errorf("x=%g: worst gap %g is far from the bound %g", x, worst, bounds.ModeGap(x))
		}
	}
}

// On x^2 + 3 sin^2 x: L = 8, PL constant 0.1755310, f* = 0, not convex.
func TestPL(t *testing.T) {
	const mu, l = 0.1755309, 8.0
	f := func(x float64) float64 { s := math.Sin(x); return x*x + 3*s*s }
	g := func(x float64) float64 { return 2*x + 3*math.Sin(2*x) }
	for x0 := -10.0; x0 <= 10; x0 += 0.37 {
		for _, eta := range []float64{0.02, 1 / l, 1.7 / l} {
			x, path := x0, 0.0
			for range 100 {
				next := x - eta*g(x)
				if f(next) > f(x)-bounds.DescentDecrease(eta, l, g(x))+1e-12*f(x0) {
					t.Fatalf("descent lemma fails at %g, eta %g", x, eta)
				}
				if f(next) > bounds.PLRate(eta, mu, l)*f(x)*(1+1e-12) {
					t.Fatalf("PL rate fails at %g, eta %g", x, eta)
				}
				path += math.Abs(next - x)
				x = next
			}
			if path > bounds.PLDescentPath(f(x0), mu, eta*l) {
				t.Errorf("path %g over %g", path, bounds.PLDescentPath(f(x0), mu, eta*l))
			}
		}
		if !(math.Abs(x0) <= bounds.PLFlowPath(f(x0), mu)) { // flow from x0 ends at 0, monotonically
			t.Errorf("flow path %g over %g", math.Abs(x0), bounds.PLFlowPath(f(x0), mu))
		}
	}
	// Equality cases: f = L x^2/2, and flow on f = mu x^2/2 travels exactly |x_0|.
	within(t, "descent equality", bounds.DescentDecrease(0.1, 4, 4*3), 0.5*4*9-0.5*4*(3-0.1*12)*(3-0.1*12), 1e-14)
	within(t, "descent path", bounds.PLDescentPath(0.5*0.3*4, 0.3, 0.5), 2/0.75, 1e-15)
	within(t, "flow path equality", bounds.PLFlowPath(0.5*0.3*4, 0.3), 2, 1e-15)
	within(t, "PL at 1/L", bounds.PLRate(0.25, 1, 4), 0.75, 1e-15)
}

// On the map x -> (x1 + c x2^2/2, x2 + c x1^2/2): J = I + c offdiag, Lipschitz with constant
// c, singular values within 1 +- c radius.
func TestGaussNewton(t *testing.T) {
	const c = 0.1
	for _, start := range [][2]float64{{0.5, -0.5}, {1, 0.2}, {-0.3, 0.9}} {
		x := start
		target := [2]float64{0.2, 0.1}
		residual := func() [2]float64 {
			return [2]float64{x[0] + c*x[1]*x[1]/2 - target[0], x[1] + c*x[0]*x[0]/2 - target[1]}
		}
		r := residual()
		r0 := math.Hypot(r[0], r[1])
		// Fixpoint: a ball of radius 4 around the start is larger than 2 r0/alpha for these starts.
		reach := math.Hypot(start[0], start[1]) + 4
		alpha, beta := 1-c*reach, 1+c*reach
		g := bounds.NewGaussNewton(alpha, beta, c, r0)
		if g.Path > 4 {
			t.Fatalf("the ball is too small: path %v", g.Path)
		}
		eta, path := g.MaxStep, 0.0
		for range 50 {
			before := math.Hypot(r[0], r[1])
			d0, d1 := eta*(r[0]+c*x[0]*r[1]), eta*(c*x[1]*r[0]+r[1])
			x[0], x[1] = x[0]-d0, x[1]-d1
			path += math.Hypot(d0, d1)
			r = residual()
			if after := math.Hypot(r[0], r[1]); after*after > g.Rate(eta)*before*before*(1+1e-12) {
				t.Fatalf("rate violated: %v after %v", after, before)
			}
		}
		if path > g.PathAt(eta) || g.PathAt(eta) > g.Path {
			t.Errorf("path %v over %v, at most %v", path, g.PathAt(eta), g.Path)
		}
		if !math.IsNaN(g.Rate(2 * g.MaxStep)) {
			t.Error("a rate for a step size outside the theorem")
		}
	}
	if g := bounds.NewGaussNewton(1, 2, 0, 3); g.MaxStep != 1.0/8 || g.Path != 6 || g.Rate(1.0/8) != 0.8125 || g.PathAt(1.0/8) != 4 {
		t.Errorf("linear case: %+v", g)
	}
}

func TestGronwall(t *testing.T) {
	z := 1.0 // tight for scalars
	for step := range 50 {
		within(t, "scalar", bounds.Gronwall(1, 0.9, 0.05, step), z, 1e-13)
		z = 0.9*z + 0.05*z
	}
}

func TestFlowStepLimit(t *testing.T) {
	u := bounds.FlowStepLimit()
	within(t, "root", u, 1.2784645, 1e-7)
	if !(math.Abs(u-1-math.Exp(-u)) <= 1e-15) {
		t.Errorf("u - 1 - exp(-u) = %g", u-1-math.Exp(-u))
	}
	if !(math.Abs(1-(u-1e-6)) <= math.Exp(-(u - 1e-6))) || math.Abs(1-(u+1e-6)) < math.Exp(-(u+1e-6)) {
		t.Error("the comparison does not cross at the root")
	}
}

func TestLinearDomains(t *testing.T) {
	isNaN(t, map[string]float64{
		"contraction": bounds.Contraction(-1, 0, 1), "step": bounds.BestStep(2, 1), "gap": bounds.ModeGap(1.1),
		"decrease": bounds.DescentDecrease(1, -1, 1), "PL": bounds.PLRate(3, 1, 1), "path": bounds.PLFlowPath(1, 0),
		"gronwall": bounds.Gronwall(0.5, 1, 0, 1), "gauss-newton": bounds.NewGaussNewton(2, 1, 1, 1).Path,
	})
}

func ExampleNewModes() {
	h := mat.NewSymDense(2, []float64{2, 1, 1, 2}) // eigenvalues 1 and 3
	m, err := bounds.NewModes(h, []float64{1, 0})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("after 2 steps %.4f, flow %.4f, distance to the interpolant %.4f\n",
		m.GDNorm(0.25, 2), m.FlowNorm(0.5), m.Displacement(math.Inf(1)))
	// Output: after 2 steps 0.4002, flow 0.4570, distance to the interpolant 0.8165
}

// A mode that has hardly moved: k steps of size eta move it by k eta sqrt(lambda) times its coefficient, to first order.
func TestSlowModesKeepTheirDigits(t *testing.T) {
	m := bounds.SpectralMeasure{Lambda: []float64{1e-14}, Coef: []float64{3}}
	within(t, "slow mode", m.GDDisplacement(0.5, 40), 3*40*0.5*1e-7, 1e-12)
	within(t, "fast mode", bounds.SpectralMeasure{Lambda: []float64{1}, Coef: []float64{3}}.GDDisplacement(1.5, 3), 3*1.125, 1e-14)
}
