package tabular_test

import (
	"context"
	"fmt"

	"convergo/nets/data/tabular"
)

func ExampleOpen() {
	ctx := context.Background()
	text := []byte(";width;height;kind\n0;1,5;2;cat\n1;;4;dog\n2;2,5;3;dog\n")
	t, err := tabular.Open(ctx, "pets.csv", text, tabular.Options{Label: "kind"})
	if err != nil {
		fmt.Println(err)
		return
	}
	n, d := t.Dims()
	fmt.Println(n, d, t.Names, t.Label, t.Notes)
	_, err = t.Scan(ctx, tabular.MissingRefuse, func(int, []float64) error { return nil })
	fmt.Println(err)
	labels, err := t.Scan(ctx, tabular.MissingDrop, func(i int, x []float64) error {
		fmt.Println(t.Place(i), x)
		return nil
	})
	fmt.Println(labels.Values, labels.Classes, err)
	// Output:
	// 3 2 [width height] kind [separator semicolon header in the first line unnamed first column left out as an index decimal commas]
	// line 3 (row 2), column 2 ("width"): missing value; fill it in, leave out the column (drop), or leave out such rows (missing drop)
	// line 2 (row 1) [1.5 2]
	// line 4 (row 3) [2.5 3]
	// [0 1] [cat dog] <nil>
}
