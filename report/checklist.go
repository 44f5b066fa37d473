package report

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"convergo/checks"
	"convergo/report/table"
)

// A Licence tells where data came from and what allows its use.
type Licence struct {
	Name    string // of the data set
	Licence string
	Origin  string
}

// Checklist returns the facts of a run that reproducibility checklists ask for,
// a row each. Dir is the run folder; licences are those of the kinds of real
// data that claims name in their parameters.
func Checklist(s *checks.Summary, dir string, licences map[string]Licence) *table.Table {
	t := table.New(
		table.Column{Key: "question", Head: "question"},
		table.Column{Key: "answer", Head: "answer", Wrap: 0.6},
	)
	t.Title, t.Label = "Reproducibility", "tab:reproducibility"
	t.Caption = "Facts of the run that reproducibility checklists ask for."
	add := func(q, a string) { t.Add(table.Text(q), table.Text(a)) }
	m := s.Manifest
	instances, trials := 0, 0
	for _, c := range s.Claims {
		trials += claimTrials(c)
		for _, o := range c.Instances {
			if o.Result.Trials > 0 {
				instances++
			}
		}
	}
	add("What was checked", fmt.Sprintf("%d claims of %d sources on %d instances in %d trials", len(s.Claims), len(sourcesUsed(s)), instances, trials))
	add("Random seed", fmt.Sprintf("%d; every trial draws from its own stream of (seed, claim, parameters, trial)", m.Seed))
	add("Significance", fmt.Sprintf("chance of any false alarm in the whole run at most %g", float64(m.Alpha)))
	add("Budget", fmt.Sprintf("profile %s: at most %.2g floating-point operations and %d trials an instance", m.Profile.Name, m.Profile.Budget.Work, m.Profile.Budget.Trials))
	if dear := tooDear(s); dear > 0 {
		add("What was left out", fmt.Sprintf("%d of %d instances, which the profile cannot afford", dear, instances+dear))
	}
	add("Software", fmt.Sprintf("%s, record version %s%s%s", Program(m), m.Version, codeDigest(m), goVersion(m)))
	add("Hardware", fmt.Sprintf("CPU architecture %s%s; results do not depend on the number of cores", m.Arch, arithmetic(m)))
	add("Error bars", "intervals are exact or anytime-valid at the instance's share of the significance; each table names its kind")
	for _, d := range dataUsed(s, licences) {
		add("Data", d)
	}
	add("Does the data contain personal information", personal(m))
	add("Plan digest", m.Plan)
	add("How to rerun", rerun(s, dir))
	return t
}

func codeDigest(m checks.Manifest) string {
	if m.Code == "" {
		return ""
	}
	return ", code of the claims " + m.Code
}

func goVersion(m checks.Manifest) string {
	if m.Go == "" {
		return ""
	}
	return ", built with " + m.Go
}

func arithmetic(m checks.Manifest) string {
	if m.Arithmetic == "" {
		return ""
	}
	return " (" + m.Arithmetic + ")"
}

func tooDear(s *checks.Summary) int {
	n := 0
	for _, c := range s.Claims {
		_, dear := counts(c)
		n += dear
	}
	return n
}

func personal(m checks.Manifest) string {
	if len(m.Data) > 0 {
		return "to be answered for the files above"
	}
	return "no"
}

// dataUsed describes the data of the run: files of the user, real data by their
// licence, and the rest, which is generated.
func dataUsed(s *checks.Summary, licences map[string]Licence) []string {
	kinds := map[string]bool{}
	for _, c := range s.Claims {
		for _, o := range c.Instances {
			ps, err := flatten(o.Params)
			if err != nil || o.Result.Trials == 0 {
				continue
			}
			for _, p := range ps {
				if p.name == "kind" {
					kinds[p.value] = true
				}
			}
		}
	}
	var out []string
	for _, f := range s.Manifest.Data {
		out = append(out, fmt.Sprintf("file %s, SHA-256 %s", orElse(f.Reading, f.Path), f.SHA256))
	}
	for kind := range kinds {
		if l, ok := licences[kind]; ok {
			out = append(out, fmt.Sprintf("%s, licence %s, from %s", l.Name, l.Licence, l.Origin))
		}
	}
	sort.Strings(out)
	return append(out, "all other data is generated from the parameters in the records")
}

// rerun is the command that repeats the run.
func rerun(s *checks.Summary, dir string) string {
	m := s.Manifest
	where := fmt.Sprintf(" --out NEW-FOLDER; records in %s/records.jsonl", strings.TrimRight(dir, "/"))
	if len(m.Command) > 0 {
		return CommandLine(m.Command) + where
	}
	words := []string{"convergo", "verify"}
	if used := sourcesUsed(s); len(used) < len(m.Sources) || len(used) <= 3 {
		for _, i := range used {
			words = append(words, i.Key)
		}
	}
	words = append(words, "--profile", m.Profile.Name, "--seed", fmt.Sprint(m.Seed), "--alpha", fmt.Sprint(float64(m.Alpha)))
	for _, f := range m.Data {
		words = append(words, "--data", f.Path)
		if f.Options.Label != "" {
			words = append(words, "--label", f.Options.Label)
		}
	}
	return CommandLine(words) + where
}

// sourcesUsed lists the sources that have a claim in the run.
func sourcesUsed(s *checks.Summary) []checks.SourceInfo {
	has := map[string]bool{}
	for _, c := range s.Claims {
		has[c.Info.Source] = true
	}
	var used []checks.SourceInfo
	for _, i := range s.Manifest.Sources {
		if has[i.Key] {
			used = append(used, i)
		}
	}
	return used
}

// BibTeX writes the entries of the sources whose claims are in the run, in the
// order of the run.
func BibTeX(w io.Writer, s *checks.Summary) error {
	var b strings.Builder
	for _, i := range sourcesUsed(s) {
		if entry := strings.TrimSpace(i.BibTeX); entry != "" {
			b.WriteString(entry + "\n\n")
		}
	}
	_, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	return err
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
