package liao2022

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "rates", Title: "Rates of masked training",
			Caption: "Factor per $K$ rounds on the mean error, with its interval, beside the prediction at the width that was run; the predicted rate is per round, at this width and as $m$ grows.",
			Claims:  []string{"rate"},
			Columns: []checks.TableColumn{
				{Value: "scheme", Head: "scheme"},
				{Value: "xi", Head: `$\xi$`},
				{Value: "theta", Head: `$\theta$`},
				{Value: "p", Head: "$p$"},
				{Value: "tau", Head: `$\tau$`},
				{Value: "rounds", Head: "$K$"},
				{Value: "predicted rate", Head: "$m$", Group: "rate", Key: "rate"},
				{Value: "rate as m grows", Head: `$m\to\infty$`, Group: "rate", Key: "rate_limit"},
				{Value: "observed", Head: "measured", Group: "after $K$"},
				{Value: "predicted", Head: "predicted", Group: "after $K$"},
			},
		},
		{
			Name: "floors", Title: "Error that masks leave",
			Caption: `$\mathrm{E}\|e\|^2$ over the last rounds of a run, with its interval, beside the prediction at the width that was run.`,
			Claims:  []string{"error-region", "partition-floor"},
			Columns: []checks.TableColumn{
				{Value: "scheme", Head: "scheme"},
				{Value: "xi", Head: `$\xi$`},
				{Value: "p", Head: "$p$"},
				{Value: "tau", Head: `$\tau$`},
				{Value: "width run", Head: "$m$", Key: "m"},
				{Value: "observed", Head: "measured", Group: "floor"},
				{Value: "predicted", Head: "predicted", Group: "floor"},
			},
		},
	}
}
