package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"convergo/nets"

	"gonum.org/v1/gonum/mat"
)

// ErrDiverged says that an output or a weight is no longer finite. Errors wrap it with the
// step; the trace up to that step is returned with the error.
var ErrDiverged = errors.New("outputs or weights are no longer finite; take a smaller step")

// Options of a run.
type Options struct {
	Step     float64     // step size eta > 0
	Steps    int         // number of steps
	Layers   nets.Layers // trained layers; 0 is nets.FirstLayer
	Loss     nets.Loss   // nil is nets.Square{}: (1/2) sum of squared residuals
	Momentum Momentum    // of the step; the zero value is none
	Batch    MiniBatch   // the samples of a step; the zero value is all
	Record   Record      // what the trace holds beside step and loss
	At       Schedule    // when it is recorded; nil is EveryStep

	// MinEig computes the smallest eigenvalue for Record MinEig; nil takes the
	// first eigenvalue of mat.EigenSym.
	MinEig func(*mat.SymDense) float64

	// Callback is called at step 0 and after every step; the run ends when it
	// returns true. It may read the state, not keep or change it.
	Callback func(step int, s *State) (stop bool)
}

func (o Options) withDefaults() (Options, error) {
	if o.Layers == 0 {
		o.Layers = nets.FirstLayer
	}
	if o.Loss == nil {
		o.Loss = nets.Square{}
	}
	if o.At == nil {
		o.At = EveryStep
	}
	if o.MinEig == nil {
		o.MinEig = smallestEigenvalue
	}
	switch {
	case !(o.Step > 0) || math.IsInf(o.Step, 0):
		return o, fmt.Errorf("train: step size %v; it must be positive and finite", o.Step)
	case o.Steps < 0:
		return o, fmt.Errorf("train: %d steps; the number of steps cannot be negative", o.Steps)
	case o.Layers&^nets.BothLayers != 0:
		return o, fmt.Errorf("train: unknown layers %d; take nets.FirstLayer, SecondLayer or BothLayers", o.Layers)
	}
	return o, o.Momentum.validate()
}

// plain says that steps are those of gradient descent.
func (o Options) plain() bool { return o.Momentum.Beta == 0 && o.Batch.Size == 0 }

// A Descent is gradient descent on one network and one data set: with all samples
// or mini-batches, with momentum or without. It changes the network that it is
// given.
type Descent struct {
	opt     Options
	state   State
	grad    []float64
	inertia *inertia // nil without momentum
	sampler *sampler // nil without mini-batches
}

// NewDescent evaluates net on x (n x d) and y (n) and stands at step 0. Bad
// data, weights and options are reported.
func NewDescent(net *nets.Network, x *mat.Dense, y []float64, opt Options) (*Descent, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := checkProblem(net, x, y, opt.Loss); err != nil {
		return nil, err
	}
	if err := opt.Batch.validate(len(y)); err != nil {
		return nil, err
	}
	d := &Descent{opt: opt, grad: make([]float64, len(y))}
	if opt.Momentum.Beta != 0 {
		d.inertia = newInertia(opt.Momentum, net, opt.Layers)
	}
	if opt.Batch.Size != 0 {
		d.sampler = newSampler(opt.Batch, x, net.Width())
	}
	d.state.init(net, x, y, 1, opt)
	return d, nil
}

func checkProblem(net *nets.Network, x *mat.Dense, y []float64, loss nets.Loss) error {
	if y == nil {
		return errors.New("train: no labels; give one a sample")
	}
	if err := nets.CheckData(x, y); err != nil {
		return err
	}
	if choosy, ok := loss.(interface{ Check(y []float64) error }); ok {
		if err := choosy.Check(y); err != nil {
			return err
		}
	}
	if err := net.Validate(); err != nil {
		return err
	}
	if _, dim := x.Dims(); dim != net.Dim() {
		return fmt.Errorf("train: samples of dimension %d for a network of dimension %d", dim, net.Dim())
	}
	return nil
}

