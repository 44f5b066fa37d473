package bounds_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/eig"
	"convergo/bounds/kernel"
)

// The values of Arora et al. (2019), and their growth like p^{3/4}.
func TestMonomialCost(t *testing.T) {
	for p, want := range map[int]float64{1: 2, 2: 2.5066, 4: 6.1400, 6: 9.1529, 8: 11.8635, 10: 14.3808, 20: 25.3705} {
		within(t, fmt.Sprintf("c_%d^{-1/2}", p), bounds.MonomialCost(p), want, 2e-5)
		if bounds.MonomialCost(p) > bounds.PrintedMonomialCost(p) {
			t.Errorf("p=%d: the derived constant exceeds 3p", p)
		}
	}
	for _, p := range []int{0, 3, 5, 21} {
		if !math.IsInf(bounds.MonomialCost(p), 1) {
			t.Errorf("p=%d has cost %v, want infinite", p, bounds.MonomialCost(p))
		}
	}
	within(t, "growth", bounds.MonomialCost(2000)/bounds.MonomialCost(500), math.Pow(4, 0.75), 2e-3)
	// 3p suffices for every even degree: the cost is 3p at most, and less and less of it.
	for p := 2; p <= 400; p += 2 {
		if bounds.MonomialCost(p) > 3*float64(p) {
			t.Errorf("p=%d: %v over 3p", p, bounds.MonomialCost(p))
		}
	}
}

// y^T H^{-1} y against the bounds on random data, and near equality for a linear target.
func TestSumCostAgainstGram(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 8))
	best := 0.0
	for range 30 {
		n, d := 2+rng.IntN(15), 2+rng.IntN(4)
		x := sphere(n, d, rng)
		h, err := kernel.ReLU().Gram(x)
		if err != nil {
			t.Fatal(err)
		}
		inv, err := eig.NewInverse(h, float64(n)*kernel.ReLU().EntryError(d, 1))
		if err != nil {
			t.Fatal(err)
		}
		var terms []bounds.Monomial
		for _, p := range []int{1, 2, 2, 6} {
			terms = append(terms, bounds.Monomial{Alpha: rng.NormFloat64(), Beta: sphere(1, d, rng).RawRowView(0), P: p})
		}
		for _, sum := range [][]bounds.Monomial{terms, terms[:1], terms[1:3]} {
			y := make([]float64, n)
			for i := range y {
				for _, m := range sum {
					y[i] += m.Alpha * math.Pow(mat.Dot(x.RowView(i), mat.NewVecDense(d, m.Beta)), float64(m.P))
				}
			}
			q := inv.Form(y)
			if root := math.Sqrt(q.Lower()); root > bounds.SumCost(sum)*(1+1e-12) {
				t.Fatalf("n=%d d=%d: %v over %v", n, d, root, bounds.SumCost(sum))
			}
			if len(sum) == 1 && n > d {
				best = max(best, math.Sqrt(q.Value)/bounds.SumCost(sum))
			}
		}
	}
	if best < 0.99 {
		t.Errorf("a linear target reaches %v of its bound, want nearly all", best)
	}
}

