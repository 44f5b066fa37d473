package nguyen2021

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// steepestPoint is where the Jacobian of a map of the plane has its largest norm.
type steepestPoint struct {
	norm float64
	z, v [2]float64 // an input inside the region, and the top right singular vector
	room float64    // half the angle of the region
}

// cut is where a gate opens or closes on the circle of inputs.
type cut struct {
	angle  float64
	neuron int
	sign   float64 // +1 where it opens with a growing angle
}

// planePeak goes round all regions of the hyperplanes of W_1 (n1 x 2), and returns the one where the
// Jacobian W_2 S W_1 is largest: its norm is the Lipschitz constant. First is the norm at z = (1, 0), and gates the largest
// norm of S W_1.
func planePeak(w1, w2 *mat.Dense) (peak steepestPoint, first, gates float64) {
	n2, n1 := w2.Dims()
	var cuts []cut
	for j := range n1 {
		a := math.Atan2(w1.At(j, 1), w1.At(j, 0))
		for _, sign := range []float64{1, -1} {
			cuts = append(cuts, cut{math.Mod(a-sign*math.Pi/2+4*math.Pi, 2*math.Pi), j, sign})
		}
	}
	slices.SortFunc(cuts, func(a, b cut) int { return cmp.Compare(a.angle, b.angle) })
	first, _ = planeNorm(w1, w2, [2]float64{1, 0})
	start := (cuts[len(cuts)-1].angle + cuts[0].angle + 2*math.Pi) / 2
	jacobian, open := openRows(w1, w2, [2]float64{math.Cos(start), math.Sin(start)})
	best, at := 0.0, -1
	for i, c := range cuts {
		p, q := c.sign*w1.At(c.neuron, 0), c.sign*w1.At(c.neuron, 1)
		for k := range n2 {
			jacobian[k][0] += w2.At(k, c.neuron) * p
			jacobian[k][1] += w2.At(k, c.neuron) * q
		}
		open.add(w1.At(c.neuron, 0), w1.At(c.neuron, 1), c.sign)
		if edges(cuts, i) < 2e-12 {
			continue // the cut is double to rounding; its region is too small to stand in
		}
		norm, _ := squares(jacobian).norm()
		openNorm, _ := open.norm()
		gates = max(gates, openNorm)
		if norm > best {
			best, at = norm, i
		}
	}
	// The region is the largest up to the rounding of the steps; its norm is computed anew.
	peak.room = edges(cuts, at) / 2
	middle := cuts[at].angle + peak.room
	peak.z = [2]float64{math.Cos(middle), math.Sin(middle)}
	peak.norm, peak.v = planeNorm(w1, w2, peak.z)
	return peak, first, gates
}

// edges is the angle between a cut and the next one round the circle.
func edges(cuts []cut, i int) float64 {
	if i+1 == len(cuts) {
		return cuts[0].angle + 2*math.Pi - cuts[i].angle
	}
	return cuts[i+1].angle - cuts[i].angle
}

// planeSquare is A^T A of a matrix A with two columns.
type planeSquare struct{ aa, ab, bb float64 }

func (s *planeSquare) add(p, q, times float64) {
	s.aa, s.ab, s.bb = s.aa+times*p*p, s.ab+times*p*q, s.bb+times*q*q
}

// norm returns the norm of A and its top right singular vector. Sums from which rows were taken may be a rounding below 0.
func (s planeSquare) norm() (norm float64, v [2]float64) {
	angle := math.Atan2(2*s.ab, s.aa-s.bb) / 2
	return math.Sqrt(max(0, (s.aa+s.bb)/2+math.Hypot((s.aa-s.bb)/2, s.ab))), [2]float64{math.Cos(angle), math.Sin(angle)}
}

func squares(rows [][2]float64) (s planeSquare) {
	for _, row := range rows {
		s.add(row[0], row[1], 1)
	}
	return s
}

// openRows returns the Jacobian W_2 S W_1 at z, and the square of S W_1.
func openRows(w1, w2 *mat.Dense, z [2]float64) (jacobian [][2]float64, open planeSquare) {
	n2, n1 := w2.Dims()
	jacobian = make([][2]float64, n2)
	for j := range n1 {
		p, q := w1.At(j, 0), w1.At(j, 1)
		if p*z[0]+q*z[1] <= 0 {
			continue
		}
		open.add(p, q, 1)
		for i := range n2 {
			jacobian[i][0] += w2.At(i, j) * p
			jacobian[i][1] += w2.At(i, j) * q
		}
	}
	return jacobian, open
}

// planeNorm returns the norm of the Jacobian at z and its top right singular vector.
func planeNorm(w1, w2 *mat.Dense, z [2]float64) (norm float64, v [2]float64) {
	jacobian, _ := openRows(w1, w2, z)
	return squares(jacobian).norm()
}
