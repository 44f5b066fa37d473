package fmablas

import (
	"testing"

	"gonum.org/v1/gonum/blas/testblas"
)

// each runs a test with all loops that this machine has.
func each(t *testing.T, f func(t *testing.T, i Implementation)) {
	t.Helper()
	for _, l := range available() {
		t.Run(l.name, func(t *testing.T) { f(t, Implementation{loops: l}) })
	}
}

// gonum's own tests of a BLAS.
func TestSuite(t *testing.T) {
	each(t, func(t *testing.T, i Implementation) {
		for name, test := range map[string]func(*testing.T){
			"Ddot":   func(t *testing.T) { testblas.DdotTest(t, i) },
			"Dgemv":  func(t *testing.T) { testblas.DgemvTest(t, i) },
			"Dgemm":  func(t *testing.T) { testblas.TestDgemm(t, i) },
			"Dsyrk":  func(t *testing.T) { testblas.DsyrkTest(t, i) },
			"Dtrsm":  func(t *testing.T) { testblas.DtrsmTest(t, i) },
			"Dsymm":  func(t *testing.T) { testblas.DsymmTest(t, i) },
			"Dsyr2k": func(t *testing.T) { testblas.Dsyr2kTest(t, i) },
			"Dtrmm":  func(t *testing.T) { testblas.DtrmmTest(t, i) },
		} {
			t.Run(name, test)
		}
	})
}
