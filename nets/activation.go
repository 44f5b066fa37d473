package nets

import (
	"convergo/nets/internal/neuron"
	"fmt"
	"math"
)

// An Activation is the function phi of a hidden neuron with its derivative.
// Any pair of functions will do; the constructors of this package give the ones
// that the theorems use, and ReLU has a fast path.
type Activation struct {
	Name  string
	Value func(z float64) float64
	Deriv func(z float64) float64 // at a kink: the convention of the theorems, ReLU'(0) = 1

	// Homogeneous says that phi(c z) = c phi(z) for all c >= 0, on which
	// Euler's identity and the balance law a_r^2 - |w_r|^2 rest.
	Homogeneous bool

	relu bool
}

// ReLU is max(z, 0), with derivative 1{z >= 0}.
func ReLU() Activation {
	return Activation{
		Name: "relu", Value: PositivePart, Deriv: func(z float64) float64 {
			if z >= 0 {
				return 1
			}
			return 0
		},
		Homogeneous: true, relu: true,
	}
}

// LeakyReLU is z for z >= 0 and slope*z below, with derivative 1 at 0.
func LeakyReLU(slope float64) Activation {
	pick := func(z, yes, no float64) float64 {
		if z >= 0 {
			return yes
		}
		return no
	}
	return Activation{
		Name:        fmt.Sprintf("leaky-relu(%g)", slope),
		Value:       func(z float64) float64 { return pick(z, z, slope*z) },
		Deriv:       func(z float64) float64 { return pick(z, 1, slope) },
		Homogeneous: true,
	}
}

// Erf is the error function, with derivative 2/sqrt(pi) exp(-z^2).
func Erf() Activation {
	return Activation{Name: "erf", Value: math.Erf,
		Deriv: func(z float64) float64 { return 2 / math.SqrtPi * math.Exp(-z*z) }}
}

// Tanh is the hyperbolic tangent.
func Tanh() Activation {
	return Activation{Name: "tanh", Value: math.Tanh,
		Deriv: func(z float64) float64 { t := math.Tanh(z); return 1 - t*t }}
}

// Softplus is log(1 + e^z), a smooth ReLU.
func Softplus() Activation {
	return Activation{Name: "softplus", Value: log1pExp, Deriv: sigmoid}
}

// Identity makes the network linear in W.
func Identity() Activation {
	return Activation{Name: "identity",
		Value:       func(z float64) float64 { return z },
		Deriv:       func(float64) float64 { return 1 },
		Homogeneous: true}
}

// Quadratic is z^2, with derivative 2z.
func Quadratic() Activation {
	return Activation{Name: "square",
		Value: func(z float64) float64 { return z * z },
		Deriv: func(z float64) float64 { return 2 * z }}
}

// Sine is sin z.
func Sine() Activation {
	return Activation{Name: "sin", Value: math.Sin, Deriv: math.Cos}
}

// ActivationNamed returns the activation with the given name, as printed in
// Activation.Name (leaky ReLU needs its slope: use LeakyReLU).
func ActivationNamed(name string) (Activation, error) {
	for _, f := range []func() Activation{ReLU, Erf, Tanh, Softplus, Identity, Quadratic, Sine} {
		if act := f(); act.Name == name {
			return act, nil
		}
	}
	return Activation{}, fmt.Errorf("nets: no activation %q; take one of relu, erf, tanh, softplus, identity, square, sin", name)
}

// PositivePart is max(z, 0), by the sign bit: a branch on the pattern of a random
// neuron is a coin that has to be predicted.
func PositivePart(z float64) float64 { return neuron.ReLU(z) }

// accumulate adds c*phi(z_i) to u_i.
func (act *Activation) accumulate(u []float64, c float64, z []float64) {
	if act.relu {
		neuron.Add(u, z, c)
		return
	}
	for i, v := range z {
		u[i] += c * act.Value(v)
	}
}

// weigh sets dst_i = c*e_i*phi'(z_i).
func (act *Activation) weigh(dst []float64, c float64, e, z []float64) {
	if act.relu {
		neuron.Weigh(dst, e, z, c)
		return
	}
	for i, v := range z {
		dst[i] = c * e[i] * act.Deriv(v)
	}
}

// inner returns sum_i e_i phi(z_i).
func (act *Activation) inner(e, z []float64) float64 {
	var s float64
	e = e[:len(z)]
	if act.relu {
		for i, v := range z {
			s += e[i] * neuron.ReLU(v)
		}
		return s
	}
	for i, v := range z {
		s += e[i] * act.Value(v)
	}
	return s
}

func sigmoid(z float64) float64 {
	if z >= 0 {
		return 1 / (1 + math.Exp(-z))
	}
	e := math.Exp(z)
	return e / (1 + e)
}

func log1pExp(z float64) float64 {
	return math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z)))
}
