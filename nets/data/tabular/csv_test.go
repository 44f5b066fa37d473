package tabular_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"convergo/nets/data/tabular"
)

var t0 = context.Background()

func TestCSV(t *testing.T) {
	y := []float64{1, -1, 1}
	label := func(l string) tabular.Options { return tabular.Options{Label: l} }
	tests := []struct {
		name, text string
		opts       tabular.Options
		y          []float64
		notes      string
	}{
		{"plain", "3,4\n0,-2\n1.5,.25\n", tabular.Options{}, nil, "separator comma"},
		{"header", "a,b\n3,4\n0,-2\n1.5,25e-2", tabular.Options{}, nil, "separator comma|header in the first line"},
		{"byte order mark, CRLF, blanks", "\ufeffa,b\r\n3, 4\r\n\r\n0 ,-2\r\n1.5,0.25\r\n", tabular.Options{}, nil, "separator comma|header in the first line"},
		{"quoted", "\"3\",\"4\"\n0,-2\n1.5,0.25\n", tabular.Options{}, nil, "separator comma"},
		{"quoted header with a line break", "\"a\nb\",\"c,d\"\n3,4\n0,-2\n1.5,0.25\n", tabular.Options{}, nil, "separator comma|header in the first line"},
		{"comments", "# made by hand\n3,4\n# more\n0,-2\n1.5,0.25\n", tabular.Options{}, nil, "separator comma"},
		{"semicolons", "3;4\n0;-2\n1.5;0.25\n", tabular.Options{}, nil, "separator semicolon"},
		{"decimal commas", "a;b\n3;4\n0;-2\n1,5;0,25\n", tabular.Options{}, nil, "separator semicolon|header in the first line|decimal commas"},
		{"tabs", "a\tb c\n3\t4\n0\t-2\n1.5\t0.25\n", tabular.Options{}, nil, "separator tab|header in the first line"},
		{"spaces", "  3  4\n 0 -2\n1.5\t0.25 \n", tabular.Options{}, nil, "separator space"},
		{"spaces and header", "a b\n3 4\n0 -2\n1.5 0.25\n", tabular.Options{}, nil, "separator space|header in the first line"},
		{"numeric header said to be one", "1,2\n3,4\n0,-2\n1.5,0.25\n", tabular.Options{Header: tabular.HeaderYes}, nil, "separator comma|header in the first line"},
		{"label last", "x0,x1,y\n3,4,1\n0,-2,-1\n1.5,0.25,1\n", label("last"), y, "separator comma|header in the first line"},
		{"label first", "1,3,4\n-1,0,-2\n1,1.5,0.25\n", label("first"), y, "separator comma"},
		{"label by name", "x0,target,x1\n3,1,4\n0,-1,-2\n1.5,1,0.25\n", label("Target"), y, "separator comma|header in the first line"},
		{"label by number", "3,1,4\n0,-1,-2\n1.5,1,0.25\n", label("2"), y, "separator comma"},
		{"text classes", "3,4,dog\n0,-2,cat\n1.5,0.25,dog\n", label("last"), []float64{1, 0, 1}, "separator comma"},
		{"pandas index", ",a,b\n0,3,4\n1,0,-2\n2,1.5,0.25\n", tabular.Options{}, nil, "separator comma|header in the first line|unnamed first column left out as an index"},
		{"pandas index written twice", "Unnamed: 0,a,b\n0,3,4\n1,0,-2\n2,1.5,0.25\n", tabular.Options{}, nil, "separator comma|header in the first line|unnamed first column left out as an index"},
		{"pandas columns without names", ",0,1\n0,3,4\n1,0,-2\n2,1.5,0.25\n", tabular.Options{}, nil, "separator comma|header of column numbers in the first line|unnamed first column left out as an index"},
		{"row names of R", "\"a\" \"b\"\n\"1\" 3 4\n\"2\" 0 -2\n\"3\" 1.5 0.25\n", tabular.Options{}, nil, "separator space|header in the first line|unnamed first column left out as an index"},
		{"separator at the ends", "3,4,\n0,-2,\n1.5,0.25,\n", tabular.Options{}, nil, "separator comma|empty last column left out"},
		{"scikit-learn", "3,2,no,yes\n3,4,1\n0,-2,0\n1.5,0.25,1\n", tabular.Options{}, []float64{1, 0, 1}, "separator comma|scikit-learn's header in the first line (3 rows, 2 features, 2 classes)"},
		{"scikit-learn, cut", "9,2,no,yes\n3,4,1\n0,-2,0\n1.5,0.25,1\n", tabular.Options{}, []float64{1, 0, 1}, "separator comma|scikit-learn's header in the first line (9 rows, 2 features, 2 classes)|but there are 3 rows"},
		{"scikit-learn, numbers", "3,2\n3,4,1\n0,-2,-1\n1.5,0.25,1\n", tabular.Options{}, y, "separator comma|scikit-learn's header in the first line (3 rows, 2 features)"},
		{"scikit-learn, said to be a header", "3,2,no,yes\n3,4,1\n0,-2,0\n1.5,0.25,1\n", tabular.Options{Header: "yes"}, []float64{1, 0, 1}, "separator comma|scikit-learn's header in the first line (3 rows, 2 features, 2 classes)"},
		{"a name that labels have", "a,class\n3,4\n0,-2\n1.5,0.25\n", tabular.Options{}, nil, "separator comma|header in the first line|column class is a feature (give label class if it is the label)"},
		{"left out by name", "a,name,b\n3,x,4\n0,y,-2\n1.5,z,0.25\n", tabular.Options{Drop: []string{"name"}}, nil, "separator comma|header in the first line"},
		{"missing", "3,4\n,1\n0,-2\nNA,2\n1.5,.25\n1,?\n", tabular.Options{Missing: tabular.MissingDrop}, nil, "separator comma"},
	}
	for _, tt := range tests {
		for _, name := range []string{"a.csv", "stdin"} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				c := mustRead(t, name, []byte(tt.text), tt.opts)
				if !equalRows(c.rows, sample) || !slices.Equal(c.y, tt.y) || strings.Join(c.table.Notes, "|") != tt.notes {
					t.Errorf("got %v, %v\nnotes %q", c.rows, c.y, c.table.Notes)
				}
			})
		}
	}
}

