package testdata

import _ "embed" // the files below

//go:embed data/mnist-images-idx3-ubyte.gz
var mnistImages string

//go:embed data/mnist-labels-idx1-ubyte.gz
var mnistLabels string

//go:embed data/fashion-images-idx3-ubyte.gz
var fashionImages string

//go:embed data/fashion-labels-idx1-ubyte.gz
var fashionLabels string

// MNIST returns 1,000 MNIST digits, 100 of each, and their labels: two gzipped
// IDX files. The slices are the caller's own.
func MNIST() (images, labels []byte) { return []byte(mnistImages), []byte(mnistLabels) }

// Fashion returns 1,000 Fashion-MNIST images, 100 of each class, and their
// labels: two gzipped IDX files. The slices are the caller's own.
func Fashion() (images, labels []byte) { return []byte(fashionImages), []byte(fashionLabels) }
