package cao2022

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "race", Title: "Signal or noise",
			Caption: "Value of the ratio $R$ of the two speeds at which networks begin to learn the noise in place of the signal, with its interval; predicted is 1.",
			Claims:  []string{"race"},
			Columns: []checks.TableColumn{
				{Value: "n", Head: "$n$"},
				{Value: "m", Head: "$m$"},
				{Value: "d", Head: "$d$"},
				{Value: "q", Head: "$q$", Yield: 2},
				{Value: "observed", Head: "measured", Group: "crossing"},
				{Value: "predicted", Head: "predicted", Group: "crossing"},
				{Value: "detects", Head: "detects", Yield: 1},
			},
		},
		{
			Name: "losses", Title: "Training and test loss",
			Caption: "Losses at the end of training on $n$ samples of signal and noise of dimension $d$, against the signal-to-noise ratio, and the lower bound on the test loss by the signal alone.",
			Claims:  []string{"population-loss"},
			Columns: []checks.TableColumn{
				{Value: "n", Head: "$n$"},
				{Value: "m", Head: "$m$", Yield: 1},
				{Value: "d", Head: "$d$"},
				{Value: "q", Head: "$q$", Yield: 1},
				{Value: "c", Head: `$n\,\mathrm{SNR}^q$`, Key: "snr"},
				{Value: "last:training", Head: "training", Group: "loss", Key: "training"},
				{Value: "last:test", Head: "test", Group: "loss", Key: "test"},
				{Value: "last:lower bound on the test loss", Head: "lower bound", Group: "loss", Key: "bound"},
			},
		},
	}
}
