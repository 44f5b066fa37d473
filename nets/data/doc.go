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
// A user's own files are read by a Loader, which holds every file once and finds it again
// by the digest of its content: a Spec records the digest, not the path. The formats are
// those of package tabular. A Loader chooses the rows (a seeded sample with every
// class in its share), leaves out repeated ones, codes the labels (classes +1 and -1,
// everything centred and scaled to mean square 1 unless the options say otherwise) and says what it
// did in a Reading. Claims take Set.X and Set.Y as they are. Load is a Loader that is
// used once. Lines, rows and columns are counted from 1 in all texts.
//
// About a thousand images each of MNIST and Fashion-MNIST are compiled in; they are
// decompressed on use.
package data
