package nets

import "math"

// GELU is z P(g <= z) for g ~ N(0, 1).
func GELU() Activation {
	below := func(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
	return Activation{
		Name:  "gelu",
		Value: func(z float64) float64 { return z * below(z) },
		Deriv: func(z float64) float64 { return below(z) + z*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi) },
	}
}
