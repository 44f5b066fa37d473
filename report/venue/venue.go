// Package venue knows how wide and high the pages of journals and conferences
// are, so that tables and figures fit them without being scaled. The lengths are
// those that the classes and style files of the venues set.
package venue

import (
	"fmt"
	"strings"
)

// Point is a length of TeX, 1/72.27 inch.
type Point float64

// Inches returns the length in inches.
func (p Point) Inches() float64 { return float64(p) / 72.27 }

// A Venue is a kind of page.
type Venue struct {
	Name   string
	About  string
	Text   Point // width of the text: of both columns where there are two
	Column Point // width of a column; equal to Text where there is one
	Height Point // of the text
	Body   Point // size of the type of the text
	Small  Point // and of \footnotesize, in which tables are set
	Lead   Point // from line to line of \footnotesize
	Frames bool  // pages are the frames of a talk, which no table runs over
}

// TwoColumns reports whether the text of the venue has two columns.
func (v Venue) TwoColumns() bool { return v.Column < v.Text }

// All lists the venues.
func All() []Venue {
	return []Venue{
		{Name: "article", About: "LaTeX's article class", Text: 345, Column: 345, Height: 550, Body: 10, Small: 8, Lead: 9.5},
		{Name: "neurips", About: "NeurIPS and ICLR", Text: 397.48, Column: 397.48, Height: 650.4, Body: 10, Small: 8, Lead: 9.5},
		{Name: "icml", About: "ICML, two columns", Text: 487.82, Column: 234.88, Height: 650.4, Body: 10, Small: 8, Lead: 9.5},
		{Name: "jmlr", About: "JMLR", Text: 433.62, Column: 433.62, Height: 614, Body: 10.95, Small: 9, Lead: 11},
		{Name: "ieee", About: "IEEE transactions, two columns", Text: 516, Column: 252, Height: 696, Body: 10, Small: 8, Lead: 9.5},
		{Name: "acm", About: "ACM proceedings, two columns", Text: 506.3, Column: 241.15, Height: 666, Body: 9, Small: 8, Lead: 9.5},
		{Name: "beamer", About: "a frame of a talk", Text: 307.28, Column: 307.28, Height: 205, Body: 10.95, Small: 9, Lead: 11, Frames: true},
	}
}

// Names lists the names of the venues.
func Names() []string {
	var names []string
	for _, v := range All() {
		names = append(names, v.Name)
	}
	return names
}

// Parse returns the venue of the name; iclr is another name of neurips.
func Parse(name string) (Venue, error) {
	if strings.EqualFold(name, "iclr") {
		name = "neurips"
	}
	for _, v := range All() {
		if strings.EqualFold(v.Name, name) {
			return v, nil
		}
	}
	return Venue{}, fmt.Errorf("unknown venue %q: use one of %s", name, strings.Join(Names(), ", "))
}
