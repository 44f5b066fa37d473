// Package mathml turns the LaTeX mathematics in which theorems are stated into
// presentation MathML, for web pages, and into readable Unicode text, for
// terminals.
//
// It covers formulas of one line: fractions, roots, scripts, Greek and the
// usual alphabets, relations and operators, fences (\left, \right, \|, \lfloor,
// ...), accents, named functions, \operatorname and \text. Macros, alignments
// and environments are no part of it. An unknown command is an error that names
// the command and its place, never a silent omission.
package mathml
