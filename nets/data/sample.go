package data

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// sampleStream is the stream of the choice of rows; see pointStream.
const sampleStream = 3

// choose returns opts.Rows positions, in order: a seeded sample that has every class
// in its share, or the first ones; of the subset, or of all where it is nil. Samples of
// the same seed are nested: a larger one holds every smaller one.
func (f *UserFile) choose(opts Options, subset []int) []int {
	if opts.Sample == SampleFirst {
		if subset == nil {
			return count(opts.Rows)
		}
		return subset[:opts.Rows:opts.Rows]
	}
	groups := f.groups
	if subset != nil {
		groups = f.strata(subset)
	}
	used := stratified(groups, opts.Rows, opts.Seed)
	slices.Sort(used)
	return used
}

// count returns 0, 1, ..., n-1.
func count(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// maxStrata bounds the number of classes that a sample heeds.
const maxStrata = 1000

// strata groups positions by class, the largest group first; numbers are one group.
func (f *UserFile) strata(positions []int) [][]int {
	if f.labels == nil || f.labels.kinds == nil || len(f.labels.kinds) > maxStrata {
		return [][]int{positions}
	}
	groups := make([][]int, len(f.labels.kinds))
	for _, p := range positions {
		at, _ := slices.BinarySearch(f.labels.kinds, f.labels.values[p])
		groups[at] = append(groups[at], p)
	}
	groups = slices.DeleteFunc(groups, func(g []int) bool { return len(g) == 0 })
	slices.SortStableFunc(groups, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return groups
}

// stratified draws rows members of the groups: one of each group first, the largest
// first, then always one of the group that lacks most of its share.
func stratified(groups [][]int, rows int, seed uint64) []int {
	total := 0
	decks := make([]deck, len(groups))
	for k, g := range groups {
		total += len(g)
		decks[k] = deck{members: g, moved: map[int]int{}, rng: rand.New(rand.NewPCG(seed, sampleStream+uint64(k)<<8))}
	}
	used := make([]int, rows)
	for k := range used {
		at := k
		if k >= len(groups) {
			at = mostLacking(decks, k+1, total)
		}
		used[k] = decks[at].draw()
	}
	return used
}

// mostLacking returns the deck, with a member left, whose share of k out of total
// exceeds what was drawn of it most.
func mostLacking(decks []deck, k, total int) int {
	best, lack := -1, 0.0
	for at, d := range decks {
		l := float64(len(d.members))*float64(k)/float64(total) - float64(d.drawn)
		if d.drawn < len(d.members) && (best < 0 || l > lack) {
			best, lack = at, l
		}
	}
	return best
}

// A deck is drawn from without replacement: the first steps of a Fisher-Yates
// shuffle that moves indices in a map, so that members stay where they are.
type deck struct {
	members []int
	moved   map[int]int // indices that are not their own
	drawn   int
	rng     *rand.Rand
}

func (d *deck) draw() int {
	at := func(i int) int {
		if m, ok := d.moved[i]; ok {
			return m
		}
		return i
	}
	j := d.drawn + d.rng.IntN(len(d.members)-d.drawn)
	drawn := at(j)
	d.moved[j] = at(d.drawn)
	d.drawn++
	return d.members[drawn]
}
