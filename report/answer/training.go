package answer

import (
	"fmt"
	"math"

	"convergo/checks"
	"convergo/report/figure"
	"convergo/report/table"
)

// Training is what trained networks did, beside bounds on it.
type Training struct {
	Step     float64 // step size of all networks
	Networks []Network
	Bounds   []Bound
}

// A Network is a trained one.
type Network struct {
	Width int
	Steps []float64 // at which the loss was looked at
	Loss  []float64 // squared error over that at the start
	Flips float64   // share of the activations on the data that changed
	Reach float64   // steps until the squared error was the share that was asked for; NaN where it was not reached
}

// A Bound is a prediction of the same loss, at the time step size times steps.
type Bound struct {
	Name  string
	Times []float64
	Loss  []float64
	Reach float64 // time until the bound is the share that was asked for; NaN where that is not known
}

func (t *Training) table() *table.Table {
	out := table.New(
		table.Column{Key: "what", Head: "what"}, table.Column{Key: "width", Head: "width"}, table.Column{Key: "trained", Head: "steps trained"},
		table.Column{Key: "loss", Head: "squared error at the end"}, table.Column{Key: "steps", Head: "steps"}, table.Column{Key: "flips", Head: "flipped"},
	)
	out.Title, out.Label = "Trained networks beside the predictions", "tab:ask-trained"
	out.Caption = table.Literal(fmt.Sprintf("Networks of two layers, the first trained by gradient descent of step size %.3g. Squared error: over that at the start. Steps: until it is the share that the predictions are of. Flipped: share of the activations on the data that changed. Predicted: when a bound on the squared error, whose hypotheses on the data hold, is that share, at the time (step size times steps) of its own step size, in steps of this one.", t.Step))
	for _, n := range t.Networks {
		end := len(n.Steps) - 1
		out.Add(table.Literal("trained"), table.Count(n.Width), cell(n.Steps[end]), cell(n.Loss[end]), cell(n.Reach), cell(n.Flips))
	}
	for _, b := range t.Bounds {
		none := table.Empty{}
		out.Add(table.Literal("predicted: "+b.Name), none, none, none, cell(math.Ceil(b.Reach/t.Step*(1-1e-12))), none)
	}
	return out
}

// Figure draws the squared error against time, step size times steps, with every bound on it.
func (t *Training) Figure() *figure.Figure {
	f := &figure.Figure{Title: "Training beside its bounds", XLabel: "time (step size times steps)", YLabel: "squared error", LogX: true, LogY: true, Width: 8, Height: 7}
	for _, n := range t.Networks {
		line := figure.Line{Name: table.Literal(fmt.Sprintf("trained, width %d", n.Width))}
		for i, k := range n.Steps {
			line.X, line.Y = append(line.X, k*t.Step), append(line.Y, n.Loss[i])
		}
		f.Lines = append(f.Lines, line)
	}
	for _, b := range t.Bounds {
		f.Lines = append(f.Lines, figure.Line{Name: table.Literal(b.Name), X: b.Times, Y: b.Loss, Style: figure.Bound})
	}
	return f
}

type networkJSON struct {
	Width int            `json:"width"`
	Step  float64        `json:"step"`
	Reach checks.Float   `json:"reach"`
	Flips float64        `json:"flips"`
	Steps []float64      `json:"steps"`
	Loss  []checks.Float `json:"loss"`
}

type boundJSON struct {
	Name  string       `json:"name"`
	Reach checks.Float `json:"reach"` // a time
	Times []float64    `json:"times"`
	Loss  []float64    `json:"loss"`
}

func (t *Training) boundsJSON() []boundJSON {
	var out []boundJSON
	for _, b := range t.Bounds {
		out = append(out, boundJSON{b.Name, checks.Float(b.Reach), b.Times, b.Loss})
	}
	return out
}

func (t *Training) json() []networkJSON {
	var out []networkJSON
	for _, n := range t.Networks {
		j := networkJSON{Width: n.Width, Step: t.Step, Reach: checks.Float(n.Reach), Flips: n.Flips, Steps: n.Steps}
		for _, l := range n.Loss {
			j.Loss = append(j.Loss, checks.Float(l))
		}
		out = append(out, j)
	}
	return out
}
