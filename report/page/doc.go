// Package page writes a run as one self-contained HTML page. It opens with the
// verdicts, counted; the claims that do not hold, with their reasons; and a row
// a source that says what it claims, what was found and how loose it is. A row
// unfolds into the claims of the source, each of them into its statement, the
// table of its instances, figures, controls and witness.
//
// The page asks nothing of a network. It works without JavaScript; with it,
// the claims can be searched, filtered and sorted. Equal runs give equal bytes.
package page
