package cao2019

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "complexity", Title: "Complexity of labels",
			Caption: `Smallest eigenvalue of $\Theta^{(L)}$, complexity $Q = y^\top (\Theta^{(L)})^{-1} y$, the order $L\sqrt{Q/n}$ of Corollary 3.10, and the leave-one-out error of the kernel machine beside its bound.`,
			Claims:  []string{"margin-duality", "leave-one-out"}, Join: []string{"data", "l", "data.rows"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "l", Head: "$L$"},
				{Value: "lambda_0", Head: `$\lambda_0$`},
				{Value: "Q", Head: "$Q$"},
				{Value: "L sqrt(Q/n), order of Corollary 3.10", Head: `$L\sqrt{Q/n}$`, Key: "order"},
				{Value: "observed", Head: "measured", Group: "leave-one-out", Key: "errors", Claim: "leave-one-out"},
				{Value: "predicted", Head: "bound", Group: "leave-one-out", Key: "bound", Claim: "leave-one-out"},
			},
		},
	}
}
