package munteanu2022

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "logistic", Title: "Width for the logistic loss",
			Caption: `Width from which gradient descent reaches mean logistic loss $\epsilon$ by the theorem.`,
			Claims:  []string{"logistic-descent"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "eps", Head: `$\epsilon$`},
				{Value: "gamma", Head: `$\gamma$`},
				{Value: "gamma^{-2}, order of the width (published)", Head: `$\gamma^{-2}$`, Group: "width", Key: "order", About: `The order $\gamma^{-2}$ is that of the theorem as printed, $\gamma^{-8}$ that of the bound before.`},
				{Value: "gamma^{-8}, order of the width before", Head: `$\gamma^{-8}$`, Group: "width", Key: "before", Yield: 2},
				{Value: "width run", Head: "run", Group: "width", Key: "run"},
				{Value: "steps", Head: "steps", Yield: 1},
				{Value: "last:mean logistic loss", Head: "loss", Key: "loss"},
			},
		},
		{
			Name: "squared", Title: "Width for the squared loss",
			Caption: "Width that is enough with a coupled start, beside the orders of the bounds of other papers on the same data.",
			Claims:  []string{"squared-descent"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "lambda_0", Head: `$\lambda_0$`},
				{Value: "width run", Head: "run", Group: "width", Key: "run"},
				{Value: "width of munteanu2022/squared (order)", Head: "printed", Group: "width", Key: "printed"},
				{Value: "width of songyang2019/descent (order)", Head: "Song, Yang", Group: "width", Key: "songyang"},
				{Value: "width of du2019/descent (literal)", Head: "Du et al.", Group: "width", Key: "du"},
			},
		},
		{
			Name: "circle", Title: "Alternating points on the circle",
			Caption: `Margin $\gamma$ of $n$ alternating points, and the width for which a separator that follows the draw, or a fixed one, classifies them.`,
			Claims:  []string{"arc-separator"},
			Columns: []checks.TableColumn{
				{Value: "n", Head: "$n$"},
				{Value: "delta", Head: `$\delta$`},
				{Value: "gamma", Head: `$\gamma$`},
				{Value: "width run", Head: "follows the draw", Group: "width", Key: "run"},
				{Value: "width for the fixed separator (derived)", Head: "fixed", Group: "width", Key: "fixed"},
			},
		},
	}
}