func TestSeriesCosts(t *testing.T) {
	within(t, "arctan series at 1", bounds.PrintedArctanCost(1), 3.648, 1e-4)
	within(t, "sharp arctan series at 1", bounds.ArctanCost(1), 1.28050939279324, 1e-13)
	for _, b := range []float64{0.1, 0.5, 1} {
		if bounds.ArctanCost(b) > bounds.PrintedArctanCost(b) {
			t.Errorf("arctan at %v: derived above printed", b)
		}
		if bounds.PrintedArctanCost(b) > 3.66*b*b {
			t.Errorf("arctan at %v: %v over 3.66 b^2", b, bounds.PrintedArctanCost(b))
		}
	}
	for _, b := range []float64{0.1, 1, 3, 20} {
		if bounds.CosineCost(b) > bounds.PrintedCosineCost(b) {
			t.Errorf("cos at %v: derived above printed", b)
		}
	}
	// The first term alone for a small norm: b^2/2 c_2^{-1/2}.
	within(t, "cos of a small norm", bounds.CosineCost(1e-4), 1e-8/2*math.Sqrt(2*math.Pi), 1e-8)
	// The series as a sum of monomials.
	var terms []bounds.Monomial
	for l, sign, f := 1, -1.0, 2.0; l <= 12; l++ {
		terms = append(terms, bounds.Monomial{Alpha: sign / f, Beta: []float64{0.6, 0.8}, P: 2 * l})
		sign, f = -sign, f*float64(2*l+1)*float64(2*l+2)
	}
	within(t, "cos as a sum", bounds.CosineCost(1), bounds.SumCost(terms), 1e-14)
	printed := 0.0
	for _, m := range terms {
		printed += bounds.PrintedMonomialCost(m.P) * math.Abs(m.Alpha)
	}
	within(t, "printed cos as a sum", bounds.PrintedCosineCost(1), printed, 1e-14)
	within(t, "arctan of a small norm", bounds.ArctanCost(1e-4), 1e-8/2*math.Sqrt(2*math.Pi), 1e-7)
	terms = nil
	for l, sign, f := 1, 1.0, 0.5; l <= 30; l++ {
		terms = append(terms, bounds.Monomial{Alpha: sign * f / float64(2*l-1), Beta: []float64{0.6, 0.8}, P: 2 * l})
		sign, f = -sign, f/4
	}
	within(t, "arctan as a sum", bounds.ArctanCost(1), bounds.SumCost(terms), 1e-14)
	// Large norms: log of the sum of c_{2l}^{-1} (b^{2l}/(2l)!)^2 at 40 digits.
	for b, want := range map[float64]float64{30: 31.7212921788692, 200: 202.696963220737718, 300: 302.901265233316938} {
		within(t, fmt.Sprint("log of cos at ", b), math.Log(bounds.CosineCost(b)), want, 1e-12)
	}
	for _, b := range []float64{400, 1e9, math.Inf(1)} {
		if !math.IsInf(bounds.CosineCost(b), 1) {
			t.Errorf("cos at %v costs %v, want +Inf", b, bounds.CosineCost(b))
		}
	}
	if bounds.CosineCost(0) != 0 || bounds.ArctanCost(0) != 0 {
		t.Error("the zero target has a cost")
	}
}

func TestAPosteriori(t *testing.T) {
	b := bounds.APosteriori(0.5, 1, []float64{1, 2, 4})
	for k, want := range []float64{0, 1, 2.5, 5.25} {
		within(t, fmt.Sprint("b_", k), b[k], want, 1e-15)
	}
	// n = 1: e(k+1) = (1-q) e(k) - xi(k) with xi of one sign attains it.
	eta, lambda, h, e, lin := 0.5, 0.5, 0.3, 1.0, 1.0
	var xi []float64
	for range 20 {
		xi = append(xi, math.Abs(eta*(h-lambda)*e))
		e, lin = (1-eta*h)*e, (1-eta*lambda)*lin
	}
	within(t, "attained", bounds.APosteriori(eta, lambda, xi)[20], math.Abs(e-lin), 1e-12)
}

// The derived forms of the complexity imply the printed one, and the deterministic form is below the class
// form when its sums are at their means.
func TestRademacherForms(t *testing.T) {
	for _, m := range []int{10, 1000, 100000} {
		for _, r := range []float64{1e-3, 0.1, 1} {
			for _, kappa := range []float64{0.1, 1} {
				derived := bounds.RademacherClass(0.5, r, kappa, 10, m, 0.1)
				if printed := bounds.PrintedRademacherClass(0.5, r, kappa, 10, m, 0.1); derived > printed {
					t.Errorf("m=%d R=%v kappa=%v: derived %v over printed %v", m, r, kappa, derived, printed)
				}
				fragile := int(10 * float64(m) * bounds.FlipProbability(r/kappa))
				if det := bounds.RademacherDetermined(0.5, r, math.Sqrt(5), fragile, 10, m); det > derived {
					t.Errorf("m=%d R=%v kappa=%v: at the means %v over %v", m, r, kappa, det, derived)
				}
			}
		}
	}
	within(t, "by hand", bounds.RademacherDetermined(2, 0.5, 3, 8, 4, 16), 1.5+0.25, 1e-15)
	// The numbers of Arora et al. (2019) at n=10, m=5000, kappa=1, B=.1, R=1.5 B/sqrt m, delta = .1; its derived form
	// was the weaker (1 + (2t/m)^{1/4}) one, .0294.
	r := 0.15 / math.Sqrt(5000)
	within(t, "derived form", bounds.RademacherClass(0.1, r, 1, 10, 5000, 0.1), 0.02559, 1e-3)
	within(t, "printed form", bounds.PrintedRademacherClass(0.1, r, 1, 10, 5000, 0.1), 0.0323, 2e-3)
}

