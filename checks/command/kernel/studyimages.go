package kernel

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"convergo/bounds/kernel/conv"
	"convergo/nets/data"
)

// imageSet is the images that a study learns and tests on, a row each, at the size of the study.
type imageSet struct {
	name   string
	shape  conv.Shape
	pixels *mat.Dense
	labels []float64
}

// sets reads the images of the study, the file's or the built-in ones, and averages them down.
func (s *study) sets(c *cobra.Command, config Config) (list []imageSet, err error) {
	if s.data != "" {
		if c.Flags().Changed("images") {
			return nil, errors.New("--data takes the place of --images; give one of them")
		}
		set, err := s.file(c, config)
		list = []imageSet{set}
		if err != nil {
			return nil, err
		}
	} else {
		if s.column != "" || s.shape != "" {
			return nil, errors.New("--label and --shape are for --data")
		}
		for _, name := range s.images {
			set, err := data.Images(name)
			if err != nil {
				return nil, err
			}
			list = append(list, imageSet{name, conv.Shape{Channels: 1, Height: 28, Width: 28}, set.X, set.Y})
		}
	}
	if len(list) == 0 {
		return nil, errors.New("--images is empty; use mnist, fashion or both")
	}
	for k, set := range list {
		if n := len(set.labels); slices.Max(s.sizes) > n-s.test {
			return nil, fmt.Errorf("--sizes %d and --test %d: %s has %d images", slices.Max(s.sizes), s.test, set.name, n)
		}
		if list[k], err = set.shrunk(s.side); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// file reads --data, and puts its rows in a random order that depends on their number alone: files may be sorted by class.
func (s *study) file(c *cobra.Command, config Config) (imageSet, error) {
	read := config.Read
	if read == nil {
		read = ReadFile
	}
	samples, err := read(c.Context(), Request{Path: s.data, Column: s.column})
	if err != nil {
		return imageSet{}, err
	}
	if samples.Labels == nil {
		return imageSet{}, fmt.Errorf("%s has no labels; name their column by --label", s.data)
	}
	n, d := samples.X.Dims()
	shape, err := parseShape(s.shape, d)
	if err != nil {
		return imageSet{}, err
	}
	set := imageSet{strings.TrimSuffix(filepath.Base(s.data), filepath.Ext(s.data)), shape, mat.NewDense(n, d, nil), make([]float64, n)}
	for i, j := range rand.New(rand.NewPCG(1, 1)).Perm(n) {
		set.pixels.SetRow(i, samples.X.RawRowView(j))
		set.labels[i] = samples.Labels.Values[j]
	}
	return set, nil
}

// shrunk averages square images down to side pixels, each channel by itself; 0 is a quarter of their side.
func (set imageSet) shrunk(side int) (imageSet, error) {
	full := set.shape.Width
	if side == 0 {
		side = max(full/4, 1)
	}
	if set.shape.Height != full || side < 1 || full%side != 0 {
		return set, fmt.Errorf("--side %d: the images of %s have %d x %d pixels; they must be square, and --side divide theirs", side, set.name, set.shape.Height, full)
	}
	block, n := full/side, len(set.labels)
	out := mat.NewDense(n, set.shape.Channels*side*side, nil)
	for i := range n {
		row := out.RawRowView(i)
		for p, v := range set.pixels.RawRowView(i) {
			channel, p := p/(full*full), p%(full*full)
			row[(channel*side+p/full/block)*side+p%full/block] += v / float64(block*block)
		}
	}
	return imageSet{set.name, conv.Shape{Channels: set.shape.Channels, Height: side, Width: side}, out, set.labels}, nil
}
