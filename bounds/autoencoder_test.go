package bounds

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
	"convergo/nets/autoencoder"
)

// hermiteSum is F by its definition: the normalised Hermite coefficients of sigma by a midpoint rule.
func hermiteSum(sigma func(z float64) float64, terms int, rho float64) (linear, f float64) {
	const step = 1e-3
	c := make([]float64, terms)
	for z := -10 + step/2; z < 10; z += step {
		w := sigma(z) * math.Exp(-z*z/2) * step / math.Sqrt(2*math.Pi)
		h0, h1 := 1.0, z
		c[0] += w
		for k := 1; k < terms; k++ {
			c[k] += w * h1
			h0, h1 = h1, (z*h1-math.Sqrt(float64(k))*h0)/math.Sqrt(float64(k+1))
		}
	}
	for k := terms - 1; k >= 0; k-- {
		f = f*rho + c[k]*c[k]
	}
	return c[1], f / (c[1] * c[1])
}

func TestShallowCodes(t *testing.T) {
	tests := []struct {
		name  string
		code  ShallowCode
		sigma func(z float64) float64
		tol   float64
	}{
		{"sign", SignCode(), func(z float64) float64 { return math.Copysign(1, z) }, 1e-5},
		{"cubic", CubicCode(0.6), func(z float64) float64 { return z + 0.6*(z*z*z-3*z)/math.Sqrt(6) }, 1e-9},
		{"relu", ReLUCode(), func(z float64) float64 { return max(z, 0) }, 1e-5},
	}
	for _, tt := range tests {
		for _, rho := range []float64{-0.6, 0.1, 0.5} {
			linear, f := hermiteSum(tt.sigma, 40, rho)
			if !(math.Abs(linear-tt.code.Linear) <= tt.tol) || !(math.Abs(f-tt.code.F(rho)) <= tt.tol) {
				t.Errorf("%s at %v: c_1 = %v, f = %v; have %v, %v", tt.name, rho, linear, f, tt.code.Linear, tt.code.F(rho))
			}
		}
		if tt.code.Odd {
			cubic := (tt.code.F(0.01) - 0.01) / 1e-6
			if !(math.Abs(cubic-tt.code.Cubic) <= 1e-4) {
				t.Errorf("%s: cubic coefficient %v, declared %v", tt.name, cubic, tt.code.Cubic)
			}
		}
	}
	if e := SignCode().Excess(); !(math.Abs(e-(math.Pi/2-1)) <= 1e-15) {
		t.Errorf("excess %v, want pi/2-1", e)
	}
	if e := ReLUCode().F(1); !(math.Abs(e-2) <= 1e-15) {
		t.Errorf("ReLU: f(1) = %v, want E relu^2/c_1^2 = 2", e)
	}
}

// The risk of networks against that of package autoencoder, which works pair by pair, and its least value over the decoder.
func TestCodeRisks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	scales := []float64{2, 1, 0.5}
	u := nets.UnitRows(4, 3, r)
	b := mat.DenseCopyOf(u)
	for k, s := range scales {
		for j := range 4 {
			b.Set(j, k, b.At(j, k)/s)
		}
	}
	for i, c := range []ShallowCode{SignCode(), CubicCode(0.6), ReLUCode()} {
		act := []autoencoder.Activation{autoencoder.Sign(), autoencoder.Cubic(0.6), autoencoder.ReLU()}[i]
		w := &autoencoder.Network{A: nets.Gaussian(3, 4, r), B: b, Act: act}
		want, err := w.PopulationRisk(scales)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Risk(w.A, u, scales); err != nil || !(math.Abs(got-want) <= 1e-12*want) {
			t.Errorf("%s: risk %v, unit by unit %v (%v)", act.Name, got, want, err)
		}
		a, least, err := c.Decoder(u, scales)
		if err != nil {
			t.Fatal(err)
		}
		w.A = a
		if want, _ = w.PopulationRisk(scales); !(math.Abs(least-want) <= 1e-12) {
			t.Errorf("%s: least risk %v, unit by unit %v", act.Name, least, want)
		}
		a.Set(1, 2, a.At(1, 2)+1e-3)
		if moved, _ := w.PopulationRisk(scales); moved <= least {
			t.Errorf("%s: another decoder has the risk %v, the best one %v", act.Name, moved, least)
		}
		w = &autoencoder.Network{B: u, Act: act}
		beta, tied := c.TiedRisk(u)
		w.TieDecoder(beta)
		want, _ = w.PopulationRisk(nil)
		s := autoencoder.Descent{Net: w, Decoding: autoencoder.Tied}
		best, err := s.Risk()
		if err != nil || !(math.Abs(tied-want/3) <= 1e-12) || !(math.Abs(tied-best) <= 1e-12) {
			t.Errorf("%s: tied %v, unit by unit %v, %v (%v)", act.Name, tied, want/3, best, err)
		}
	}
	if _, err := SignCode().Risk(b.T(), u, []float64{1}); err == nil {
		t.Error("a wrong number of scales passes")
	}
	if _, _, err := SignCode().Decoder(mat.NewDense(2, 1, []float64{1, 1}), nil); err == nil {
		t.Error("equal rows have a singular code, and no error is reported")
	}
}

