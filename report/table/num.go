package table

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Num is a real number, alone or with an uncertainty. Make one with [Number],
// [Exact], [Interval] or [PlusMinus].
//
// The printed digits follow the uncertainty: half the width of the interval is
// given to two significant digits, and every other number of the cell to the
// same decimal place. The ends of an interval are rounded outwards, so that the
// printed interval always contains the true one. Very large and very small
// numbers are printed in scientific notation, with one power of ten a cell.
type Num struct {
	value, lo, hi float64
	err           float64 // half of hi-lo, but for plusMinus free of rounding
	digits        int
	spread        spread
}

type spread int

const (
	alone spread = iota
	interval
	plusMinus
)

// Number returns v printed to three significant digits; see [Num.Digits].
func Number(v float64) Num { return Num{value: v, digits: 3} }

// Exact returns v printed with as many digits as are needed to read it back
// exactly: right for parameters such as a step size of 0.05.
func Exact(v float64) Num { return Num{value: v} }

// Interval returns v with the interval [lo, hi], in which v need not be central.
// An infinite end makes the interval one-sided.
func Interval(v, lo, hi float64) Num {
	return Num{value: v, lo: lo, hi: hi, err: (hi - lo) / 2, digits: 3, spread: interval}
}

// PlusMinus returns v with the symmetric uncertainty err >= 0.
func PlusMinus(v, err float64) Num {
	return Num{value: v, lo: v - err, hi: v + err, err: err, digits: 3, spread: plusMinus}
}

// Digits returns x printed to d >= 1 significant digits. It has no effect on a
// number whose uncertainty decides.
func (x Num) Digits(d int) Num {
	x.digits = max(d, 1)
	return x
}

// Value returns the number itself.
func (x Num) Value() float64 { return x.value }

// Bounds returns the ends of the interval of x and whether it has one.
func (x Num) Bounds() (lo, hi float64, ok bool) { return x.lo, x.hi, x.spread != alone }

// numeral is a Num as it is to be printed: mantissas, and the power of ten they
// share when sci is set.
type numeral struct {
	value, lo, hi, err string
	spread             spread
	sci                bool
	exp                int
}

// numeral chooses the digits of x.
func (x Num) numeral() numeral {
	half := x.err
	switch {
	case x.spread == alone:
		return x.single()
	case !finite(x.value) || !finite(half):
		return x.loose()
	case half <= 0: // nothing to follow, or ends in the wrong order: show all
		return x.loose()
	}
	place := 1 - exponent(half)
	if r := round(half, place, nearest); r.Cmp(big.NewInt(100)) >= 0 {
		place-- // 0.0996 is 0.10, not 0.100
	}
	n := numeral{spread: x.spread, exp: exponent(max(math.Abs(x.value), half))}
	n.sci = scientific(n.exp)
	shift := 0
	if n.sci {
		shift = n.exp
	}
	n.value = decimal(round(x.value, place, nearest), place, shift)
	if x.spread == plusMinus {
		n.err = decimal(round(half, place, up), place, shift)
		return n
	}
	n.lo = decimal(round(x.lo, place, down), place, shift)
	n.hi = decimal(round(x.hi, place, up), place, shift)
	return n
}

// single prints a number that has no uncertainty.
func (x Num) single() numeral {
	if !finite(x.value) {
		return numeral{value: special(x.value)}
	}
	prec := -1
	if x.digits > 0 {
		prec = x.digits - 1
	}
	mantissa, e, _ := strings.Cut(strconv.FormatFloat(x.value, 'e', prec, 64), "e")
	exp, _ := strconv.Atoi(e)
	// Many more digits than are significant would pretend to know them.
	if scientific(exp) || x.digits > 0 && exp > max(x.digits-1, 4) {
		return numeral{value: mantissa, sci: true, exp: exp}
	}
	if prec >= 0 {
		prec = max(0, prec-exp)
	}
	return numeral{value: strconv.FormatFloat(x.value, 'f', prec, 64)}
}

// loose prints an interval whose width does not choose the digits: each number
// for itself, to x.digits significant digits.
func (x Num) loose() numeral {
	each := func(v float64) string { return Num{value: v, digits: x.digits}.plain() }
	n := numeral{spread: x.spread, value: each(x.value), lo: each(x.lo), hi: each(x.hi)}
	n.err = each(x.err)
	return n
}

func (x Num) plain() string { return x.numeral().plain() }

