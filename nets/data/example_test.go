package data_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gonum.org/v1/gonum/mat"

	"convergo/nets/data"
)

func ExampleSpec_Build() {
	spec := data.Spec{Kind: data.HalfCircle, N: 3, Labels: data.Alternate}
	set, err := spec.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %d x %d\n", set.Name, set.N(), set.D())
	fmt.Printf("%.3f\n%v\n", mat.Formatted(set.X), set.Y)
	text, _ := json.Marshal(spec)
	fmt.Println(string(text))
	// Output:
	// halfcircle n=3 d=2 labels=alternate: 3 x 2
	// ⎡ 1.000   0.000⎤
	// ⎢ 0.500   0.866⎥
	// ⎣-0.500   0.866⎦
	// [1 -1 1]
	// {"kind":"halfcircle","n":3,"labels":"alternate"}
}

func ExampleSpec_Build_images() {
	set, err := data.Spec{Kind: data.MNIST, N: 50, D: 196, Classes: [2]int{3, 8}}.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d x %d, S^2 = %.1f, rho = %.2f\n", set.N(), set.D(), sq(data.SpectralNorm(set.X)), data.MaxCoherence(set.X))
	// Output: 50 x 196, S^2 = 31.2, rho = 0.94
}

func sq(v float64) float64 { return v * v }

func ExampleSpec_Pin() {
	path := filepath.Join(os.TempDir(), "convergo-example.csv")
	defer os.Remove(path)
	_ = os.WriteFile(path, []byte("1,0\n0,1\n"), 0o644)
	spec, err := data.Spec{Kind: data.File, Path: path}.Pin()
	fmt.Println(len(spec.SHA256), err)
	_ = os.WriteFile(path, []byte("1,0\n0,2\n"), 0o644)
	_, err = spec.Build()
	fmt.Println(errors.Is(err, data.ErrChanged))
	// Output:
	// 64 <nil>
	// true
}

func ExampleLoad() {
	set, err := data.Load("testdata/cases/mixed-header.csv", data.Options{Normalize: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d x %d, labels %v\n", set.N(), set.D(), set.Y)
	fmt.Println(set.Reading)
	_, err = data.Load("testdata/cases/late-duplicate.csv", data.Options{Duplicates: data.DuplicatesRefuse})
	fmt.Println(err)
	// Output:
	// 4 x 2, labels [-1 1 -1 1]
	// mixed-header.csv: CSV (separator comma, scikit-learn's header in the first line (4 rows, 2 features, 2 classes)), 4 rows of 2 columns; label column 3: 2 classes (cats: 2, dogs: 2), dogs as +1, cats as -1; rows scaled to norm 1; all 4 used
	// data: late-duplicate.csv: line 246 (row 246): duplicate row: equal to line 241 (row 241), which makes every limit kernel singular; drop such rows (duplicates drop) or keep them (duplicates keep)
}

// A claim records the digest of a file and not its path.
func ExampleLoader() {
	ctx := context.Background()
	var files data.Loader
	f, err := files.Open(ctx, "testdata/cases/unrelated-labels-01.csv", data.Options{Label: data.LabelLast, Normalize: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	spec := f.Spec(6)
	text, _ := json.Marshal(spec)
	fmt.Println(string(text))
	set, err := files.Build(ctx, spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.Y)
	fmt.Println(set.Reading)
	// Output:
	// {"kind":"file","sha256":"e817f89b4737ae1b45e663bf029752799183b02a165154cd6d8de41411a53ee7","load":{"label":"last","rows":6}}
	// [1 1 -1 -1 -1 1]
	// unrelated-labels-01.csv: CSV (separator comma), 40 rows of 5 columns; label column 6: 2 classes (0: 3, 1: 3), 1 as +1, 0 as -1; rows scaled to norm 1; 6 of 40 used (a stratified sample, seed 0): 2, 4, 7, 23, 27, 40
}

func ExampleValidate() {
	err := data.Validate(mat.NewDense(3, 2, []float64{1, 0, 0, 1, 1, 0}))
	fmt.Println(err)
	var row *data.RowError
	fmt.Println(errors.Is(err, data.ErrDuplicateRow), errors.As(err, &row) && row.Row == 2)
	// Output:
	// data: row 3: duplicate row: equal to row 1, which makes every limit kernel singular; drop one of them
	// true true
}

func ExampleSeparation() {
	// The second row is nearly the antipode of the first.
	x := mat.NewDense(2, 2, []float64{0, 1, 1e-9, -1})
	fmt.Printf("%.1e\n", data.Separation(x))
	// Output: 1.0e-09
}

func ExampleNormalizeRows() {
	u, err := data.NormalizeRows(mat.NewDense(2, 2, []float64{3, 4, 0, -7}))
	fmt.Println(u.RawMatrix().Data, err)
	// Output: [0.6 0.8 0 -1] <nil>
}

func ExampleImages() {
	set, err := data.Images(data.Fashion)
	fmt.Println(set.N(), set.D(), set.Y[:12], err)
	// Output: 1000 784 [0 1 2 3 4 5 6 7 8 9 0 1] <nil>
}
