package table_test

import (
	"fmt"

	"convergo/report/table"
)

func ExamplePlainText() {
	fmt.Println(table.PlainText(table.Interval(0.123, 0.118, 0.129)))
	// Output: 0.1230 [0.1180, 0.1290]
}

func ExampleInTeX() {
	for _, c := range []table.Cell{table.Number(1.06e18), table.Text("λ₀ of Erdős & Rényi, 中")} {
		s, err := table.InTeX(c)
		fmt.Println(s, err)
	}
	// Output:
	// $1.06 \times 10^{18}$ <nil>
	// $\lambda$$_{0}$ of Erdős \& Rényi, ? <nil>
}

func ExampleInHTML() {
	fmt.Println(table.InHTML(table.Text("a < b")))
	// Output: a &lt; b
}
