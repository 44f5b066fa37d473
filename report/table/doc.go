// Package table holds one model of a table and prints it in every format a
// result is read in: a terminal, Markdown, CSV, JSON, HTML and LaTeX.
//
// A [Table] has typed cells. [Text] is literal, [Math] is LaTeX mathematics,
// [Inline] is prose with mathematics between dollar signs, [Num] is a number
// whose printed digits follow its uncertainty, [Count] is an integer, [Mark] is
// a word with a [Class] such as good or bad, and [Empty] is a cell left blank on
// purpose. Because a cell says what it is, each renderer can escape it safely:
// nothing is ever guessed from the characters of a string.
//
// Columns may be gathered under a common heading ([Column.Group]); formats with
// a single header level join the two headings.
//
//	t := table.New(
//		table.Column{Key: "n", Head: "$n$"},
//		table.Column{Key: "rate", Head: "observed", Group: "rate"},
//	)
//	t.Add(table.Count(10), table.Interval(0.123, 0.118, 0.129))
//	err := table.Render(os.Stdout, t, table.LaTeX, table.Options{})
//
// Output depends on the table and the options alone, byte for byte.
package table
