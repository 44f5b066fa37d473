// Package gate prints the comparison of a run with a baseline for the readers
// of a CI gate: a terminal table in the manner of benchstat, JUnit XML, SARIF
// that points at the claim's source line, and a Markdown step summary.
package gate
