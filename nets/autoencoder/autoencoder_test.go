package autoencoder

import (
	"convergo/nets"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

func stream(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// The means of an activation against midpoint integration over a Gaussian grid.
func TestMeans(t *testing.T) {
	const step, end = 0.01, 8.0
	integrate := func(f func(z float64) float64) float64 {
		sum := 0.0
		for z := -end + step/2; z < end; z += step {
			sum += f(z) * math.Exp(-z*z/2)
		}
		return sum * step / math.Sqrt(2*math.Pi)
	}
	for _, act := range []Activation{Sign(), ReLU(), Cubic(0.7)} {
		if got := integrate(func(z float64) float64 { return z * act.Value(z) }); !(math.Abs(got-act.Linear) <= 1e-4) {
			t.Errorf("%s: E g sigma(g) = %v, declared %v", act.Name, got, act.Linear)
		}
		for _, angle := range []float64{0.3, 1, 2.5} {
			sin, cos := math.Sincos(angle)
			const coarse = 0.03
			sum := 0.0
			for x := -6 + coarse/2; x < 6; x += coarse {
				for y := -6 + coarse/2; y < 6; y += coarse {
					sum += act.Value(x) * act.Value(cos*x+sin*y) * math.Exp(-(x*x+y*y)/2)
				}
			}
			if got := sum * coarse * coarse / (2 * math.Pi); !(math.Abs(got-act.Pair(angle)) <= 5e-3) {
				t.Errorf("%s at angle %v: E sigma sigma' = %v, declared %v", act.Name, angle, got, act.Pair(angle))
			}
			const h = 1e-6
			slope := (act.Pair(angle+h) - act.Pair(angle-h)) / (math.Cos(angle+h) - math.Cos(angle-h))
			if !(math.Abs(slope-act.Slope(angle)) <= 1e-6*math.Abs(slope)) {
				t.Errorf("%s at angle %v: slope %v, declared %v", act.Name, angle, slope, act.Slope(angle))
			}
		}
	}
}

// In the plane the code of sign units is constant between the lines that they cut, so that the risk is an integral over arcs.
func TestPopulationRiskInThePlane(t *testing.T) {
	r := stream(1)
	w := &Network{B: nets.UnitRows(3, 2, r), A: mat.NewDense(2, 3, []float64{0.3, -0.2, 0.5, 0.1, 0.4, 0.2}), Act: Sign()}
	for _, scales := range [][]float64{nil, {2, 0.5}} {
		const parts = 200000
		sum, out, code := 0.0, make([]float64, 2), make([]float64, 3)
		for i := range parts {
			sin, cos := math.Sincos(2 * math.Pi * (float64(i) + 0.5) / parts)
			x := []float64{cos * scale(scales, 0), sin * scale(scales, 1)}
			w.Reconstruct(out, code, x)
			// E rho = sqrt(pi/2), E rho^2 = 2
			sum += 2*floats.Dot(x, x) - 2*math.Sqrt(math.Pi/2)*floats.Dot(x, out) + floats.Dot(out, out)
		}
		got, err := w.PopulationRisk(scales)
		if err != nil || !(math.Abs(got-sum/parts) <= 1e-4) {
			t.Errorf("scales %v: risk %v, over arcs %v (%v)", scales, got, sum/parts, err)
		}
	}
}

// Samples agree with the population, and gain with risk.
func TestSamples(t *testing.T) {
	r, scales := stream(2), []float64{1.5, 1, 0.5}
	w := &Network{B: mat.NewDense(2, 3, []float64{1, 2, -1, 0.5, -1, 3}), A: mat.NewDense(3, 2, []float64{0.5, 0.2, 0.4, -0.3, 0.1, 0.2}), Act: Sign()}
	want, err := w.PopulationRisk(scales)
	if err != nil {
		t.Fatal(err)
	}
	total := floats.Dot(scales, scales)
	if got := total - w.SampledGain(200000, scales, r); !(math.Abs(got-want) <= 0.03) {
		t.Errorf("sampled risk %v, population %v", got, want)
	}
	x := mat.NewDense(50000, 3, nil)
	for i := range 50000 {
		for k, s := range scales {
			x.Set(i, k, s*r.NormFloat64())
		}
	}
	if got := w.Risk(x); !(math.Abs(got-want) <= 0.06) {
		t.Errorf("empirical risk %v, population %v", got, want)
	}
	w.Act = ReLU()
	if _, err := w.PopulationRisk(nil); err == nil {
		t.Error("rows that are no unit vectors pass for a ReLU")
	}
}

// No small change of the fitted decoder lowers the risk, and that of the tied one none along beta.
func TestDecoders(t *testing.T) {
	r := stream(3)
	for _, act := range []Activation{Sign(), ReLU(), Cubic(0.5)} {
		w := &Network{B: nets.UnitRows(4, 3, r), Act: act}
		if err := w.FitDecoder(); err != nil {
			t.Fatal(err)
		}
		least, err := w.PopulationRisk(nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 12 {
			for _, h := range []float64{-1e-3, 1e-3} {
				old := w.A.At(i/4, i%4)
				w.A.Set(i/4, i%4, old+h)
				if moved, _ := w.PopulationRisk(nil); !(moved > least) {
					t.Errorf("%s: entry %d moved by %v: risk %v <= %v", act.Name, i, h, moved, least)
				}
				w.A.Set(i/4, i%4, old)
			}
		}
		fitted := mat.DenseCopyOf(w.A)
		long := &Network{B: mat.DenseCopyOf(w.B), Act: act}
		long.B.Scale(3, long.B)
		if err := long.FitDecoder(); act.Name == "sign" && (err != nil || !mat.EqualApprox(long.A, fitted, 1e-13)) || act.Name != "sign" && err == nil {
			t.Errorf("%s: rows of length 3 have the decoder %v, %v", act.Name, long.A, err)
		}
		s := Descent{Net: w, Decoding: Tied}
		best, err := s.Risk()
		if err != nil {
			t.Fatal(err)
		}
		beta := w.A.At(0, 0) / w.B.At(0, 0)
		for _, f := range []float64{0.99, 1.01} {
			w.TieDecoder(f * beta)
			if moved, _ := w.PopulationRisk(nil); !(moved/3 > best) || moved/3 > best+1e-3 {
				t.Errorf("%s: beta x%v has the risk %v, the best one %v", act.Name, f, moved/3, best)
			}
		}
	}
}

// The gradient against differences of the risk along great circles.
func TestGradient(t *testing.T) {
	r := stream(4)
	for _, decoding := range []Decoding{Optimal, Tied, FixedTied} {
		for _, act := range []Activation{Sign(), Cubic(0.5)} {
			s := Descent{Net: &Network{B: nets.UnitRows(4, 5, r), Act: act}, Decoding: decoding, Beta: 0.4}
			g, err := s.Gradient()
			if err != nil {
				t.Fatal(err)
			}
			gradient := mat.DenseCopyOf(g)
			for i := range 4 {
				row := s.Net.B.RawRowView(i)
				old, tangent := append([]float64(nil), row...), nets.UnitRows(1, 5, r).RawRowView(0)
				floats.AddScaled(tangent, -floats.Dot(tangent, row), row)
				floats.Scale(1/floats.Norm(tangent, 2), tangent)
				at := func(angle float64) float64 {
					sin, cos := math.Sincos(angle)
					for k := range row {
						row[k] = cos*old[k] + sin*tangent[k]
					}
					v, err := s.Risk()
					if err != nil {
						t.Fatal(err)
					}
					copy(row, old)
					return v
				}
				const h = 1e-5
				want := (at(h) - at(-h)) / (2 * h)
				if got := floats.Dot(tangent, gradient.RawRowView(i)); !(math.Abs(got-want) <= 1e-8) {
					t.Errorf("decoding %d, %s, row %d: slope %v, by differences %v", decoding, act.Name, i, got, want)
				}
				if radial := floats.Dot(row, gradient.RawRowView(i)); !(math.Abs(radial) <= 1e-14) {
					t.Errorf("the gradient leaves the sphere by %v", radial)
				}
			}
		}
	}
}

// A Riemannian step is an arc of the length of the step; a projected one the arc tangent of it.
func TestNext(t *testing.T) {
	for _, riemannian := range []bool{false, true} {
		s := Descent{Net: &Network{B: nets.UnitRows(3, 4, stream(5)), Act: Sign()}, Step: 0.7, Riemannian: riemannian}
		before := mat.DenseCopyOf(s.Net.B)
		g, err := s.Gradient()
		if err != nil {
			t.Fatal(err)
		}
		lengths := []float64{floats.Norm(g.RawRowView(0), 2), floats.Norm(g.RawRowView(1), 2), floats.Norm(g.RawRowView(2), 2)}
		if err := s.Next(); err != nil {
			t.Fatal(err)
		}
		for i, length := range lengths {
			want := math.Atan(0.7 * length)
			if riemannian {
				want = 0.7 * length
			}
			if got := Angle(before.RawRowView(i), s.Net.B.RawRowView(i)); !(math.Abs(got-want) <= 1e-9) {
				t.Errorf("riemannian %v: row %d turned by %v, want %v", riemannian, i, got, want)
			}
		}
	}
	flat := Descent{Net: &Network{B: mat.NewDense(2, 1, []float64{1, -1}), Act: Sign()}, Decoding: Tied}
	if _, err := flat.Gradient(); err == nil {
		t.Error("opposite rows have no gradient, and none is reported")
	}
}

func TestFrames(t *testing.T) {
	r := stream(6)
	for _, size := range [][2]int{{1, 1}, {3, 5}, {5, 5}} {
		if e := FrameError(HaarRows(size[0], size[1], r)); e > 1e-13 {
			t.Errorf("%v: rows are orthonormal up to %v", size, e)
		}
	}
	for _, d := range []int{1, 2, 7} {
		b := Simplex(d)
		for i := range d + 1 {
			for j := range d + 1 {
				want := -1 / float64(d)
				if i == j {
					want = 1
				}
				if got := floats.Dot(b.RawRowView(i), b.RawRowView(j)); !(math.Abs(got-want) <= 1e-14) {
					t.Errorf("simplex of R^%d: product %d, %d is %v", d, i, j, got)
				}
			}
		}
	}
	b, err := TwoBases(4)
	if err != nil || FrameError(b) > 1e-14 {
		t.Errorf("two bases: %v, %v", FrameError(b), err)
	}
	if got := math.Abs(floats.Dot(b.RawRowView(1), b.RawRowView(6))); got != 0.5 {
		t.Errorf("products between the bases are %v, want 1/2", got)
	}
	if _, err := TwoBases(6); err == nil {
		t.Error("six dimensions have no matrix here")
	}
	// A known frame: two equal rows of the line, and a row too many.
	if got := FrameError(mat.NewDense(1, 2, []float64{1, 1})); !(math.Abs(got-1) <= 1e-15) {
		t.Errorf("frame error %v, want 1", got)
	}
	if got := FrameError(mat.NewDense(3, 1, []float64{1, 1, 2})); !(math.Abs(got-3) <= 1e-15) {
		t.Errorf("frame error %v, want 3", got)
	}
	zero := mat.NewDense(2, 2, []float64{0, 0, 3, 4})
	if nets.NormaliseRows(zero); zero.At(0, 0) != 0 || zero.At(1, 1) != 0.8 {
		t.Errorf("normalised %v", mat.Formatted(zero))
	}
	// Haar: the first entry of a row has mean square 1/d, and for n > d the squared lengths before scaling do not show.
	sum := 0.0
	const draws = 4000
	for range draws {
		v := HaarRows(2, 3, r).At(1, 0)
		sum += v * v
	}
	if got := sum / draws; !(math.Abs(got-1.0/3) <= 0.02) {
		t.Errorf("mean square of an entry %v, want 1/3", got)
	}
	tall := HaarRows(6, 2, r)
	for i := range 6 {
		if !(math.Abs(floats.Norm(tall.RawRowView(i), 2)-1) <= 1e-14) {
			t.Error("rows beyond the dimension are no unit vectors")
		}
	}
}

// The products of equiangular frames have the least size that any n lines in R^d allow, and the frames are tight.
func TestEquiangular(t *testing.T) {
	for _, size := range [][2]int{{6, 3}, {28, 7}} {
		n, d := size[0], size[1]
		b, err := Equiangular(n, d)
		if err != nil {
			t.Fatal(err)
		}
		want := math.Sqrt(float64(n-d) / float64(d*(n-1)))
		for i := range n {
			for j := range i {
				if got := math.Abs(floats.Dot(b.RawRowView(i), b.RawRowView(j))); !(math.Abs(got-want) <= 1e-14) {
					t.Errorf("%v: |product| %v, want %v", size, got, want)
				}
			}
		}
		if e := FrameError(b); e > 1e-13 {
			t.Errorf("%v: frame error %v", size, e)
		}
	}
	if _, err := Equiangular(7, 3); err == nil {
		t.Error("seven lines in R^3 cannot be equiangular")
	}
}

func TestWhiten(t *testing.T) {
	r := stream(8)
	x := mat.NewDense(40, 4, nil)
	for i := range 40 {
		a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		x.SetRow(i, []float64{5 + 3*a, a + 0.5*b, 7, b - c})
	}
	white, err := Whiten(x, 3)
	if err != nil {
		t.Fatal(err)
	}
	var covariance mat.SymDense
	covariance.SymOuterK(1.0/40, white.T())
	for i := range 3 {
		sum := 0.0
		for row := range 40 {
			sum += white.At(row, i)
		}
		if !(math.Abs(sum) <= 1e-11) {
			t.Errorf("mean %v along axis %d", sum/40, i)
		}
		for j := range 3 {
			want := 0.0
			if i == j {
				want = 1
			}
			if got := covariance.At(i, j); !(math.Abs(got-want) <= 1e-11) {
				t.Errorf("covariance %d, %d is %v", i, j, got)
			}
		}
	}
	// The last axis is the one of the largest variance: nearly the first coordinate.
	var along float64
	for i := range 40 {
		along += white.At(i, 2) * x.At(i, 0)
	}
	if math.Abs(along)/40 < 2 {
		t.Errorf("the last axis follows the first coordinate by %v only", along/40)
	}
	if _, err := Whiten(x, 4); err == nil {
		t.Error("a constant column has no fourth axis")
	}
	if _, err := Whiten(x, 5); err == nil {
		t.Error("five axes of four coordinates")
	}
}
