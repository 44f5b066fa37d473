package conv_test

import (
	"fmt"

	"convergo/bounds/kernel/conv"
)

// One layer with filters of one pixel and global average pooling, on images of 1 x 2 pixels.
func ExampleKernel_Pair() {
	shape := conv.Shape{Channels: 1, Height: 1, Width: 2}
	k, err := conv.New(conv.Net{Depth: 1, Filter: 1, Head: conv.GAP}, shape, conv.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := k.Pair([]float64{1, 0}, []float64{1, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	// The first pixel of x is parallel to both of z, with D Theta + K = 1 + 1; the second is zero: (2+2+0+0)/4.
	fmt.Println(v)
	// Output: 1
}
