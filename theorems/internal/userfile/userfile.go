// Package userfile describes data that the user brings as the sources take them. Rows and labels are chosen and coded
// by the loader of package data alone.
package userfile

import (
	"convergo/checks"
	"convergo/nets/data"
)

// Rows are n rows of a file, or all where it has fewer, scaled to unit norm; n = 0 takes all. Their labels are those of
// the file, if it has any.
func Rows(f checks.DataFile, n int) data.Spec { return f.Spec(n) }

// Signed are Rows with labels +1 and -1 for claims that need them: the file's own, by class or by the side of their
// median, or random ones where it has none.
func Signed(f checks.DataFile, n int) data.Spec {
	s := Labelled(f, n)
	if s.Labels == "" {
		s.Labels = data.ClassSign
	}
	return s
}

// Labelled are Rows with the labels of the file or, where it has none, random signs.
func Labelled(f checks.DataFile, n int) data.Spec {
	s := Rows(f, n)
	if f.Label == "" {
		s.Labels = data.Sign
	}
	return s
}
