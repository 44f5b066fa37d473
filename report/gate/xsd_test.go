package gate

import (
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An xsd is what the schemas of JUnit reports say: they name an element but
// once, or always alike, so that names alone find what holds of it. No kept
// library reads such schemas without C; xmllint agrees where it is.
type xsd struct {
	roots    []string
	elements map[string]xsdElement
	types    map[string]node
	patterns map[string]*regexp.Regexp
}

type xsdElement struct {
	attributes map[string]xsdAttribute
	children   *regexp.Regexp // over their names, each followed by a semicolon
	text       bool
}

type xsdAttribute struct {
	kind     string
	required bool
}

type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Nodes   []node     `xml:",any"`
	Text    string     `xml:",chardata"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (n node) all(name string) []node {
	return slices.DeleteFunc(slices.Clone(n.Nodes), func(c node) bool { return c.XMLName.Local != name })
}

func readXSD(t *testing.T, name string) xsd {
	t.Helper()
	s := xsd{elements: map[string]xsdElement{}, types: map[string]node{}, patterns: map[string]*regexp.Regexp{}}
	root := readXML(t, name)
	for _, n := range root.all("simpleType") {
		pattern := n.all("restriction")[0].all("pattern")[0].attr("value")
		s.patterns[n.attr("name")] = regexp.MustCompile("^(?:" + pattern + ")$")
	}
	for _, n := range root.all("complexType") {
		s.types[n.attr("name")] = n
	}
	for _, n := range root.all("element") {
		s.roots = append(s.roots, n.attr("name"))
		s.particle(n)
	}
	if len(s.roots) == 0 || s.elements["testcase"].attributes == nil {
		t.Fatalf("%s: no schema of test reports", name)
	}
	return s
}

func readXML(t *testing.T, name string) node {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var n node
	if err := xml.Unmarshal(b, &n); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// particle returns the regular expression of what a part of a content model
// allows, and notes the elements that it declares.
func (s *xsd) particle(n node) string {
	inner := ""
	switch n.XMLName.Local {
	case "element":
		name := n.attr("name") + n.attr("ref")
		if n.attr("ref") == "" {
			s.declare(n)
		}
		inner = regexp.QuoteMeta(name) + ";"
	case "sequence", "choice":
		var parts []string
		for _, c := range n.Nodes {
			parts = append(parts, s.particle(c))
		}
		inner = strings.Join(parts, map[string]string{"sequence": "", "choice": "|"}[n.XMLName.Local])
	}
	least, most := n.attr("minOccurs"), n.attr("maxOccurs")
	switch {
	case most == "unbounded" && least == "0":
		return "(?:" + inner + ")*"
	case least == "0":
		return "(?:" + inner + ")?"
	}
	return "(?:" + inner + ")"
}

func (s *xsd) declare(n node) {
	e := xsdElement{attributes: map[string]xsdAttribute{}, children: regexp.MustCompile("^$"), text: true}
	def, named := s.types[n.attr("type")]
	if inline := n.all("complexType"); len(inline) > 0 {
		def, named = inline[0], true
	}
	if named {
		body := def
		if simple := def.all("simpleContent"); len(simple) > 0 {
			body = simple[0].all("extension")[0]
		} else {
			e.text = def.attr("mixed") == "true"
		}
		for _, a := range body.all("attribute") {
			e.attributes[a.attr("name")] = xsdAttribute{a.attr("type"), a.attr("use") == "required"}
		}
		for _, p := range slices.Concat(body.all("sequence"), body.all("choice")) {
			e.children = regexp.MustCompile("^" + s.particle(p) + "$")
		}
	}
	s.elements[n.attr("name")] = e
}

// check lists what a document does against the schema.
func (s *xsd) check(doc node) []string {
	if !slices.Contains(s.roots, doc.XMLName.Local) {
		return []string{"the root is " + doc.XMLName.Local}
	}
	return s.checkElement(doc)
}

func (s *xsd) checkElement(n node) []string {
	name := n.XMLName.Local
	e, ok := s.elements[name]
	if !ok {
		return []string{"no element " + name}
	}
	var faults []string
	for _, a := range n.Attrs {
		def, ok := e.attributes[a.Name.Local]
		if !ok || !s.fits(def.kind, a.Value) {
			faults = append(faults, fmt.Sprintf("%s has %s=%q", name, a.Name.Local, a.Value))
		}
	}
	for key, def := range e.attributes {
		if def.required && !slices.ContainsFunc(n.Attrs, func(a xml.Attr) bool { return a.Name.Local == key }) {
			faults = append(faults, name+" lacks "+key)
		}
	}
	var names strings.Builder
	for _, c := range n.Nodes {
		names.WriteString(c.XMLName.Local + ";")
		faults = append(faults, s.checkElement(c)...)
	}
	if !e.children.MatchString(names.String()) {
		faults = append(faults, name+" holds "+names.String())
	}
	if !e.text && strings.TrimSpace(n.Text) != "" {
		faults = append(faults, name+" holds text")
	}
	return faults
}

func (s *xsd) fits(kind, value string) bool {
	switch {
	case kind == "xs:string":
		return true
	case kind == "xs:float":
		_, err := strconv.ParseFloat(value, 64)
		return err == nil
	case s.patterns[kind] != nil:
		return s.patterns[kind].MatchString(value)
	}
	return false
}

var junitSchemas = []string{"junit-10.xsd", "surefire-test-report.xsd"}

func TestJUnitIsValidForBothSchemas(t *testing.T) {
	report := filepath.Join(t.TempDir(), "gate.xml")
	file, err := os.Create(report)
	if err != nil {
		t.Fatal(err)
	}
	if err := JUnit(file, comparison()); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range junitSchemas {
		schema := filepath.Join("testdata", "schemas", name)
		s := readXSD(t, schema)
		if faults := s.check(readXML(t, report)); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
		t.Run("xmllint "+name, func(t *testing.T) {
			if _, err := exec.LookPath("xmllint"); err != nil {
				t.Skip("xmllint is not here: the schema is checked by the rules above alone")
			}
			if out, err := exec.Command("xmllint", "--noout", "--schema", schema, report).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestXSDRefuses holds the reader of schemas to what it is for: each of these is
// refused by one schema at least, as xmllint does.
func TestXSDRefuses(t *testing.T) {
	const suite = `name="a" tests="1" errors="0" skipped="0" failures="0"`
	for _, tt := range []struct {
		doc  string
		want [2]string // a part of the fault, by schema; empty is valid
	}{
		{`<testsuite ` + suite + `><testcase name="b" time="0"/></testsuite>`, [2]string{}},
		{`<testsuites><testsuite ` + suite + `/></testsuites>`, [2]string{"", "the root is testsuites"}},
		{`<testsuite name="a" tests="1" failures="0"/>`, [2]string{"testsuite lacks errors", "lacks"}},
		{`<testsuite ` + suite + `><testcase name="b"/></testsuite>`, [2]string{"", "testcase lacks time"}},
		{`<testsuite ` + suite + `><testcase name="b" time="0" file="c.go"/></testsuite>`, [2]string{`testcase has file="c.go"`, `testcase has file="c.go"`}},
		{`<testsuite ` + suite + ` time="soon"/>`, [2]string{`time="soon"`, `time="soon"`}},
		{`<testsuite ` + suite + `><testcase name="b" time="0"><system-out/><failure/></testcase></testsuite>`, [2]string{"", "testcase holds system-out;failure;"}},
		{`<testsuite ` + suite + `>text</testsuite>`, [2]string{"testsuite holds text", "testsuite holds text"}},
		{`<testsuite ` + suite + `><case/></testsuite>`, [2]string{"no element case", "no element case"}},
	} {
		var doc node
		if err := xml.Unmarshal([]byte(tt.doc), &doc); err != nil {
			t.Fatal(err)
		}
		for i, name := range junitSchemas {
			s := readXSD(t, filepath.Join("testdata", "schemas", name))
			faults := strings.Join(s.check(doc), "; ")
			if (faults == "") != (tt.want[i] == "") || !strings.Contains(faults, tt.want[i]) {
				t.Errorf("%s of %s: faults %q, want %q", name, tt.doc, faults, tt.want[i])
			}
		}
	}
}
