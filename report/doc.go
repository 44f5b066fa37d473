// Package report turns the records of runs into tables. It reads a
// [checks.Summary] and never runs anything.
//
// [Overview] is the table of all claims; [Grid] shows one claim over its
// instances; [Statement] and [List] print what is claimed. How tables look in
// a terminal, Markdown, CSV, JSON, HTML or LaTeX is the business of the package
// table beneath.
package report
