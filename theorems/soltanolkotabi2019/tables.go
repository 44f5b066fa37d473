package soltanolkotabi2019

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "landscape", Title: "Second-order points are global minima",
			Caption: "Loss of a network with $k$ neurons of quadratic activation at the end of the search for a second-order point, beside the least loss over all quadratic forms.",
			Claims:  []string{"benign-landscape"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "neurons", Head: "$k$"},
				{Value: "observed", Head: "network", Group: "loss"},
				{Value: "predicted", Head: "least squares", Group: "loss"},
				{Value: "trials", Head: "runs"},
			},
		},
	}
}
