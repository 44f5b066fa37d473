// Package userfile describes data that the user brings as the sources take them.
package userfile

import (
	"convergo/checks"
	"convergo/nets/data"
)

// Rows are the first n rows of a file, or all where it has fewer, scaled to unit norm; n = 0 takes all. Their labels are
// those of the file, if the user named the column that holds them.
func Rows(f checks.DataFile, n int) data.Spec {
	return data.Spec{Kind: data.File, Path: f.Path, SHA256: f.SHA256, Load: data.Options{Label: f.Label, Rows: n}}
}

// Signed are Rows with random signs for labels, for claims that hold for any: the file's own may be classes of any scale.
func Signed(f checks.DataFile, n int) data.Spec {
	s := Rows(f, n)
	s.Labels = data.Sign
	return s
}

// Labelled are Rows with the labels of the file or, where it has none, random signs.
func Labelled(f checks.DataFile, n int) data.Spec {
	if f.Label == data.LabelNone {
		return Signed(f, n)
	}
	return Rows(f, n)
}
