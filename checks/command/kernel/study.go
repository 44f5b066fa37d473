package kernel

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel"
	"convergo/bounds/kernel/conv"
	"convergo/bounds/kernel/job"
	"convergo/checks/command"
	"convergo/nets/data"
	"convergo/report/table"
)

// study is the experiment of Arora et al. (2019), table 1, at a size that runs, on the built-in images or on those of a file.
type study struct {
	images        []string
	data, column  string
	shape         string
	sizes, depths []int
	test, side    int
	ridge         float64
	out, format   string
	figures       string
	workers       int
}

// architectures are the columns of the study.
var architectures = []string{"fc", "cntk", "cntk-gap"}

func studyCommand(config Config) *cobra.Command {
	var s study
	c := &cobra.Command{
		Use:   "study",
		Short: "compare the kernels by regression on images",
		Long: `Study prints the test accuracy of kernel regression with the exact tangent kernels of fully
connected (fc) and convolutional networks (cntk, cntk-gap) on MNIST and Fashion-MNIST, against
the number of training images and the depth: the experiment of Arora et al. (2019), on images
averaged down to 7 x 7 pixels. All layers are trained. With --data the images of a file take
their place, such as a batch of CIFAR-10: its rows in a fixed random order, the first for
training and the last for the test. The matrices stay in a folder, and a study that was
stopped goes on from them.`,
		Example: `  convergo kernel study
  convergo kernel study --side 14 --sizes 100,400 --depths 3,6,11
  convergo kernel study --data data_batch_1.bin --sizes 100,400
  convergo kernel study --format latex > kernels.tex`,
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
	f.Float64Var(&s.ridge, "ridge", 0, "ridge, relative to the mean of the diagonal")
	f.StringVar(&s.out, "out", filepath.Join("runs", "kernel-study"), "folder of the matrices")
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
	if len(s.sizes) == 0 || len(s.depths) == 0 || slices.Min(s.sizes) < 2 || slices.Min(s.depths) < 2 || s.test < 1 {
		return errors.New("--sizes and --depths are 2 at least, --test is positive, and none is empty")
	}
	sets, err := s.sets(c, config)
	if err != nil {
		return err
	}
	t := s.table(sets[0].shape)
	for _, set := range sets {
		points, err := s.points(c, set)
		if err == nil && s.figures != "" {
			err = drawStudy(s.figures, points)
		}
		if err != nil {
			return command.Unfinished(err)
		}
		for _, p := range points {
			cells := []table.Cell{table.Text(p.images), table.Count(p.depth), table.Count(p.n)}
			for _, v := range p.accuracy {
				cells = append(cells, table.Interval(v.value, v.lo, v.hi))
			}
			t.Add(cells...)
		}
	}
	return command.Unfinished(table.Render(c.OutOrStdout(), t, format, table.Options{}))
}

// table is the head of the study's table.
func (s *study) table(shape conv.Shape) *table.Table {
	t := table.New(table.Column{Key: "data", Head: "images"}, table.Column{Key: "depth", Head: "depth"}, table.Column{Key: "n", Head: "$n$"})
	for _, arch := range architectures {
		t.Columns = append(t.Columns, table.Column{Key: arch, Head: table.Literal(arch), Group: "accuracy in %"})
	}
	t.Label = "tab:kernel-study"
	t.Caption = table.Literal(fmt.Sprintf("Test accuracy of kernel regression with exact tangent kernels, on %d test images of %d x %d pixels.", s.test, shape.Height, shape.Width))
	t.Note("", "An interval holds the accuracy on all images of the kind with probability 95 % (Wilson), for these training images.")
	return t
}

// share is a percentage with its interval.
type share struct{ value, lo, hi float64 }

// point is a row of the study.
type point struct {
	images   string
	depth, n int
	accuracy []share // in the order of architectures
}

// points measures on one set of images.
func (s *study) points(c *cobra.Command, set imageSet) (list []point, err error) {
	name, n, most := set.name, len(set.labels), slices.Max(s.sizes)
	d := set.shape.Size()
	x, z := set.pixels.Slice(0, most, 0, d).(*mat.Dense), set.pixels.Slice(n-s.test, n, 0, d).(*mat.Dense)
	for _, depth := range s.depths {
		grams, crosses := make([]*mat.SymDense, len(architectures)), make([]*mat.Dense, len(architectures))
		for k, arch := range architectures {
			fmt.Fprintf(c.ErrOrStderr(), "%s: %s of depth %d\n", name, arch, depth)
			folder := filepath.Join(s.out, fmt.Sprintf("%s-%s-depth%d-side%d-n%d-test%d", name, arch, depth, set.shape.Width, most, s.test))
			if grams[k], crosses[k], err = s.matrices(c.Context(), folder, arch, depth, set.shape, x, z); err != nil {
				return nil, err
			}
		}
		for _, size := range s.sizes {
			p := point{images: name, depth: depth, n: size}
			for k := range architectures {
				fit, err := job.Regress(grams[k].SliceSym(0, size), set.labels[:size], s.ridge)
				if err != nil {
					return nil, fmt.Errorf("%s, %s, depth %d, n = %d: %w", name, architectures[k], depth, size, err)
				}
				labels, err := fit.Predict(crosses[k].Slice(0, size, 0, s.test))
				if err != nil {
					return nil, err
				}
				p.accuracy = append(p.accuracy, percent(job.Accuracy(labels, set.labels[n-s.test:]), s.test))
			}
			list = append(list, p)
		}
	}
	return list, nil
}

// matrices returns K(x, x) and K(x, z), and computes what the folder lacks of them.
func (s *study) matrices(ctx context.Context, folder, arch string, depth int, shape conv.Shape, x, z *mat.Dense) (*mat.SymDense, *mat.Dense, error) {
	n, _ := x.Dims()
	m, _ := z.Dims()
	k, t := mat.NewSymDense(n, nil), mat.NewDense(n, m, nil)
	a := architecture{x: x}
	if arch == "fc" {
		fc := kernel.NTK(depth - 1)
		a.connected = &fc
	} else {
		net := conv.Net{Depth: depth - 1}
		if arch == "cntk-gap" {
			net.Head = conv.GAP
		}
		var err error
		if a.conv, err = conv.New(net, shape, conv.Options{Workers: s.workers}); err != nil {
			return nil, nil, err
		}
	}
	for _, part := range []struct {
		suffix string
		z      *mat.Dense
		set    func(i, j int, v float64)
	}{{"", nil, k.SetSym}, {"-test", z, t.Set}} {
		f, err := job.Create(folder+part.suffix, a.matrix(part.z), 64)
		if err != nil {
			return nil, nil, err
		}
		if err := errors.Join(f.Run(ctx, job.Shard{}, nil), f.Each(part.set)); err != nil {
			return nil, nil, err
		}
	}
	return k, t, nil
}

// percent is a share of n draws with its Wilson interval at 95 %.
func percent(p float64, n int) share {
	const z = 1.959963984540054
	m := float64(n)
	centre, half := (p+z*z/(2*m))/(1+z*z/m), z/(1+z*z/m)*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return share{100 * p, 100 * (centre - half), 100 * (centre + half)}
}
