package gate

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	"convergo/checks"
	"convergo/report"
)

// place is where a change shows: where the claim is written or, when it is gone,
// its line in the baseline. An empty file means nowhere.
func place(c *checks.Comparison, ch checks.Change) (file string, line int) {
	if ch.Info.File != "" {
		return ch.Info.File, max(1, ch.Info.Line)
	}
	return c.Baseline.Name, max(1, ch.Old.Row)
}

// reported are the changes that a service is told of: all that close the gate,
// and improvements, which wait to be accepted.
func reported(c *checks.Comparison) []checks.Change {
	var out []checks.Change
	for _, ch := range c.Changes {
		if closes(ch) || ch.Kind == checks.Improved {
			out = append(out, ch)
		}
	}
	return out
}

func message(ch checks.Change) string {
	return printable(ch.Claim + ": " + strings.Join(ch.Reasons, "; "))
}

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a test case a claim; regressions and removed claims are failures.
func JUnit(w io.Writer, c *checks.Comparison) error {
	suite := junitSuite{Name: report.Program(c.Manifest) + " regress", Tests: len(c.Changes)}
	for _, ch := range c.Changes {
		source, name, _ := strings.Cut(ch.Claim, "/")
		jc := junitCase{Class: source, Name: name}
		jc.File, jc.Line = place(c, ch)
		reasons := printable(strings.Join(ch.Reasons, "\n"))
		if closes(ch) {
			suite.Failures++
			first, _, _ := strings.Cut(reasons, "\n")
			jc.Failure = &junitFailure{Message: first, Type: string(ch.Kind), Text: reasons}
		} else {
			jc.Output = strings.TrimSpace(string(ch.Kind) + "\n" + reasons)
		}
		suite.Cases = append(suite.Cases, jc)
	}
	b, err := xml.MarshalIndent(junitSuites{Suite: suite}, "", "  ")
	if err != nil {
		return fmt.Errorf("JUnit: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, b)
	return err
}

// printable drops the control characters that XML cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

func closes(ch checks.Change) bool { return ch.Kind == checks.Regressed || ch.Kind == checks.Removed }

type object = map[string]any

// SARIF writes a static-analysis log, version 2.1.0, with a rule a claim. Every
// regression points at the line where its claim is written, that of a removed
// claim at its line in the baseline.
func SARIF(w io.Writer, c *checks.Comparison) error {
	rules, results := []object{}, []object{}
	for i, ch := range reported(c) {
		title := ch.Info.Title
		if title == "" {
			title = "claim of the baseline"
		}
		rules = append(rules, object{"id": ch.Claim, "shortDescription": object{"text": printable(title)}})
		level := "error"
		if !closes(ch) {
			level = "note"
		}
		r := object{"ruleId": ch.Claim, "ruleIndex": i, "level": level, "message": object{"text": message(ch)}}
		if file, line := place(c, ch); file != "" {
			r["locations"] = []object{{"physicalLocation": object{
				"artifactLocation": object{"uri": file, "uriBaseId": "SRCROOT"},
				"region":           object{"startLine": line},
			}}}
		}
		results = append(results, r)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []object{{
			"tool":    object{"driver": object{"name": report.Program(c.Manifest), "version": checks.Version, "rules": rules}},
			"results": results,
		}},
	})
}

// GitHub writes workflow commands, which GitHub shows as annotations of the lines
// where claims are written when a step prints them.
func GitHub(w io.Writer, c *checks.Comparison) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, ch := range reported(c) {
		command := "error"
		if !closes(ch) {
			command = "notice"
		}
		where := ""
		if file, line := place(c, ch); file != "" {
			where = fmt.Sprintf("file=%s,line=%d,", property.Replace(file), line)
		}
		_, err := fmt.Fprintf(w, "::%s %stitle=%s::%s\n", command, where, property.Replace(string(ch.Kind)+" "+ch.Claim), data.Replace(message(ch)))
		if err != nil {
			return err
		}
	}
	return nil
}

// CodeQuality writes the JSON that GitLab shows in merge requests as a report of
// kind codequality.
func CodeQuality(w io.Writer, c *checks.Comparison) error {
	issues := []object{}
	for _, ch := range reported(c) {
		severity := "major"
		if !closes(ch) {
			severity = "info"
		}
		file, line := place(c, ch)
		if file == "" {
			file = "unknown" // the format asks for a path
		}
		hash := fnv.New64a()
		fmt.Fprint(hash, ch.Claim, ch.Kind)
		issues = append(issues, object{
			"description": message(ch), "check_name": ch.Claim, "fingerprint": fmt.Sprintf("%016x", hash.Sum64()), "severity": severity,
			"location": object{"path": file, "lines": object{"begin": line}},
		})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(issues)
}
