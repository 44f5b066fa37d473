package report

import (
	"fmt"
	"slices"
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
	add("What was checked", fmt.Sprintf("%s of %s on %s in %s", Plural(len(s.Claims), "claim"), Plural(len(sourcesUsed(s)), "source"), Plural(instances, "instance"), Plural(trials, "trial")))
	add("Random seed", fmt.Sprintf("%d; every trial draws from its own stream of (seed, claim, parameters, trial)", m.Seed))
	add("Significance", fmt.Sprintf("chance of any false alarm in the whole run at most %g", float64(m.Alpha)))
	add("Budget", fmt.Sprintf("profile %s: at most %.2g floating-point operations and %d trials an instance", m.Profile.Name, m.Profile.Budget.Work, m.Profile.Budget.Trials))
	if dear := tooDear(s); dear > 0 {
		add("What was left out", fmt.Sprintf("%d of %d instances, which the profile cannot afford", dear, instances+dear))
	}
	add("Software", fmt.Sprintf("%s, record version %s%s%s", Program(m), m.Version, codeDigest(m), goVersion(m)))
	add("Hardware", hardware(s))
	add("Computing time", computing(s.Sessions))
	add("Error bars", "intervals are exact or anytime-valid at the instance's share of the significance; each table names its kind")
	for _, d := range dataUsed(s, licences) {
		add("Data", d)
	}
	add("Does the data contain personal information", personal(m))
	add("Plan digest", m.Plan)
	if all := len(m.Claims); len(s.Claims) < all {
		add("Part of a run", fmt.Sprintf("the run has %d claims, which share its significance: the command makes all of them again", all))
	}
	t.Add(table.Text("How to rerun"), table.Code(CommandLine(rerun(s))))
	t.Add(table.Text("Records"), table.Code(strings.TrimRight(dir, "/")+"/records.jsonl"))
	return t
}

// hardware names the machines that made the run.
func hardware(s *checks.Summary) string {
	var machines []string
	for _, e := range s.Sessions {
		words := fmt.Sprintf("%s, %s in use", orElse(e.CPU, "CPU of architecture "+e.Arch), Plural(e.Cores, "core"))
		if e.Memory > 0 {
			words += fmt.Sprintf(", %.0f GiB of memory", float64(e.Memory)/(1<<30))
		}
		if words += ", " + e.OS + "/" + e.Arch; !slices.Contains(machines, words) {
			machines = append(machines, words)
		}
	}
	if len(machines) == 0 {
		machines = []string{"CPU architecture " + s.Manifest.Arch}
	}
	return strings.Join(machines, "; ") + arithmetic(s.Manifest) + "; results do not depend on the number of cores"
}

// computing is the wall time of the run.
func computing(sessions []checks.Session) string {
	if len(sessions) == 0 {
		return "not recorded: the run was made by an older program"
	}
	total := 0.0
	for _, e := range sessions {
		total += e.Seconds
	}
	text := fmt.Sprintf("%.0f s of wall time", total)
	if total < 10 {
		text = fmt.Sprintf("%.2g s of wall time", total)
	}
	if len(sessions) > 1 {
		text += fmt.Sprintf(" in %d sessions", len(sessions))
	}
	return text
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
		out = append(out, fmt.Sprintf("file %s, SHA-256 %s, licence as its owner states it: to be filled in", orElse(f.Reading, f.Path), f.SHA256))
	}
	for kind := range kinds {
		if l, ok := licences[kind]; ok {
			out = append(out, fmt.Sprintf("%s, licence %s, from %s", l.Name, l.Licence, l.Origin))
		}
	}
	sort.Strings(out)
	return append(out, "all other data is generated from the parameters in the records")
}

// rerun is the command that makes the run again, in the words of its shell.
// Programs that did not record it get the claims one by one.
func rerun(s *checks.Summary) []string {
	m := s.Manifest
	if len(m.Command) > 0 {
		return m.Command
	}
	words := []string{"convergo", "verify"}
	for _, c := range m.Claims {
		words = append(words, c.ID)
	}
	words = append(words, "--profile", m.Profile.Name, "--seed", fmt.Sprint(m.Seed), "--alpha", fmt.Sprint(float64(m.Alpha)))
	for _, f := range m.Data {
		words = append(words, "--data", f.Path)
		if f.Options.Label != "" {
			words = append(words, "--label", f.Options.Label)
		}
	}
	return words
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

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
