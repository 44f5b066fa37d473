package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel/conv"
	"convergo/bounds/kernel/job"
	"convergo/checks/command"
	"convergo/nets/data/tabular"
)

// Config is what the command takes from the program that it belongs to.
type Config struct {
	// Read reads the samples; nil is ReadFile.
	Read func(context.Context, Request) (*Samples, error)
	// Device opens the device that a user names, as cuda.Named does: nil is the processor. A program that is to be linked
	// statically leaves it out and runs on the processor alone.
	Device func(name string) (conv.Device, error)
}

// request is what the flags say.
type request struct {
	arch, padding, kind, shape  string
	depth, filter, block        int
	branch                      float64
	fix, single                 bool
	data, labels, test, answers string
	column                      string
	maxBytes                    int64
	out, folder                 string
	shard                       string
	merge                       []string
	side, workers, check        int
	regress                     bool
	ridges                      []float64
	device                      string
}

// Command returns the command "kernel".
func Command(config Config) *cobra.Command {
	var r request
	c := &cobra.Command{
		Use:   "kernel --arch cntk-gap --depth 21 --data FILE --out K.npy",
		Short: "compute exact kernels of infinitely wide networks on your data",
		Long: `Kernel computes the matrix K(x_i, x_j) of the samples of a file under the exact tangent
kernel (NTK) or feature kernel (NNGP) of an infinitely wide ReLU network, and with --test
also K(x_i, z_j) against a second file, as NPY files that numpy.load reads.

The networks are fully connected (fc) or convolutional, with a dense layer on all pixels (cntk)
or on their mean (cntk-gap). Depth counts the layers of weights, as Arora et al. (2019) do.

Tiles of the matrix are stored beside the output as they are done: a run that was stopped goes
on where it was. With --shard i/k each of k runs computes a share, in a folder of its own, and
a last one with --merge puts them together.`,
		Example: `  convergo kernel --arch cntk-gap --depth 21 --fix --data train.bin --out K.npy
  convergo kernel --arch fc --depth 3 --data x.csv --test z.csv --out K.npy --regress --ridge 0.001
  convergo kernel --arch cntk --depth 6 --data x.npy --out K.npy --shard 0/4 --folder part0
  convergo kernel --arch cntk --depth 6 --data x.npy --out K.npy --merge part0,part1,part2,part3`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			err := r.run(c, config)
			if c.Context().Err() != nil {
				return command.Unfinished(err)
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&r.arch, "arch", "cntk-gap", "fc, cntk or cntk-gap")
	f.IntVar(&r.depth, "depth", 0, "layers of weights, at least 2")
	f.StringVar(&r.kind, "kind", "ntk", "ntk or nngp")
	f.IntVar(&r.filter, "filter", 3, "side of the filters, odd")
	f.StringVar(&r.padding, "padding", "zero", "zero or circular")
	f.BoolVar(&r.fix, "fix", false, "leave the first and the last layer untrained")
	f.IntVar(&r.block, "block", 0, "convolutions that a residual block spans; 0: no shortcuts")
	f.Float64Var(&r.branch, "branch", 1, "factor of the residual branch")
	f.StringVar(&r.shape, "shape", "", "channels x height x width of an image, as 3x32x32; square images of 1 or 3 channels are recognised")
	f.StringVar(&r.data, "data", "", "file of the samples")
	f.StringVar(&r.labels, "labels", "", "file of their labels, where they are in another")
	f.StringVar(&r.column, "label", "", "column of the labels in both files: first, last, a name, a number from 1, or none")
	f.Int64Var(&r.maxBytes, "max-bytes", tabular.DefaultMaxBytes, "most bytes of a file, packed and unpacked")
	f.StringVar(&r.test, "test", "", "file of test samples")
	f.StringVar(&r.answers, "test-labels", "", "file of their labels, where they are in another")
	f.StringVar(&r.out, "out", "", "NPY file to write; with --test also a second one, its name ending in -test")
	f.StringVar(&r.folder, "folder", "", "folder of the tiles; default the output's name and .tiles")
	f.StringVar(&r.shard, "shard", "", "compute share i of k only, as i/k with i from 0 or auto in an array job, as in verify")
	f.StringSliceVar(&r.merge, "merge", nil, "take the tiles of these folders in")
	f.IntVar(&r.side, "tile", 0, "side of a tile; default that of the folders to merge, else 64, for cntk-gap 16 on the processor up to 10000 samples")
	f.IntVar(&r.workers, "workers", 0, "goroutines; default one a processor")
	f.StringVar(&r.device, "device", "cpu", "cpu, gpu:0, gpu:1, ..., or auto for a GPU that there is and that knows the network")
	f.BoolVar(&r.single, "float32", false, "compute in float32")
	f.IntVar(&r.check, "check", 0, "recompute so many entries in float64 and print the largest deviation")
	f.BoolVar(&r.regress, "regress", false, "print the test accuracy of kernel regression on the labels")
	f.Float64SliceVar(&r.ridges, "ridge", []float64{0}, "ridges of the regression, relative to the mean of the diagonal")
	c.AddCommand(studyCommand(config))
	for _, name := range []string{"depth", "data", "out"} {
		_ = c.MarkFlagRequired(name) // the flag exists
	}
	for name, values := range map[string][]string{
		"arch": {"fc", "cntk", "cntk-gap"}, "kind": {"ntk", "nngp"}, "padding": {"zero", "circular"}, "device": {"cpu", "gpu:0", "auto"},
	} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	}
	return c
}

