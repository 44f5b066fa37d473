package checks_test

import (
	"fmt"
	"testing/fstest"

	"convergo/checks"
)

// A source in a package of its own embeds its files with "//go:embed *.go"; here
// they are written out.
func ExampleDocument() {
	files := fstest.MapFS{"hoeffding1963.go": {Data: []byte(`package hoeffding1963

// mean bounds the mean of n fair coins.
//
// Conclusion: it is off by sqrt(ln(2/delta)/(2n)) with probability at most delta.
func mean() checks.Claim[coins] {
	return checks.Claim[coins]{ID: "hoeffding1963/mean"}
}
`)}}
	claim := hoeffding()
	claim.Statement = "" // for the doc comment to fill in
	source := checks.Source{Key: "hoeffding1963", Files: files, Claims: []checks.Checkable{claim}}
	source, err := checks.Document(source, "papers/hoeffding1963")
	if err != nil {
		fmt.Println(err)
		return
	}
	info := source.Claims[0].Info()
	fmt.Printf("%s:%d\n%s", info.File, info.Line, info.Statement)
	// Output:
	// papers/hoeffding1963/hoeffding1963.go:6
	// mean bounds the mean of n fair coins.
	//
	// Conclusion: it is off by sqrt(ln(2/delta)/(2n)) with probability at most delta.
}