func TestNumbersOfCSV(t *testing.T) {
	c := mustRead(t, "a.csv", []byte("a,b\nTrue,1e3\nfalse,-0x1p-2\n"), tabular.Options{})
	if !equalRows(c.rows, [][]float64{{1, 1000}, {0, -0.25}}) {
		t.Errorf("got %v", c.rows)
	}
	c = mustRead(t, "a.csv", []byte("0,1\n1,3\n2,1\n3,1\n4,2\n"), tabular.Options{})
	if len(c.rows[0]) != 2 || !strings.Contains(strings.Join(c.table.Notes, " "), "drop 1") {
		t.Errorf("a column that counts the rows: %v, %q", c.rows, c.table.Notes)
	}
	// XOR is data, not a header of column numbers.
	if c = mustRead(t, "a.csv", []byte("0,1\n1,0\n"), tabular.Options{}); len(c.rows) != 2 {
		t.Errorf("got %v", c.rows)
	}
	if c = mustRead(t, "a.csv", []byte("5,2,dog\n3,1,cat\n"), tabular.Options{Label: "last"}); len(c.rows) != 2 {
		t.Errorf("numbers before a class are no header: %v", c.rows)
	}
	if c = mustRead(t, "a.csv", []byte("5,1\n3,2\n"), tabular.Options{}); len(c.rows) != 2 || c.y != nil {
		t.Errorf("two numbers before two numbers are no header: %v", c.rows)
	}
	if c = mustRead(t, "iris.csv", []byte("5.1,3.5,setosa\n4.9,3,virginica\n4.7,3.2,setosa\n"), tabular.Options{Label: "3"}); len(c.rows) != 3 || c.table.Label != "column 3" {
		t.Errorf("classes of text are no header: %v", c.rows)
	}
}

