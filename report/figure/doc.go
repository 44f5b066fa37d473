// Package figure draws series of numbers as a paper prints them: as SVG, PDF and
// PNG, as pgfplots source with the data in it, and as a chart in a terminal.
//
// A [Figure] has [Line]s, [Histogram]s and [Rule]s; it knows nothing of where
// the numbers come from. What is measured, bound, fitted or a band differs in
// dash and marker, not in colour alone, so that a figure is legible in grey. The
// legend stands above the axes and never covers the data. A value that a
// logarithmic axis cannot show is left out, and [Figure.Notes] says so.
//
// Equal figures give equal bytes. Text in PDF is drawn as outlines, so that it
// needs no fonts and any letter prints.
package figure
