package command

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completeValues lets the shell complete the values of all flags that have few,
// and folders where a command takes a run. What a command has set for itself
// stays.
func (a *app) completeValues(root *cobra.Command) {
	few := map[string][]string{
		"profile":     {"quick\ta minute", "standard\thours", "deep\tfor a cluster"},
		"annotations": services,
		"form":        {"always", "probably", "mean", "scaling", "bounded", "threshold"},
		"basis":       {"stated", "derived", "fitted", "recalled"},
		"table":       a.kindNames(),
		"shard":       {"auto\tthe part of an array job's task", "0/2", "1/2"},
		"width":       {"icml", "icml2", "neurips", "iclr", "jmlr"},
		"venue":       {"neurips", "icml", "jmlr", "ieee", "acm", "article", "beamer"},
	}
	own := map[string]map[string][]string{
		"report":     {"format": {"terminal", "markdown", "csv", "json", "html", "latex"}},
		"figures":    {"format": {"svg", "pdf", "png", "tex"}},
		"kubernetes": {"arch": {"amd64", "arm64"}},
	}
	visit(root, func(cmd *cobra.Command) {
		values := maps.Clone(few)
		maps.Copy(values, own[cmd.Name()])
		if slices.Contains([]string{"report", "figures", "write", "regress", "merge"}, cmd.Name()) {
			cmd.ValidArgsFunction = completeFolder
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if _, set := cmd.GetFlagCompletionFunc(f.Name); set {
				return
			}
			switch v, ok := values[f.Name]; {
			case ok:
				_ = cmd.RegisterFlagCompletionFunc(f.Name, completeList(f, v)) // fails for an unknown flag alone
			case f.Name == "claim" || f.Name == "claims":
				_ = cmd.RegisterFlagCompletionFunc(f.Name, a.completeClaims)
			}
		})
	})
}

func visit(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, sub := range cmd.Commands() {
		visit(sub, do)
	}
}

func completeFolder(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeList offers the values of a flag, those of a list after each comma.
func completeList(f *pflag.Flag, values []string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := ""
		if _, isList := f.Value.(pflag.SliceValue); isList {
			before = typed[:strings.LastIndex(typed, ",")+1]
		}
		var out []string
		for _, v := range values {
			if strings.HasPrefix(before+v, typed) {
				out = append(out, before+v)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}