func TestMissingValuesKeepTheirRows(t *testing.T) {
	text := []byte("a,b,y\n1,2,u\n,3,v\n4,5,\n6,7,w\n")
	c := mustRead(t, "a.csv", text, tabular.Options{Label: "y", Missing: tabular.MissingDrop})
	if c.table.FileRow(0) != 0 || c.table.FileRow(1) != 3 || c.table.Place(1) != "line 5 (row 4)" {
		t.Errorf("rows %d and %d, %s", c.table.FileRow(0), c.table.FileRow(1), c.table.Place(1))
	}
	if !slices.Equal(c.names, []string{"u", "w"}) || !slices.Equal(c.y, []float64{0, 1}) {
		t.Errorf("labels %q %v", c.names, c.y)
	}
	wantError(t, "a.csv", text, tabular.Options{Label: "y"}, tabular.ErrMissing, `line 3 (row 2), column 1 ("a")`)
	wantError(t, "a.csv", []byte("a,y\n1,u\n2,NA\n"), tabular.Options{Label: "y"}, tabular.ErrMissing, `line 3 (row 2): label "y"`)
	wantError(t, "a.csv", []byte("a,b\n1,\n2,NA\n"), tabular.Options{Missing: tabular.MissingDrop}, tabular.ErrEmpty, "every one of the 2 rows")
}

func TestLIBSVM(t *testing.T) {
	text := []byte("# header\n+1 1:3 2:4\n-1 2:-2 # why\n+1 qid:3 1:1.5 2:.25\n")
	for _, name := range []string{"a.svm", "a.libsvm", "unknown"} {
		c := mustRead(t, name, text, tabular.Options{})
		if !equalRows(c.rows, sample) || !slices.Equal(c.y, []float64{1, -1, 1}) || c.table.Format != "libsvm" {
			t.Errorf("got %s %v, %v", c.table.Format, c.rows, c.y)
		}
	}
	c := mustRead(t, "a.svm", []byte("spam 0:1 2:3\nham\n"), tabular.Options{})
	if !equalRows(c.rows, [][]float64{{1, 0, 3}, {0, 0, 0}}) || !slices.Equal(c.names, []string{"ham", "spam"}) {
		t.Errorf("from 0: %v, %q", c.rows, c.names)
	}
	for _, tt := range []struct {
		text string
		want error
		say  string
	}{
		{"1 1:2\n1 3:4 2:1\n", tabular.ErrFormat, "line 2: malformed file: index 2 after 3"},
		{"1 1:2\n1 3\n", tabular.ErrFormat, `"3" is no pair`},
		{"1 1:2\n1 99999999999:4\n", tabular.ErrTooLarge, "99999999999"},
		{"1 1:2\n1 2:x\n", tabular.ErrNotNumber, "line 2 (row 2): index 2"},
		{"1 1:2\n1 2:inf\n", tabular.ErrNotFinite, "line 2"},
		{"\n", tabular.ErrEmpty, "0 rows"},
	} {
		wantError(t, "a.svm", []byte(tt.text), tabular.Options{}, tt.want, tt.say)
	}
	wantError(t, "a.svm", text, tabular.Options{Label: "last"}, tabular.ErrOption, "first field")
}

func TestLongTextsAreReadWhole(t *testing.T) {
	var b bytes.Buffer
	for range 40000 {
		b.WriteString("0.123456789012345,0.123456789012345,0.123456789012345,0.123456789012345,0.123456789012345,0.123456789012345,0.123456789012345\n")
	}
	c := mustRead(t, "a.csv", b.Bytes(), tabular.Options{})
	if len(c.rows) != 40000 || len(c.rows[0]) != 7 || c.rows[39999][6] != 0.123456789012345 {
		t.Errorf("%d rows", len(c.rows))
	}
}
