package theorems

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"
)

func all(t *testing.T) []checks.Source {
	t.Helper()
	ss, err := All()
	if err != nil {
		t.Fatal(err)
	}
	return ss
}

// TestBibTeX holds the entries to one style: the same fields in the same order,
// one name a venue, and nothing of ours in them.
func TestBibTeX(t *testing.T) {
	order := []string{"author", "title", "booktitle", "journal", "edition", "series", "volume", "number", "pages", "publisher", "year", "doi", "url", "eprint", "archivePrefix"}
	entry := regexp.MustCompile(`(?ms)^@(\w+)\{(\w+),\n(.*?)\n\}$`)
	field := regexp.MustCompile(`(?m)^  (\w+) *= \{(.*)\},?$`)
	pages := regexp.MustCompile(`^[0-9:]+(--[0-9:]+)?$`)
	venues := regexp.MustCompile(`Proceedings of the|[0-9]{4}|\((ICML|NeurIPS|ICLR)`)
	// Of these no page was read anywhere; volumes of ICLR and TMLR have none.
	unpaged := map[string]bool{"song2024": true, "liu2022": true}
	for _, s := range all(t) {
		for _, m := range entry.FindAllStringSubmatch(s.BibTeX, -1) {
			kind, key, last := m[1], m[2], -1
			has := map[string]string{}
			for _, f := range field.FindAllStringSubmatch(m[3], -1) {
				at := slices.Index(order, f[1])
				if at <= last {
					t.Errorf("%s: the field %s is none of ours, or out of order", key, f[1])
				}
				last, has[f[1]] = at, f[2]
			}
			if len(has) != strings.Count(m[3], "\n")+1 {
				t.Errorf("%s: %d fields in %d lines", key, len(has), strings.Count(m[3], "\n")+1)
			}
			venue := has["booktitle"] + has["journal"] + has["publisher"]
			if has["author"] == "" || has["title"] == "" || has["year"] == "" || venue == "" || (kind == "article") != (has["journal"] != "") || venues.MatchString(venue) {
				t.Errorf("%s: incomplete, or its venue %q is in another style", key, venue)
			}
			conference := strings.HasPrefix(venue, "International Conference on Learning") || strings.HasPrefix(venue, "Transactions on Machine")
			if kind != "book" && !conference && !unpaged[key] && !pages.MatchString(has["pages"]) {
				t.Errorf("%s: pages %q", key, has["pages"])
			}
		}
	}
}

// TestStatements holds every claim to a whole statement in its doc comment.
func TestStatements(t *testing.T) {
	headings := []string{"Setting:", "Hypotheses:", "Conclusion:", "Constants:", "Convention:", "Reference:", "Control:"}
	seen := map[string]bool{}
	for _, s := range all(t) {
		if s.Year > 0 && !strings.Contains(s.BibTeX, "{"+s.Key+",") { // the base facts are no publication: they cite several
			t.Errorf("source %s: its BibTeX entry must carry its key", s.Key)
		}
		for _, c := range s.Claims {
			info := c.Info()
			if seen[info.ID] {
				t.Errorf("%s: two claims have this ID", info.ID)
			}
			seen[info.ID] = true
			if info.Source != s.Key {
				t.Errorf("%s: listed under source %s", info.ID, s.Key)
			}
			for _, h := range headings {
				if !strings.Contains(info.Statement, h) {
					t.Errorf("%s: its doc comment lacks %q", info.ID, h)
				}
			}
			if _, err := table.Inline(info.Along).LaTeX(); err != nil {
				t.Errorf("%s climbs along %q: %v", info.ID, info.Along, err)
			}
			for name, value := range map[string]string{"Title": info.Title, "Reference": info.Reference, "Formula": info.Formula, "Convention": info.Convention} {
				if value == "" {
					t.Errorf("%s: no %s", info.ID, name)
				}
			}
		}
	}
}

