// Package data draws and reads the data sets that claims are checked on.
//
// A Spec is a plain, JSON-able description of a labelled data set: a kind
// (points on the sphere, an orthonormal frame, clusters, explicit lattice
// points, images, a file of the user), its sizes and a seed. Build turns it
// into a Set, the same one on every call, so that a claim's parameters can hold a
// Spec and be replayed from their JSON. Generators of Specs for the "for all"
// quantifier are in the package gen.
//
// X is n x d with one sample a row. Rows have unit norm unless the Spec says
// otherwise, which is what nearly all theorems assume. Geometry of the rows is measured by
// Separation, MaxCoherence, SpectralNorm and RowNorms; Validate names the
// row that breaks an assumption.
//
// Load reads a user's own data: CSV, NumPy .npy and .npz, IDX (MNIST's format)
// and CIFAR-10 batches. About a thousand images each of MNIST and Fashion-MNIST are
// compiled in; they are decompressed on use.
package data
