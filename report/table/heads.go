package table

import (
	"fmt"
	"slices"
	"strings"
)

// stacked sets a heading in as few lines as keep it no wider than the column
// under it, or than its longest word. Formulas stay whole.
func stacked(head string, width float64) []string {
	words := headWords(head)
	for _, w := range words {
		width = max(width, texWidth(w))
	}
	var lines []string
	for _, w := range words {
		if last := len(lines) - 1; last >= 0 && texWidth(lines[last]+" "+w) <= width {
			lines[last] += " " + w
			continue
		}
		lines = append(lines, w)
	}
	return lines
}

// headWords cuts a heading at its spaces outside formulas and groups.
func headWords(head string) []string {
	var words []string
	from, depth, math := 0, 0, false
	for i := 0; i < len(head); i++ {
		switch head[i] {
		case '\\':
			i++ // an escaped character is none of these
		case '$':
			math = !math
		case '{':
			depth++
		case '}':
			depth--
		case ' ':
			if !math && depth == 0 {
				words, from = append(words, head[from:i]), i+1
			}
		}
	}
	words = append(words, head[from:])
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// widest returns the widest line.
func widest(lines []string) string {
	most := ""
	for _, line := range lines {
		if texWidth(line) > texWidth(most) {
			most = line
		}
	}
	return most
}

// stackedHead prints the lines of a heading, the last one on the line of the
// others; a heading of one line as it is.
func stackedHead(head string, lines []string, align Align) string {
	if len(lines) < 2 {
		return head
	}
	return fmt.Sprintf(`\begin{tabular}[b]{@{}%s@{}}%s\end{tabular}`, letterOf(align), strings.Join(lines, `\\`))
}

// letterOf is the column specification of an alignment.
func letterOf(a Align) string {
	return map[Align]string{Left: "l", Center: "c", Right: "r"}[a]
}

// headLines is how many lines more than one the headings take.
func (l *latex) headLines() float64 {
	most, mostGroup := 1, 1
	for _, lines := range l.heads {
		most = max(most, len(lines))
	}
	for _, lines := range l.groups {
		mostGroup = max(mostGroup, len(lines))
	}
	return float64(most + mostGroup - 2)
}
