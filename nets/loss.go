package nets

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// A Loss is a function of the outputs u and the labels y. Training asks one that
// has a method Check(y []float64) error whether it can be given the labels.
type Loss interface {
	Name() string
	// Value returns the loss.
	Value(u, y []float64) float64
	// Gradient sets dst_i to the derivative of the loss with respect to u_i.
	Gradient(dst, u, y []float64)
}

// Square is (1/2) sum_i (u_i - y_i)^2, the loss of Du et al. 2019. Mean
// divides it by the number of samples.
type Square struct{ Mean bool }

// Name implements Loss.
func (l Square) Name() string { return named("square", l.Mean) }

// Value implements Loss.
func (l Square) Value(u, y []float64) float64 {
	var s float64
	for i, v := range u {
		s += (v - y[i]) * (v - y[i])
	}
	return s / 2 / divisor(len(u), l.Mean)
}

// Gradient implements Loss: dst = u - y, over n for the mean.
func (l Square) Gradient(dst, u, y []float64) {
	for i, v := range u {
		dst[i] = v - y[i]
	}
	if l.Mean {
		for i := range dst {
			dst[i] /= float64(len(u))
		}
	}
}

// Logistic is (1/n) sum_i log(1 + exp(-y_i u_i)), labels -1 and +1: the loss of
// Munteanu et al. 2022, a mean. Sum leaves out the 1/n.
type Logistic struct{ Sum bool }

// Name implements Loss.
func (l Logistic) Name() string { return named("logistic", !l.Sum) }

// Value implements Loss.
func (l Logistic) Value(u, y []float64) float64 {
	var s float64
	for i, v := range u {
		s += log1pExp(-y[i] * v)
	}
	return s / divisor(len(u), !l.Sum)
}

// Gradient implements Loss: dst_i = -y_i/(1 + exp(y_i u_i)), over n for the mean.
func (l Logistic) Gradient(dst, u, y []float64) {
	n := divisor(len(u), !l.Sum)
	for i, v := range u {
		dst[i] = -y[i] * sigmoid(-y[i]*v) / n
	}
}

// CrossEntropy is -(1/n) sum_i (y_i log p_i + (1 - y_i) log(1 - p_i)) with
// p_i = 1/(1 + exp(-u_i)), labels in [0, 1]: the probability of the first of two
// classes. With labels 0 and 1 it is Logistic with 2y - 1. Sum leaves out the 1/n.
type CrossEntropy struct{ Sum bool }

// Name implements Loss.
func (l CrossEntropy) Name() string { return named("cross-entropy", !l.Sum) }

// Value implements Loss.
func (l CrossEntropy) Value(u, y []float64) float64 {
	var s float64
	for i, v := range u {
		s += y[i]*log1pExp(-v) + (1-y[i])*log1pExp(v)
	}
	return s / divisor(len(u), !l.Sum)
}

// Gradient implements Loss: dst_i = p_i - y_i, over n for the mean.
func (l CrossEntropy) Gradient(dst, u, y []float64) {
	n := divisor(len(u), !l.Sum)
	for i, v := range u {
		dst[i] = ((1-y[i])*sigmoid(v) - y[i]*sigmoid(-v)) / n
	}
}

// Check reports a label that is no probability.
func (CrossEntropy) Check(y []float64) error {
	for i, v := range y {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("nets: label %d is %v, and cross-entropy needs probabilities; take nets.Logistic for labels of -1 and +1", i, v)
		}
	}
	return nil
}

// Accuracy is the fraction of samples with y_i u_i > margin.
func Accuracy(u, y []float64, margin float64) float64 {
	right := 0
	for i, v := range u {
		if y[i]*v > margin {
			right++
		}
	}
	return float64(right) / float64(len(u))
}

// Residual sets dst = u - y and returns its Euclidean norm.
func Residual(dst, u, y []float64) float64 {
	var s float64
	for i, v := range u {
		dst[i] = v - y[i]
		s += dst[i] * dst[i]
	}
	if !holds(s) {
		return floats.Norm(dst, 2)
	}
	return math.Sqrt(s)
}

// holds says whether a sum of squares has lost nothing to underflow or overflow.
func holds(s float64) bool { return s > 0x1p-900 && s < 0x1p1000 }

func divisor(n int, mean bool) float64 {
	if mean {
		return float64(n)
	}
	return 1
}

func named(name string, mean bool) string {
	if mean {
		return name + "/mean"
	}
	return name + "/sum"
}
