package report

import (
	"io"
	"regexp"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// entryBegin finds where a BibTeX entry begins, and its key.
var entryBegin = regexp.MustCompile(`(?m)^@[a-z]+\{([^,\s]+),`)

// BibTeX writes the entries of the sources whose claims are in the run, in the
// order of the run, each once: BibTeX stops at a key that it has seen.
func BibTeX(w io.Writer, s *checks.Summary) error {
	var b strings.Builder
	seen := map[string]bool{}
	for _, i := range sourcesUsed(s) {
		text := strings.TrimSpace(i.BibTeX)
		at := entryBegin.FindAllStringSubmatchIndex(text, -1)
		for k, m := range at {
			end := len(text)
			if k+1 < len(at) {
				end = at[k+1][0]
			}
			if key := text[m[2]:m[3]]; !seen[key] {
				seen[key] = true
				b.WriteString(strings.TrimSpace(text[m[0]:end]) + "\n\n")
			}
		}
	}
	_, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	return err
}

// citation is the key by which a paper cites a source with the entries of
// [BibTeX]; empty for a source without an entry of its own.
func citation(s *checks.Summary, source string) table.Cell {
	for _, i := range s.Manifest.Sources {
		if i.Key == source && strings.Contains(i.BibTeX, "{"+source+",") {
			return table.Cite(source)
		}
	}
	return table.Empty{}
}

// uncited leaves the column of citations to those who ask for it.
func uncited(keys []string) []string {
	var out []string
	for _, k := range keys {
		if k != "cite" {
			out = append(out, k)
		}
	}
	return out
}

// afterAll is the place of a column that is given up after all others.
const afterAll = 99

// cited puts the column of citations behind the first column.
func cited(t *table.Table, keys []string) ([]string, error) {
	if _, err := column(t, "cite"); err != nil {
		return nil, err
	}
	keys = uncited(keys)
	if j, err := column(t, "source"); err == nil {
		t.Columns[j].Yield = afterAll // the citation names it too
	}
	if len(keys) == 0 {
		return []string{"cite"}, nil
	}
	return append([]string{keys[0], "cite"}, keys[1:]...), nil
}
