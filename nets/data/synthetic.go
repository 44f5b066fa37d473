package data

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// A maker draws the rows of a Spec whose sizes are checked, and the data's own
// labels where it has any.
type maker = func(s Spec, rng *rand.Rand) (*mat.Dense, []float64, error)

// makers is never written after initialisation.
var makers = map[string]maker{
	Sphere: plain(sphere), Gaussian: plain(gaussian), Orthonormal: plain(orthonormal), Basis: plain(basis),
	Cluster: cluster, Circle: plain(circle), HalfCircle: plain(halfCircle), Angles: plain(angles),
	Simplex: plain(simplex), Equicorrelated: plain(equicorrelated), Antipodal: plain(antipodal),
	Duplicate: plain(duplicate), Lattice: plain(lattice), Explicit: plain(explicit),
}

// plain makes a maker of a function whose data has no labels of its own.
func plain(f func(Spec, *rand.Rand) (*mat.Dense, error)) maker {
	return func(s Spec, rng *rand.Rand) (*mat.Dense, []float64, error) {
		x, err := f(s, rng)
		return x, nil, err
	}
}

func gaussian(s Spec, rng *rand.Rand) (*mat.Dense, error) {
	x := mat.NewDense(s.N, s.D, nil)
	for i := range s.N {
		drawNormal(x.RawRowView(i), rng)
	}
	return x, nil
}

func sphere(s Spec, rng *rand.Rand) (*mat.Dense, error) {
	x := mat.NewDense(s.N, s.D, nil)
	for i := range s.N {
		drawUnit(x.RawRowView(i), rng)
	}
	return x, nil
}

func drawNormal(v []float64, rng *rand.Rand) {
	for k := range v {
		v[k] = rng.NormFloat64()
	}
}

func drawUnit(v []float64, rng *rand.Rand) {
	drawNormal(v, rng)
	normalize(v)
}

// orthonormal is Gram-Schmidt on Gaussian rows, which gives the Haar law. Every
// projection is done twice, so that the rows are orthogonal to rounding.
func orthonormal(s Spec, rng *rand.Rand) (*mat.Dense, error) {
	if s.N > s.D {
		return nil, specErr("%d orthonormal rows in R^%d; give n <= d", s.N, s.D)
	}
	x := mat.NewDense(s.N, s.D, nil)
	for i := range s.N {
		row := x.RawRowView(i)
		drawUnit(row, rng)
		for range 2 {
			for j := range i {
				removeComponent(row, x.RawRowView(j))
			}
			normalize(row)
		}
	}
	return x, nil
}

// removeComponent subtracts from v its component along the unit vector u.
func removeComponent(v, u []float64) {
	var dot float64
	for k, e := range u {
		dot += e * v[k]
	}
	for k, e := range u {
		v[k] -= dot * e
	}
}

func basis(s Spec, _ *rand.Rand) (*mat.Dense, error) {
	if s.N > s.D {
		return nil, specErr("%d basis vectors in R^%d; give n <= d", s.N, s.D)
	}
	x := mat.NewDense(s.N, s.D, nil)
	for i := range s.N {
		x.Set(i, i, 1)
	}
	return x, nil
}

func cluster(s Spec, rng *rand.Rand) (*mat.Dense, []float64, error) {
	if s.Sep == 0 && s.Spread == 0 {
		return nil, nil, specErr("cluster with spread 0 and sep 0 is a single point; give spread > 0")
	}
	centres := [2][]float64{make([]float64, s.D), make([]float64, s.D)}
	drawUnit(centres[0], rng)
	if err := turn(centres[1], centres[0], s.Sep, rng); err != nil {
		return nil, nil, err
	}
	x, class := mat.NewDense(s.N, s.D, nil), make([]float64, s.N)
	for i := range s.N {
		row := x.RawRowView(i)
		drawNormal(row, rng)
		for k, c := range centres[i%2] {
			row[k] = c + s.Spread*row[k]
		}
		class[i] = float64(1 - 2*(i%2))
	}
	if s.Sep == 0 {
		class = nil
	}
	return x, class, nil
}

// turn sets dst to a unit vector at distance chord from the unit vector u, in a
// uniformly random direction.
func turn(dst, u []float64, chord float64, rng *rand.Rand) error {
	if chord == 0 || (len(u) == 1 && chord == 2) {
		for k, e := range u {
			dst[k] = (1 - chord) * e
		}
		return nil
	}
	if len(u) == 1 {
		return specErr("no two points of the sphere of R^1 are at distance %g; give d >= 2", chord)
	}
	drawUnit(dst, rng)
	for range 2 {
		removeComponent(dst, u)
		normalize(dst)
	}
	// With t the angle, chord = 2 sin(t/2), so 1 - cos t = chord^2/2 and
	// sin t = chord sqrt(1 - chord^2/4): no cancellation for a small chord.
	cos, sin := 1-chord*chord/2, chord*math.Sqrt((1-chord/2)*(1+chord/2))
	for k, e := range u {
		dst[k] = cos*e + sin*dst[k]
	}
	return nil
}

