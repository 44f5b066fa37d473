package bounds

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// HardMargin is the hard-margin machine of a kernel K (n x n, positive definite) and labels +-1: the interpolation
// problem
//
//	Q = min { z^T K^{-1} z : y_i z_i >= 1 } = max_{a >= 0} 2 sum_i a_i - a^T Y K Y a,   Y = diag(y).
type HardMargin struct {
	Q      float64
	Alpha  []float64 // the maximiser a; sum a = Q
	Values []float64 // z = K Y a, its values at the samples
}

// Predict is the machine at a new point, from the kernel between it and the samples.
func (h HardMargin) Predict(cross, y []float64) float64 {
	f := 0.0
	for i, a := range h.Alpha {
		f += a * y[i] * cross[i]
	}
	return f
}

// NewHardMargin solves the problem exactly up to rounding, by the active set method of Lawson and Hanson: the sample
// that is farthest short of its margin joins the support, whose equations are solved; on the way there samples with
// negative weights leave it. It ends when no sample is short by more than 1e-10.
func NewHardMargin(k mat.Symmetric, y []float64) (HardMargin, error) {
	n := k.SymmetricDim()
	if err := checkSigns(y, n); err != nil {
		return HardMargin{}, err
	}
	h := HardMargin{Alpha: make([]float64, n), Values: make([]float64, n)}
	in := make([]bool, n)
	for range 30*n + 30 {
		short, at := 1e-10, -1
		for i, v := range h.Values {
			if d := 1 - y[i]*v; !in[i] && d > short {
				short, at = d, i
			}
		}
		if at < 0 {
			for _, a := range h.Alpha {
				h.Q += a
			}
			return h, nil
		}
		in[at] = true
		if err := h.settle(k, y, in); err != nil {
			return HardMargin{}, err
		}
	}
	return HardMargin{}, errors.New("bounds: the support of the hard-margin machine keeps changing; the kernel is singular to rounding")
}

// settle moves the weights to the solution on the support, dropping samples whose weights would become negative.
func (h *HardMargin) settle(k mat.Symmetric, y []float64, in []bool) error {
	for {
		var support []int
		for i, ok := range in {
			if ok {
				support = append(support, i)
			}
		}
		target, err := onSupport(k, y, support)
		if err != nil {
			return err
		}
		share, worst := 1.0, -1
		for j, i := range support {
			if a := h.Alpha[i]; target[j] <= 0 && a/(a-target[j]) < share {
				share, worst = a/(a-target[j]), i
			}
		}
		for j, i := range support {
			h.Alpha[i] += share * (target[j] - h.Alpha[i])
		}
		if worst < 0 {
			break
		}
		h.Alpha[worst], in[worst] = 0, false
	}
	for i := range h.Values {
		h.Values[i] = 0
		for j, a := range h.Alpha {
			h.Values[i] += k.At(i, j) * y[j] * a
		}
	}
	return nil
}

// onSupport solves Y K Y a = 1 on the support.
func onSupport(k mat.Symmetric, y []float64, support []int) ([]float64, error) {
	m := mat.NewSymDense(len(support), nil)
	ones := mat.NewVecDense(len(support), nil)
	for a, i := range support {
		ones.SetVec(a, 1)
		for b := a; b < len(support); b++ {
			m.SetSym(a, b, y[i]*y[support[b]]*k.At(i, support[b]))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(m) {
		return nil, fmt.Errorf("bounds: the kernel on %d samples is singular; no function of it has any labels", len(support))
	}
	sol := mat.NewVecDense(len(support), nil)
	var ill mat.Condition
	if err := chol.SolveVecTo(sol, ones); err != nil && !errors.As(err, &ill) {
		return nil, err
	}
	if !(math.Abs(mat.Sum(sol)) < math.Inf(1)) {
		return nil, errors.New("bounds: the weights of the hard-margin machine overflow")
	}
	return sol.RawVector().Data, nil
}
