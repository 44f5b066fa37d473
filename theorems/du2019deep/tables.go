package du2019deep

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "depth", Title: "Smallest eigenvalue against depth",
			Caption: `$\lambda_{\min}(K^{(H)})$ of the limit kernels of residual and fully connected networks against the depth $H$, and the exponent in $H$ of the residual one with its interval.`,
			Claims:  []string{"residual-depth"}, Curve: "residual",
			Columns: []checks.TableColumn{
				{Value: "activation", Head: `$\sigma$`},
				{Value: "x", Head: "$H$"},
				{Value: "y", Head: "residual", Group: `$\lambda_{\min}(K^{(H)})$`, Key: "residual"},
				{Value: "curve:fully connected", Head: "plain", Group: `$\lambda_{\min}(K^{(H)})$`, Key: "plain", Yield: 2},
				{Value: "observed", Head: "measured", Group: "exponent"},
				{Value: "predicted", Head: "predicted", Group: "exponent", Yield: 1},
			},
		},
		{
			Name: "theorem", Title: "The theorems at widths that run",
			Caption: "Width that each theorem requires with constants 1 beside the width that was run, far outside its hypotheses, and $L(k)/L(0)$ at the end beside the bound.",
			Claims:  []string{"theorem-plain", "theorem-residual", "theorem-convolutional"},
			Columns: []checks.TableColumn{
				{Value: "title", Head: "theorem"},
				{Value: "layers", Head: "$H$"},
				{Value: "lambda_min(K^(H))", Head: `$\lambda_{\min}$`, Key: "lambda_min", Yield: 1},
				{Value: "required width, constants 1", Head: "required", Group: "width", Key: "required"},
				{Value: "width run", Head: "run", Group: "width", Key: "run"},
				{Value: "last:loss", Head: "measured", Group: "loss", Key: "loss"},
				{Value: "last:bound", Head: "bound", Group: "loss", Key: "bound"},
			},
		},
	}
}
