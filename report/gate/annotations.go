package gate

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	"convergo/checks"
)

// GitHub writes workflow commands, which GitHub shows as annotations of the lines
// where claims are written when a step prints them. It shows the first ten errors
// and the first ten notices of a step.
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

// CodeQualityFile is the name under which GitLab's own templates keep a report of
// kind codequality.
const CodeQualityFile = "gl-code-quality-report.json"

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
