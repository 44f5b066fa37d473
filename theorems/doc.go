// Package theorems lists the sources of claims, one package per source: first
// the source with its BibTeX entry, then its claims in the order of the paper.
//
// To add a source, add a package with a function
//
//	func Source() checks.Source
//
// to the list in All, and to the package one function per claim that returns a [checks.Claim]. The doc comment of
// that function is the statement that "convergo show" prints, so it states the
// claim whole, under these headings, each opening a paragraph:
//
//	Setting:     data, network, initialisation, loss
//	Hypotheses:  what must hold on an instance or a draw
//	Conclusion:  what is then claimed, with all constants
//	Constants:   where they come from; a proof sketch where they are ours
//	Convention:  scaling, sum or mean loss, initialisation scale
//	Reference:   paper, theorem number, card
//	Control:     what is sabotaged, and why it must be caught
//
// The tests refuse a claim whose comment lacks one of them.
package theorems