// plain prints n as in 1.06e+18, 0.123 [0.118, 0.129] or (1.2 ± 0.1)e-07.
func (n numeral) plain() string {
	e := ""
	if n.sci {
		e = fmt.Sprintf("e%+03d", n.exp)
	}
	switch {
	case n.spread == interval:
		return fmt.Sprintf("%s%s [%s%s, %s%s]", n.value, e, n.lo, e, n.hi, e)
	case n.spread == plusMinus && n.sci:
		return fmt.Sprintf("(%s ± %s)%s", n.value, n.err, e)
	case n.spread == plusMinus:
		return fmt.Sprintf("%s ± %s", n.value, n.err)
	}
	return n.value + e
}

// scientific reports whether a number with this decimal exponent is printed in
// scientific notation.
func scientific(exp int) bool { return exp >= 6 || exp < -4 }

// scientific returns n with a power of ten, if its value and uncertainty are
// numbers other than 0.
func (n numeral) scientific() numeral {
	digits := strings.TrimPrefix(n.value, "-")
	if n.sci || n.spread == interval || strings.Trim(digits, "0.") == "" || strings.Trim(digits, "0123456789.") != "" {
		return n
	}
	whole, _, _ := strings.Cut(digits, ".")
	n.exp = len(whole) - 1
	if whole == "0" {
		n.exp = -1 - (len(digits) - len("0.") - len(strings.TrimLeft(digits[len("0."):], "0")))
	}
	n.sci, n.value = true, shifted(n.value, -n.exp)
	if n.spread == plusMinus {
		n.err = shifted(n.err, -n.exp)
	}
	return n
}

// shifted moves the point of a decimal number by so many places to the right, and
// keeps its digits.
func shifted(s string, places int) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, decimals, _ := strings.Cut(s, ".")
	for ; places < 0; places++ {
		if whole == "" {
			whole = "0"
		}
		decimals, whole = whole[len(whole)-1:]+decimals, whole[:len(whole)-1]
	}
	for ; places > 0; places-- {
		if decimals == "" {
			decimals = "0"
		}
		whole, decimals = whole+decimals[:1], decimals[1:]
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if decimals == "" {
		return sign + whole
	}
	return sign + whole + "." + decimals
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func special(x float64) string {
	switch {
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	return "NaN"
}

// exponent returns the decimal exponent of x: 2 for 123, 0 for 0.
func exponent(x float64) int {
	_, e, _ := strings.Cut(strconv.FormatFloat(x, 'e', -1, 64), "e")
	exp, _ := strconv.Atoi(e)
	return exp
}

type direction int

const (
	down direction = iota - 1
	nearest
	up
)

// round returns x 10^place as an integer, rounded as told. A float64 that is
// the nearest to a decimal number of that many places counts as that number, so
// that 0.3 stays 0.3 although its binary value is a little less.
func round(x float64, place int, dir direction) *big.Int {
	scale := new(big.Rat).SetInt(pow10(abs(place)))
	if place < 0 {
		scale.Inv(scale)
	}
	exact := new(big.Rat).SetFloat64(x)
	scaled := new(big.Rat).Mul(exact, scale)
	// Floor of scaled + 1/2: nearest, ties upwards.
	i := floor(new(big.Rat).Add(scaled, big.NewRat(1, 2)))
	back := new(big.Rat).Quo(new(big.Rat).SetInt(i), scale)
	if f, _ := back.Float64(); f == x || dir == nearest {
		return i
	}
	switch back.Cmp(exact) {
	case -1:
		if dir == up {
			i.Add(i, big.NewInt(1))
		}
	case 1:
		if dir == down {
			i.Sub(i, big.NewInt(1))
		}
	}
	return i
}

func floor(r *big.Rat) *big.Int {
	// Div rounds towards minus infinity for a positive denominator.
	return new(big.Int).Div(r.Num(), r.Denom())
}

func pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// decimal writes i 10^-place in units of 10^exp.
func decimal(i *big.Int, place, exp int) string {
	point := place + exp // digits behind the decimal point
	if point <= 0 {
		return new(big.Int).Mul(i, pow10(-point)).String()
	}
	digits := new(big.Int).Abs(i).String()
	if pad := point + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	s := digits[:len(digits)-point] + "." + digits[len(digits)-point:]
	if i.Sign() < 0 {
		s = "-" + s
	}
	return s
}
