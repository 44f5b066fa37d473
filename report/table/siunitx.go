package table

import (
	"fmt"
	"slices"
	"strings"
)

// aligned reports whether column j is a siunitx S column: it has numbers only,
// and no interval, which S columns do not know.
func (l *latex) aligned(j int) bool {
	if !l.opts.Siunitx || !l.table.numeric(j) || l.table.Columns[j].Wrap > 0 {
		return false
	}
	for _, row := range l.table.Rows {
		if x, ok := bare(row[j]).(Num); ok && x.spread == interval {
			return false
		}
	}
	return true
}

// numerals returns the numbers of an S column, all in one notation: that of the
// one that needs powers of ten.
func (l *latex) numerals(j int) []numeral {
	var ns []numeral
	for _, row := range l.table.Rows {
		if n, ok := siunitxNumeral(bare(row[j])); ok {
			ns = append(ns, n)
		}
	}
	if slices.ContainsFunc(ns, func(n numeral) bool { return n.sci }) {
		for i, n := range ns {
			ns[i] = n.scientific()
		}
	}
	return ns
}

// power reports whether the numbers of an S column are in scientific notation.
func (l *latex) power(j int) bool {
	if l.powers == nil {
		l.powers = map[int]bool{}
	}
	sci, known := l.powers[j]
	if !known {
		sci = slices.ContainsFunc(l.numerals(j), func(n numeral) bool { return n.sci })
		l.powers[j] = sci
	}
	return sci
}

// siunitxFormat is the room that numbers need, such as -1.2e3: digits before the
// point, after it, and of the exponent.
func siunitxFormat(ns []numeral) string {
	var whole, decimals, exponent, uncertain int
	var minus, expMinus bool
	for _, n := range ns {
		value := strings.TrimPrefix(n.value, "-")
		minus = minus || value != n.value
		w, d, _ := strings.Cut(value, ".")
		whole, decimals = max(whole, len(w)), max(decimals, len(d))
		if n.sci {
			exponent = max(exponent, len(fmt.Sprint(abs(n.exp))))
			expMinus = expMinus || n.exp < 0
		}
		uncertain = max(uncertain, len(strings.TrimLeft(strings.ReplaceAll(n.err, ".", ""), "0")))
	}
	format := fmt.Sprintf("%d.%d", max(whole, 1), decimals)
	if minus {
		format = "-" + format
	}
	if uncertain > 0 {
		format += fmt.Sprintf("(%d)", uncertain)
	}
	if exponent > 0 {
		format += "e"
		if expMinus {
			format += "-"
		}
		format += fmt.Sprint(exponent)
	}
	return format
}

// alignedWidth is what an S column takes, in units of the type size.
func (l *latex) alignedWidth(j int) float64 {
	format := siunitxFormat(l.numerals(j))
	const digit, minus, power = 0.532, 0.9, 2.3
	number, exponent, sci := strings.Cut(format, "e")
	width := 0.3
	if strings.HasPrefix(number, "-") {
		width, number = width+minus, number[1:]
	}
	number, uncertain, spread := strings.Cut(number, "(")
	for _, part := range strings.SplitN(number, ".", 2) {
		n := 0
		fmt.Sscan(part, &n)
		width += digit*float64(n) + 0.2*float64(n/3) // spaces part long numbers in threes
	}
	if spread {
		n := 0
		fmt.Sscan(strings.TrimSuffix(uncertain, ")"), &n)
		width += digit * float64(n+2)
	}
	if sci {
		n := 0
		fmt.Sscan(strings.TrimPrefix(exponent, "-"), &n)
		width += power + script*digit*float64(n)
		if strings.HasPrefix(exponent, "-") {
			width += script * minus
		}
	}
	return width + 0.3
}

// siunitxNumeral returns a cell as siunitx reads it, if it can.
func siunitxNumeral(c Cell) (numeral, bool) {
	switch c := c.(type) {
	case Count:
		return numeral{value: c.plain()}, true
	case Num:
		ok := finite(c.value) && (c.spread == alone || finite(c.err) && c.err > 0)
		return c.numeral(), ok
	}
	return numeral{}, false
}

func siunitx(n numeral) string {
	s := n.value
	if n.spread == plusMinus {
		s += " +- " + n.err
	}
	if n.sci {
		s += fmt.Sprintf("e%d", n.exp)
	}
	return s
}
