package train

import (
	"convergo/nets"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// A RungeKutta follows the gradient flow d(W,a)/dt = -grad (1/2) sum of squared residuals by the classical method of order four: for a
// smooth activation the error after a fixed time is O(h^4) in the step h. At a kink of phi' it falls back to O(h^2).
type RungeKutta struct {
	Net      *nets.Network // as it stands
	Batch    *nets.Batch   // current for Net
	Residual []float64     // outputs minus labels
	Norm     float64       // Euclidean norm of Residual

	y      []float64
	layers nets.Layers
	w      *mat.Dense // weights at the start of the step
	a      []float64
	dw     *mat.Dense // gradient of a stage
	da     []float64
	sumW   *mat.Dense // weighted sum of the stages
	sumA   []float64
}

// NewRungeKutta stands at time 0. It changes the network that it is given.
func NewRungeKutta(net *nets.Network, x *mat.Dense, y []float64, layers nets.Layers) (*RungeKutta, error) {
	if err := net.Validate(); err != nil {
		return nil, err
	}
	if err := nets.CheckData(x, y); err != nil {
		return nil, err
	}
	m, d := net.W.Dims()
	k := &RungeKutta{
		Net: net, Batch: nets.NewBatch(x, m), Residual: make([]float64, len(y)), y: y, layers: layers,
		w: mat.NewDense(m, d, nil), dw: mat.NewDense(m, d, nil), sumW: mat.NewDense(m, d, nil),
		a: make([]float64, m), da: make([]float64, m), sumA: make([]float64, m),
	}
	k.evaluate()
	return k, nil
}

func (k *RungeKutta) evaluate() {
	k.Batch.Forward(k.Net)
	k.Norm = nets.Residual(k.Residual, k.Batch.U, k.y)
}

// Step moves on by the time h.
func (k *RungeKutta) Step(h float64) {
	k.w.Copy(k.Net.W)
	copy(k.a, k.Net.A)
	k.sumW.Zero()
	clear(k.sumA)
	for _, stage := range [...]struct{ weight, next float64 }{{1, 0.5}, {2, 0.5}, {2, 1}, {1, 0}} {
		k.Batch.Gradient(k.dw, k.da, k.Net, k.Residual)
		floats.AddScaled(k.sumA, stage.weight, k.da)
		floats.AddScaled(k.sumW.RawMatrix().Data, stage.weight, k.dw.RawMatrix().Data)
		if stage.next > 0 {
			k.place(stage.next*h, k.dw, k.da)
		}
	}
	k.place(h/6, k.sumW, k.sumA)
}

// place puts the weights at those of the start of the step minus t times a direction.
func (k *RungeKutta) place(t float64, dw *mat.Dense, da []float64) {
	if k.layers&nets.FirstLayer != 0 {
		m, _ := k.w.Dims()
		for r := range m {
			floats.AddScaledTo(k.Net.W.RawRowView(r), k.w.RawRowView(r), -t, dw.RawRowView(r))
		}
	}
	if k.layers&nets.SecondLayer != 0 {
		floats.AddScaledTo(k.Net.A, k.a, -t, da)
	}
	k.evaluate()
}
