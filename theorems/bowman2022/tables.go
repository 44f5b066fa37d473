package bowman2022

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "spectrum", Title: "Eigenvalues on the sphere",
			Caption: `Eigenvalue of degree $k$ of the limit kernel on the sphere in $\mathbb{R}^d$, by quadrature and in closed form.`,
			Claims:  []string{"sphere-eigenvalues", "biased-spectrum"},
			Columns: []checks.TableColumn{
				{Value: "title", Head: "kernel"},
				{Value: "d", Head: "$d$"},
				{Value: "k", Head: "$k$"},
				{Value: "observed", Head: "quadrature", Group: "eigenvalue"},
				{Value: "predicted", Head: "closed form", Group: "eigenvalue"},
			},
		},
		{
			Name: "learning", Title: "Part of the target not yet learned",
			Caption: "Distance of a network of $m$ neurons, trained on $n$ samples of a target in one degree, from the flow of the limit kernel on the whole population, beside the tighter of two bounds with measured terms.",
			Claims:  []string{"population-bound"},
			Columns: []checks.TableColumn{
				{Value: "act", Head: "activation"},
				{Value: "m", Head: "$m$"},
				{Value: "n", Head: "$n$"},
				{Value: "degree", Head: "degree"},
				{Value: "steps", Head: "steps"},
				{Value: "observed", Head: "measured", Group: "distance"},
				{Value: "predicted", Head: "bound", Group: "distance"},
				{Value: "part", Head: "which bound"},
			},
		},
	}
}
