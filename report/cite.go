package report

import (
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

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

// cited puts the column of citations behind the first column.
func cited(t *table.Table, keys []string) ([]string, error) {
	if _, err := column(t, "cite"); err != nil {
		return nil, err
	}
	keys = uncited(keys)
	if len(keys) == 0 {
		return []string{"cite"}, nil
	}
	return append([]string{keys[0], "cite"}, keys[1:]...), nil
}
