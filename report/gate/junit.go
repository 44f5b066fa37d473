package gate

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"convergo/checks"
	"convergo/report"
)

// junitSuite is the root: the schema of surefire knows no other, and that of
// Jenkins takes it as well.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Time     float64     `xml:"time,attr"`
	Tests    int         `xml:"tests,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    float64       `xml:"time,attr"` // always 0: a comparison reads records and runs nothing
	Failure *junitFailure `xml:"failure,omitempty"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a test suite with a test case a claim; regressions and removed
// claims are failures, whose text begins with the file and line of the claim. It
// is valid for the schemas of the Jenkins plugin xUnit (junit-10.xsd) and of
// Maven surefire (3.0.2).
func JUnit(w io.Writer, c *checks.Comparison) error {
	suite := junitSuite{Name: report.Program(c.Manifest) + " regress", Tests: len(c.Changes)}
	for _, ch := range c.Changes {
		if closes(ch) {
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, testCase(c, ch))
	}
	b, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return fmt.Errorf("JUnit: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, b)
	return err
}

func testCase(c *checks.Comparison, ch checks.Change) junitCase {
	source, name, _ := strings.Cut(ch.Claim, "/")
	jc := junitCase{Class: source, Name: name}
	reasons := printable(strings.Join(ch.Reasons, "\n"))
	if !closes(ch) {
		jc.Output = strings.TrimSpace(string(ch.Kind) + "\n" + reasons)
		return jc
	}
	first, _, _ := strings.Cut(reasons, "\n")
	jc.Failure = &junitFailure{Message: first, Type: string(ch.Kind), Text: reasons}
	if file, line := place(c, ch); file != "" {
		jc.Failure.Text = fmt.Sprintf("%s:%d\n%s", file, line, reasons)
	}
	return jc
}
