// Package peers gives benchmarks the inputs on which .ci/peers times other libraries too. All benchmarks named
// Peers take theirs from here, and report a number of their result, which the script compares.
package peers

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
)

// Folder is the variable that names the folder of the inputs. Without it they are drawn.
const Folder = "CONVERGO_PEERS"

// Matrix is the n x d matrix of this name: NAME.f64 of the folder, n d float64 in the order of bytes of this
// kind of machine (little), or standard normal entries.
func Matrix(tb testing.TB, name string, n, d int) *mat.Dense {
	tb.Helper()
	values := make([]float64, n*d)
	dir := os.Getenv(Folder)
	if dir == "" {
		h := fnv.New64a()
		h.Write([]byte(name))
		rng := rand.New(rand.NewPCG(h.Sum64(), 1))
		for i := range values {
			values[i] = rng.NormFloat64()
		}
		return mat.NewDense(n, d, values)
	}
	raw, err := os.ReadFile(filepath.Join(dir, name+".f64"))
	if err != nil {
		tb.Fatal(err)
	}
	if len(raw) != 8*len(values) {
		tb.Fatalf("%s has %d bytes, want %d x %d x 8", name, len(raw), n, d)
	}
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return mat.NewDense(n, d, values)
}

// Sphere is [Matrix] with its rows scaled to the length one.
func Sphere(tb testing.TB, name string, n, d int) *mat.Dense {
	tb.Helper()
	x := Matrix(tb, name, n, d)
	for i := range n {
		row := x.RowView(i).(*mat.VecDense)
		row.ScaleVec(1/mat.Norm(row, 2), row)
	}
	return x
}

// Loop runs f in the benchmark's loop and reports the median of its times beside their mean: on a machine that does other
// things, some runs are interrupted.
func Loop(b *testing.B, f func()) {
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		f()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2]), "median-ns")
}

// Sum reports the sum of all entries of a symmetric matrix.
func Sum(b *testing.B, a *mat.SymDense) { Number(b, mat.Sum(a)) }

// Number reports a number of a result.
func Number(b *testing.B, v float64) { b.ReportMetric(v, "result") }
