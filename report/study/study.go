// Package study reports what a study of kernels measured: the test accuracy of kernel regression with the tangent kernels of
// wide networks, exact ones and those of finite width, on images, against the number of training images and the depth. It is
// the experiment of Arora et al. (2019), tables 1 and 2.
//
// "convergo kernel study" writes a [Study] into its folder; [Read] has it back, [Study.Table] and [Study.Drawings] make of it
// what "report" and "figures" print. Its counts are the records: shares and intervals are computed from them here.
//
// References:
//
//	[Arora2019]  S. Arora, S. Du, W. Hu, Z. Li, R. Salakhutdinov, R. Wang, On Exact Computation with an
//	    Infinitely Wide Neural Net, NeurIPS 2019.
//	[Wilson1927] E. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22.
package study

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"convergo/report/outfile"
)

// FileName is that of the file in a study's folder.
const FileName = "study.json"

// A Study is what was measured, and how.
type Study struct {
	Command []string `json:"command"` // the words that run it again
	Height  int      `json:"height"`  // of the images, in pixels
	Width   int      `json:"width"`
	Seed    uint64   `json:"seed"`  // of the networks of finite width
	Draws   int      `json:"draws"` // networks whose kernels are averaged
	Ridge   float64  `json:"ridge"` // relative to the mean of the diagonal
	Points  []Point  `json:"points"`
}

// A Point is one regression.
type Point struct {
	Images string `json:"images"`
	Depth  int    `json:"depth"` // layers of weights
	N      int    `json:"n"`     // training images
	Kernel string `json:"kernel"`
	Width  int    `json:"width"` // neurons or channels of a hidden layer; 0: infinitely many, the exact kernel
	Right  int    `json:"right"` // test images whose class was predicted
	Test   int    `json:"test"`  // test images
}

// Accuracy is the share of the test images predicted rightly, in %, with its Wilson interval at 95 %: the accuracy on all
// images of the kind, for these training images and networks.
func (p Point) Accuracy() (value, lo, hi float64) {
	const z = 1.959963984540054
	n := float64(p.Test)
	share := float64(p.Right) / n
	centre, half := (share+z*z/(2*n))/(1+z*z/n), z/(1+z*z/n)*math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return 100 * share, 100 * (centre - half), 100 * (centre + half)
}

// Is says whether a folder has a study.
func Is(folder string) bool {
	info, err := os.Stat(filepath.Join(folder, FileName))
	return err == nil && info.Mode().IsRegular()
}

// Write puts the study into a folder: whole, or not at all.
func (s *Study) Write(folder string) error {
	if err := s.check(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	return outfile.Write(filepath.Join(folder, FileName), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// Read returns the study of a folder. Its error names the file, and says what in it is wrong.
func Read(folder string) (*Study, error) {
	name := filepath.Join(folder, FileName)
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("study: %s has no %s; the study writes it at its end: run it again, and it goes on", folder, FileName)
	}
	if err != nil {
		return nil, fmt.Errorf("study: %w", err)
	}
	s, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("study: %s: %w; run the study again, it takes the matrices that are there", name, err)
	}
	return s, nil
}

func parse(text []byte) (*Study, error) {
	var s Study
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one study")
	}
	return &s, s.check()
}

// check finds what no study can have measured.
func (s *Study) check() error {
	if len(s.Points) == 0 {
		return errors.New("no points")
	}
	seen := map[Point]bool{}
	for k, p := range s.Points {
		switch {
		case p.Images == "" || p.Kernel == "":
			return fmt.Errorf("point %d has no name of images or kernel", k+1)
		case p.Depth < 1 || p.N < 1 || p.Width < 0:
			return fmt.Errorf("point %d: depth %d, %d training images, width %d", k+1, p.Depth, p.N, p.Width)
		case p.Test < 1 || p.Right < 0 || p.Right > p.Test:
			return fmt.Errorf("point %d: %d of %d test images", k+1, p.Right, p.Test)
		}
		p.Right, p.Test = 0, 0
		if seen[p] {
			return fmt.Errorf("point %d is there twice", k+1)
		}
		seen[p] = true
	}
	return nil
}
