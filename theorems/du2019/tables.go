package du2019

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "gram", Title: "The Gram matrix at the start",
			Caption: `Smallest eigenvalue of the Gram matrix of a network at the start, at the width that Lemma 3.1 asks for, beside $\frac34\lambda_0$. Measured: the $\delta$-quantile over draws.`,
			Claims:  []string{"gram-concentration"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "delta", Head: `$\delta$`, Yield: 1},
				{Value: "lambda_0", Head: `$\lambda_0$`},
				{Value: "required width (published)", Head: "published", Group: "width $m$", Key: "published"},
				{Value: "required width (derived)", Head: "derived", Group: "width $m$", Key: "derived"},
				{Value: "observed", Head: "measured", Group: `$\lambda_{\min}(H(0))$`},
				{Value: "predicted", Head: `$\frac34\lambda_0$`, Group: `$\lambda_{\min}(H(0))$`},
			},
		},
		{
			Name: "width", Title: "Width that was enough",
			Caption: `Width $m_*(\delta)$ from which gradient descent converges linearly with probability $1-\delta$, with its interval, beside the widths that theorems require.`,
			Claims:  []string{"critical-width"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "delta", Head: `$\delta$`},
				{Value: "lambda_0", Head: `$\lambda_0$`, Yield: 1},
				{Value: "observed", Head: "measured", Group: `$m_*(\delta)$`},
				{Value: "required width (derived)", Head: "derived", Group: "required $m$", Key: "derived"},
				{Value: "required width (published)", Head: "published", Group: "required $m$", Key: "published"},
			},
		},
		{
			Name: "rates", Title: "Rate of gradient descent",
			Caption: `Share of $\|u_k-y\|^2$ that a step takes away: $\eta\lambda_0/2$ by the theorem, measured at the width $m$ that is enough (the $\delta$-quantile), and of the linear dynamics.`,
			Claims:  []string{"descent-antisymmetric"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "lambda_0", Head: `$\lambda_0$`},
				{Value: "step size", Head: `$\eta$`, Key: "eta", Yield: 1},
				{Value: "width run", Head: "$m$", Key: "m"},
				{Value: "rate of the theorem", Head: "theorem", Group: "rate", Key: "rate_theorem"},
				{Value: "observed", Head: "measured", Group: "rate"},
				{Value: "rate of the linear theory", Head: "linear", Group: "rate", Key: "rate_linear", Yield: 2},
			},
		},
	}
}
