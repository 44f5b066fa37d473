package userfile_test

import (
	"reflect"
	"testing"

	"convergo/checks"
	"convergo/nets/data"
	"convergo/theorems/internal/userfile"
)

func TestLabels(t *testing.T) {
	bare := checks.DataFile{Path: "a.csv", SHA256: "00", Rows: 9, Columns: 3}
	labelled := bare
	labelled.Label, labelled.Options = "species", data.Options{Label: "last", Normalize: true}
	spec := func(n int, labels string, o data.Options) data.Spec {
		return data.Spec{Kind: data.File, SHA256: "00", N: n, D: 3, Labels: labels, Load: o}
	}
	last := data.Options{Label: "last"}
	tests := []struct {
		name string
		got  data.Spec
		want data.Spec
	}{
		{"rows", userfile.Rows(bare, 7), spec(7, "", data.Options{})},
		{"all rows", userfile.Rows(bare, 0), spec(9, "", data.Options{})},
		{"more rows than there are", userfile.Rows(bare, 20), spec(9, "", data.Options{})},
		{"rows with labels", userfile.Rows(labelled, 7), spec(7, "", last)},
		{"signs", userfile.Signed(bare, 7), spec(7, data.Sign, data.Options{})},
		{"signs of the labels", userfile.Signed(labelled, 7), spec(7, data.ClassSign, last)},
		{"labels, but there are none", userfile.Labelled(bare, 7), spec(7, data.Sign, data.Options{})},
		{"labels", userfile.Labelled(labelled, 7), spec(7, "", last)},
	}
	for _, tt := range tests {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.name, tt.got, tt.want)
		}
	}
}
