package theorems

import (
	"context"
	"fmt"

	"convergo/bounds"
	"convergo/bounds/dataset"
	"convergo/bounds/kernel"
	"convergo/bounds/predict"
	"convergo/nets/data"
	"convergo/report/answer"
)

// AskOptions say how [Ask] works. The zero value suits most.
type AskOptions struct {
	// Progress, if not nil, is told of each finished step.
	Progress func(done, steps int)
	// Train trains networks beside the predictions.
	Train bool
	Seed  uint64 // of the weights
}

// mostModes is up to how many samples the labels are decomposed in the eigenvectors of the kernel.
const mostModes = 1000

// Ask says what the theorems of all sources say about a data set of unit rows: its facts, and a prediction for each
// theorem that says something computable, the tightest first.
func Ask(ctx context.Context, set *data.Set, o AskOptions) (*answer.Answer, error) {
	facts, err := dataset.Of(ctx, set.X, set.Y, dataset.Options{MaxAlignment: 1, Progress: o.Progress}) // from the modes
	if err != nil {
		return nil, err
	}
	var modes *bounds.Modes
	if set.Y != nil && set.N() <= mostModes {
		if modes, err = modesOf(set); err != nil {
			return nil, err
		}
		facts.Labels.Align = dataset.Alignment(*modes)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	d := predict.NewData(facts, set.X, set.Y, modes)
	a := &answer.Answer{Facts: facts, Data: d, Predictions: Predict(d)}
	if set.Reading != nil {
		a.Read = set.Reading.String()
	}
	if o.Train {
		if a.Trained, err = trainBeside(ctx, set, a, o); err != nil {
			return nil, fmt.Errorf("training: %w", err)
		}
	}
	return a, nil
}

func modesOf(set *data.Set) (*bounds.Modes, error) {
	h, err := kernel.ReLU().Gram(set.X)
	if err != nil {
		return nil, err
	}
	m, err := bounds.NewModes(h, set.Y)
	if err != nil {
		return nil, err
	}
	for i, l := range m.Lambda {
		m.Lambda[i] = max(0, l) // H is positive semidefinite, its computed eigenvalues only nearly
	}
	return &m, nil
}
