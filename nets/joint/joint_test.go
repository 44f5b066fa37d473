package joint

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/nets"
)

func laws() []Law {
	return []Law{
		{Width: 7, Dim: 3, Act: nets.Tanh(), Output: nets.GaussianOutput},
		{Width: 6, Dim: 2, Act: nets.Softplus(), Output: nets.Signs, Doubled: true},
		{Width: 1, Dim: 1, Act: nets.Tanh(), Output: nets.Ones},
	}
}

// parameters are pointers to all of theta.
func parameters(net *Network) []*float64 {
	var out []*float64
	m, d := net.W.Dims()
	for r := range m {
		for k := range d {
			out = append(out, &net.W.RawRowView(r)[k])
		}
		out = append(out, &net.B[r], &net.A[r])
	}
	return append(out, &net.B0)
}

// naive is f(x), written out.
func naive(net *Network, x []float64) float64 {
	sum := 0.0
	for r := range net.A {
		z := net.B[r]
		for k, v := range x {
			z += net.W.At(r, k) * v
		}
		sum += net.A[r] * net.Act.Value(z)
	}
	return sum/math.Sqrt(float64(len(net.A))) + net.B0
}

// differences is the Jacobian by central differences of naive.
func differences(net *Network, x *mat.Dense) *mat.Dense {
	const h = 1e-5
	n, _ := x.Dims()
	ps := parameters(net)
	j := mat.NewDense(n, len(ps), nil)
	for k, p := range ps {
		old := *p
		for i := range n {
			*p = old + h
			up := naive(net, x.RawRowView(i))
			*p = old - h
			j.Set(i, k, (up-naive(net, x.RawRowView(i)))/(2*h))
		}
		*p = old
	}
	return j
}

func TestAgainstDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, l := range laws() {
		net := l.Draw(rng)
		net.B0 = 0.3
		net.A[0] += 0.2 // away from the symmetric start
		x := nets.Gaussian(4, l.Dim, rng)
		p, j := net.At(x), differences(net, x)
		for i, f := range p.Output() {
			if want := naive(net, x.RawRowView(i)); !(math.Abs(f-want) <= 1e-13) {
				t.Errorf("output %v, want %v", f, want)
			}
		}
		var k mat.Dense
		k.Mul(j, j.T())
		if !mat.EqualApprox(p.Kernel(p), &k, 1e-8) {
			t.Errorf("kernel\n%v\nwant\n%v", mat.Formatted(p.Kernel(p)), mat.Formatted(&k))
		}
		k.Scale(0.25, &k)
		if !mat.EqualApprox(p.Gram(), &k, 1e-8) {
			t.Error("the Gram matrix is not the kernel over n")
		}
		hidden := mat.DenseCopyOf(j)
		for c, q := range parameters(net) {
			if q == &net.B0 || len(net.A) > 0 && contains(net.A, q) {
				for i := range 4 {
					hidden.Set(i, c, 0)
				}
			}
		}
		k.Mul(hidden, hidden.T())
		if !mat.EqualApprox(p.HiddenKernel(p), &k, 1e-8) {
			t.Error("the hidden part of the kernel")
		}
		e := []float64{1, -2, 0.5, 3}
		g := p.Gradient(e)
		for c, q := range parameters(g) {
			want := 0.0
			for i := range e {
				want += e[i] * j.At(i, c)
			}
			if !(math.Abs(*q-want) <= 1e-8) {
				t.Errorf("gradient %d: %v, want %v", c, *q, want)
			}
		}
	}
}

func TestMagnitude(t *testing.T) {
	x := mat.NewDense(2, 1, []float64{1, -2})
	net := &Network{W: mat.NewDense(4, 1, []float64{1, 1, 2, 2}), B: []float64{0, 0, 1, 1}, A: []float64{1, -1, 3, -3}, B0: -0.5, Act: nets.Identity()}
	if got := net.At(x).Magnitude(); !(math.Abs(got-(2+2+9+9)/2.0-0.5) <= 1e-14) {
		t.Errorf("magnitude %v, want 11.5", got)
	}
}

func contains(a []float64, p *float64) bool {
	for i := range a {
		if &a[i] == p {
			return true
		}
	}
	return false
}

func TestMoveAndDistance(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	l := laws()[0]
	net, direction := l.Draw(rng), l.Draw(rng)
	direction.B0 = 2
	old := net.Clone()
	net.Move(0.5, direction)
	square, moved := 0.0, 0.0
	a, b, c := parameters(direction), parameters(net), parameters(old)
	for i := range a {
		square += *a[i] * *a[i]
		moved += math.Pow(*b[i]-*c[i], 2)
		if !(math.Abs(*c[i]-*b[i]-0.5**a[i]) <= 1e-15) {
			t.Fatalf("parameter %d moved by %v", i, *b[i]-*c[i])
		}
	}
	if got := direction.Norm(); !(math.Abs(got-math.Sqrt(square)) <= 1e-12) {
		t.Errorf("norm %v, want %v", got, math.Sqrt(square))
	}
	if got := net.Distance(old); !(math.Abs(got-math.Sqrt(moved)) <= 1e-12) {
		t.Errorf("distance %v, want %v", got, math.Sqrt(moved))
	}
}

func TestLaw(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	big := Law{Width: 40000, Dim: 2, Act: nets.ReLU(), Output: nets.GaussianOutput}.Draw(rng)
	for name, v := range map[string][]float64{"w": big.W.RawMatrix().Data, "b": big.B, "a": big.A} {
		var sum, square float64
		for _, x := range v {
			sum, square = sum+x, square+x*x
		}
		n := float64(len(v))
		if !(math.Abs(sum/n) <= 0.03) || !(math.Abs(square/n-1) <= 0.05) {
			t.Errorf("%s: mean %v, second moment %v", name, sum/n, square/n)
		}
	}
	doubled := Law{Width: 20, Dim: 2, Act: nets.Tanh(), Output: nets.GaussianOutput, Doubled: true}.Draw(rng)
	for _, f := range doubled.At(nets.Gaussian(5, 2, rng)).Output() {
		if f != 0 {
			t.Errorf("a doubled network starts at %v", f)
		}
	}
	if (Law{Width: 3, Dim: 1, Act: nets.Tanh(), Doubled: true}).Validate() == nil || (Law{Width: 3, Dim: 0, Act: nets.Tanh()}).Validate() == nil || (Law{Width: 3, Dim: 1}).Validate() == nil {
		t.Error("an impossible law is valid")
	}
}
