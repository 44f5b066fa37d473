package liao2022

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "rates", Title: "Rates of masked training",
			Caption: "Factor per $K$ rounds on the mean error, with its interval, beside the prediction at the width that was run.",
			Claims:  []string{"rate"},
			Columns: []checks.TableColumn{
				{Value: "scheme", Head: "scheme"},
				{Value: "xi", Head: `$\xi$`},
				{Value: "theta", Head: `$\theta$`, Yield: 2},
				{Value: "p", Head: "$p$", Yield: 4},
				{Value: "tau", Head: `$\tau$`, Yield: 4},
				{Value: "rounds", Head: "$K$"},
				{Value: "predicted rate", Head: "$m$", Group: "rate", Key: "rate", Yield: 3, About: "Rate: as predicted per round at the width $m$."},
				{Value: "rate as m grows", Head: `$m\to\infty$`, Group: "rate", Key: "rate_limit", Yield: 1, About: "For $m \\to \\infty$: as the width grows."},
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
				{Value: "p", Head: "$p$", Yield: 2},
				{Value: "tau", Head: `$\tau$`, Yield: 2},
				{Value: "width run", Head: "$m$", Key: "m", Yield: 1},
				{Value: "observed", Head: "measured", Group: "floor"},
				{Value: "predicted", Head: "predicted", Group: "floor"},
			},
		},
	}
}
