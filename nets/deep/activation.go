package deep

import (
	"fmt"
	"math"
)

// Activation is a scalar nonlinearity applied entrywise, with the derivative
// that the theorems use at a kink.
type Activation struct {
	name   string
	moment float64 // E[sigma(z)^2], z ~ N(0,1): 1/c_sigma, which keeps the norm of the features over the layers
	eval   func(value, slope, z []float64)
}

// String names the activation.
func (a Activation) String() string { return a.name }

// ReLU is max(z, 0), with derivative 0 at z = 0.
func ReLU() Activation {
	return Activation{name: "relu", moment: 0.5, eval: func(value, slope, z []float64) {
		one := math.Float64bits(1)
		value, slope = value[:len(z)], slope[:len(z)]
		for i, zi := range z {
			var active uint64 // a mask and not a branch: signs of preactivations cannot be predicted
			if zi > 0 {
				active = math.MaxUint64
			}
			value[i], slope[i] = math.Float64frombits(math.Float64bits(zi)&active), math.Float64frombits(one&active)
		}
	}}
}

// LeakyReLU is z for z > 0 and leak*z otherwise, with derivative leak at z = 0.
func LeakyReLU(leak float64) Activation {
	return Activation{
		name:   fmt.Sprintf("leaky relu(%v)", leak),
		moment: (1 + leak*leak) / 2,
		eval: func(value, slope, z []float64) {
			for i, zi := range z {
				if zi > 0 {
					value[i], slope[i] = zi, 1
				} else {
					value[i], slope[i] = leak*zi, leak
				}
			}
		},
	}
}

// Tanh is the hyperbolic tangent.
func Tanh() Activation {
	return Activation{name: "tanh", moment: tanhMoment, eval: func(value, slope, z []float64) {
		for i, zi := range z {
			t := math.Tanh(zi)
			value[i], slope[i] = t, 1-t*t
		}
	}}
}

// Softplus is log(1 + e^z).
func Softplus() Activation {
	return Activation{name: "softplus", moment: softplusMoment, eval: func(value, slope, z []float64) {
		for i, zi := range z {
			e := math.Exp(-math.Abs(zi))
			value[i] = math.Max(zi, 0) + math.Log1p(e)
			if zi >= 0 {
				slope[i] = 1 / (1 + e)
			} else {
				slope[i] = e / (1 + e)
			}
		}
	}}
}

// Erf is the error function.
func Erf() Activation {
	return Activation{name: "erf", moment: 2 / math.Pi * math.Asin(2.0/3), eval: func(value, slope, z []float64) {
		for i, zi := range z {
			value[i], slope[i] = math.Erf(zi), 2/math.SqrtPi*math.Exp(-zi*zi)
		}
	}}
}

// Second moments without a closed form, checked by quadrature in the tests.
const (
	tanhMoment     = 0.39429449039784117
	softplusMoment = 0.9212459088593003
)