func (r *request) run(c *cobra.Command, config Config) error {
	ctx, read := c.Context(), config.Read
	if read == nil {
		read = ReadFile
	}
	if r.regress && (r.test == "" || r.shard != "") {
		return errors.New("--regress needs --test, and no --shard")
	}
	if r.check < 0 {
		return fmt.Errorf("--check %d: give the number of entries", r.check)
	}
	if r.check > 0 && r.shard != "" {
		return errors.New("--check needs the whole matrix; give it with --merge, not with --shard")
	}
	part, err := command.ParseShard(r.shard)
	if err != nil {
		return err
	}
	var shard job.Shard
	if part != nil {
		shard = job.Shard{Index: part.Index, Count: part.Count}
	}
	train, err := read(ctx, Request{r.data, r.labels, r.column, r.maxBytes})
	if err != nil {
		return err
	}
	test := &Samples{}
	if r.test != "" {
		if test, err = read(ctx, Request{r.test, r.answers, r.column, r.maxBytes}); err != nil {
			return err
		}
	}
	x, z := train.X, test.X
	var y, answers []float64
	if r.regress {
		if train.Labels == nil || test.Labels == nil {
			return errors.New("--regress needs labels of both files; give --label, or --labels and --test-labels")
		}
		if y, answers, err = sameNumbers(train.Labels, test.Labels); err != nil {
			return err
		}
	}
	device, err := r.open(config)
	if err != nil {
		return err
	}
	a, err := r.architecture(x, z, device)
	if err != nil {
		return err
	}
	if err := writable(r.out); err != nil {
		return err
	}
	return command.Unfinished(r.work(c, a, z, shard, y, answers))
}

// work does what has been asked for rightly.
func (r *request) work(c *cobra.Command, a architecture, z *mat.Dense, shard job.Shard, y, answers []float64) error {
	gram, err := r.compute(c, a, nil, shard, "")
	if err != nil {
		return err
	}
	if z == nil {
		return nil
	}
	cross, err := r.compute(c, a, z, shard, "-test")
	if err != nil || !r.regress {
		return err
	}
	return r.regression(c, gram, cross, y, answers)
}

// writable fails before the work when its result could not be put in place after it.
func writable(out string) error {
	if info, err := os.Stat(filepath.Dir(out)); err != nil || !info.IsDir() {
		return fmt.Errorf("--out %s: %s is no folder; make it, or name another", out, filepath.Dir(out))
	}
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		return fmt.Errorf("--out %s is a folder; name a file", out)
	}
	return nil
}

