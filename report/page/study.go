package page

import (
	"fmt"
	"io"
	"strings"

	"convergo/report/study"
	"convergo/report/table"
)

// WriteStudy writes the page of a study of kernels, its table and its figures, where Write would write that of a run.
func WriteStudy(path string, s *study.Study) error {
	return into(path, func(w io.Writer) error { return renderStudy(w, s) })
}

func renderStudy(w io.Writer, s *study.Study) error {
	t := s.Table()
	title := t.Title.Plain()
	var b strings.Builder
	fmt.Fprintf(&b, "<h1>%s</h1>\n<div class=figures>", text(title))
	for _, d := range s.Drawings() {
		b.WriteString(Figure(d.Figure))
	}
	b.WriteString("</div>\n<div class=scroll tabindex=0 role=group aria-label=\"accuracies\">\n")
	if err := table.Render(&b, t, table.HTML, table.Options{}); err != nil {
		return err
	}
	b.WriteString("</div>\n")
	return Plain(w, title, b.String())
}
