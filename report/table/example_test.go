package table_test

import (
	"fmt"
	"os"

	"convergo/report/table"
)

func ExampleRender() {
	t := table.New(
		table.Column{Key: "n", Head: "$n$"},
		table.Column{Key: "rate", Head: "observed", Group: "rate"},
		table.Column{Key: "bound", Head: "bound", Group: "rate"},
		table.Column{Key: "width", Head: "required width"},
		table.Column{Key: "verdict", Head: "verdict"},
	)
	t.Title = "Rates"
	t.Add(table.Count(10), table.Interval(0.1234, 0.1181, 0.1288), table.Number(0.25), table.Number(1.06e18), table.Mark{Text: "HOLDS", Class: table.Good})
	t.Add(table.Count(20), table.PlusMinus(0.3021, 0.0052), table.Empty{}, table.Number(6.8e19), table.Mark{Text: "REFUTED", Class: table.Bad})
	if err := table.Render(os.Stdout, t, table.Terminal, table.Options{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Rates
	//
	//                        rate   rate
	//  n                 observed  bound  required width  verdict
	// ───────────────────────────────────────────────────────────
	// 10  0.1234 [0.1181, 0.1288]  0.250        1.06e+18  HOLDS
	// 20          0.3021 ± 0.0052      –        6.80e+19  REFUTED
}

func ExampleParseFormat() {
	f, err := table.ParseFormat("tex")
	fmt.Println(f, err)
	// Output: latex <nil>
}

func ExamplePreamble() {
	fmt.Print(table.Preamble(table.Options{Siunitx: true}))
	// Output:
	// \usepackage{booktabs}
	// \usepackage{siunitx}
}
