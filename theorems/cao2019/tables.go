package cao2019

import "convergo/checks"

// paperTables are those that a paper on the subject would print.
func paperTables() []checks.SourceTable {
	return []checks.SourceTable{
		{
			Name: "complexity", Title: "Complexity of labels",
			Caption: `Smallest eigenvalue of $\Theta^{(L)}$, complexity $Q = y^\top (\Theta^{(L)})^{-1} y$. Observed and predicted are those of the part of the claim on the kernel machine that is tightest.`,
			Claims:  []string{"margin-duality", "leave-one-out"}, Join: []string{"data", "l", "data.rows"},
			Columns: []checks.TableColumn{
				{Value: "data", Head: "inputs"},
				{Value: "l", Head: "$L$"},
				{Value: "lambda_0", Head: `$\lambda_0$`},
				{Value: "Q", Head: "$Q$"},
				{Value: "L sqrt(Q/n), order of Corollary 3.10", Head: `$L\sqrt{Q/n}$`, Key: "order", Yield: 1, About: `The order $L\sqrt{Q/n}$ is that of Corollary 3.10.`},
				{Value: "part", Head: "part", Group: "leave-one-out", Key: "part", Claim: "leave-one-out", Yield: 2},
				{Value: "observed", Head: "observed", Group: "leave-one-out", Key: "observed", Claim: "leave-one-out"},
				{Value: "predicted", Head: "predicted", Group: "leave-one-out", Key: "predicted", Claim: "leave-one-out"},
			},
		},
	}
}
