package allenzhu2019beyond

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "width", Title: "What width changes in SGD",
			Caption: "Loss after as many samples, and movement of the neurons, against the width $m$, and the exponents with their intervals.",
			Claims:  []string{"width-independence", "movement-order"}, Curve: "observed",
			Columns: []checks.TableColumn{
				{Value: "title", Head: "quantity"},
				{Value: "x", Head: "$m$"},
				{Value: "y", Head: "value"},
				{Value: "observed", Head: "measured", Group: "exponent"},
				{Value: "predicted", Head: "predicted", Group: "exponent", Yield: 1},
			},
		},
		{
			Name: "risk", Title: "Risk of SGD on the pseudo-network",
			Caption: "Mean risk over the run, beside the bound with all constants, on $n$ samples with $m$ neurons.",
			Claims:  []string{"sgd-risk"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "m", Head: "$m$"},
				{Value: "eta", Head: `$\eta$`, Yield: 2},
				{Value: "steps", Head: "$T$"},
				{Value: "observed", Head: "measured", Group: "risk"},
				{Value: "predicted", Head: "bound", Group: "risk"},
				{Value: "slack", Head: "slack", Yield: 1},
			},
		},
	}
}
