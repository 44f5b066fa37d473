package theorems

import (
	"context"
	"math"
	"time"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data"
)

// AskCost is what [Ask] takes without training.
type AskCost struct {
	Time   time.Duration // within a factor of two, on a machine that does nothing else
	Memory int64         // bytes: ten square matrices, some of which wait for the collector
}

// EstimateAsk says what [Ask] will take on a data set. It asks for the first 250 and the first 500 rows, which takes about a second,
// and scales by a n^2 + b n^3; up to 500 rows it runs nothing and says 0.
func EstimateAsk(ctx context.Context, set *data.Set) (AskCost, error) {
	const small, large = 250, 500
	n, d := set.X.Dims()
	c := AskCost{Memory: 10*8*int64(n)*int64(n) + 3*8*int64(n)*int64(d)}
	if n <= large {
		return c, nil
	}
	var times [2]float64
	for i, m := range [...]int{small, large} {
		part := &data.Set{X: set.X.Slice(0, m, 0, d).(*mat.Dense)}
		if set.Y != nil {
			part.Y = set.Y[:m]
		}
		start := time.Now()
		if _, err := Ask(ctx, part, AskOptions{}); err != nil {
			return c, err
		}
		times[i] = time.Since(start).Seconds()
	}
	c.Time = time.Duration(extrapolate(small, times[0], large, times[1], float64(n)) * float64(time.Second))
	return c, nil
}

// extrapolate is a n^2 + b n^3 with a, b >= 0, through the second of two times and, if that can be, the first.
func extrapolate(n1, t1, n2, t2, n float64) float64 {
	b := (t2/(n2*n2) - t1/(n1*n1)) / (n2 - n1)
	b = math.Min(math.Max(b, 0), t2/(n2*n2*n2))
	a := t2/(n2*n2) - b*n2
	return a*n*n + b*n*n*n
}
