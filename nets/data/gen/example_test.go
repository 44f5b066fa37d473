package gen_test

import (
	"fmt"

	"convergo/nets/data"
	"convergo/nets/data/gen"
)

// Outside a property, Example draws one instance, the same on every run.
func ExampleSeparated() {
	specs := gen.Separated(gen.Range{MinN: 3, MaxN: 6, MinD: 2, MaxD: 4})
	set, err := specs.Example(7).Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.N() >= 3, set.D() >= 2, data.Separation(set.X) > 0)
	// Output: true true true
}

func ExampleSpecs() {
	specs := gen.Specs(gen.Range{MinN: 1, MaxN: 6, MinD: 1, MaxD: 4})
	set, err := specs.Example(1).Build()
	fmt.Println(len(set.Y) == set.N(), err)
	// Output: true <nil>
}

func ExampleLines() {
	points := gen.Lines(3, 2, 1).Example(0)
	parallel := false
	for i, p := range points {
		for _, q := range points[:i] {
			parallel = parallel || p[0]*q[1] == p[1]*q[0]
		}
	}
	fmt.Println(len(points), parallel)
	// Output: 3 false
}

func ExampleLattice() {
	points := gen.Lattice(2, 3, 2).Example(0)
	fmt.Println(len(points), len(points[0]))
	// Output: 2 3
}
