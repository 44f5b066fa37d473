package command

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestShellCompletesValues asks as the scripts of 'completion' do.
func TestShellCompletesValues(t *testing.T) {
	for _, tt := range []struct {
		words string
		want  string // the offers, without their descriptions
	}{
		{"verify --profile ", "quick standard deep"},
		{"verify --profile s", "standard"},
		{"verify --annotations ", "github gitlab"},
		{"verify --shard ", "auto 0/2 1/2"},
		{"verify --missing ", "drop"},
		{"regress --annotations g", "github gitlab"},
		{"emit slurm --profile d", "deep"},
		{"emit kubernetes --arch ", "amd64 arm64"},
		{"list --form m", "mean"},
		{"list --basis ", "stated derived fitted recalled"},
		{"list t", "toys toys/product toys/coins"},
		{"report --format ", "terminal markdown csv json html latex"},
		{"report --claim toys/c", "toys/coins"},
		{"figures --format svg,p", "svg,pdf svg,png"},
		{"figures --width n", "neurips"},
		{"show toys/p", "toys/product"},
		{"verify toys/", "toys/product toys/coins"},
		{"report ", ""},
	} {
		args := strings.Split(tt.words, " ")
		out, code := output(t, append([]string{"__complete"}, args...)...)
		var offers []string
		for line := range strings.Lines(out) {
			if word, _, _ := strings.Cut(strings.TrimSpace(line), "\t"); word != "" && !strings.HasPrefix(word, ":") && !strings.HasPrefix(word, "Completion ended") {
				offers = append(offers, word)
			}
		}
		if got := strings.Join(offers, " "); code != exitOK || got != tt.want {
			t.Errorf("%q: status %d, offers %q, want %q", tt.words, code, got, tt.want)
		}
	}
	if out, _ := output(t, "__complete", "report", "--table", ""); !strings.Contains(out, "overview") || !strings.Contains(out, "sources") {
		t.Errorf("report --table offers %q", out)
	}
	if out, _ := output(t, "__complete", "report", ""); !strings.Contains(out, ":16") { // folders alone
		t.Errorf("report offers %q", out)
	}
}

// TestFewValuesAreKnown: the shell offers nothing that the command refuses, and
// all that its help names.
func TestFewValuesAreKnown(t *testing.T) {
	root := toyApp().rootCommand()
	visit(root, func(cmd *cobra.Command) {
		for _, name := range []string{"profile", "annotations", "form", "basis", "table", "format", "claim", "venue"} {
			f := cmd.Flags().Lookup(name)
			if f == nil {
				continue
			}
			complete, ok := cmd.GetFlagCompletionFunc(name)
			if !ok {
				t.Errorf("%s --%s: the shell has no values", cmd.CommandPath(), name)
				continue
			}
			values, _ := complete(cmd, nil, "")
			for _, v := range values {
				word, _, _ := strings.Cut(v, "\t")
				if name != "claim" && name != "form" && name != "basis" && name != "table" && !strings.Contains(f.Usage, word) {
					t.Errorf("%s --%s: the help %q does not name %s", cmd.CommandPath(), name, f.Usage, word)
				}
			}
		}
	})
}

func TestColours(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"TERM": "xterm"}, true},
		{map[string]string{"TERM": "xterm", "NO_COLOR": ""}, true},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
		{map[string]string{"TERM": "dumb"}, false},
		{nil, true},
	} {
		if got := colourful(func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("%v: colours %v", tt.env, got)
		}
	}
}
