package subquadratic

import (
	"math"

	"convergo/nets"
)

// An Activation is a shifted ReLU with threshold Shift, times Gain: z 1{z > Shift} when Jump is set, max(z - Shift, 0)
// otherwise.
type Activation struct {
	Shift float64
	Gain  float64
	Jump  bool
}

// Active reports whether a neuron with this preactivation is awake.
func (a Activation) Active(z float64) bool { return z > a.Shift }

// Value is the activation of a preactivation.
func (a Activation) Value(z float64) float64 {
	switch {
	case !a.Active(z):
		return 0
	case a.Jump:
		return a.Gain * z
	}
	return a.Gain * (z - a.Shift)
}

// Slope is its derivative away from the threshold.
func (a Activation) Slope(z float64) float64 {
	if a.Active(z) {
		return a.Gain
	}
	return 0
}

// Plain returns the activation for networks of package nets.
func (a Activation) Plain() nets.Activation {
	return nets.Activation{Name: "shifted ReLU", Value: a.Value, Deriv: a.Slope}
}

// A Sparse is a vector of which only the named entries are not zero.
type Sparse struct {
	Index []int
	Value []float64
}

// Dense returns the vector in full.
func (s Sparse) Dense(m int) []float64 {
	v := make([]float64, m)
	for k, i := range s.Index {
		v[i] = s.Value[k]
	}
	return v
}

// Norm is its Euclidean norm.
func (s Sparse) Norm() float64 {
	var sum float64
	for _, v := range s.Value {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// Dot returns <s,t> and the multiply-adds it took, one for each common entry. Indices must ascend.
func (s Sparse) Dot(t Sparse) (dot float64, ops int) {
	for i, j := 0, 0; i < len(s.Index) && j < len(t.Index); {
		switch {
		case s.Index[i] < t.Index[j]:
			i++
		case s.Index[i] > t.Index[j]:
			j++
		default:
			dot += s.Value[i] * t.Value[j]
			ops++
			i, j = i+1, j+1
		}
	}
	return dot, ops
}

// activate returns the active neurons of z with their activations.
func activate(a Activation, z []float64) Sparse {
	var s Sparse
	for r, v := range z {
		if a.Active(v) {
			s.Index = append(s.Index, r)
			s.Value = append(s.Value, a.Value(v))
		}
	}
	return s
}