// open returns the device, nil for the processor.
func (r *request) open(config Config) (conv.Device, error) {
	if r.device == "cpu" || r.device == "auto" && config.Device == nil {
		return nil, nil
	}
	if config.Device == nil {
		return nil, fmt.Errorf("--device %s: this program was built for the processor alone", r.device)
	}
	return config.Device(r.device)
}

// compute runs one job, and writes its matrix unless it is a shard.
func (r *request) compute(c *cobra.Command, a architecture, z *mat.Dense, shard job.Shard, suffix string) (*job.Folder, error) {
	ctx, stderr := c.Context(), c.ErrOrStderr()
	m := a.matrix(z)
	folder := r.folder + suffix
	if r.folder == "" {
		folder = inserted(r.out, suffix) + ".tiles"
	}
	side, merge := r.side, suffixed(r.merge, suffix)
	if side == 0 && len(merge) > 0 {
		var err error
		if side, err = job.Side(merge[0]); err != nil {
			return nil, err
		}
	}
	if side == 0 {
		side = a.side(m)
	}
	f, err := job.Create(folder, m, side)
	if err != nil {
		return nil, err
	}
	if err := f.Merge(merge...); err != nil {
		return nil, err
	}
	if missing, err := f.Missing(); err != nil {
		return nil, err
	} else if missing > 0 {
		whole, err := job.Estimate(ctx, m, time.Second)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(stderr, "%d x %d entries, about %v for all of them on this machine\n", m.Rows, m.Cols, whole.Round(time.Second))
	}
	last := time.Time{}
	err = f.Run(ctx, shard, func(p job.Progress) {
		if now := time.Now(); p.Done == p.Total || now.Sub(last) > 5*time.Second {
			last = now
			fmt.Fprintf(stderr, "%d of %d tiles%s\n", p.Done, p.Total, left(p))
		}
	})
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return nil, fmt.Errorf("stopped; the same command goes on from %s: %w", folder, err)
		}
		return nil, err
	}
	if shard.Count > 0 {
		fmt.Fprintf(c.OutOrStdout(), "%s: shard %d of %d\n", folder, shard.Index, shard.Count)
		return f, nil
	}
	name := inserted(r.out, suffix)
	if err := f.WriteNPY(name, false); err != nil {
		return nil, err
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: %d x %d\n", name, m.Rows, m.Cols)
	return f, r.verify(c, a, f, z)
}

// verify prints how far a sample of the entries is from float64.
func (r *request) verify(c *cobra.Command, a architecture, f *job.Folder, z *mat.Dense) error {
	if r.check == 0 {
		return nil
	}
	n, m := a.sizes(z)
	values := mat.NewDense(n, m, nil)
	if err := f.Each(values.Set); err != nil {
		return err
	}
	worst, err := a.check(c.Context(), z, r.check, values.At)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "largest deviation of %d entries from float64: %.2g of sqrt(K(x,x) K(z,z))\n", r.check, worst)
	return nil
}

func (r *request) regression(c *cobra.Command, gram, cross *job.Folder, y, answers []float64) error {
	k := mat.NewSymDense(len(y), nil)
	t := mat.NewDense(len(y), len(answers), nil)
	if err := errors.Join(gram.Each(k.SetSym), cross.Each(t.Set)); err != nil {
		return err
	}
	for _, ridge := range r.ridges {
		fit, err := job.Regress(k, y, ridge)
		if err != nil {
			return err
		}
		labels, err := fit.Predict(t)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "ridge %g: accuracy %.2f%% on %d test samples\n", ridge, 100*job.Accuracy(labels, answers), len(answers))
	}
	return nil
}

// left says how long the tiles to come take, once the first is there to tell.
func left(p job.Progress) string {
	if p.Done == 0 {
		return ""
	}
	return fmt.Sprintf(", %v left", p.Left.Round(time.Second))
}
