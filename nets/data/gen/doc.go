// Package gen draws data sets for the "for all" quantifier: rapid generators
// of data.Spec. It is a package of its own because importing rapid registers
// flags.
//
// Random points are described by a seed, never entry by entry: rapid's floats
// crowd at zero and at the ends of their range. Adversarial points are integer
// vectors, drawn entry by entry, so that a counterexample shrinks to a few
// small numbers. Degenerate draws are avoided by construction, not by filters.
package gen