func circle(s Spec, _ *rand.Rand) (*mat.Dense, error) { return arc(s, 2*math.Pi) }

func halfCircle(s Spec, _ *rand.Rand) (*mat.Dense, error) { return arc(s, math.Pi) }

func arc(s Spec, length float64) (*mat.Dense, error) {
	at := make([]float64, s.N)
	for i := range at {
		at[i] = length * float64(i) / float64(s.N)
	}
	return onCircle(s, at)
}

func angles(s Spec, _ *rand.Rand) (*mat.Dense, error) { return onCircle(s, s.Angles) }

func onCircle(s Spec, at []float64) (*mat.Dense, error) {
	if s.D < 2 {
		return nil, specErr("%s in R^%d; give d >= 2", s.Kind, s.D)
	}
	x := mat.NewDense(s.N, s.D, nil)
	for i, t := range at {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return nil, specErr("angle %d is %v; give finite angles in radians", i+1, t)
		}
		sin, cos := math.Sincos(t)
		x.Set(i, 0, cos)
		x.Set(i, 1, sin)
	}
	return x, nil
}

// simplex uses the Helmert matrix H, whose N-1 orthonormal rows span the
// complement of the constant vector: the columns of H have inner products
// [i=j] - 1/N, and scaling them to unit norm makes these -1/(N-1).
func simplex(s Spec, _ *rand.Rand) (*mat.Dense, error) {
	if s.N < 2 || s.N > s.D+1 {
		return nil, specErr("simplex with n=%d d=%d; give 2 <= n <= d+1", s.N, s.D)
	}
	x := mat.NewDense(s.N, s.D, nil)
	scale := math.Sqrt(float64(s.N) / float64(s.N-1))
	for k := 1; k < s.N; k++ {
		h := scale / math.Sqrt(float64(k)*float64(k+1))
		for i := range k {
			x.Set(i, k-1, h)
		}
		x.Set(k, k-1, -float64(k)*h)
	}
	return x, nil
}

// equicorrelated uses the symmetric square root a I + b 11^T of
// (1-Rho) I + Rho 11^T: a^2 = 1-Rho and (a + N b)^2 = 1 - Rho + N Rho.
func equicorrelated(s Spec, _ *rand.Rand) (*mat.Dense, error) {
	n := float64(s.N)
	if s.N > s.D {
		return nil, specErr("%d equicorrelated rows in R^%d; give n <= d", s.N, s.D)
	}
	top := 1 + (n-1)*s.Rho
	if top < 0 {
		return nil, specErr("%d unit vectors cannot have all inner products %g; give rho >= -1/(n-1)", s.N, s.Rho)
	}
	a := math.Sqrt(1 - s.Rho)
	b := (math.Sqrt(top) - a) / n
	x := mat.NewDense(s.N, s.D, nil)
	for i := range s.N {
		for j := range s.N {
			x.Set(i, j, b)
		}
		x.Set(i, i, a+b)
	}
	return x, nil
}

func antipodal(s Spec, rng *rand.Rand) (*mat.Dense, error) {
	x := mat.NewDense(s.N, s.D, nil)
	for i := 0; i < s.N; i += 2 {
		drawUnit(x.RawRowView(i), rng)
		if i+1 == s.N {
			break
		}
		partner := x.RawRowView(i + 1)
		if err := turn(partner, x.RawRowView(i), s.Sep, rng); err != nil {
			return nil, err
		}
		for k := range partner {
			partner[k] = -partner[k]
		}
	}
	return x, nil
}

func duplicate(s Spec, rng *rand.Rand) (*mat.Dense, error) {
	if s.N < 2 {
		return nil, specErr("duplicate with n=%d; give n >= 2", s.N)
	}
	x, err := sphere(s, rng)
	if err != nil {
		return nil, err
	}
	return x, turn(x.RawRowView(s.N-1), x.RawRowView(0), s.Sep, rng)
}

func lattice(s Spec, _ *rand.Rand) (*mat.Dense, error) {
	rows := make([][]float64, len(s.Points))
	for i, p := range s.Points {
		rows[i] = make([]float64, len(p))
		for k, v := range p {
			rows[i][k] = float64(v)
		}
	}
	return specRows(rows)
}

func explicit(s Spec, _ *rand.Rand) (*mat.Dense, error) { return specRows(s.Rows) }

func specRows(rows [][]float64) (*mat.Dense, error) {
	x, err := FromRows(rows)
	if err == nil {
		err = validateRows(x)
	}
	if err != nil {
		return nil, fmt.Errorf("data: %w: %w", ErrSpec, err)
	}
	return x, nil
}
