package nguyen2021

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "spectrum", Title: "Smallest eigenvalue of the limit kernel",
			Caption: `$\lambda_{\min}(K^{(L)})$ of the limit kernel of $L$ layers of weights between the lower bounds (Gershgorin, and by entrywise powers) and the upper bound.`,
			Claims:  []string{"limit-lower"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "l", Head: "$L$"},
				{Value: "Gershgorin bound", Head: "Gershgorin", Group: "lower bound", Key: "gershgorin", Yield: 2},
				{Value: "lower bound", Head: "powers", Group: "lower bound", Key: "lower"},
				{Value: "lambda_min", Head: `$\lambda_{\min}$`},
				{Value: "upper bound", Head: "upper bound", Key: "upper"},
				{Value: "lambda_min over lower bound", Head: `$\lambda_{\min}$ / lower`, Key: "ratio", Yield: 1},
			},
		},
		{
			Name: "growth", Title: "Smallest eigenvalue against widths",
			Caption: "Smallest eigenvalue of the tangent kernel of finite networks as one size grows, and the exponent over the ladder with its interval.",
			Claims:  []string{"finite-linear"}, Curve: "observed",
			Columns: []checks.TableColumn{
				{Value: "vary", Head: "varied"},
				{Value: "n", Head: "$N$"},
				{Value: "x", Head: "size"},
				{Value: "y", Head: `$\lambda_{\min}$`},
				{Value: "observed", Head: "measured", Group: "exponent"},
				{Value: "predicted", Head: "predicted", Group: "exponent", Yield: 1},
			},
		},
		{
			Name: "width", Title: "Width that keeps the features",
			Caption: `Width $n_k$ from which $\sigma_{\min}(F_k)^2 \ge n_k\lambda/4$ with probability $1-\delta$, beside the width that is derived.`,
			Claims:  []string{"feature-width"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "delta", Head: `$\delta$`},
				{Value: "lambda", Head: `$\lambda$`},
				{Value: "observed", Head: "measured", Group: "width $n_k$"},
				{Value: "required width (derived)", Head: "required", Group: "width $n_k$", Key: "required"},
			},
		},
	}
}
