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

func ExampleParseFilter() {
	f, err := report.ParseFilter("slack >= 2 and (source in (du2019, arora2019) or title ~ gram)")
	fmt.Println(f, err)
	// Output: ('slack' >= '2' and ('source' in ('du2019', 'arora2019') or 'title' ~ 'gram')) <nil>
}

func ExampleChoose() {
	s, err := report.Choose(synthetic.Small(), []string{"du2019/gram", "arora2019/*o*"})
	if err != nil {
		panic(err)
	}
	for _, c := range s.Claims {
		fmt.Println(c.Info.ID)
	}
	_, err = report.Choose(s, []string{"du2019/gramm"})
	fmt.Println(err)
	// Output:
	// du2019/gram
	// arora2019/slope
	// arora2019/open
	// no claim of the run is named "du2019/gramm": did you mean du2019/gram, du2019?
}

func ExampleCompact() {
	fmt.Println(report.Compact([]byte(`{"data":{"kind":"sphere","n":10},"m":512}`)))
	// Output: kind=sphere n=10 m=512
}
