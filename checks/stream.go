package checks

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// Stream returns the random stream of one trial. It depends on the root seed,
// the claim (with its control), the parameters in JSON and the index of the
// trial, and on nothing else: not on the order of trials, not on the number of
// workers, and not on what rapid draws.
func Stream(seed uint64, claim string, params []byte, trial int) *rand.Rand {
	return rand.New(streamSource(seed, claim, params, trial))
}

func streamSource(seed uint64, claim string, params []byte, trial int) *watchedSource {
	h := sha256.New()
	var word [8]byte
	put := func(v uint64) {
		binary.LittleEndian.PutUint64(word[:], v)
		h.Write(word[:])
	}
	put(seed)
	put(uint64(len(claim))) // lengths keep different splits of the same bytes apart
	h.Write([]byte(claim))
	put(uint64(len(params)))
	h.Write(params)
	put(uint64(trial))
	sum := h.Sum(nil)
	return &watchedSource{pcg: rand.NewPCG(binary.LittleEndian.Uint64(sum), binary.LittleEndian.Uint64(sum[8:]))}
}

// watchedSource notices whether anything was drawn: a trial that draws nothing
// is the same every time, and needs no second.
type watchedSource struct {
	pcg  *rand.PCG
	used bool
}

func (s *watchedSource) Uint64() uint64 {
	s.used = true
	return s.pcg.Uint64()
}
