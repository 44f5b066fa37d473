package bombari2022

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "transition", Title: "As many weights as samples",
			Caption: "Smallest eigenvalue of the tangent kernel over its largest entry against weights over samples, and the ratio at which it becomes positive with its interval; predicted is 1.",
			Claims:  []string{"rank-threshold"}, Curve: "measured",
			Columns: []checks.TableColumn{
				{Value: "hidden", Head: "hidden widths"},
				{Value: "x", Head: "weights / samples"},
				{Value: "y", Head: "eigenvalue"},
				{Value: "observed", Head: "measured", Group: "crossing"},
				{Value: "predicted", Head: "predicted", Group: "crossing", Yield: 1},
			},
		},
		{
			Name: "spectrum", Title: "Smallest eigenvalue at every width",
			Caption: `Smallest eigenvalue of the kernel of the last hidden weights, at the share $\delta$ of draws, beside its lower bound with probability $1-\delta$ and the smallest eigenvalue of the mean.`,
			Claims:  []string{"spectrum-lower"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "hidden", Head: "hidden widths"},
				{Value: "delta", Head: `$\delta$`},
				{Value: "lambda_min of the mean", Head: "of the mean", Group: `$\lambda_{\min}$`, Key: "mean", Yield: 2},
				{Value: "observed", Head: "measured", Group: `$\lambda_{\min}$`},
				{Value: "predicted", Head: "bound", Group: `$\lambda_{\min}$`},
				{Value: "slack", Head: "slack", Yield: 1},
			},
		},
	}
}
