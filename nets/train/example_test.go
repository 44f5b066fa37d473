package train_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"convergo/nets"
	"convergo/nets/train"

	"gonum.org/v1/gonum/mat"
)

func start(m int) (*nets.Network, *mat.Dense, []float64) {
	x := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	in := nets.NTK(m, 2)
	in.Symmetry = nets.Antisymmetric
	return in.Draw(rand.New(rand.NewPCG(1, 2))), x, []float64{1, -1}
}

// Orthogonal samples have H close to I/2, so that each step of size 1 about
// halves the residual.
func ExampleDescend() {
	net, x, y := start(10000)
	trace, err := train.Descend(context.Background(), net, x, y, train.Options{
		Step: 1, Steps: 4, Record: train.Flips | train.Moves,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f\n", trace.Norm)
	fmt.Printf("moved %.2f, %.1f%% of the patterns flipped\n", trace.FrobeniusMove[4], 100*trace.FlipFraction[4])
	// Output:
	// [1.41 0.71 0.36 0.18 0.09]
	// moved 1.88, 0.4% of the patterns flipped
}

// H is close to I/2. Nesterov's momentum of 0.2 turns the factor 1/2 of a step of
// size 1 into sqrt(0.2/2) = 0.32, in the long run.
func ExampleMomentum() {
	net, x, y := start(10000)
	trace, err := train.Descend(context.Background(), net, x, y, train.Options{
		Step: 1, Steps: 4, Momentum: train.Momentum{Beta: 0.2, Nesterov: true},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f\n", trace.Norm)
	// Output:
	// [1.41 0.71 0.29 0.10 0.03]
}

// One of two samples at a time, with twice its gradient: a sample's residual
// vanishes at the first step of size 1 that draws it, and a pass draws both.
func ExampleMiniBatch() {
	net, x, y := start(10000)
	trace, err := train.Descend(context.Background(), net, x, y, train.Options{
		Step: 1, Steps: 2, Batch: train.MiniBatch{Size: 1, Law: train.Passes, Rand: rand.New(rand.NewPCG(3, 4))},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f\n", trace.Norm)
	// Output:
	// [1.4 1.0 0.0]
}

// Two sub-networks that share out the neurons between them converge half as fast.
func ExampleDescendMasked() {
	net, x, y := start(10000)
	how := train.Masking{Law: train.Partition{}, Models: 2, LocalSteps: 1}
	trace, err := train.DescendMasked(context.Background(), net, x, y, how,
		train.Options{Step: 1, Steps: 4}, rand.New(rand.NewPCG(3, 4)))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f\n", trace.Norm)
	// Output:
	// [1.41 1.06 0.80 0.61 0.46]
}

func ExampleFlow() {
	net, x, y := start(10000)
	trace, err := train.Flow(context.Background(), net, x, y, 2, train.Options{Step: 0.01, At: train.Every(100)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v\n%.2f\n", trace.Steps, trace.Norm)
	// Output:
	// [0 100 200]
	// [1.41 0.86 0.52]
}

func ExampleLinear() {
	lin, err := train.NewLinear(mat.NewSymDense(2, []float64{0.5, 0, 0, 0.25}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", lin.Descent([]float64{1, 1}, 1, 3))
	// Output: [0.125 0.422]
}