func TestCodeLimits(t *testing.T) {
	sign := SignCode()
	tests := []struct {
		name      string
		got, want float64
	}{
		{"half a bit", sign.Limit(20, 40), 1 - 1/math.Pi},
		{"a bit", sign.Limit(7, 7), 1 - 2/math.Pi},
		{"two bits", sign.Limit(80, 40), (math.Pi/2 - 1) / (1 + math.Pi/2)},
		{"one unit on the line, cubic", CubicCode(1).Limit(1, 1), 0.5},
		{"linear", CubicCode(0).Limit(3, 4), 0.25},
		{"scaled as one", sign.LimitScaled(3, []float64{1, 1, 1, 1}), 4 * sign.Limit(3, 4)},
		{"along the first axis", sign.LimitScaled(1, []float64{3, 1}), 10 - 9*2/math.Pi},
		{"nothing there", sign.LimitScaled(1, []float64{0, 0}), 0},
		{"orthonormal rows", sign.Welch(5, 9), 5 * math.Pi / 2},
		{"four units in the plane", sign.Welch(4, 2), 8 + 4*(math.Pi/2-1)},
		{"equiangular, orthonormal", sign.Equiangular(5, 9), 5 * math.Pi / 2},
		{"equiangular, opposite rows of the line", CubicCode(1).Equiangular(2, 1), 8},
		{"three in the plane", sign.TiedLimit(3, 2), 1 - 4.5/(3*math.Pi/2+6*0.5*math.Pi/6)},
		{"two uniform rows of the circle", UniformRowsInverseGain(2, 2), math.Pi/2 + 2/math.Pi},
		{"Shannon", ShannonDistortion(3, 2), 0.125},
		{"sharp for signs", SignDistortion(4, 4), 1 - 2/math.Pi},
		{"two bits of it", SignDistortion(8, 4), (1 - 2/math.Pi) * (1 - 2/math.Pi)},
		{"uniform rows of the line", UniformRowsMean(1), math.Pi / 2},
		{"of the circle", UniformRowsMean(2), 2 / math.Pi},
		{"of the sphere", UniformRowsMean(3), math.Pi / 8},
		{"contraction", sign.RowContraction(TiedDecoder, 2, 8), 1 - 8/(math.Pi*math.Pi)},
		{"curvature", sign.Curvature(BestDecoder), (math.Pi/2 - 1) / math.Pow(math.Pi/2, 3)},
	}
	for _, tt := range tests {
		if !(math.Abs(tt.got-tt.want) <= 1e-12) {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	for name, v := range map[string]float64{
		"n = 0": sign.Limit(0, 3), "an even part": ReLUCode().Limit(2, 2), "rising scales": sign.LimitScaled(1, []float64{1, 2}),
		"r = 1": sign.HaarGap(1, true), "curvature of an even part": ReLUCode().Curvature(TiedDecoder), "no dimension": sign.RowContraction(TiedDecoder, 1, 0), "d = 0": UniformRowsMean(0), "too many rows": RotatedRisk(3, 2, 1, 1, 1),
	} {
		if !math.IsNaN(v) {
			t.Errorf("%s: %v, want NaN", name, v)
		}
	}
}

// E q arcsin q for larger dimensions by its power series.
func TestUniformRowsMean(t *testing.T) {
	for _, d := range []int{4, 9, 30} {
		sum, a, moment := 0.0, 1.0, 1/float64(d)
		for k := range 2000 {
			sum += a * moment
			x := float64(k)
			a *= (2*x + 1) / (2*x + 2) * (2*x + 1) / (2*x + 3)
			moment *= (2*x + 3) / (float64(d) + 2*x + 2)
		}
		if got := UniformRowsMean(d); !(math.Abs(got-sum) <= 1e-6) {
			t.Errorf("d=%d: %v, by series %v", d, got, sum)
		}
	}
}

// The curvature, the contraction and the gap against networks.
func TestNearOrthonormal(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	c := SignCode()
	for law, decoding := range map[DecoderLaw]autoencoder.Decoding{BestDecoder: autoencoder.Optimal, TiedDecoder: autoencoder.Tied} {
		b := autoencoder.HaarRows(5, 7, r)
		var noise mat.Dense
		noise.Scale(1e-4, nets.Gaussian(5, 7, r))
		b.Add(b, &noise)
		nets.NormaliseRows(b)
		s := autoencoder.Descent{Net: &autoencoder.Network{B: b, Act: autoencoder.Sign()}, Step: 1.5, Decoding: decoding}
		risk, err := s.Risk()
		if err != nil {
			t.Fatal(err)
		}
		before := autoencoder.FrameError(b)
		if got := (risk - c.Limit(5, 7)) * 7 / (before * before); !(math.Abs(got/c.Curvature(law)-1) <= 0.01) {
			t.Errorf("law %v: curvature %v, measured %v", law, c.Curvature(law), got)
		}
		if err := s.Next(); err != nil {
			t.Fatal(err)
		}
		if got := autoencoder.FrameError(b) / before; !(math.Abs(got-c.RowContraction(law, 1.5, 7)) <= 1e-3) {
			t.Errorf("law %v: contraction %v, measured %v", law, c.RowContraction(law, 1.5, 7), got)
		}
	}
}

func TestHaarGap(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const d, rate, draws = 60, 4, 4
	tied, best := 0.0, 0.0
	c := SignCode()
	for range draws {
		b := autoencoder.HaarRows(rate*d, d, r)
		_, risk := c.TiedRisk(b)
		_, least, err := c.Decoder(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		tied += d * (risk - c.Limit(rate*d, d)) / draws
		best += d * (least/d - c.Limit(rate*d, d)) / draws
	}
	if want := c.HaarGap(rate, true); !(math.Abs(tied/want-1) <= 0.1) {
		t.Errorf("tied gap %v, limit %v", tied, want)
	}
	if want := c.HaarGap(rate, false); !(math.Abs(best/want-1) <= 0.1) {
		t.Errorf("best gap %v, limit %v", best, want)
	}
}

// The mean over rotations of the risk on a few points, by drawing frames.
func TestRotatedRisk(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	x := mat.NewDense(2, 3, []float64{1, -2, 0.5, 3, 0, 1})
	norms, squares := 0.0, 0.0
	for i := range 2 {
		v := mat.Norm(x.RowView(i), 2)
		norms, squares = norms+v/2, squares+v*v/2
	}
	const draws, shrink = 20000, 0.8
	sum, first, squared := 0.0, 0.0, 0.0
	one := mat.NewDense(1, 3, []float64{1, -2, 0.5})
	for range draws {
		w := autoencoder.Network{B: autoencoder.HaarRows(2, 3, r), Act: autoencoder.Sign()}
		w.TieDecoder(shrink * math.Sqrt(2/math.Pi))
		sum += w.Risk(x) / 3 / draws
		v := w.Risk(one) / 3
		first, squared = first+v/draws, squared+v*v/draws
	}
	if want, got := RotatedRiskDeviation(2, 3, shrink, mat.Norm(one, 2)), math.Sqrt(squared-first*first); !(math.Abs(got/want-1) <= 0.03) {
		t.Errorf("deviation %v over frames, want %v", got, want)
	}
	if want := RotatedRisk(2, 3, shrink, norms, squares); !(math.Abs(sum/want-1) <= 0.01) {
		t.Errorf("mean risk %v over frames, want %v", sum, want)
	}
}
