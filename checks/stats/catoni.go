package stats

import (
	"fmt"
	"math"
)

// CatoniCS is a confidence sequence for the mean of values whose standard
// deviation is at most a known bound, and of which nothing else is known: they
// may be skewed, heavy-tailed, or jump rarely and far. With probability at least
// 1-Alpha it covers the mean after every value at once [WR23].
//
// With predictable weights l_i and Catoni's influence function
//
//	phi(x) = log(1 + x + x^2/2) for x >= 0, -log(1 - x + x^2/2) below,
//
// exp(sum phi(l_i (x_i - m)) - l_i^2 s^2/2) is a supermartingale at the true mean
// m, and so is that of -phi, since exp(+-phi(x)) <= 1 +- x + x^2/2 and E(x_i - m)^2
// <= s^2. The interval is where neither has passed 2/Alpha.
type CatoniCS struct {
	alpha, deviation float64
	planned          int
	values, weights  []float64
	sum, squares     float64    // of the values; of the weights
	against          [2]float64 // log capitals of the bets against the deviation
}

// deviationBets are the shares that two gamblers bet against the deviation: a
// small one for one that is little too small, a large one to end early.
var deviationBets = [2]float64{0.05, 0.5}

// NewCatoniCS returns an empty sequence for values of a standard deviation of at
// most deviation, tightest after planned values (0 means 100).
func NewCatoniCS(alpha, deviation float64, planned int) (*CatoniCS, error) {
	if err := checkAlpha(alpha); err != nil {
		return nil, err
	}
	if !(deviation > 0) || math.IsInf(deviation, 0) {
		return nil, fmt.Errorf("stats: a deviation of at most %v bounds nothing, give a positive number", deviation)
	}
	if planned < 0 {
		return nil, fmt.Errorf("stats: %d values planned, give a number of at least 0", planned)
	}
	if planned == 0 {
		planned = 100
	}
	return &CatoniCS{alpha: alpha, deviation: deviation, planned: planned}, nil
}

// Kind returns Catoni.
func (c *CatoniCS) Kind() Kind { return Catoni }

// Add records one value.
func (c *CatoniCS) Add(x float64) error {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Errorf("stats: value %d of a mean is %v, give finite values", c.N()+1, x)
	}
	level := math.Log(2 / c.alpha)
	w := math.Sqrt(2*level/float64(max(c.planned, c.N()+1))) / c.deviation
	c.values, c.weights = append(c.values, x), append(c.weights, w)
	c.sum += x
	c.squares += w * w
	if n := c.N(); n%2 == 0 {
		d := (x - c.values[n-2]) / c.deviation
		for i, share := range deviationBets {
			c.against[i] += math.Log1p(share * (d*d/2 - 1))
		}
	}
	return nil
}

// Contradicted reports that the values deny the deviation: values of one law
// with that deviation do so, at any number of them, with probability at most
// Alpha. Half the squared difference of a pair has the variance as its mean, so
// that the capital of who bets on more is a supermartingale.
func (c *CatoniCS) Contradicted() bool {
	a, b := c.against[0], c.against[1]
	top := math.Max(a, b)
	return top+math.Log((math.Exp(a-top)+math.Exp(b-top))/2) >= -math.Log(c.alpha)
}

// N returns the number of values.
func (c *CatoniCS) N() int { return len(c.values) }

// Mean returns the sample mean, NaN without values.
func (c *CatoniCS) Mean() float64 { return c.sum / float64(len(c.values)) }

// Interval returns the interval for the mean after the values so far; without
// enough of them it is the whole line.
func (c *CatoniCS) Interval() (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	if c.N() == 0 {
		return lo, hi
	}
	bound := math.Log(2/c.alpha) + c.deviation*c.deviation*c.squares/2
	// The sum falls in m. Beyond the values by this much it is past the bound,
	// unless the logarithm never gets there.
	reach := c.deviation * float64(c.N()+10) * 100
	least, most := c.values[0], c.values[0]
	for _, x := range c.values {
		least, most = math.Min(least, x), math.Max(most, x)
	}
	a, b := least-reach, most+reach
	if c.influence(a) > bound {
		lo = bisect(a, b, func(m float64) bool { return c.influence(m) <= bound })
	}
	if c.influence(b) < -bound {
		hi = bisect(a, b, func(m float64) bool { return c.influence(m) < -bound })
	}
	return lo, hi
}

func (c *CatoniCS) influence(m float64) float64 {
	var s float64
	for i, x := range c.values {
		y := c.weights[i] * (x - m)
		s += math.Copysign(math.Log1p(math.Abs(y)+y*y/2), y)
	}
	return s
}
