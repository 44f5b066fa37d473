package kernel

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"convergo/checks/command"
	"convergo/nets/data"
	"convergo/report/figure"
	"convergo/report/outfile"
	record "convergo/report/study"
	"convergo/report/table"
)

// study is the experiment of Arora et al. (2019), table 1, at a size that runs, on the built-in images or on those of a file.
type study struct {
	images        []string
	data, column  string
	shape         string
	sizes, depths []int
	test, side    int
	widths        []int
	draws         int
	seed          uint64
	ridge         float64
	out, format   string
	figures       string
	workers       int
}

// architectures are the kernels of the study.
var architectures = []string{"fc", "cntk", "cntk-gap"}

func studyCommand(config Config) *cobra.Command {
	var s study
	c := &cobra.Command{
		Use:   "study",
		Short: "compare the kernels by regression on images",
		Long: `Study prints the test accuracy of kernel regression with the exact tangent kernels of fully
connected (fc) and convolutional networks (cntk, cntk-gap) on MNIST and Fashion-MNIST, against
the number of training images and the depth: the experiment of Arora et al. (2019), on images
averaged down to 7 x 7 pixels. All layers are trained. Beside them stand the tangent kernels of
random networks of finite width at their start: --widths neurons, or channels, in each hidden
layer; one network, or the mean over --draws.

With --data the images of a file take the place of the built-in ones, such as a batch of CIFAR-10:
its rows in a fixed random order, the first for training and the last for the test. The study
says first how long it will take. Its matrices stay in the folder --out, and a study that was
stopped goes on from them; "report" and "figures" print what it found from that folder.`,
		Example: `  convergo kernel study
  convergo kernel study --side 14 --sizes 100,400 --depths 3,6,11
  convergo kernel study --data data_batch_1.bin --sizes 100,400
  convergo kernel study --widths 8,32,128 --out runs/widths
  convergo report runs/kernel-study --format latex --venue neurips > kernels.tex
  convergo figures runs/kernel-study --format pdf`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.run(c, config) },
	}
	f := c.Flags()
	f.StringSliceVar(&s.images, "images", []string{data.MNIST, data.Fashion}, "mnist, fashion or both")
	f.StringVar(&s.data, "data", "", "a file of images with labels, in place of --images")
	f.StringVar(&s.column, "label", "", "column of the labels in --data: first, last, a name or a number from 1")
	f.StringVar(&s.shape, "shape", "", "of the images of --data, as 3x32x32; default square, of 1 or 3 channels")
	f.IntSliceVar(&s.sizes, "sizes", []int{25, 50, 100, 200}, "numbers of training images")
	f.IntSliceVar(&s.depths, "depths", []int{3, 6}, "layers of weights, at least 2")
	f.IntVar(&s.test, "test", 300, "test images, the last of the set")
	f.IntVar(&s.side, "side", 0, "pixels of a side, which divide those of the images; default a quarter of them")
	f.IntSliceVar(&s.widths, "widths", []int{32}, "neurons or channels of a layer of the networks of finite width; 0 leaves these out")
	f.IntVar(&s.draws, "draws", 1, "networks of finite width whose kernels are averaged")
	f.Uint64Var(&s.seed, "seed", 1, "seed of the networks of finite width")
	f.Float64Var(&s.ridge, "ridge", 0, "ridge, relative to the mean of the diagonal")
	f.StringVar(&s.out, "out", filepath.Join("runs", "kernel-study"), "folder of the matrices and of the result")
	f.StringVar(&s.format, "format", "terminal", "terminal, markdown, csv, json, html or latex")
	f.StringVar(&s.figures, "figures", "", "folder for figures of accuracy against n and against depth, as SVG and pgfplots")
	f.IntVar(&s.workers, "workers", 0, "goroutines; default one a processor")
	return c
}

func (s *study) run(c *cobra.Command, config Config) error {
	format, err := table.ParseFormat(s.format)
	if err != nil {
		return err
	}
	if err := s.valid(); err != nil {
		return err
	}
	sets, err := s.sets(c, config)
	if err != nil {
		return err
	}
	result := &record.Study{Command: words(c), Height: sets[0].shape.Height, Width: sets[0].shape.Width, Seed: s.seed, Draws: s.draws, Ridge: s.ridge}
	if result.Points, err = s.points(c, sets); err != nil {
		return command.Unfinished(err)
	}
	if err := result.Write(s.out); err != nil {
		return command.Unfinished(err)
	}
	if s.figures != "" {
		if err := draw(s.figures, result); err != nil {
			return command.Unfinished(err)
		}
	}
	return command.Unfinished(table.Render(c.OutOrStdout(), result.Table(), format, table.Options{}))
}

func (s *study) valid() error {
	if len(s.sizes) == 0 || len(s.depths) == 0 || slices.Min(s.sizes) < 2 || slices.Min(s.depths) < 2 || s.test < 1 {
		return errors.New("--sizes and --depths are 2 at least, --test is positive, and none is empty")
	}
	if len(s.widths) > 0 && slices.Min(s.widths) < 0 || s.draws < 1 {
		return errors.New("--widths are not negative, and --draws is 1 at least")
	}
	if !(s.ridge >= 0) {
		return fmt.Errorf("--ridge %g: it is not negative", s.ridge)
	}
	for name, list := range map[string]*[]int{"--sizes": &s.sizes, "--depths": &s.depths, "--widths": &s.widths} {
		if slices.Sort(*list); len(slices.Compact(slices.Clone(*list))) < len(*list) {
			return fmt.Errorf("%s %v: a number is there twice", name, *list)
		}
	}
	s.widths = slices.DeleteFunc(s.widths, func(w int) bool { return w == 0 })
	return nil
}

// words are those that run the study again, to the same result: where it lies and how it is printed are left out.
func words(c *cobra.Command) []string {
	list := strings.Fields(c.CommandPath())
	c.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"out", "format", "figures", "workers"}, f.Name) {
			list = append(list, "--"+f.Name, strings.Trim(f.Value.String(), "[]"))
		}
	})
	return list
}

// draw writes the figures of the study.
func draw(folder string, s *record.Study) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, d := range s.Drawings() {
		for format, ending := range map[figure.Format]string{figure.SVG: ".svg", figure.TeX: ".tex"} {
			err := outfile.Write(filepath.Join(folder, d.Name+ending), func(w io.Writer) error {
				return figure.Render(w, d.Figure, format, figure.Options{})
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
