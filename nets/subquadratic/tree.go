package subquadratic

// A Tree is a complete binary tree of maxima over numbers, such as the preactivations of one input: it finds those above a
// threshold by going down only where the maximum is above it, and counts the nodes that it visits.
type Tree struct {
	leaves int // a power of two
	node   []float64
	// Visits and Writes are the nodes that searches have visited and updates have written.
	Visits, Writes int
}

// NewTree builds the tree over 2^depth numbers.
func NewTree(depth int) *Tree {
	n := 1 << depth
	return &Tree{leaves: n, node: make([]float64, 2*n)}
}

// Set changes one number and the maxima above it.
func (t *Tree) Set(i int, v float64) {
	k := t.leaves + i
	t.node[k] = v
	t.Writes++
	for k >>= 1; k >= 1; k >>= 1 {
		t.node[k] = max(t.node[2*k], t.node[2*k+1])
		t.Writes++
	}
}

// Above returns the indices of the numbers above the threshold, ascending.
func (t *Tree) Above(threshold float64) []int { return t.search(1, threshold, nil) }

func (t *Tree) search(k int, threshold float64, found []int) []int {
	t.Visits++
	switch {
	case !(t.node[k] > threshold):
		return found
	case k >= t.leaves:
		return append(found, k-t.leaves)
	}
	return t.search(2*k+1, threshold, t.search(2*k, threshold, found))
}
