package bowman2022

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "spectrum", Title: "Eigenvalues of the start and of the limit",
			Caption: "Eigenvalues of the Gram matrix of images, of one network of width 40 at the start and of the limit kernel.",
			Claims:  []string{"width-defect"}, Curve: "one network of width 40",
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "x", Head: "rank"},
				{Value: "y", Head: "network", Group: "eigenvalue", Key: "network"},
				{Value: "curve:limit", Head: "limit", Group: "eigenvalue", Key: "limit"},
			},
		},
		{
			Name: "learning", Title: "Network and flow of the population",
			Caption: "Distance of a network of $m$ neurons, trained on $n$ samples of a target in one degree, from the flow of the limit kernel on the whole population, beside the tighter of two bounds with measured terms.",
			Claims:  []string{"population-bound"},
			Columns: []checks.TableColumn{
				{Value: "act", Head: "activation"},
				{Value: "m", Head: "$m$"},
				{Value: "n", Head: "$n$"},
				{Value: "degree", Head: "degree", Yield: 3},
				{Value: "steps", Head: "steps", Yield: 2},
				{Value: "observed", Head: "measured", Group: "distance"},
				{Value: "predicted", Head: "bound", Group: "distance"},
				{Value: "part", Head: "which bound", Yield: 1},
			},
		},
	}
}
