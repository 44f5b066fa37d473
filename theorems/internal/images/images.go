// Package images describes small sets of the built-in images, so that all sources mean the same pictures by few words.
package images

import "convergo/nets/data"

// All are n images of any class of a kind, data.MNIST or data.Fashion, pooled to d pixels.
func All(kind string, n, d int) data.Spec { return data.Spec{Kind: kind, N: n, D: d} }

// Classes are n images of two classes, the first labelled +1 and the second -1.
func Classes(kind string, n, d, first, second int) data.Spec {
	return data.Spec{Kind: kind, N: n, D: d, Classes: [2]int{first, second}}
}

// Easy are n images of two classes that are easy to tell apart: the digits 0 and 1, T-shirts and trousers.
func Easy(kind string, n, d int) data.Spec { return Classes(kind, n, d, 0, 1) }

// Hard are n images of two classes that are hard to tell apart: the digits 3 and 8, T-shirts and shirts.
func Hard(kind string, n, d int) data.Spec {
	if kind == data.Fashion {
		return Classes(kind, n, d, 0, 6)
	}
	return Classes(kind, n, d, 3, 8)
}
