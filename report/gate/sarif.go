package gate

import (
	"encoding/json"
	"io"
	"net/url"
	"strings"

	"convergo/checks"
	"convergo/report"
)

// SARIF writes a static-analysis log, version 2.1.0, with a rule for each claim
// of the run and of the baseline, and a result for each that closes the gate or
// improved. A result points at the line where its claim is written, that of a
// removed claim at its line in the baseline.
func SARIF(w io.Writer, c *checks.Comparison) error {
	rules, index := []object{}, map[string]int{}
	for i, ch := range c.Changes {
		rules = append(rules, sarifRule(ch))
		index[ch.Claim] = i
	}
	results := []object{}
	for _, ch := range reported(c) {
		r := sarifResult(c, ch)
		r["ruleIndex"] = index[ch.Claim]
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

// sarifText is what services show of a text, cut where they refuse more.
func sarifText(s string) object {
	const most = 1000 // characters; GitHub's limit is 1024
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + " ..."
	}
	return object{"text": printable(s)}
}

func sarifRule(ch checks.Change) object {
	rule := object{"id": ch.Claim}
	switch i := ch.Info; {
	case i.Title == "":
		rule["shortDescription"] = sarifText("a claim of the baseline that the run does not have")
	case i.Statement == "":
		rule["shortDescription"] = sarifText(i.Title)
	default:
		rule["shortDescription"], rule["fullDescription"] = sarifText(i.Title), sarifText(strings.TrimSpace(i.Statement))
	}
	return rule
}

func sarifResult(c *checks.Comparison, ch checks.Change) object {
	level := "error"
	if !closes(ch) {
		level = "note"
	}
	r := object{"ruleId": ch.Claim, "level": level, "message": object{"text": message(ch)},
		"partialFingerprints": object{"claim/v1": ch.Claim}}
	if file, line := place(c, ch); file != "" {
		r["locations"] = []object{{"physicalLocation": object{
			"artifactLocation": artifact(file),
			"region":           object{"startLine": line},
		}}}
	}
	return r
}

// artifact refers to a file: from the root of the sources, unless it lies
// elsewhere.
func artifact(file string) object {
	if strings.HasPrefix(file, "/") {
		return object{"uri": (&url.URL{Scheme: "file", Path: file}).String()}
	}
	return object{"uri": (&url.URL{Path: file}).String(), "uriBaseId": "%SRCROOT%"}
}