// TestRooms keeps the sources apart: what two of them need is in internal, bounds or nets.
func TestRooms(t *testing.T) {
	const room = "convergo/theorems/"
	for _, s := range all(t) {
		err := fs.WalkDir(s.Files, ".", func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			src, err := fs.ReadFile(s.Files, name)
			if err != nil {
				return err
			}
			if lines := strings.Count(string(src), "\n"); lines > 500 {
				t.Errorf("%s/%s has %d lines: split it by section, 500 are the most", s.Key, name, lines)
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, imported := range file.Imports {
				path := strings.Trim(imported.Path.Value, `"`)
				if strings.HasPrefix(path, room) && !strings.HasPrefix(path, room+"internal/") {
					t.Errorf("%s/%s imports the source %s", s.Key, name, path)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestDigests tells the sources apart in a run folder.
func TestDigests(t *testing.T) {
	seen := map[string]string{}
	for _, s := range all(t) {
		if s.Digest == "" || seen[s.Digest] != "" {
			t.Errorf("%s has the digest %q of %q", s.Key, s.Digest, seen[s.Digest])
		}
		seen[s.Digest] = s.Key
	}
}

// TestNamedClaimsExist reads the help of every command and the README: the claims
// that they name are there.
func TestNamedClaimsExist(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"README.md": string(readme)}
	for _, args := range [][]string{{"list"}, {"show"}, {"verify"}, {"replay"}, {"report"}, {"figures"}, {"regress"}, {"baseline", "write"}, {"merge"}, {"emit", "slurm"}, {"width"}, {"ask"}} {
		var out bytes.Buffer
		if code := Suite().Run(t.Context(), append(args, "--help"), &out, &out); code != 0 {
			t.Errorf("%v --help: status %d", args, code)
		}
		texts[strings.Join(args, " ")] = out.String()
	}
	sources := all(t)
	tables := map[string]bool{}
	for _, k := range report.Declared(sources) {
		tables[k.Name] = true
	}
	for _, s := range sources {
		id := regexp.MustCompile(`\b` + s.Key + `/[a-z0-9-]*[a-z0-9]\b[^.*a-z0-9-]`)
		for where, text := range texts {
			for _, found := range id.FindAllString(text, -1) {
				if _, err := checks.Find(sources, found[:len(found)-1]); err != nil && !tables[found[:len(found)-1]] {
					t.Errorf("%s: %v", where, err)
				}
			}
		}
	}
}

// TestReadmeListsThePapers: the README has a row for every paper: its number of
// claims, what they claim to be loose about, and of the baseline their verdicts
// and what they detect.
func TestReadmeListsThePapers(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := baseline(t)
	var missing []string
	for _, s := range all(t) {
		o := report.SourceOutcome{Source: checks.SourceInfo{Key: s.Key, Title: s.Title, Authors: s.Authors, Year: s.Year}, Counts: map[checks.Verdict]int{}}
		var detects []checks.Detect
		for _, c := range s.Claims {
			info := c.Info()
			o.Counts[lines[info.ID].Verdict]++
			if info.Loose != "" {
				o.Loose++
			}
			run := checks.ClaimOutcome{Detects: lines[info.ID].Detects}
			if d := run.WorstDetect(); d != nil {
				detects = append(detects, *d)
			}
		}
		loose := "–"
		if o.Loose > 0 {
			loose = fmt.Sprint(o.Loose)
		}
		row := fmt.Sprintf("| %s | %s | %d | %s | %s | %s |", s.Key, o.Name(), len(s.Claims), o.Verdicts(), report.FactorText(report.MedianFactor(detects)), loose)
		if !strings.Contains(string(readme), row+"\n") {
			missing = append(missing, row)
		}
	}
	if len(missing) > 0 {
		t.Errorf("the README lacks\n%s", strings.Join(missing, "\n"))
	}
}

// baseline reads the accepted state of the claims, by ID.
func baseline(t *testing.T) map[string]checks.BaselineLine {
	t.Helper()
	const name = "../testdata/baseline.txt"
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	b, err := checks.ParseBaseline(name, file)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]checks.BaselineLine{}
	for _, l := range b.Lines {
		lines[l.Claim] = l
	}
	return lines
}
