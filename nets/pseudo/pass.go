package pseudo

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Root is the loss sqrt(1 + (f-y)^2) - 1 of an output f on a label y: convex, 1-Lipschitz and 1-smooth in f.
func Root(f, y float64) float64 {
	if e := math.Abs(f - y); e < 1 {
		return e * e / (1 + math.Sqrt(1+e*e)) // no cancellation
	}
	return math.Hypot(1, f-y) - 1
}

// RootSlope is the derivative of Root in f.
func RootSlope(f, y float64) float64 { return (f - y) / math.Hypot(1, f-y) }

// A Visit is what one step of SGD sees before it moves.
type Visit struct {
	Step   int
	Sample int
	Output float64    // f or g at the sample
	Slope  float64    // of the loss
	Rows   []float64  // the gradient of the output has the rows Rows_i x; they change with the next step, as Move does
	Move   *mat.Dense // W_t
}

// SquaredGradient is the squared Frobenius norm of the gradient of the loss, at a sample of squared norm x2.
func (v Visit) SquaredGradient(x2 float64) float64 {
	return v.Slope * v.Slope * floats.Dot(v.Rows, v.Rows) * x2
}

// A Pass is stochastic gradient descent on the loss Root, one sample a step, from W' = 0.
type Pass struct {
	Step    float64
	Frozen  bool // train the pseudo-network
	Uphill  bool // step the wrong way, for controls
	Order   []int
	Observe func(Visit) // may be nil
}

// Run takes the pass over samples x with labels y in the given order and returns W_T.
func (p Pass) Run(l *Learner, x *mat.Dense, y []float64) (*mat.Dense, error) {
	m, d := l.W.Dims()
	if n, k := x.Dims(); k != d || n != len(y) {
		return nil, errors.New("pseudo: samples and labels must fit the learner")
	}
	move, now, rows := mat.NewDense(m, d, nil), mat.DenseCopyOf(l.W), make([]float64, m)
	for t, i := range p.Order {
		row := x.RawRowView(i)
		v := Visit{Step: t, Sample: i, Output: l.evaluate(rows, row, now, p.Frozen), Rows: rows, Move: move}
		if math.IsNaN(v.Output) || math.IsInf(v.Output, 0) {
			return nil, errors.New("pseudo: the output is no longer finite: take a smaller step")
		}
		v.Slope = RootSlope(v.Output, y[i])
		if p.Observe != nil {
			p.Observe(v)
		}
		step := -p.Step * v.Slope
		if p.Uphill {
			step = -step
		}
		for j, s := range v.Rows {
			if s != 0 {
				w, sum := move.RawRowView(j), now.RawRowView(j)
				for k, x := range row {
					w[k] += step * s * x
					sum[k] += step * s * x
				}
			}
		}
	}
	return move, nil
}