// State is where the run stands. It lives as long as the Descent and changes
// with every step.
func (d *Descent) State() *State { return &d.state }

// Step takes one step, W <- W - eta dL/dW on the trained layers if it is plain. It
// allocates nothing.
func (d *Descent) Step() {
	d.advance()
	d.state.evaluate()
}

// advance is Step, but that a step on a mini-batch leaves the outputs on all
// samples for State.evaluate.
func (d *Descent) advance() {
	s := &d.state
	s.Step++
	batch, e := s.Batch, d.grad
	if d.sampler == nil {
		d.opt.Loss.Gradient(d.grad, s.U, s.Y)
	} else {
		d.sampler.evaluate(s.Net, s.Batch.X, s.Y, d.opt.Loss, d.grad)
		batch, e = d.sampler.batch, d.sampler.e
	}
	switch {
	case d.inertia != nil:
		d.inertia.step(batch, s.Net, d.opt.Step, e)
	case d.sampler != nil && d.opt.Layers == nets.FirstLayer:
		batch.Move(s.Net, d.opt.Step, e)
	default:
		batch.Update(s.Net, d.opt.Step, e, d.opt.Layers)
	}
	switch {
	case d.opt.plain():
		s.refresh()
	default:
		s.stale = true
		if d.sampler == nil { // the next step needs all outputs
			s.evaluate()
		}
	}
}

// Run takes opt.Steps steps and returns the trace. It ends early, with the
// trace so far, when the callback asks for it, with the context's error when
// that is cancelled, and with ErrDiverged.
func (d *Descent) Run(ctx context.Context) (*Trace, error) {
	return drive(ctx, &d.state, d.opt, d.advance)
}

// drive is the loop that descent and masked rounds share. A step may leave the
// state to be evaluated, which is done where somebody looks at it.
func drive(ctx context.Context, s *State, opt Options, step func()) (*Trace, error) {
	t := newTrace(s, opt)
	last := s.Step + opt.Steps
	defer s.evaluate()
	for {
		if opt.At(s.Step) || s.Step == last {
			t.record(s)
		}
		if opt.Callback != nil && opt.Callback(s.Step, s) || s.Step == last {
			return t, nil
		}
		if err := ctx.Err(); err != nil {
			return t, fmt.Errorf("train: stopped at step %d of %d: %w", s.Step, last, err)
		}
		step()
		if opt.Callback != nil || opt.At(s.Step) || s.Step == last {
			s.evaluate()
		}
		if !s.finite() {
			return t, fmt.Errorf("train: step %d of %d with step size %g: %w", s.Step, last, opt.Step, ErrDiverged)
		}
	}
}

// Descend runs gradient descent on net, in place.
func Descend(ctx context.Context, net *nets.Network, x *mat.Dense, y []float64, opt Options) (*Trace, error) {
	d, err := NewDescent(net, x, y, opt)
	if err != nil {
		return nil, err
	}
	return d.Run(ctx)
}

// Flow follows the gradient flow dW/dt = -dL/dW for the given time by Euler
// steps of size opt.Step, the last step count rounded up (opt.Steps is not
// used). Row k of the trace lies at time Steps[k]*opt.Step. The error of the
// outputs is O(opt.Step): halve the step to see it.
func Flow(ctx context.Context, net *nets.Network, x *mat.Dense, y []float64, time float64, opt Options) (*Trace, error) {
	if !opt.plain() {
		return nil, errors.New("train: gradient flow with momentum or mini-batches; leave Options.Momentum and Batch empty")
	}
	steps := math.Ceil(time/opt.Step - 1e-9)
	if !(steps >= 0) || steps > math.MaxInt32 {
		return nil, fmt.Errorf("train: flow for time %v in steps of %v; both must be positive and their ratio at most %d", time, opt.Step, math.MaxInt32)
	}
	opt.Steps = int(steps)
	return Descend(ctx, net, x, y, opt)
}
