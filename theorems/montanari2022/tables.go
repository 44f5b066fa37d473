package montanari2022

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "transition", Title: "Interpolation transition",
			Caption: "The ratio of directions of the linearised network to inputs from which all labels are met, with its interval; predicted is $Nd = n$, with fewer directions for polynomial activations.",
			Claims:  []string{"interpolation"},
			Columns: []checks.TableColumn{
				{Value: "activation", Head: `$\sigma$`},
				{Value: "d", Head: "$d$"},
				{Value: "neurons", Head: "$N$"},
				{Value: "parameters", Head: "$Nd$"},
				{Value: "directions", Head: "directions", Yield: 2},
				{Value: "observed", Head: "measured", Group: "crossing"},
				{Value: "predicted", Head: "predicted", Group: "crossing"},
				{Value: "detects", Head: "detects", Yield: 1},
			},
		},
		{
			Name: "missed", Title: "Labels missed below the transition",
			Caption: "Share of the labels that least squares leaves over, against directions over inputs, beside 1 minus that ratio.",
			Claims:  []string{"interpolation"}, Curve: "least squares",
			Columns: []checks.TableColumn{
				{Value: "activation", Head: `$\sigma$`},
				{Value: "neurons", Head: "$N$"},
				{Value: "d", Head: "$d$"},
				{Value: "x", Head: "$Nd/n$"},
				{Value: "y", Head: "measured", Group: "share missed"},
				{Value: "curve:1 - directions over inputs", Head: "predicted", Group: "share missed", Key: "share_predicted"},
			},
		},
	}
}
