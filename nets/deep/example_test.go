package deep

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

func ExampleNetwork_Gram() {
	hidden := []int{64, 3, 64} // a bottleneck
	net, err := New(Config{Inputs: 4, Hidden: hidden, Std: HeStd(4, hidden)}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		fmt.Println(err)
		return
	}
	x := mat.NewDense(3, 4, []float64{1, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0})
	gram, err := net.Gram(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The kernel is 1-homogeneous in each argument: the third point is twice
	// the first one.
	fmt.Printf("%.6f %.6f\n", gram.At(2, 2)/gram.At(0, 0), gram.At(0, 2)/gram.At(0, 0))
	// Output: 4.000000 2.000000
}

func ExamplePass() {
	x := mat.NewDense(2, 3, []float64{1, 0, 0, 0, 1, 0})
	net, err := New(Config{Inputs: 3, Hidden: []int{20, 20}, Convention: NTK}, rand.New(rand.NewPCG(5, 6)))
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := net.NewPass(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	// J J^T u without J, and by the kernel.
	u := []float64{1, -1}
	ku := p.JMul(nil, p.JTMul(nil, u))
	K := p.Gram(nil)
	fmt.Println("agree:", math.Abs(ku[0]-(K.At(0, 0)-K.At(0, 1))) < 1e-12)
	fmt.Println(p.Feature(2).Dims())
	// Output:
	// agree: true
	// 2 20
}

func ExampleDescent() {
	x := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	net, err := New(Config{Inputs: 2, Hidden: []int{50, 50}, Convention: NTK}, rand.New(rand.NewPCG(3, 4)))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := Descent{Step: 0.1, Steps: 500, Tolerance: 1e-9}.Run(net, x, []float64{1, -1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("converged:", out.Converged)
	// Output: converged: true
}
