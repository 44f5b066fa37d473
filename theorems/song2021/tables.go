package song2021

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "width", Title: "Gradient descent at an explicit width",
			Caption: "Width that the theorem asks for with its constants.",
			Claims:  []string{"descent-width"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "act", Head: `$\phi$`, Yield: 3},
				{Value: "lambda", Head: `$\lambda$`},
				{Value: "required width", Head: "required", Group: "width", Key: "required"},
				{Value: "order of the printed width", Head: "order", Group: "width", Key: "order", Yield: 2, About: "Order: of the width as it is printed, with constant 1."},
				{Value: "width run", Head: "run", Group: "width", Key: "run"},
				{Value: "part", Head: "part", Group: "tightest", Yield: 1},
				{Value: "observed", Head: "observed", Group: "tightest", Yield: 1, About: "Observed and predicted are those of the part of the theorem that is tightest."},
				{Value: "predicted", Head: "predicted", Group: "tightest", Yield: 1},
			},
		},
	}
}
