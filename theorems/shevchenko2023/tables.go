package shevchenko2023

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "rate-distortion", Title: "Risk against rate",
			Caption: "Population risk per coordinate of two-layer autoencoders with sign activation at rate $r = n/d$: rows of a rotation and independent rows, beside the limits for all such networks and for tied ones, and the rate-distortion bound.",
			Claims:  []string{"shannon"}, Curve: "rows of a rotation",
			Columns: []checks.TableColumn{
				{Value: "x", Head: "$r$"},
				{Value: "y", Head: "rotation", Group: "risk", Key: "rotation"},
				{Value: "curve:independent rows", Head: "independent", Group: "risk", Key: "independent"},
				{Value: "curve:limit", Head: "any", Group: "limit", Key: "limit"},
				{Value: "curve:limit of tied networks", Head: "tied", Group: "limit", Key: "tied"},
				{Value: "curve:any code of n bits", Head: "$D(r)$", Key: "shannon"},
			},
		},
	}
}
