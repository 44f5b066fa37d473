package kernel

import "math"

// moderate is the cosine up to which an angle is taken from the cosine itself: its sine is 3/5 at least there, so that
// the arccosine makes an error at most 5/3 as large. Closer to 0 and pi angles come from chords.
const moderate = 0.8

// What the arccosine needs. First (arcsin(s)/s - 1)/z with z = s^2 in [0, 1/4], to 1e-17: the coefficients of the polynomial
// that interpolates it at the 13 Chebyshev points of the interval.
var arcsineTail = [...]float64{
	0.16666666666666669, 0.074999999999984329, 0.044642857146355429, 0.030381944138531247, 0.022372172942149889,
	0.017352392720869973, 0.013971212973552933, 0.011479177415184906, 0.010322814350185779, 0.0054575067186403581,
	0.017400879442694021, -0.014851887071247204, 0.028757851367421566,
	0.5, 1, quarterTurnLow, 2 * quarterTurnLow, math.Pi / 2, math.Pi, // for the assembly
}

const quarterTurnLow = 6.1232339957367658861e-17 // pi/2 less the float64 next to it

// arccos is the angle of a cosine r, |r| <= 7/8, to within 4.5 u, u = 2^-53: the rounding of an angle beyond 2 and of
// what is subtracted from pi. [turns.moderate] does the same operations. Conversions keep them from being fused, so
// that all machines give the same bytes.
func arccos(r float64) float64 {
	a := math.Abs(r)
	z, s := float64(r*r), a
	if a > 0.5 {
		z = float64((1 - a) * 0.5) // the sine of half the angle, or of half its supplement, squared
		s = math.Sqrt(z)
	}
	z2 := float64(z * z)
	z4 := float64(z2 * z2)
	t := &arcsineTail
	low := t[0] + float64(z*t[1]) + float64(z2*(t[2]+float64(z*t[3])))
	middle := t[4] + float64(z*t[5]) + float64(z2*(t[6]+float64(z*t[7])))
	high := t[8] + float64(z*t[9]) + float64(z2*(t[10]+float64(z*t[11]))) + float64(z4*t[12])
	arcsine := s + float64(float64(s*z)*(low+float64(z4*(middle+float64(z4*high)))))
	switch {
	case a <= 0.5:
		return math.Pi/2 - (math.Copysign(arcsine, r) - quarterTurnLow)
	case r > 0:
		return arcsine + arcsine
	default:
		return math.Pi - ((arcsine + arcsine) - 2*quarterTurnLow)
	}
}

// sineOf is the sine of the angle in [0, pi] with the cosine r.
func sineOf(r float64) float64 { return math.Sqrt((1 - r) * (1 + r)) }

// turn is an angle in [0, pi] with its cosine and sine.
type turn struct{ cos, sin, angle float64 }

func turnOf(angle float64) turn {
	sin, cos := math.Sincos(angle)
	return turn{cos: cos, sin: sin, angle: angle}
}

// next is the angle between the images of two features under an infinitely wide random ReLU layer; see [NNGPStep].
func (t turn) next() turn {
	if t.cos > moderate {
		half := math.Sin(t.angle / 2)
		defect := 2*half*half - sineDefect(t.angle)/math.Pi
		return turn{1 - defect, math.Sqrt(defect * (2 - defect)), 2 * math.Asin(math.Sqrt(defect/2))}
	}
	cos := t.nextCosine()
	return turn{cos, sineOf(cos), arccos(cos)}
}

// nextCosine is the cosine of next where that of t is at most [moderate]: it is at most 0.83.
func (t turn) nextCosine() float64 {
	if t.cos < -moderate {
		return sineDefect(math.Pi-t.angle) / math.Pi
	}
	return (t.sin + (math.Pi-t.angle)*t.cos) * (1 / math.Pi)
}

// turns are the angles of one input, or feature, to several.
type turns struct{ cos, sin, angle []float64 }

func newTurns(n int) turns { return turns{make([]float64, n), make([]float64, n), make([]float64, n)} }

func (t turns) slice(from, to int) turns {
	return turns{t.cos[from:to], t.sin[from:to], t.angle[from:to]}
}

func (t turns) at(j int) turn { return turn{t.cos[j], t.sin[j], t.angle[j]} }

func (t turns) set(j int, v turn) { t.cos[j], t.sin[j], t.angle[j] = v.cos, v.sin, v.angle }

// moderate sets sines and angles from the cosines, which are at most 7/8 in magnitude; where they are not, what it sets
// is not to be used.
func (t turns) moderate() {
	done := 0
	if loop := turnLoop; loop.lanes > 0 {
		if done = len(t.cos) / loop.lanes * loop.lanes; done > 0 {
			loop.run(&t.cos[0], &t.sin[0], &t.angle[0], &arcsineTail[0], done)
		}
	}
	for j := done; j < len(t.cos); j++ {
		t.sin[j], t.angle[j] = sineOf(t.cos[j]), arccos(t.cos[j])
	}
}

// next takes each of the turns to its next.
func (t turns) next() {
	type exception struct {
		at int
		turn
	}
	var apart []exception
	for j, cos := range t.cos {
		if cos > moderate {
			apart = append(apart, exception{j, t.at(j).next()})
			t.cos[j] = 0
			continue
		}
		t.cos[j] = t.at(j).nextCosine()
	}
	t.moderate()
	for _, e := range apart {
		t.set(e.at, e.turn)
	}
}

// vectorLoop is [turns.moderate] in assembly, for a positive multiple of lanes; without lanes there is none.
type vectorLoop struct {
	name  string
	lanes int
	run   func(cos, sin, angle, constants *float64, n int)
}

// turnLoop is the fastest loop of this machine.
var turnLoop = append(assembly(), vectorLoop{name: "go"})[0]
