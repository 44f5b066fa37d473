package data_test

import (
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
	set, err := data.Load("testdata/xy.npz", data.Options{Normalize: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d x %d, first row %.1f, labels %v\n", set.N(), set.D(), set.X.RawRowView(0), set.Y)
	_, err = data.Load("testdata/fortran.npy", data.Options{})
	fmt.Println(err)
	// Output:
	// 3 x 2, first row [0.6 0.8], labels [1 -1 1]
	// data: testdata/fortran.npy: column-major (Fortran) order: NPY: the array is stored by columns; write numpy.ascontiguousarray(a)
}

func ExampleValidate() {
	err := data.Validate(mat.NewDense(3, 2, []float64{1, 0, 0, 1, 1, 0}))
	fmt.Println(err)
	var row *data.RowError
	fmt.Println(errors.Is(err, data.ErrDuplicateRow), errors.As(err, &row) && row.Row == 2)
	// Output:
	// data: row 2 (from 0): duplicate row: equal to row 0, which makes every limit kernel singular; drop one of them
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
