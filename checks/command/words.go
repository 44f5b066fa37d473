package command

import (
	"runtime/debug"
	"strings"

	"convergo/checks"

	"github.com/spf13/cobra"
)

// localise puts the name of the program, and claims that it has, in the place
// of ours in the help of all commands.
func (a *app) localise(root *cobra.Command) {
	source, claim := a.sample()
	words := strings.NewReplacer(
		"convergo ", a.suite.Name+" ", "'convergo'", "'"+a.suite.Name+"'",
		"du2019/gram-concentration", claim, "du2019/gram*", source+"/*", "du2019", source)
	for _, c := range root.Commands() {
		visit(c, func(c *cobra.Command) {
			c.Short, c.Long, c.Example = words.Replace(c.Short), words.Replace(c.Long), words.Replace(c.Example)
		})
	}
}

// sample returns a source and one of its claims for the examples of the help:
// those of the text if the suite has them, else its first.
func (a *app) sample() (source, claim string) {
	source, claim = "du2019", "du2019/gram-concentration"
	all, err := a.sources()
	if err != nil {
		return source, claim // the command that needs them will say why
	}
	if _, err := checks.Find(all, claim); err == nil {
		return source, claim
	}
	for _, s := range all {
		for _, c := range s.Claims {
			return s.Key, c.Info().ID
		}
	}
	return source, claim
}

// version is the suite's own, or that of the main module in the build.
func (a *app) version() string {
	if a.suite.Version != "" {
		return a.suite.Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown, records " + checks.Version
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value
		}
	}
	if v == "" {
		v = "(devel)"
	}
	return v + ", records " + checks.Version + ", " + info.GoVersion
}
