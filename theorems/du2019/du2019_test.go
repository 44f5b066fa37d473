package du2019

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"

	"convergo/bounds"
	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
)

// TestClaims checks every claim; run one with -run 'TestClaims/du2019/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// With the frozen neurons in their Gram matrix or not, descent is that of the whole network.
func TestLazyIsDescent(t *testing.T) {
	q, err := build(data.Spec{Kind: data.Sphere, N: 3, D: 5, Seed: 1, LabelScale: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	const m, steps = 300, 40
	eta := derivedStep(q)
	for _, antisymmetric := range []bool{false, true} {
		draw := func(radius float64) *lazy {
			return newLazy(q, m, q.set.Y, radius, antisymmetric, rand.New(rand.NewPCG(3, 4)))
		}
		lazy, whole := draw(0.7), draw(math.Inf(1))
		if len(lazy.a) == 0 || len(lazy.a) == m {
			t.Fatalf("%d of %d neurons are followed: the test wants some of them frozen", len(lazy.a), m)
		}
		if antisymmetric && mat.Norm(mat.NewVecDense(q.n, whole.u), 2) != 0 {
			t.Errorf("antisymmetric outputs start at %v", whole.u)
		}
		net := lazyNetwork(q, whole)
		d, err := train.NewDescent(net, q.x, q.set.Y, train.Options{Step: eta})
		if err != nil {
			t.Fatal(err)
		}
		for k := range steps {
			for i, u := range d.State().U {
				if !(math.Abs(whole.u[i]-u) <= 1e-11) || !(math.Abs(lazy.u[i]-u) <= 1e-11) {
					t.Fatalf("antisymmetric=%v step %d: outputs %v (lazy) and %v (whole), want %v", antisymmetric, k, lazy.u, whole.u, d.State().U)
				}
			}
			if moved, _ := d.State().Movement(); moved > lazy.moved*(1+1e-12) {
				t.Fatalf("step %d: a neuron moved by %v, beyond %v", k, moved, lazy.moved)
			}
			d.Step()
			lazy.step(eta)
			whole.step(eta)
		}
		if lazy.lost {
			t.Errorf("moved by up to %v, beyond the radius: the test is void", lazy.moved)
		}
		lazy.radius = lazy.moved
		if lazy.step(eta); !lazy.lost {
			t.Error("neurons beyond the radius go unnoticed")
		}
	}
}

// lazyNetwork is the network whose preactivations a whole simulation holds: in coordinates of the span the data matrix
// is square.
func lazyNetwork(q *problem, l *lazy) *nets.Network {
	m := len(l.a)
	z := mat.NewDense(m, q.n, append([]float64(nil), l.z...))
	var w mat.Dense
	if err := w.Solve(q.x, z.T()); err != nil {
		panic(err)
	}
	return &nets.Network{W: mat.DenseCopyOf(w.T()), A: append([]float64(nil), l.a...), Act: nets.ReLU(), Scale: nets.NTKScale(m)}
}

func TestDirections(t *testing.T) {
	for _, c := range []struct {
		points           [][]int
		different, pairs int
		rank             int // of the pairs
	}{
		{[][]int{{1}}, 1, 0, 0},
		{[][]int{{1}, {2}}, 1, 0, 0},
		{[][]int{{3}, {-1}}, 2, 1, 1},
		{[][]int{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}, 4, 2, 2},
		{[][]int{{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-2, -2}}, 6, 3, 2},
		{[][]int{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {1, 1, 1}, {-1, -1, -1}}, 6, 3, 3},
		{[][]int{{2, 4}, {1, 2}, {-3, -6}, {2, 3}}, 3, 1, 1},
	} {
		different, pairs := directions(c.points)
		if different != c.different || len(pairs) != c.pairs || rank(pairs) != c.rank {
			t.Errorf("%v: %d directions and pairs %v, want %d and %d of rank %d", c.points, different, pairs, c.different, c.pairs, c.rank)
		}
	}
}

// The rank of integer rows is that of the singular values.
func TestRank(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 2000 {
		n, d := 1+rng.IntN(5), 1+rng.IntN(5)
		rows, x := make([][]int, n), mat.NewDense(n, d, nil)
		for i := range rows {
			rows[i] = make([]int, d)
			for k := range rows[i] {
				rows[i][k] = rng.IntN(5) - 2
				if i > 1 && rng.IntN(2) == 0 {
					rows[i][k] = rows[0][k] - rows[1][k]
				}
				x.Set(i, k, float64(rows[i][k]))
			}
		}
		var svd mat.SVD
		svd.Factorize(x, mat.SVDNone)
		want := 0
		for _, s := range svd.Values(nil) {
			if s > 1e-9 {
				want++
			}
		}
		if got := rank(rows); got != want {
			t.Fatalf("%v: rank %d, want %d", x, got, want)
		}
	}
}

// The change of the Jacobian from patterns is that of explicit Jacobians, and the bound on the ball is above every
// attack.
func TestAttacks(t *testing.T) {
	q, err := build(data.Spec{Kind: data.Sphere, N: 4, D: 3, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	const m, radius = 40, 0.4
	net, b := q.draw(rng, nets.NTK(m, q.k))
	fragile := make([]int, q.n)
	b.Fragile(fragile, net, radius)
	before := b.Jacobian(net, nets.FirstLayer)
	seen := 0
	q.attacks(rng, net, b, radius, func(a *attack) {
		seen++
		if shift := spectral(a.gram, a.start); shift > ballBound(a, fragile) {
			t.Errorf("%s: the Gram matrix moves by %v, beyond the bound on the ball", a.name, shift)
		}
		// A network with these patterns: preactivations of the right signs are all that the Jacobian sees.
		after := mat.DenseCopyOf(before)
		for i := range q.n {
			for r := range m {
				for c := range q.k {
					v := 0.0
					if a.patterns.Active(i, r) {
						v = net.A[r] * net.Scale * q.x.At(i, c)
					}
					after.Set(i, r*q.k+c, v)
				}
			}
		}
		var diff mat.Dense
		diff.Sub(after, before)
		var svd mat.SVD
		svd.Factorize(&diff, mat.SVDNone)
		if got, want := a.jacobianChange(a.patterns, a.startPatterns), svd.Values(nil)[0]; !(math.Abs(got-want) <= 1e-12) {
			t.Errorf("%s: change of the Jacobian %v, want %v", a.name, got, want)
		}
	})
	if seen != attackCount {
		t.Errorf("%d attacks, the cost counts %d", seen, attackCount)
	}
}

// lambda_0 of two inputs at a distance, to the digits given.
func TestPairVectors(t *testing.T) {
	for s, want := range map[float64]float64{0.1: 0.018343, 0.01: 0.0016165} {
		lambda, err := kernel.ReLU().Lambda0(mat.NewDense(2, 2, []float64{1, 0, 1 - s*s/2, s * math.Sqrt(1-s*s/4)}))
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(lambda.Value-want) <= 1e-6) {
			t.Errorf("distance %v: lambda_0 = %v, want %v", s, lambda.Value, want)
		}
	}
}

// The column of labels that the user names is no input: two points at a distance of about 0.02, not one direction.
func TestLabelsAreNoInputs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labelled.csv")
	if err := os.WriteFile(path, []byte("x1,x2,y\n1,0,100\n0.999,0.02,200\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var loader data.Loader
	defer loader.Serve()()
	user, err := checks.OpenData(t.Context(), &loader, path, data.Options{Label: data.LabelLast})
	if err != nil {
		t.Fatal(err)
	}
	q, err := build(file(user, 200))
	if err != nil {
		t.Fatal(err)
	}
	theta := math.Atan2(0.02, 0.999)
	if want := 0.5 - math.Cos(theta)*(math.Pi-theta)/(2*math.Pi); q.set.X.RawMatrix().Cols != 2 || !(math.Abs(q.lambda0.Value-want) <= 1e-12) {
		t.Errorf("lambda_0 = %v of %d columns, want %v of 2", q.lambda0.Value, q.set.X.RawMatrix().Cols, want)
	}
}

// A single row has no separation; no claim fails on it.
func TestOneRow(t *testing.T) {
	inst, err := setupClosed(inputs{data.Spec{Kind: data.Basis, N: 1, D: 2}}, bounds.ClosedLowerBound)
	if err != nil || len(inst.Hypotheses) != 1 || inst.Hypotheses[0].Met() {
		t.Errorf("instance %+v, error %v: want a hypothesis that is not met", inst, err)
	}
}
