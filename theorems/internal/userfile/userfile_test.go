package userfile_test

import (
	"reflect"
	"testing"

	"convergo/checks"
	"convergo/nets/data"
	"convergo/theorems/internal/userfile"
)

func TestLabels(t *testing.T) {
	bare := checks.DataFile{Path: "a.csv", SHA256: "00"}
	labelled := checks.DataFile{Path: "a.csv", SHA256: "00", Label: data.LabelLast}
	spec := func(labels, column string) data.Spec {
		return data.Spec{Kind: data.File, Path: "a.csv", SHA256: "00", Labels: labels, Load: data.Options{Label: column, Rows: 7}}
	}
	tests := []struct {
		name string
		got  data.Spec
		want data.Spec
	}{
		{"rows", userfile.Rows(bare, 7), spec("", data.LabelNone)},
		{"rows with labels", userfile.Rows(labelled, 7), spec("", data.LabelLast)},
		{"signs", userfile.Signed(bare, 7), spec(data.Sign, data.LabelNone)},
		{"signs in place of labels", userfile.Signed(labelled, 7), spec(data.Sign, data.LabelLast)},
		{"labels, but there are none", userfile.Labelled(bare, 7), spec(data.Sign, data.LabelNone)},
		{"labels", userfile.Labelled(labelled, 7), spec("", data.LabelLast)},
	}
	for _, tt := range tests {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.name, tt.got, tt.want)
		}
	}
}
