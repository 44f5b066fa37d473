package liu2022

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "powers", Title: "Momentum on the linearised network",
			Caption: `Powers $M^t$ of the residual matrix for condition number $\kappa$: the rate $r$, the constant $C$ with $\|M^t\| \le C r^t$, and $\|M^t\|/r^t$ at the last step of the run.`,
			Claims:  []string{"residual-powers", "heavy-ball-powers"}, Join: []string{"kappa"},
			Columns: []checks.TableColumn{
				{Value: "kappa", Head: `$\kappa$`},
				{Value: "rate", Head: "$r$", Group: "Nesterov", Key: "nesterov_rate", Claim: "residual-powers"},
				{Value: "last:norm of the power", Head: `$\Vert M^t\Vert/r^t$`, Group: "Nesterov", Key: "nesterov_last", Claim: "residual-powers"},
				{Value: "C", Head: "$C$", Group: "Nesterov", Key: "nesterov_constant", Claim: "residual-powers", Yield: 1},
				{Value: "rate", Head: "$r$", Group: "heavy ball", Key: "heavy_rate", Claim: "heavy-ball-powers"},
				{Value: "last:norm of the power", Head: `$\Vert M^t\Vert/r^t$`, Group: "heavy ball", Key: "heavy_last", Claim: "heavy-ball-powers"},
				{Value: "C", Head: "$C$", Group: "heavy ball", Key: "heavy_constant", Claim: "heavy-ball-powers", Yield: 1},
			},
		},
		{
			Name: "losses", Title: "Descent, heavy ball and Nesterov",
			Caption: "Training loss at the end of a run of $T$ steps of each method, of a network and of the linear theory.",
			Claims:  []string{"curves"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "steps", Head: "$T$"},
				{Value: "last:descent", Head: "network", Group: "descent", Key: "descent"},
				{Value: "last:descent, linear theory", Head: "linear", Group: "descent", Key: "descent_linear", Yield: 1},
				{Value: "last:heavy ball", Head: "network", Group: "heavy ball", Key: "heavy_ball"},
				{Value: "last:heavy ball, linear theory", Head: "linear", Group: "heavy ball", Key: "heavy_ball_linear", Yield: 1},
				{Value: "last:Nesterov", Head: "network", Group: "Nesterov", Key: "nesterov"},
				{Value: "last:Nesterov, linear theory", Head: "linear", Group: "Nesterov", Key: "nesterov_linear", Yield: 1},
			},
		},
	}
}
