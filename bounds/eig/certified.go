package eig

import (
	"fmt"
	"math"
)

// Certified is a value with a rigorous error bound: the exact one lies in [Lower(), Upper()].
type Certified struct {
	Value float64 // best estimate
	Err   float64 // |exact - Value| <= Err
	// OK reports that the interval excludes zero: the sign of the exact value, and for a smallest
	// eigenvalue the positive definiteness of the matrix, is proved. When it is false the matrix is
	// singular as far as float64 can tell, and Value must not be used as if it were resolved.
	OK bool
}

// Lower is the proved lower end.
func (c Certified) Lower() float64 { return c.Value - c.Err }

// Upper is the proved upper end.
func (c Certified) Upper() float64 { return c.Value + c.Err }

// Widen returns the certificate for every matrix within spectral distance delta >= 0 of the one that
// was certified (Weyl: |lambda_i(A+E) - lambda_i(A)| <= ||E||_2). For an entrywise bound e on an
// n x n matrix use delta = n e.
func (c Certified) Widen(delta float64) Certified {
	if !(delta >= 0) {
		panic(fmt.Sprintf("eig: cannot widen by %v; the bound must be a non-negative number", delta))
	}
	return within(c.Value, roundUp(c.Err+delta))
}

// String formats the value, its bound and, where it applies, that zero is not excluded.
func (c Certified) String() string {
	s := fmt.Sprintf("%.6g +- %.1e", c.Value, c.Err)
	if !c.OK {
		s += " (not certified: zero is not excluded)"
	}
	return s
}

func within(value, err float64) Certified {
	return Certified{Value: value, Err: err, OK: math.Abs(value) > err}
}

// between returns the certificate of [lower, upper] with the estimate moved into it if need be.
func between(lower, estimate, upper float64) Certified {
	v := min(max(estimate, lower), upper)
	return within(v, roundUp(max(v-lower, upper-v)))
}

// roundUp covers the few roundings of forming a bound itself.
func roundUp(x float64) float64 { return x * (1 + 8*unit) }

// rescale multiplies by 2^e. What is lost where the result is subnormal goes into the error, and a value
// that overflows is an error.
func (c Certified) rescale(e int) (Certified, error) {
	value, err := math.Ldexp(c.Value, e), ldexpUp(c.Err, e)
	if math.IsInf(value, 0) || math.IsInf(err, 0) {
		return Certified{}, fmt.Errorf("eig: the result is %g times 2^%d, which float64 cannot hold; divide the matrix or vector by a power of two", c.Value, e)
	}
	if math.Ldexp(value, -e) != c.Value {
		err += math.SmallestNonzeroFloat64
	}
	return within(value, err), nil
}

// ldexpUp is x 2^e for x >= 0, rounded up where it is subnormal.
func ldexpUp(x float64, e int) float64 {
	y := math.Ldexp(x, e)
	if math.Ldexp(y, -e) < x {
		y += math.SmallestNonzeroFloat64
	}
	return y
}

// unit is the unit roundoff of float64.
const unit = 1.0 / (1 << 53)

// gamma is Higham's k u/(1 - k u).
func gamma(k int) float64 {
	x := float64(k) * unit
	return x / (1 - x)
}
