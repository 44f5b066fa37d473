package allenzhu2019

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "orders", Title: "Orders in the perturbation",
			Caption: `What a perturbation of size $\omega$ of the weights changes, of a network and in the limit of infinite width, and the exponents in $\omega$ with their intervals.`,
			Claims:  []string{"flip-order", "gradient-closeness", "cross-term"}, Curve: "network",
			Columns: []checks.TableColumn{
				{Value: "title", Head: "quantity"},
				{Value: "x", Head: `$\omega$`},
				{Value: "y", Head: "network", Group: "value"},
				{Value: "curve:limit", Head: "limit", Group: "value", Key: "limit", Yield: 2},
				{Value: "observed", Head: "measured", Group: "exponent"},
				{Value: "predicted", Head: "predicted", Group: "exponent", Yield: 1},
			},
		},
		{
			Name: "descent", Title: "Linear rate near a solution",
			Caption: "Loss after the run over that at the start, of a network of $L$ hidden layers of width $m$, beside the bound.",
			Claims:  []string{"local-descent"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "l", Head: "$L$"},
				{Value: "m", Head: "$m$"},
				{Value: "eta", Head: `$\eta$`, Yield: 2},
				{Value: "steps", Head: "steps", Yield: 1},
				{Value: "last:network", Head: "measured", Group: "loss", Key: "loss"},
				{Value: "last:bound", Head: "bound", Group: "loss", Key: "bound"},
			},
		},
	}
}
