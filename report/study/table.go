package study

import (
	"fmt"
	"slices"

	"convergo/report/table"
)

// Table has a row for each kernel on some training images, and a column for each width: the accuracies with their intervals.
func (s *Study) Table() *table.Table {
	t := table.New(
		table.Column{Key: "data", Head: "images"}, table.Column{Key: "depth", Head: "depth"},
		table.Column{Key: "n", Head: "$n$"}, table.Column{Key: "kernel", Head: "kernel"},
	)
	widths := s.widths()
	for _, w := range widths {
		t.Columns = append(t.Columns, table.Column{Key: columnKey(w), Head: widthName(w), Group: "accuracy in %", Yield: yield(w)})
	}
	rows := map[Point]int{}
	for _, p := range s.Points {
		row := Point{Images: p.Images, Depth: p.Depth, N: p.N, Kernel: p.Kernel}
		i, ok := rows[row]
		if !ok {
			i = len(t.Rows)
			rows[row] = i
			cells := []table.Cell{table.Text(p.Images), table.Count(p.Depth), table.Count(p.N), table.Text(p.Kernel)}
			t.Add(append(cells, make([]table.Cell, len(widths))...)...)
		}
		t.Rows[i][4+slices.Index(widths, p.Width)] = table.Interval(p.Accuracy())
	}
	t.Title, t.Label, t.Caption = "Accuracy of kernel regression", "tab:kernel-study", s.caption()
	t.Note("", "An interval holds the accuracy on all images of the kind with probability 95 % (Wilson), for these training images"+s.drawn()+".")
	return t
}

func (s *Study) caption() table.Inline {
	text := table.Inline(fmt.Sprintf("Test accuracy of kernel regression on %s images of %d x %d pixels with tangent kernels of fully connected (fc) and convolutional networks, "+
		"with a dense layer on all pixels (cntk) or on their mean (cntk-gap), against the number $n$ of training images.", s.tests(), s.Height, s.Width))
	if s.finite() {
		text += table.Inline(fmt.Sprintf(" Exact kernels of infinitely wide networks ($m = \\infty$) beside those of random networks with $m$ neurons or channels a layer at the start (%s, seed %d).", s.draws(), s.Seed))
	}
	if s.Ridge > 0 {
		text += table.Inline(fmt.Sprintf(" Ridge %g of the mean of the diagonal.", s.Ridge))
	}
	return text
}

// tests is the number of test images, or the range of it.
func (s *Study) tests() string {
	lo, hi := s.Points[0].Test, s.Points[0].Test
	for _, p := range s.Points {
		lo, hi = min(lo, p.Test), max(hi, p.Test)
	}
	if lo == hi {
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}

func (s *Study) draws() string {
	if s.Draws == 1 {
		return "one draw"
	}
	return fmt.Sprintf("mean of %d draws", s.Draws)
}

func (s *Study) drawn() table.Inline {
	if s.finite() {
		return " and networks"
	}
	return ""
}

func (s *Study) finite() bool {
	return slices.ContainsFunc(s.Points, func(p Point) bool { return p.Width > 0 })
}

// widths lists those of the points, ascending: 0, of the exact kernels, first.
func (s *Study) widths() []int {
	var list []int
	for _, p := range s.Points {
		list = append(list, p.Width)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func columnKey(width int) string {
	if width == 0 {
		return "exact"
	}
	return fmt.Sprintf("m%d", width)
}

func widthName(width int) table.Inline {
	if width == 0 {
		return `$m = \infty$`
	}
	return table.Inline(fmt.Sprintf("$m = %d$", width))
}

// yield gives up the columns of finite networks first: the limit is what the
// study is about.
func yield(width int) int { return min(width, 1) }
