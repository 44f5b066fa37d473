package gen

import (
	"fmt"

	"pgregory.net/rapid"

	"convergo/nets/data"
)

// Range bounds the number of rows n and the dimension d, both ends included.
type Range struct{ MinN, MaxN, MinD, MaxD int }

func (r Range) check(minD int) {
	if r.MinN < 1 || r.MaxN < r.MinN || r.MinD < minD || r.MaxD < r.MinD {
		panic(fmt.Sprintf("gen: range %+v; want 1 <= MinN <= MaxN and %d <= MinD <= MaxD", r, minD))
	}
}

// Lattice entries are at most this large, unless more are needed for n distinct lines.
const bound = 3

// maxSeed keeps seeds readable.
const maxSeed = 1 << 16

// Specs draws any data set of unit rows with labels: also equal, antipodal and
// parallel rows. It shrinks towards few rows of low dimension and small seeds.
func Specs(r Range) *rapid.Generator[data.Spec] {
	r.check(1)
	return rapid.Custom(func(t *rapid.T) data.Spec {
		n, d := sizes(t, r)
		kinds := []string{data.Lattice, data.Sphere, data.Antipodal}
		if n >= 2 {
			kinds = append(kinds, data.Duplicate)
		}
		if d >= 2 {
			kinds = append(kinds, data.Circle)
		}
		if n == 2 && d >= 1 {
			kinds = append(kinds, data.Simplex)
		}
		return draw(t, n, d, append(kinds, separatedKinds(n, d)...), false)
	})
}

// Separated draws a data set of unit rows with labels of which no two are
// parallel: with probability 1 where it is random, by construction elsewhere.
// Near-parallel pairs and tight clusters are among them, down to distances of
// about 1e-2. It needs d >= 2.
func Separated(r Range) *rapid.Generator[data.Spec] {
	r.check(2)
	return rapid.Custom(func(t *rapid.T) data.Spec {
		n, d := sizes(t, r)
		return draw(t, n, d, append([]string{data.Lattice, data.Sphere}, separatedKinds(n, d)...), true)
	})
}

// Lattices draws a data set of lattice points of which no two are parallel. The
// data itself shrinks, so that a counterexample is a few small integers; use it
// where Separated finds one that is hard to read. It needs d >= 2.
func Lattices(r Range) *rapid.Generator[data.Spec] {
	r.check(2)
	return rapid.Custom(func(t *rapid.T) data.Spec {
		n, d := sizes(t, r)
		return draw(t, n, d, []string{data.Lattice}, true)
	})
}

func sizes(t *rapid.T, r Range) (n, d int) {
	return rapid.IntRange(r.MinN, r.MaxN).Draw(t, "n"), rapid.IntRange(r.MinD, r.MaxD).Draw(t, "d")
}

// separatedKinds lists the kinds, apart from lattice and sphere, that can have n
// rows in R^d without parallel ones.
func separatedKinds(n, d int) []string {
	var kinds []string
	if n <= d {
		kinds = append(kinds, data.Basis, data.Orthonormal, data.Equicorrelated)
	}
	if n >= 3 && n <= d+1 {
		kinds = append(kinds, data.Simplex)
	}
	if d >= 2 {
		kinds = append(kinds, data.HalfCircle, data.Cluster)
		if n%2 == 1 {
			kinds = append(kinds, data.Circle)
		}
		if n >= 2 {
			kinds = append(kinds, data.Antipodal, data.Duplicate)
		}
	}
	return kinds
}

func draw(t *rapid.T, n, d int, kinds []string, separated bool) data.Spec {
	s := data.Spec{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), N: n, D: d}
	switch s.Kind {
	case data.Lattice:
		points := Lattice(n, d, bound)
		if separated {
			points = Lines(n, d, bound)
		}
		s.N, s.D, s.Points = 0, 0, points.Draw(t, "points")
	case data.Cluster:
		s.Spread = rapid.Float64Range(0.01, 1).Draw(t, "spread")
		s.Sep = rapid.Float64Range(0, 2).Draw(t, "sep")
	case data.Equicorrelated:
		// At the ends the rows become dependent, and equal for rho = 1.
		low := -0.99
		if n > 1 {
			low /= float64(n - 1)
		}
		s.Rho = rapid.Float64Range(low, 0.99).Draw(t, "rho")
	case data.Antipodal, data.Duplicate:
		switch {
		case separated:
			// Stay clear of 2, where a point meets the other's antipode.
			s.Sep = rapid.Float64Range(0.01, 1.9).Draw(t, "sep")
		case d >= 2:
			s.Sep = rapid.Float64Range(0, 2).Draw(t, "sep")
		}
	}
	s.Seed = rapid.Uint64Range(0, maxSeed).Draw(t, "seed") // of the labels too
	s.Labels = rapid.SampledFrom(labels).Draw(t, "labels")
	return s
}

// labels is never written; the simplest come first, for shrinking.
var labels = []string{data.Const, data.Alternate, data.Sign, data.Planted, data.Normal}

// Lattice draws n points of Z^d with entries of absolute value at most b >= 1,
// none of them zero. They may be equal or parallel.
func Lattice(n, d, b int) *rapid.Generator[[][]int] {
	return rapid.Custom(func(t *rapid.T) [][]int {
		points := make([][]int, n)
		for i := range points {
			points[i] = point(t, d, b)
		}
		return points
	})
}

// point draws a vector and then makes the entry at a drawn place non-zero.
func point(t *rapid.T, d, b int) []int {
	p := make([]int, d)
	for k := range p {
		p[k] = rapid.IntRange(-b, b).Draw(t, "entry")
	}
	pivot := rapid.IntRange(0, d-1).Draw(t, "pivot")
	if p[pivot] == 0 {
		p[pivot] = 1
	}
	return p
}

// Lines is like Lattice, but no two points are parallel. A point parallel to an
// earlier one is moved on through the lattice to the next that is not, so the entries may
// exceed b (up to n/2) where b leaves too few lines. It needs d >= 2 unless n = 1.
func Lines(n, d, b int) *rapid.Generator[[][]int] {
	if n > 1 && d < 2 {
		panic(fmt.Sprintf("gen: no %d points of Z^%d lie on different lines; give d >= 2", n, d))
	}
	b = max(b, n/2) // (1, k, 0, ..., 0), |k| <= b, are 2b+1 >= n lines
	return rapid.Custom(func(t *rapid.T) [][]int {
		points, seen := make([][]int, n), make(map[string]bool, n)
		for i := range points {
			p := point(t, d, b)
			for seen[line(p)] {
				next(p, b)
			}
			seen[line(p)] = true
			points[i] = p
		}
		return points
	})
}

// line names the line through 0 and p: p over its greatest common divisor, with
// its first non-zero entry positive. The zero vector is on no line, see next.
func line(p []int) string {
	g := 0
	for _, v := range p {
		a := abs(v)
		for a != 0 {
			g, a = a, g%a
		}
	}
	for _, v := range p {
		if v != 0 {
			if v < 0 {
				g = -g
			}
			break
		}
	}
	q := make([]int, len(p))
	for k, v := range p {
		q[k] = v / g
	}
	return fmt.Sprint(q)
}

// next steps p to the following non-zero point of the cube [-b, b]^d, cyclically.
func next(p []int, b int) {
	for {
		for k := len(p) - 1; k >= 0; k-- {
			if p[k]++; p[k] <= b {
				break
			}
			p[k] = -b
		}
		for _, v := range p {
			if v != 0 {
				return
			}
		}
	}
}

func abs(v int) int { return max(v, -v) }
