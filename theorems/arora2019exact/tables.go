package arora2019exact

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "width", Title: "Deviation from the limit against width",
			Caption: `Distance of the tangent kernel of a network from $\Theta^{(L)}$, and of its prediction from kernel regression, against the width, and the exponents with their intervals.`,
			Claims:  []string{"kernel-rate", "regression-rate"}, Curve: "observed",
			Columns: []checks.TableColumn{
				{Value: "title", Head: "quantity"},
				{Value: "l", Head: "$L$", Yield: 2},
				{Value: "x", Head: "width"},
				{Value: "y", Head: "deviation"},
				{Value: "observed", Head: "measured", Group: "exponent"},
				{Value: "predicted", Head: "predicted", Group: "exponent", Yield: 1},
			},
		},
		{
			Name: "variance", Title: "Kernel of one hidden layer",
			Caption: `Variance of an entry of the kernel at the start of a network of width $m$ with one hidden layer, for inputs of cosine $\rho$, with its interval.`,
			Claims:  []string{"shallow-variance"},
			Columns: []checks.TableColumn{
				{Value: "rho", Head: `$\rho$`},
				{Value: "width", Head: "$m$"},
				{Value: "observed", Head: "measured", Group: "variance"},
				{Value: "predicted", Head: "predicted", Group: "variance"},
				{Value: "detects", Head: "detects", Yield: 1},
			},
		},
	}
}
