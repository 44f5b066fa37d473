package basics

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "eigenvalue", Title: "Bounds on the smallest eigenvalue",
			Caption: `Smallest eigenvalue $\lambda_0$ of the limit kernel of ReLU networks between the lower bounds by the separation $\delta_s$ and by the largest cosine, and what the closest pair allows.`,
			Claims:  []string{"separation-lower", "pair-upper"}, Join: []string{"data", "data.angles", "data.d"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "separation", Head: `$\delta_s$`, Yield: 2},
				{Value: "predicted", Head: "separation", Group: "lower bound", Key: "lower", Claim: "separation-lower"},
				{Value: "bound from the largest cosine", Head: "cosine", Group: "lower bound", Key: "cosine", Yield: 1},
				{Value: "lambda_0", Head: `$\lambda_0$`},
				{Value: "predicted", Head: "upper bound", Key: "upper", Claim: "pair-upper"},
			},
		},
		{
			Name: "momentum", Title: "Rates of momentum on quadratics",
			Caption: `Spectral radius of Nesterov's method at $\eta\lambda_{\max} = 1$ for condition number $\kappa$ and momentum $\beta$, and the best radius of heavy ball.`,
			Claims:  []string{"nesterov-radius"},
			Columns: []checks.TableColumn{
				{Value: "tuning", Head: "tuning"},
				{Value: "kappa", Head: `$\kappa$`},
				{Value: "beta", Head: `$\beta$`},
				{Value: "observed", Head: "measured", Group: "Nesterov"},
				{Value: "predicted", Head: "predicted", Group: "Nesterov"},
				{Value: "heavy ball's best radius", Head: "heavy ball", Key: "heavy_ball", Yield: 1},
			},
		},
	}
}
