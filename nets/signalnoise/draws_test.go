package signalnoise

import (
	"math"
	"math/rand/v2"
	"testing"
)

// meanSquare fails unless numbers of deviation sigma have its square as their mean square, up to five deviations of that mean.
func meanSquare(t *testing.T, what string, numbers []float64, sigma float64) {
	t.Helper()
	sum := 0.0
	for _, v := range numbers {
		sum += v * v
	}
	n := float64(len(numbers))
	if got := sum / n / (sigma * sigma); !(math.Abs(got-1) <= 5*math.Sqrt(2/n)) {
		t.Errorf("%s: %v times the variance", what, got)
	}
}

func coins(t *testing.T, what string, y []float64) {
	t.Helper()
	plus := 0
	for i, v := range y {
		if math.Abs(v) != 1 {
			t.Errorf("%s: label %d is %v", what, i, v)
		}
		if v > 0 {
			plus++
		}
	}
	if n := float64(len(y)); !(math.Abs(float64(plus)-n/2) <= 5*math.Sqrt(n)/2) {
		t.Errorf("%s: %d of %v labels are positive", what, plus, n)
	}
}

func TestLawsOfDraws(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 9))
	law := Law{D: 4, Mu: 2.5, SigmaP: 0.3}
	s := law.Draw(1000, r)
	if s.Mu[0] != 2.5 || s.Mu[1] != 0 || s.Mu[2] != 0 || s.Mu[3] != 0 {
		t.Errorf("signal %v, want (2.5, 0, 0, 0)", s.Mu)
	}
	coins(t, "drawn", s.Y)
	var noise []float64
	for i := range 1000 {
		row := s.Xi.RawRowView(i)
		if row[0] != 0 {
			t.Fatalf("noise patch %d has %v along the signal", i, row[0])
		}
		noise = append(noise, row[1:]...)
	}
	meanSquare(t, "noise", noise, 0.3)
	c := Config{Filters: 50, Sigma0: 0.2, Activation: Power(3)}
	meanSquare(t, "weights", c.Draw(30, r).W.RawMatrix().Data, 0.2)
	law.D = 5000
	s, _ = law.Start(300, Config{Filters: 1, Sigma0: 0.1, Activation: Power(3)}, r)
	coins(t, "in coordinates of the span", s.Y)
}

// Descent knows the outputs of the network that it starts from, and its coefficients say how the filters have moved.
func TestDescentOutputsAndCoefficients(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 9))
	s := Law{D: 6, Mu: 1, SigmaP: 0.5}.Draw(3, r)
	net := Config{Filters: 2, Sigma0: 0.4, Activation: Power(2)}.Draw(6, r)
	d, err := NewDescent(net, s, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	m := float64(net.Filters())
	for i, y := range s.Y {
		want := 0.0
		for k := range 2 * net.Filters() {
			for _, patch := range [][]float64{s.Mu, s.Xi.RawRowView(i)} {
				z := 0.0
				for j, v := range patch {
					z += net.W.At(k, j) * v
				}
				if &patch[0] == &s.Mu[0] {
					z *= y
				}
				sign := 1.0
				if k >= net.Filters() {
					sign = -1
				}
				want += sign / m * math.Pow(math.Max(z, 0), 2)
			}
		}
		if got := d.Outputs()[i]; !(math.Abs(got-want) <= 1e-14) {
			t.Errorf("output %d is %v, want %v", i, got, want)
		}
	}
	for range 5 {
		d.Step()
	}
	now, vectors := d.Network(), s.Vectors()
	for k := range 2 * net.Filters() {
		for j := range 6 {
			want := net.W.At(k, j)
			for i := range 4 {
				want += d.Coefficient(k, i) * vectors.At(i, j)
			}
			if got := now.W.At(k, j); !(math.Abs(got-want) <= 1e-14) {
				t.Errorf("weight %d, %d is %v, by its coefficients %v", k, j, got, want)
			}
		}
	}
}
