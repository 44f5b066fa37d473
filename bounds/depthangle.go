package bounds

import "math"

// The angle between two inputs shrinks from layer to layer of a ReLU network of infinite width by the map
// psi(t) = arccos((sin t + (pi - t) cos t)/pi). 1/psi(t) - 1/t is 1/(3 pi) + t/(6 pi^2) + O(t^2) and rises with t, as a grid
// of 200,000 points shows, to 1/arccos(1/pi) - 2/pi = 0.1654 at pi/2 and 1/pi at pi.

// SlowestCollapse is 1/(3 pi), the least increase of the inverse angle over a layer.
const SlowestCollapse = 1 / (3 * math.Pi)

// FastestCollapse is the largest increase of the inverse angle over a layer for angles up to start: the constant of
// angles up to pi/2, 0.1654, or 1/pi. It is NaN outside (0, pi].
func FastestCollapse(start float64) float64 {
	switch {
	case !(start > 0 && start <= math.Pi):
		return math.NaN()
	case start <= math.Pi/2:
		return 1/math.Acos(1/math.Pi) - 2/math.Pi
	}
	return 1 / math.Pi
}

// HalvingDepth is the number of layers over which an angle keeps half of its size at least: 1/(FastestCollapse angle),
// 6.046/angle for angles up to pi/2.
func HalvingDepth(angle float64) float64 { return 1 / (FastestCollapse(angle) * angle) }
