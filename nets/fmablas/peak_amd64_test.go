//go:build !noasm

package fmablas

// registerLoop is a loop of fused multiply-adds on registers alone, and the operations of a round of it.
func registerLoop(version string) (func(int), float64) {
	sets := assembly()
	if len(sets) == 0 {
		return nil, 0
	}
	if version == "avx2" || sets[0].name == "avx2" {
		return peakAVX2, 12 * 4 * 2
	}
	return peakAVX512, 12 * 8 * 2
}
