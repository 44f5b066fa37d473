package fmablas_test

import (
	"fmt"

	"convergo/nets/fmablas"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/mat"
)

// Under mat and lapack, for the whole program.
func Example() {
	blas64.Use(fmablas.Implementation{})
	defer blas64.Use(gonum.Implementation{})

	var square mat.Dense
	a := mat.NewDense(2, 2, []float64{1, 1, 1, 0})
	square.Mul(a, a)
	fmt.Println(mat.Formatted(&square))
	// Output:
	// ⎡2  1⎤
	// ⎣1  1⎦
}

func ExampleGemm() {
	a := blas64.General{Rows: 1, Cols: 3, Stride: 3, Data: []float64{1, 2, 3}}
	c := blas64.General{Rows: 1, Cols: 1, Stride: 1, Data: make([]float64, 1)}
	fmablas.Gemm(blas.NoTrans, blas.Trans, 1, a, a, 0, c)
	fmt.Println(c.Data)
	// Output: [14]
}

// The upper triangle of the Gram matrix of two rows; what is below it stays.
func ExampleSyrk() {
	x := blas64.General{Rows: 2, Cols: 2, Stride: 2, Data: []float64{3, 4, 1, 0}}
	gram := blas64.Symmetric{N: 2, Stride: 2, Uplo: blas.Upper, Data: make([]float64, 4)}
	fmablas.Syrk(blas.NoTrans, 1, x, 0, gram)
	fmt.Println(gram.Data)
	// Output: [25 3 0 1]
}
