package dataset

import (
	"fmt"
	"math"
	"strings"
)

// String states the facts in sentences, one a line. Samples are counted from 1 in the order in which they
// were given.
func (f *Facts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of unit norm in %s; the spectral norm of the data matrix is %.4g (between 1 and %.4g).\n",
		count(f.N, "sample"), count(f.D, "dimension"), f.Spectral.Value, math.Sqrt(float64(f.N)))
	b.WriteString(f.Geometry.String() + "\n")
	for _, k := range f.Kernels {
		b.WriteString(k.String() + "\n")
	}
	if f.Labels != nil {
		b.WriteString(f.Labels.String() + "\n")
	}
	return b.String()
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

// String is a sentence or two.
func (g Geometry) String() string {
	if len(g.Closest) == 0 {
		return "There is a single sample."
	}
	c := g.Closest[0]
	opposite := ""
	if c.Opposite {
		opposite = " the opposite of"
	}
	s := fmt.Sprintf("The closest samples are %d and%s %d, at distance %.4g.", c.I+1, opposite, c.J+1, c.Distance)
	switch {
	case c.Distance == 0 && !c.Opposite:
		s += " They are equal, and every kernel is singular."
	case g.Near == 1:
		s += fmt.Sprintf(" No other pair is nearer than %g.", NearDistance)
	case g.Near > 1:
		s += fmt.Sprintf(" %d pairs are nearer than %g: near duplicates make lambda_0 small.", g.Near, NearDistance)
	}
	return s
}

// String is a sentence.
func (k KernelFacts) String() string {
	if !k.Lambda0.OK {
		return fmt.Sprintf("%s (%s): the smallest eigenvalue cannot be told from 0 (it is at most %.3g); the largest is %.4g.",
			k.Name, k.Meaning, max(0, k.Lambda0.Upper()), k.Top.Value)
	}
	return fmt.Sprintf("%s (%s): lambda_0 = %.4g (certified to %.1g), the largest eigenvalue is %.4g, the condition number %.3g.",
		k.Name, k.Meaning, k.Lambda0.Value, k.Lambda0.Err, k.Top.Value, k.Condition())
}

// String is a few sentences.
func (l *LabelFacts) String() string {
	if !l.Form.OK {
		return "Labels: y'H^{-1}y is not known, since H is singular to rounding."
	}
	s := fmt.Sprintf("Labels: y'H^{-1}y = %.4g (certified to %.1g), and %.4g on average when the same labels are shuffled: ", l.Form.Value, l.Form.Err, l.Shuffled)
	switch gain := l.Gain(); {
	case gain > 2:
		s += fmt.Sprintf("they are %.3g times easier for the kernel than chance.", gain)
	case gain < 0.5:
		s += fmt.Sprintf("they are %.3g times harder for the kernel than chance.", 1/gain)
	default:
		s += "they are about as hard for the kernel as labels that have nothing to do with the samples."
	}
	s += fmt.Sprintf(" The label measure sqrt(2 y'H^{-1}y/n) is %.4g.", l.Measure)
	for k, a := range l.Align {
		if k == 0 {
			s += " Share of the labels in the leading eigenvectors of H:"
		}
		s += fmt.Sprintf(" %d: %.3g", a.Leading, a.Part)
		if k == len(l.Align)-1 {
			s += "."
		} else {
			s += ","
		}
	}
	switch {
	case l.Margin != nil && l.Margin.Lower > 0:
		s += fmt.Sprintf(" The kernel margin is %.4g (between %.6g and %.6g).", l.Margin.Value(), l.Margin.Lower, l.Margin.Upper)
	case l.Margin != nil:
		s += fmt.Sprintf(" The kernel margin is at most %.3g.", l.Margin.Upper)
	}
	return s
}
