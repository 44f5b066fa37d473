package nets_test

import (
	"fmt"
	"math/rand/v2"

	"convergo/nets"

	"gonum.org/v1/gonum/mat"
)

// The Gram matrix of a wide network is close to its limit: for orthogonal unit
// samples H tends to I/2.
func Example() {
	x := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	in := nets.NTK(1<<16, 2)
	in.Symmetry = nets.Antisymmetric
	net := in.Draw(rand.New(rand.NewPCG(1, 2)))

	b := nets.NewBatch(x, net.Width())
	b.Forward(net)
	h := mat.NewSymDense(2, nil)
	b.Gram(h, net, nets.FirstLayer)

	fmt.Println("u =", b.U)
	fmt.Printf("H = %.2f\n", mat.Formatted(h, mat.Prefix("    ")))
	// Output:
	// u = [0 0]
	// H = ⎡0.50  0.00⎤
	//     ⎣0.00  0.50⎦
}

// Samples that span few dimensions are trained in those dimensions.
func ExampleInSpan() {
	x := mat.NewDense(2, 5, []float64{0, 0, 3, 4, 0, 5, 0, 0, 0, 0})
	coords, basis := nets.InSpan(x)
	fmt.Println(coords.Dims())

	net := nets.NTK(100, 5).Draw(rand.New(rand.NewPCG(1, 2)))
	u, v := net.Output(x), net.InSpan(basis).Output(coords)
	fmt.Printf("%.3f\n%.3f\n", u, v)
	// Output:
	// 2 2
	// [0.914 0.293]
	// [0.914 0.293]
}
