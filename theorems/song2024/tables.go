package song2024

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "reads", Title: "Entries read in a step",
			Caption: `Entries of the weights that a step reads for each input with $b = \sqrt{0.4\log m}$, beside $m^2 Q(b)$ and the $m^2$ of a plain step, and the exponent of the reads over the ladder.`,
			Claims:  []string{"dense-exponent"}, Curve: "entries of W read",
			Columns: []checks.TableColumn{
				{Value: "x", Head: "$m$"},
				{Value: "y", Head: "read", Group: "multiply-adds", Key: "read"},
				{Value: "curve:m^2 Q(b)", Head: "$m^2Q(b)$", Group: "multiply-adds", Key: "predicted_reads"},
				{Value: "curve:m^2, a plain step", Head: "$m^2$", Group: "multiply-adds", Key: "plain", Yield: 3},
				{Value: "observed", Head: "measured", Group: "exponent"},
				{Value: "predicted", Head: "predicted", Group: "exponent", Yield: 2},
				{Value: "limit of the exponent", Head: "limit", Group: "exponent", Key: "limit", Yield: 1},
			},
		},
		{
			Name: "operations", Title: "Operations of a step",
			Caption: "Operations counted in a step of the lazy data structures beside the count that is derived.",
			Claims:  []string{"step-cost"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "kind", Head: "shift"},
				{Value: "b", Head: "$b$"},
				{Value: "m", Head: "$m$"},
				{Value: "layers", Head: "layers", Yield: 1},
				{Value: "observed", Head: "counted", Group: "operations"},
				{Value: "predicted", Head: "derived", Group: "operations"},
			},
		},
		{
			Name: "width", Title: "What the first step leaves",
			Caption: "Residual that the first Gauss-Newton step leaves against the width, beside its limit, and the exponent over the ladder with its interval.",
			Claims:  []string{"first-step"}, Curve: "Gauss-Newton",
			Columns: []checks.TableColumn{
				{Value: "x", Head: "$m$"},
				{Value: "y", Head: "measured", Group: "residual"},
				{Value: "curve:limit", Head: "limit", Group: "residual", Key: "limit"},
				{Value: "observed", Head: "measured", Group: "exponent"},
				{Value: "predicted", Head: "predicted", Group: "exponent", Yield: 1},
			},
		},
	}
}
