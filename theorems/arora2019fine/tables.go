package arora2019fine

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "width", Title: "Deviation from the linear dynamics",
			Caption: "Distance of the residual from the eigen-projections of the limit kernel, and change of the Gram matrix and of the features, against the width $m$.",
			Claims:  []string{"trajectory-rate", "gram-stability-rate", "feature-stability-rate"}, Curve: "observed",
			Columns: []checks.TableColumn{
				{Value: "title", Head: "quantity"},
				{Value: "data", Head: "inputs"},
				{Value: "x", Head: "$m$"},
				{Value: "y", Head: "value"},
				{Value: "observed", Head: "measured", Group: "exponent", Yield: 1, About: `Measured exponents have intervals; predicted are $-\frac12$ and, for features, $-\frac14$.`},
			},
		},
	}
}
