package yang2023

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "sparsity", Title: "Active neurons against the bias",
			Caption: "Share of active neurons at the start for the bias $B$, with its interval, beside the Gaussian tail $Q(B)$.",
			Claims:  []string{"active-share"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "bias", Head: "$B$"},
				{Value: "m", Head: "$m$"},
				{Value: "observed", Head: "measured", Group: "active share"},
				{Value: "predicted", Head: "$Q(B)$", Group: "active share"},
				{Value: "trials", Head: "trials", Yield: 1},
			},
		},
		{
			Name: "spectrum", Title: "Smallest eigenvalue against the bias",
			Caption: `$\lambda(B)$ of the limit kernel with trainable biases against $e^{B^2/2}$ for the bias $B$, and the exponent with its interval.`,
			Claims:  []string{"bias-scaling"}, Curve: "observed",
			Columns: []checks.TableColumn{
				{Value: "x", Head: "$e^{B^2/2}$", Key: "size"},
				{Value: "y", Head: `$\lambda(B)$`},
				{Value: "observed", Head: "measured", Group: "exponent"},
				{Value: "predicted", Head: "predicted", Group: "exponent", Yield: 1},
			},
		},
		{
			Name: "convergence", Title: "Convergence with sparse activation",
			Caption: "Networks at a sufficient width $m$: norm of the residual at the end of the run over that at the start, and the largest share of active neurons at the end beside the share $Q(B)$ at the start.",
			Claims:  []string{"convergence"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "bias", Head: "$B$"},
				{Value: "lambda(B)", Head: `$\lambda(B)$`},
				{Value: "width run", Head: "$m$", Key: "m"},
				{Value: "last:residual", Head: "residual", Key: "residual"},
				{Value: "Q(B)", Head: "$Q(B)$", Group: "active share", Key: "start"},
				{Value: "last:active", Head: "end", Group: "active share", Key: "active"},
			},
		},
	}
}
