package theorems

import (
	"context"
	"fmt"

	"convergo/bounds/dataset"
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

// Ask says what the theorems of all sources say about a data set of unit rows: its facts, and a prediction for each
// theorem that says something computable, the tightest first.
func Ask(ctx context.Context, set *data.Set, o AskOptions) (*answer.Answer, error) {
	facts, err := dataset.Of(ctx, set.X, set.Y, dataset.Options{Progress: o.Progress})
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	d := predict.NewData(facts, set.X, set.Y)
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
