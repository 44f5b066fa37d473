package data

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// sampleStream is the stream of the choice of rows; see pointStream.
const sampleStream = 3

// choose returns opts.Rows of the positions, in order: a seeded sample that has
// every class in its share, or the first ones. Samples of the same seed are nested: a
// larger one holds every smaller one.
func (f *UserFile) choose(opts Options, positions []int) []int {
	if opts.Sample == SampleFirst {
		return positions[:opts.Rows:opts.Rows]
	}
	rng := rand.New(rand.NewPCG(opts.Seed, sampleStream))
	used := stratified(f.strata(positions), opts.Rows, rng)
	slices.Sort(used)
	return used
}

// maxStrata bounds the number of classes that a sample heeds.
const maxStrata = 1000

// strata groups positions by class, the largest group first; numbers are one group.
func (f *UserFile) strata(positions []int) [][]int {
	if f.labels == nil || f.labels.kinds == nil || len(f.labels.kinds) > maxStrata {
		return [][]int{slices.Clone(positions)}
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

// stratified draws count members of the groups: one of each group first, the
// largest first, then always one of the group that lacks most of its share.
func stratified(groups [][]int, count int, rng *rand.Rand) []int {
	total := 0
	for _, g := range groups {
		total += len(g)
		rng.Shuffle(len(g), func(i, j int) { g[i], g[j] = g[j], g[i] })
	}
	taken := make([]int, len(groups))
	var used []int
	for k := range count {
		at := k
		if k >= len(groups) {
			at = mostLacking(groups, taken, k+1, total)
		}
		used = append(used, groups[at][taken[at]])
		taken[at]++
	}
	return used
}

// mostLacking returns the group, with a member left, whose share of k out of total
// exceeds what was taken of it most.
func mostLacking(groups [][]int, taken []int, k, total int) int {
	best, lack := -1, 0.0
	for at, g := range groups {
		l := float64(len(g))*float64(k)/float64(total) - float64(taken[at])
		if taken[at] < len(g) && (best < 0 || l > lack) {
			best, lack = at, l
		}
	}
	return best
}
