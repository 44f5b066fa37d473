package report_test

import (
	"fmt"
	"os"

	"convergo/report"
	"convergo/report/internal/synthetic"
	"convergo/report/table"
)

func ExampleTable() {
	view := report.View{Columns: []string{"claim", "slack", "verdict"}, Where: []string{"slack>=1"}, Sort: "slack"}
	t, err := report.Table(synthetic.Small(), "overview", "", view)
	if err != nil {
		fmt.Println(err)
		return
	}
	t.Title, t.Caption, t.Notes = "", "", nil
	if err := table.Render(os.Stdout, t, table.Markdown, table.Options{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// | claim              | slack | verdict       |
	// | ------------------ | ----: | ------------- |
	// | arora2019/open     |  1.04 | UNDECIDED (1) |
	// | du2019/gram        |  1.08 | HOLDS         |
	// | du2019/convergence |  2.97 | VACUOUS (2)   |
	// | arora2019/slope    |  50.0 | HOLDS         |
}

func ExampleParseCondition() {
	fmt.Println(report.ParseCondition("slack >= 2"))
	// Output: {slack >= 2} <nil>
}

func ExampleCompact() {
	fmt.Println(report.Compact([]byte(`{"data":{"kind":"sphere","n":10},"m":512}`)))
	// Output: kind=sphere n=10 m=512
}
