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
	// \usepackage{amsmath,amssymb}
	// \usepackage{booktabs}
	// \usepackage{siunitx}
}

// The digits follow the uncertainty, and an interval is rounded outwards.
func ExampleInterval() {
	t := table.New(table.Column{Head: "rate"})
	t.Add(table.Interval(0.98213, 0.98012, 0.98407))
	t.Add(table.Interval(0.98213, 0.98211, 0.98216))
	t.Add(table.PlusMinus(3.2e7, 4.1e5))
	if err := table.Render(os.Stdout, t, table.Markdown, table.Options{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// |                          rate |
	// | ----------------------------: |
	// |       0.9821 [0.9801, 0.9841] |
	// | 0.982130 [0.982110, 0.982160] |
	// |           (3.200 ± 0.041)e+07 |
}

func ExampleInline_LaTeX() {
	s, err := table.Inline(`rate & 50% of $1-\eta\lambda_0$`).LaTeX()
	fmt.Println(s, err)
	_, err = table.Inline(`$a & b$`).LaTeX()
	fmt.Println(err)
	// Output:
	// rate \& 50\% of $1-\eta\lambda_0$ <nil>
	// formula "a & b": an unescaped & would break the table: write one line of LaTeX mathematics without dollar signs
}

func ExampleLiteral() {
	fmt.Println(table.Literal("costs $5 or $6").Plain())
	fmt.Println(table.Inline(`at least $\frac{3}{4}\lambda_0$`).Plain())
	// Output:
	// costs $5 or $6
	// at least (3/4) λ_0
}
