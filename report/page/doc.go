// Package page writes a run as one self-contained HTML page: the overview, and
// a section a claim with its statement, hypotheses, table, figures, controls,
// witness and reference. The page asks nothing of a network. It works without
// JavaScript; with it, the overview can be filtered and sorted. Equal runs give
// equal bytes.
package page
