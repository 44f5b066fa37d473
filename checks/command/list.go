package command

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"convergo/checks"
	"convergo/report"
	"convergo/report/table"

	"github.com/spf13/cobra"
)

func (a *app) listCommand() *cobra.Command {
	var form, basis string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [ID, source or pattern]...",
		Short: "List the claims with their form, basis and source",
		Example: `  convergo list
  convergo list du2019 --form probably
  convergo list --json`,
		ValidArgsFunction: a.completeClaims,
		RunE: func(cmd *cobra.Command, args []string) error {
			sources, err := a.selected(args)
			if err != nil {
				return err
			}
			sources, err = filter(sources, form, basis)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), infos(sources))
			}
			w := cmd.OutOrStdout()
			if err := table.Render(w, report.List(sources), table.Terminal, terminalOptions(w)); err != nil {
				return failed(err)
			}
			for _, s := range sources {
				printTables(w, s)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&form, "form", "", "only claims of this form")
	cmd.Flags().StringVar(&basis, "basis", "", "only claims whose constants are stated, derived, fitted or recalled")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) showCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Print a claim whole: statement, constants, convention, reference, controls; or those of a source",
		Example: `  convergo show du2019/gram-concentration
  convergo show du2019
  convergo show du2019/gram-concentration --json`,
		Args:              exactlyOne("one ID of a claim or source"),
		ValidArgsFunction: a.completeClaims,
		RunE: func(cmd *cobra.Command, args []string) error {
			sources, err := a.selected(args)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), infos(sources))
			}
			for _, s := range sources {
				for i, c := range s.Claims {
					if i > 0 {
						fmt.Fprintln(cmd.OutOrStdout())
					}
					if err := report.Statement(cmd.OutOrStdout(), c.Info(), s); err != nil {
						return failed(err)
					}
				}
				printTables(cmd.OutOrStdout(), s)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printTables names the tables that show claims of the source, and the commands
// that print them and draw its figures from a run. It prints nothing of a source
// without tables.
func printTables(w io.Writer, s checks.Source) {
	var shown []checks.SourceTable
	for _, t := range s.Tables {
		if slices.ContainsFunc(s.Claims, func(c checks.Checkable) bool {
			return slices.Contains(t.Claims, strings.TrimPrefix(c.Info().ID, s.Key+"/"))
		}) {
			shown = append(shown, t)
		}
	}
	if len(shown) == 0 {
		return
	}
	fmt.Fprintf(w, "\nTables of %s, from a run folder RUN:\n", s.Key)
	for _, t := range shown {
		fmt.Fprintf(w, "  convergo report RUN --table %-30s %s\n", s.Key+"/"+t.Name, t.Title)
	}
	fmt.Fprintf(w, "  convergo figures RUN --claims %s --out DIR   its figures\n", s.Key)
}

// selected returns the sources with the claims that the patterns name.
func (a *app) selected(patterns []string) ([]checks.Source, error) {
	all, err := a.sources()
	if err != nil {
		return nil, failed(err)
	}
	return checks.Select(all, patterns)
}

// filter keeps the claims of a form and a basis; empty keeps all.
func filter(sources []checks.Source, form, basis string) ([]checks.Source, error) {
	var out []checks.Source
	for _, s := range sources {
		var kept []checks.Checkable
		for _, c := range s.Claims {
			i := c.Info()
			if (form == "" || i.Form == form) && (basis == "" || string(i.Basis) == basis) {
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 {
			s.Claims = kept
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no claim of form %q and basis %q; forms are always, probably, mean, scaling, bounded, threshold, bases stated, derived, fitted, recalled", form, basis)
	}
	return out, nil
}

func infos(sources []checks.Source) []checks.Info {
	var out []checks.Info
	for _, s := range sources {
		for _, c := range s.Claims {
			out = append(out, c.Info())
		}
	}
	return out
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return failed(enc.Encode(v))
}

// completeClaims offers the keys of sources and the IDs of claims to the shell:
// IDs once their source is typed, of hundreds of claims.
func (a *app) completeClaims(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	all, err := a.sources()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var keys, ids []string
	for _, s := range all {
		if strings.HasPrefix(s.Key, typed) {
			keys = append(keys, s.Key+"\t"+s.Title)
		}
		for _, c := range s.Claims {
			if i := c.Info(); strings.HasPrefix(i.ID, typed) {
				ids = append(ids, i.ID+"\t"+i.Title)
			}
		}
	}
	if len(keys) > 1 {
		return keys, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	return append(keys, ids...), cobra.ShellCompDirectiveNoFileComp
}
