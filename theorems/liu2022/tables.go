package liu2022

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "powers", Title: "Momentum on the linearised network",
			Caption: `Rate of the powers of the residual matrix for condition number $\kappa$, and the least factor $C$ with which the bound holds: the largest norm over the rate that was measured beside what is proved.`,
			Claims:  []string{"residual-powers", "heavy-ball-powers"}, Join: []string{"kappa"},
			Columns: []checks.TableColumn{
				{Value: "kappa", Head: `$\kappa$`},
				{Value: "rate", Head: "rate", Group: "Nesterov", Key: "nesterov_rate", Claim: "residual-powers"},
				{Value: "observed", Head: "measured", Group: "Nesterov", Key: "nesterov_measured", Claim: "residual-powers"},
				{Value: "predicted", Head: "bound", Group: "Nesterov", Key: "nesterov_bound", Claim: "residual-powers"},
				{Value: "rate", Head: "rate", Group: "heavy ball", Key: "heavy_rate", Claim: "heavy-ball-powers"},
				{Value: "observed", Head: "measured", Group: "heavy ball", Key: "heavy_measured", Claim: "heavy-ball-powers"},
				{Value: "predicted", Head: "bound", Group: "heavy ball", Key: "heavy_bound", Claim: "heavy-ball-powers"},
			},
		},
		{
			Name: "losses", Title: "Descent, heavy ball and Nesterov",
			Caption: "Training loss at the end of a run of $T$ steps of each method, of a network of width $m$ and of the linear theory.",
			Claims:  []string{"curves"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "m", Head: "$m$"},
				{Value: "steps", Head: "$T$"},
				{Value: "last:descent", Head: "network", Group: "descent", Key: "descent"},
				{Value: "last:descent, linear theory", Head: "linear", Group: "descent", Key: "descent_linear"},
				{Value: "last:heavy ball", Head: "network", Group: "heavy ball", Key: "heavy_ball"},
				{Value: "last:heavy ball, linear theory", Head: "linear", Group: "heavy ball", Key: "heavy_ball_linear"},
				{Value: "last:Nesterov", Head: "network", Group: "Nesterov", Key: "nesterov"},
				{Value: "last:Nesterov, linear theory", Head: "linear", Group: "Nesterov", Key: "nesterov_linear"},
			},
		},
	}
}
