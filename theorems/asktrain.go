package theorems

import (
	"context"
	"fmt"
	"math"

	"convergo/bounds"
	"convergo/bounds/predict"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/data"
	"convergo/nets/train"
	"convergo/report/answer"
)

const (
	mostTrained = 4000 // steps of a network at most
	trainWork   = 3e10 // operations over all networks, some ten seconds of a core
	leastWidth  = 64
)

// trainBeside trains networks of the widths that fit by gradient descent of step size 0.55/S^2 from the antisymmetric
// start, at which the squared error is ||y||^2 whatever the width, until it is the share that the predictions are of.
func trainBeside(ctx context.Context, set *data.Set, a *answer.Answer, o AskOptions) (*answer.Training, error) {
	if set.Y == nil {
		return nil, fmt.Errorf("the data have no labels; name them with --label or --labels")
	}
	x, _ := nets.InSpan(set.X)
	n, d := x.Dims()
	t := &answer.Training{Step: 0.55 / (a.Data.Problem.S * a.Data.Problem.S)}
	work := 0.0
	for width := leastWidth; ; width *= 4 {
		cost := 6 * float64(n) * float64(d) * float64(width)
		steps := int(min(mostTrained, (trainWork-work)/cost))
		if steps < 100 || width > 1<<14 {
			break
		}
		net, used, err := trainOne(ctx, set, width, steps, t.Step, a.Data.Share, o.Seed)
		if err != nil {
			return nil, err
		}
		work += cost * float64(used)
		t.Networks = append(t.Networks, *net)
		if o.Progress != nil {
			o.Progress(len(t.Networks), len(t.Networks)+1)
		}
	}
	if len(t.Networks) == 0 {
		return nil, fmt.Errorf("a network of width %d on %d samples of %d dimensions takes too long; use fewer rows (--rows)", leastWidth, n, d)
	}
	t.Bounds = boundsOn(a, t)
	return t, nil
}

// trainOne trains one network and looks at its loss at steps in a geometric progression.
func trainOne(ctx context.Context, set *data.Set, width, steps int, step, share float64, seed uint64) (*answer.Network, int, error) {
	x, _ := nets.InSpan(set.X)
	_, d := x.Dims()
	law := nets.NTK(width, d)
	law.Symmetry = nets.Antisymmetric
	rng := checks.Stream(seed, "ask", []byte(set.Name), width)
	descent, err := train.NewDescent(law.Draw(rng), x, set.Y, train.Options{Step: step})
	if err != nil {
		return nil, 0, err
	}
	state := descent.State()
	start := state.Norm * state.Norm
	out := &answer.Network{Width: width, Reach: math.NaN()}
	next := 0
	k := 0
	for ; ; k++ {
		loss := state.Norm * state.Norm / start
		done := k == steps || loss <= share || math.IsNaN(loss)
		if k >= next || done {
			out.Steps, out.Loss = append(out.Steps, float64(k)), append(out.Loss, loss)
			next = max(k+1, int(float64(k)*1.15))
		}
		if loss <= share {
			out.Reach = float64(k)
		}
		if done {
			break
		}
		if k%64 == 0 && ctx.Err() != nil {
			return nil, k, context.Cause(ctx)
		}
		descent.Step()
	}
	_, flipped := state.Flips()
	out.Flips = float64(flipped) / float64(len(set.Y)*width)
	return out, k, nil
}

// boundsOn are the predictions of the squared error of such networks, in time: the limit kernel's on these labels, and the
// rates of theorems whose hypotheses hold, of which constants are known, and which speak of these networks.
func boundsOn(a *answer.Answer, t *answer.Training) []answer.Bound {
	var longest float64
	for _, n := range t.Networks {
		longest = max(longest, n.Steps[len(n.Steps)-1]*t.Step)
	}
	var out []answer.Bound
	add := func(name string, reach float64, loss func(time float64) float64) {
		b := answer.Bound{Name: name, Reach: reach}
		for time := t.Step; time <= 10*longest; time *= 1.2 {
			if l := loss(time); l > 0 && l <= 1 && l >= a.Data.Share/10 {
				b.Times, b.Loss = append(b.Times, time), append(b.Loss, l)
			}
		}
		if len(b.Times) > 1 {
			out = append(out, b)
		}
	}
	if m := a.Data.Modes; m != nil {
		start := m.FlowNorm(0)
		add("limit kernel, these labels", a.Data.StepsOfModes(t.Step)*t.Step, func(time float64) float64 { r := m.FlowNorm(time) / start; return r * r })
	}
	seen := map[string]bool{}
	for _, p := range a.Predictions {
		if p.Kind != predict.Training || p.Constants == bounds.Order || p.Method != "" || !p.Met() || math.IsNaN(p.Rate) || len(out) > 7 {
			continue
		}
		pace := 1.0
		if !p.Flow {
			pace = p.Step
		}
		name := fmt.Sprintf("%s, %s", p.Source, p.Theorem)
		curve := fmt.Sprintf("%.3g", math.Log(p.Rate)/pace)
		if seen[curve] {
			continue
		}
		seen[curve] = true
		add(name, p.Steps*pace, func(time float64) float64 { return p.Curve(time / pace) })
	}
	return out
}