func TestGeneralisationForms(t *testing.T) {
	// B = 1.2 lies in the cell j = 2.
	want := math.Sqrt(8.0/100) + math.Sqrt(math.Log(6/0.1)/200)
	within(t, "kernel form", bounds.KernelGeneralisation(1.2, 100, 0.1), want, 1e-14)
	within(t, "monotone", bounds.KernelGeneralisation(0, 100, 0.1), bounds.KernelGeneralisation(1, 100, 0.1), 0)
	b, r, i, j := bounds.MovementGrid{BUnit: 0.5, RUnit: 0.01}.Cell(1.2, 0.035)
	within(t, "cell in the Frobenius norm", b, 1.5, 1e-15)
	within(t, "cell of the largest movement", r, 0.04, 1e-15)
	if i != 3 || j != 4 || b < 1.2 || r < 0.035 {
		t.Errorf("cell (%d, %d) of radii %v and %v", i, j, b, r)
	}
	within(t, "network form", bounds.NetworkGeneralisation(0.1, 1, 2, 50, 0.2),
		0.2+3*math.Sqrt(math.Log(2*2*6/0.2)/100), 1e-14)
	// The grids' weights sum to one.
	var sum float64
	for j := 1.0; j < 1e5; j++ {
		sum += 1 / (j * (j + 1))
	}
	within(t, "weights", sum, 1, 2e-5)
}

func TestFineGrainedConstants(t *testing.T) {
	within(t, "movement", bounds.RateMovement(1, 3, 0.5, 100), 1.2, 1e-15)
	within(t, "step residual", bounds.StepResidual(0.1, 2, 3, 5, 10), 0.1/10*2*3*5, 1e-14)
	within(t, "measure", bounds.LabelMeasure(8, 4), 2, 1e-15)
	within(t, "scale", bounds.PrintedTrajectoryScale(4, 0.1, 0.1), 0.005, 1e-14)
	within(t, "width of Arora et al. (2019)", bounds.PrintedTrajectoryWidth(20, 0.1, 0.01, 0.1, 0.1), 1.28e23, 1e-12)
	within(t, "width of Arora et al. (2019)", bounds.PrintedScaledDescentWidth(10, 0.3, 1, 0.1), 1.2345679e11, 1e-7)
	within(t, "worst rate", bounds.WorstLabelRate(0.5, 1, 3), 0.125, 1e-15)
	isNaN(t, map[string]float64{
		"scale": bounds.PrintedTrajectoryScale(0, 0.1, 1), "width": bounds.PrintedTrajectoryWidth(1, 0, 1, 0.1, 1),
		"descent": bounds.PrintedScaledDescentWidth(1, 0.1, 0, 0.1), "residual": bounds.StepResidual(0, 1, 1, 1, 1),
		"movement": bounds.RateMovement(1, 1, 0, 1), "measure": bounds.LabelMeasure(-1, 1),
		"determined": bounds.RademacherDetermined(1, 1, 1, -1, 1, 1), "class": bounds.RademacherClass(1, 1, 0, 1, 1, 0.1),
		"printed": bounds.PrintedRademacherClass(1, 1, 1, 1, 1, 1), "kernel": bounds.KernelGeneralisation(-1, 1, 0.1),
		"network": bounds.NetworkGeneralisation(1, 0, 1, 1, 0.1), "monomial": bounds.MonomialCost(-1),
		"printed monomial": bounds.PrintedMonomialCost(3), "cos": bounds.CosineCost(-1), "printed cos": bounds.PrintedCosineCost(-1),
		"arctan": bounds.ArctanCost(1.1), "printed arctan": bounds.PrintedArctanCost(2), "rate": bounds.WorstLabelRate(2, 1, 1),
		"a posteriori": bounds.APosteriori(2, 1, []float64{1})[1],
	})
}

func ExampleMonomialCost() {
	for _, p := range []int{1, 2, 4} {
		fmt.Printf("p=%d: %.4f, printed %.0f\n", p, bounds.MonomialCost(p), bounds.PrintedMonomialCost(p))
	}
	// Output:
	// p=1: 2.0000, printed 3
	// p=2: 2.5066, printed 6
	// p=4: 6.1400, printed 12
}
