package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"convergo/checks"
	"convergo/nets/data"
	"convergo/report"
	"convergo/report/table"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// DataFlags are the flags that say how to read files of the user: every command
// that takes such files has them.
type DataFlags struct {
	Options data.Options
}

// Register adds the flags.
func (f *DataFlags) Register(fl *pflag.FlagSet) {
	o := &f.Options
	fl.StringVar(&o.Label, "label", "", "label column of the data: first, last, its name, its number from 1, or none")
	fl.StringVar(&o.LabelsPath, "labels", "", "file of the labels, one a row (IDX, NPY or text)")
	fl.StringVar(&o.Header, "header", "", "whether the first line is a header: yes or no (default: by its content)")
	fl.StringVar(&o.Separator, "separator", "", "of the columns: comma, semicolon, tab or space (default: by the content)")
	fl.StringVar(&o.Missing, "missing", "", "drop leaves out rows with a missing value (default: they are refused)")
	fl.StringSliceVar(&o.Drop, "drop", nil, "columns to leave out, by name or number from 1")
	fl.IntVar(&o.Rows, "rows", 0, "use so many rows at most, a seeded sample with all classes (default: as many as are wanted)")
	fl.StringVar(&o.ZeroRows, "zero-rows", "", "drop leaves out rows of zeros (default: they are refused)")
	fl.StringVar(&o.Duplicates, "duplicates", "", "of rows that an earlier one repeats: drop (default), keep or refuse")
	fl.StringVar(&o.LabelCoding, "label-coding", "", "numbers, sign or raw (default: classes +1 and -1, all centred and scaled to mean square 1)")
	fl.StringVar(&o.Class, "class", "", "the class that is +1 (default: the second of two, the first of more)")
	fl.StringVar(&o.ArrayX, "x", "", "array of the samples in an NPZ archive (default: the one with a usual name)")
	fl.StringVar(&o.ArrayY, "y", "", "array of the labels in an NPZ archive")
	fl.BoolVar(&o.Standardize, "standardize", false, "bring every column to mean 0 and variance 1 first")
	fl.Int64Var(&o.MaxBytes, "max-bytes", 0, fmt.Sprintf("largest file, packed or unpacked, that is read (default: %d)", int64(data.DefaultMaxBytes)))
}

// Open opens the files, reads "-" from in, and serves them to claims until stop is
// called.
func (f *DataFlags) Open(ctx context.Context, in io.Reader, paths []string) (files []checks.DataFile, stop func(), err error) {
	if len(paths) == 0 {
		tuneMemory()
		return nil, func() {}, f.idle()
	}
	if len(paths) > 1 && f.Options.LabelsPath != "" {
		return nil, nil, errors.New("--labels is of one data file: give a single --data beside it")
	}
	loader := &data.Loader{Stdin: in}
	for _, path := range paths {
		file, err := checks.OpenData(ctx, loader, path, f.Options)
		if err != nil {
			return nil, nil, InFlags(err)
		}
		files = append(files, file)
	}
	tuneMemory()
	return files, loader.Serve(), nil
}

// tuneMemory sets how much garbage may gather before it is collected. Trials leave small networks behind, and
// collecting at the default costs a fifth of a run; but large files are to cost little more than their size. A
// GOGC of the user's own stands.
func tuneMemory() {
	const (
		large  = 32 << 20 // bytes held
		sparse = 20       // percent of what is held
		ample  = 400
	)
	if os.Getenv("GOGC") != "" {
		return
	}
	var m runtime.MemStats
	if runtime.ReadMemStats(&m); m.HeapAlloc > large {
		debug.SetGCPercent(sparse)
	} else {
		debug.SetGCPercent(ample)
	}
}

// InFlags is an error about data with the remedies that it names in the words of the command line.
func InFlags(err error) error {
	if err == nil {
		return nil
	}
	return reworded{flagWords.Replace(err.Error()), err}
}

var flagWords = strings.NewReplacer(
	"zero_rows drop", "--zero-rows drop", "label_coding raw", "--label-coding raw", "leave label_coding out", "leave --label-coding out",
	"missing drop", "--missing drop", "(drop)", "(--drop)", "duplicates drop", "--duplicates drop", "duplicates keep", "--duplicates keep",
	"samples (x)", "samples (--x)", "labels (y)", "labels (--y)", "(rows)", "(--rows)", "max_bytes", "--max-bytes", "load.label", "--label",
)

type reworded struct {
	text string
	err  error
}

func (r reworded) Error() string { return r.text }
func (r reworded) Unwrap() error { return r.err }

// Hold serves the files to claims that name them by their digest, and say how they
// are read, until stop is called.
func (f *DataFlags) Hold(ctx context.Context, paths []string) (stop func(), err error) {
	loader := new(data.Loader)
	for _, path := range paths {
		if _, err := loader.Hold(ctx, path, f.Options); err != nil {
			return nil, err
		}
	}
	return loader.Serve(), nil
}

// idle refuses flags about data where there are none.
func (f *DataFlags) idle() error {
	if words := f.words(); len(words) > 0 {
		return fmt.Errorf("%s says how to read data of your own: name the file with --data", words[0])
	}
	return nil
}

// each goes through the flags that are not at their defaults.
func (f *DataFlags) each(do func(*pflag.Flag)) {
	now := *f
	fl := pflag.NewFlagSet("", pflag.ContinueOnError)
	given := now.Options
	now.Register(fl)
	now.Options = given // registering sets the defaults
	fl.VisitAll(func(flag *pflag.Flag) {
		if flag.Value.String() != flag.DefValue {
			do(flag)
		}
	})
}

// words are the flags as they are typed.
func (f *DataFlags) words() []string {
	var words []string
	f.each(func(flag *pflag.Flag) {
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			for _, v := range list.GetSlice() {
				words = append(words, "--"+flag.Name, v)
			}
			return
		}
		if flag.Value.Type() == "bool" {
			words = append(words, "--"+flag.Name)
			return
		}
		words = append(words, "--"+flag.Name, flag.Value.String())
	})
	return words
}

// printReadings says what was read.
func printReadings(w io.Writer, files []checks.DataFile) {
	for _, f := range files {
		fmt.Fprintf(w, "Read %s.\n", f.Reading)
	}
}

// Complete lets the shell complete the values of the flags that have few.
func (f *DataFlags) Complete(cmd *cobra.Command) {
	for name, values := range map[string][]string{
		"label": {data.LabelFirst, data.LabelLast, data.Unlabelled}, "header": {data.HeaderYes, data.HeaderNo},
		"separator": {"comma", "semicolon", "tab", "space"}, "missing": {"drop"}, "zero-rows": {"drop"},
		"duplicates":   {data.DuplicatesDrop, data.DuplicatesKeep, data.DuplicatesRefuse},
		"label-coding": {data.CodeNumbers, data.CodeSign, data.CodeRaw},
	} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // fails for an unknown flag alone
	}
}

// printOwnData prints what happened on the user's data, apart from the built-in instances.
func printOwnData(w io.Writer, s *checks.Summary) error {
	if len(s.Manifest.Data) == 0 {
		return nil
	}
	o := terminalOptions(w)
	t, err := report.Table(s, "data", "", report.View{Room: o.Width})
	if err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := table.Render(w, t, table.Terminal, o); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w)
	return err
}
