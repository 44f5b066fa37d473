package deep

import (
	"fmt"
	"math"
)

// Convention fixes the normalisation of a network: the law of the weights at
// initialisation and the factors s_l between the layers.
type Convention int

const (
	// Standard is the convention of [Nguyen2021]: s_l = 1 and the entries of
	// W_l are N(0, beta_l^2), with beta_l given by Config.Std.
	Standard Convention = iota
	// NTK is the convention of [Arora2019]: all entries are N(0, 1) and
	// s_l = sqrt(c_sigma/n_l) for every hidden layer, with c_sigma = 2 for ReLU.
	NTK
)

// String returns "standard" or "ntk".
func (c Convention) String() string {
	switch c {
	case Standard:
		return "standard"
	case NTK:
		return "ntk"
	}
	return fmt.Sprintf("Convention(%d)", int(c))
}

// Config describes a network and its law at initialisation. The zero values of
// the optional fields mean what the papers take for granted.
type Config struct {
	// Inputs is the input dimension d >= 1.
	Inputs int
	// Hidden lists the widths n_1, ..., n_{L-1}, each >= 1. Empty means a
	// linear model.
	Hidden []int
	// Convention is Standard or NTK.
	Convention Convention
	// Std lists beta_1, ..., beta_L of the standard convention; nil means 1
	// for every layer. See HeStd. Not used with NTK.
	Std []float64
	// CSigma is the factor c_sigma of the NTK convention; 0 means
	// 1/E[sigma(z)^2], which is 2 for ReLU. Not used with Standard.
	CSigma float64
	// Multiplier is the factor kappa on the output; 0 means 1. It multiplies
	// the tangent kernel by kappa^2.
	Multiplier float64
	// Activation is the nonlinearity; the zero value means ReLU.
	Activation Activation
}

// HeStd returns the standard deviations sqrt(2/n_{l-1}), l = 1..L.
func HeStd(inputs int, hidden []int) []float64 {
	std := []float64{math.Sqrt(2 / float64(inputs))}
	for _, width := range hidden {
		std = append(std, math.Sqrt(2/float64(width)))
	}
	return std
}

// withDefaults fills the optional fields in and checks all of them.
func (c Config) withDefaults() (Config, error) {
	c.Hidden = append([]int(nil), c.Hidden...)
	layers := len(c.Hidden) + 1
	if c.Inputs < 1 {
		return c, fmt.Errorf("deep: input dimension is %d; set Config.Inputs to the number of columns of the data", c.Inputs)
	}
	for l, width := range c.Hidden {
		if width < 1 {
			return c, fmt.Errorf("deep: width of hidden layer %d is %d; every width must be at least 1", l+1, width)
		}
	}
	if c.Activation.eval == nil {
		c.Activation = ReLU()
	}
	if c.Multiplier == 0 {
		c.Multiplier = 1
	}
	if !finite(c.Multiplier) {
		return c, fmt.Errorf("deep: output multiplier is %v; it must be finite", c.Multiplier)
	}
	switch c.Convention {
	case Standard:
		if c.CSigma != 0 {
			return c, fmt.Errorf("deep: CSigma = %v has no meaning in the standard convention; set Std instead", c.CSigma)
		}
	case NTK:
		if c.Std != nil {
			return c, fmt.Errorf("deep: Std has no meaning in the NTK convention, whose weights are N(0, 1); set CSigma or Multiplier instead")
		}
		if c.CSigma == 0 {
			c.CSigma = 1 / c.Activation.moment
		}
		if !(c.CSigma > 0) || !finite(c.CSigma) {
			return c, fmt.Errorf("deep: CSigma is %v; it must be positive and finite", c.CSigma)
		}
	default:
		return c, fmt.Errorf("deep: unknown convention %d; use Standard or NTK", int(c.Convention))
	}
	return c, c.checkStd(layers)
}

func (c *Config) checkStd(layers int) error {
	if c.Std == nil {
		c.Std = make([]float64, layers)
		for l := range c.Std {
			c.Std[l] = 1
		}
		return nil
	}
	if len(c.Std) != layers {
		return fmt.Errorf("deep: %d standard deviations for %d weight layers; give one a layer, the output layer included", len(c.Std), layers)
	}
	c.Std = append([]float64(nil), c.Std...)
	for l, std := range c.Std {
		if !(std >= 0) || !finite(std) {
			return fmt.Errorf("deep: standard deviation of layer %d is %v; it must be nonnegative and finite", l+1, std)
		}
	}
	return nil
}

// scale is the factor s_l of hidden layer l.
func (c Config) scale(l int) float64 {
	if c.Convention == NTK {
		return math.Sqrt(c.CSigma / float64(c.Hidden[l-1]))
	}
	return 1
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
