package data

// Size returns the rows and columns that a description announces, without building it; 0 where only the data would tell,
// such as the columns of a file.
func (s Spec) Size() (n, d int) {
	n, d = max(s.N, s.Load.Rows), s.D
	switch {
	case len(s.Points) > 0:
		n, d = len(s.Points), len(s.Points[0])
	case len(s.Rows) > 0:
		n, d = len(s.Rows), len(s.Rows[0])
	case len(s.Angles) > 0:
		n, d = len(s.Angles), max(2, d)
	case s.Kind == Circle || s.Kind == HalfCircle:
		d = max(2, d)
	}
	return n, d
}
