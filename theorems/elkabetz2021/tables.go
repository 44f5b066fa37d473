package elkabetz2021

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "steps", Title: "Steps that follow the flow",
			Caption: `Step size that keeps gradient descent within $\epsilon$ of the flow until time $t$, the steps it takes, and the largest distance that was measured.`,
			Claims:  []string{"tracking"},
			Columns: []checks.TableColumn{
				{Value: "kind", Head: "function"},
				{Value: "time", Head: "$t$"},
				{Value: "step that is allowed", Head: `$\eta$`, Key: "eta"},
				{Value: "steps", Head: "steps", Yield: 1},
				{Value: "observed", Head: "measured", Group: "distance"},
				{Value: "predicted", Head: `$\epsilon$`, Group: "distance"},
			},
		},
		{
			Name: "time", Title: "Time to converge",
			Caption: "Time after which gradient descent on a balanced linear network reaches the level, beside that of the flow.",
			Claims:  []string{"descent-time"},
			Columns: []checks.TableColumn{
				{Value: "hidden", Head: "hidden widths"},
				{Value: "parameter:target", Head: "target", Key: "target", Yield: 2},
				{Value: "norm", Head: "start"},
				{Value: "step", Head: `$\eta$`},
				{Value: "steps", Head: "steps", Yield: 1},
				{Value: "observed", Head: "descent", Group: "time"},
				{Value: "time of the flow", Head: "flow", Group: "time", Key: "flow"},
			},
		},
	}
}
