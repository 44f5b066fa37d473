package kernel

import "math"

// moderate is the cosine up to which an angle is taken from the cosine itself: its sine is 3/5 at least there, so that
// the arccosine makes an error at most 5/3 as large. Closer to 0 and pi angles come from chords.
const moderate = 0.8

// arccos is the angle of a cosine r, |r| <= 7/8, to within 4.5 u, u = 2^-53: the rounding of an angle beyond 2 and of
// what is subtracted from pi. It is four times as fast as math.Acos, which goes through an arctangent.
func arccos(r float64) float64 {
	const low = 6.1232339957367658861e-17 // pi/2 - math.Pi/2
	switch z := r * r; {
	case z <= 0.25:
		return math.Pi/2 - (r - (low - r*z*arcsineTail(z)))
	case r > 0:
		z = (1 - r) / 2 // the sine of half the angle, squared
		s := math.Sqrt(z)
		return 2 * (s + s*z*arcsineTail(z))
	default:
		z = (1 + r) / 2
		s := math.Sqrt(z)
		return math.Pi - 2*(s+(s*z*arcsineTail(z)-low))
	}
}

// arcsineTail is (arcsin(s)/s - 1)/z with z = s^2 in [0, 1/4], to 1e-17: the polynomial that interpolates it at the 13
// Chebyshev points of the interval. The powers are paired, which a processor computes side by side.
func arcsineTail(z float64) float64 {
	z2 := z * z
	z4 := z2 * z2
	a := 0.16666666666666669 + 0.074999999999984329*z + z2*(0.044642857146355429+0.030381944138531247*z)
	b := 0.022372172942149889 + 0.017352392720869973*z + z2*(0.013971212973552933+0.011479177415184906*z)
	c := 0.010322814350185779 + 0.0054575067186403581*z + z2*(0.017400879442694021-0.014851887071247204*z) +
		z4*0.028757851367421566
	return a + z4*(b+z4*c)
}

// turn is an angle in [0, pi] with its cosine and sine.
type turn struct{ cos, sin, angle float64 }

func turnOf(angle float64) turn {
	sin, cos := math.Sincos(angle)
	return turn{cos: cos, sin: sin, angle: angle}
}

// next is the angle between the images of two features under an infinitely wide random ReLU layer; see [NNGPStep].
func (t turn) next() turn {
	switch {
	case t.cos > moderate:
		half := math.Sin(t.angle / 2)
		defect := 2*half*half - sineDefect(t.angle)/math.Pi
		return turn{1 - defect, math.Sqrt(defect * (2 - defect)), 2 * math.Asin(math.Sqrt(defect/2))}
	case t.cos < -moderate:
		return moderateTurn(sineDefect(math.Pi-t.angle) / math.Pi) // at most 1/pi
	default:
		return moderateTurn((t.sin + (math.Pi-t.angle)*t.cos) * (1 / math.Pi)) // at most 0.83
	}
}

// moderateTurn is the turn of a cosine that [arccos] takes.
func moderateTurn(cos float64) turn {
	return turn{cos, math.Sqrt((1 - cos) * (1 + cos)), arccos(cos)}
}
