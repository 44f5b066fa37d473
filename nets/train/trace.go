package train

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Record says which columns of a trace are filled.
type Record uint16

const (
	Residuals     Record = 1 << iota // the residual vector
	MinEig                           // smallest eigenvalue of the Gram matrix of the trained layers
	Moves                            // largest and Frobenius weight movement
	Flips                            // flipped patterns
	GramFrobenius                    // |H(k) - H(0)|_F
	GramSpectral                     // |H(k) - H(0)|_2, an eigenvalue problem a row
)

// A Schedule says at which steps a trace is recorded. The last step always is.
type Schedule func(step int) bool

// EveryStep records every step.
func EveryStep(int) bool { return true }

// Every records the steps 0, k, 2k, ...
func Every(k int) Schedule {
	if k < 1 {
		panic(fmt.Sprintf("train: record every %d steps", k))
	}
	return func(step int) bool { return step%k == 0 }
}

// AtSteps records the listed steps.
func AtSteps(steps ...int) Schedule {
	set := make(map[int]bool, len(steps))
	for _, k := range steps {
		set[k] = true
	}
	return func(step int) bool { return set[step] }
}

// A Trace holds one row for each recorded step. Columns that were not asked for
// are nil.
type Trace struct {
	Steps []int
	Loss  []float64
	Norm  []float64 // |u - y|

	Residual      [][]float64 // u - y
	MinEig        []float64
	MaxMove       []float64 // max_r |w_r - w_r(0)|
	FrobeniusMove []float64 // |W - W(0)|_F
	FlipFraction  []float64 // flipped patterns over n m
	MaxFlips      []int     // largest count of flipped patterns on one sample
	GramFrobenius []float64
	GramSpectral  []float64

	want Record
}

// newTrace sizes every column once, so that recording allocates nothing but
// what an eigenvalue solver does.
func newTrace(s *State, opt Options) *Trace {
	rows := 0
	for k := s.Step; k <= s.Step+opt.Steps; k++ {
		if opt.At(k) || k == s.Step+opt.Steps {
			rows++
		}
	}
	t := &Trace{want: opt.Record, Steps: make([]int, 0, rows)}
	column := func(wanted Record) []float64 {
		if opt.Record&wanted != wanted {
			return nil
		}
		return make([]float64, 0, rows)
	}
	t.Loss, t.Norm = column(0), column(0)
	t.MinEig = column(MinEig)
	t.MaxMove, t.FrobeniusMove = column(Moves), column(Moves)
	t.FlipFraction = column(Flips)
	t.GramFrobenius, t.GramSpectral = column(GramFrobenius), column(GramSpectral)
	if opt.Record&Flips != 0 {
		t.MaxFlips = make([]int, 0, rows)
	}
	if opt.Record&Residuals != 0 {
		n := len(s.Y)
		flat := make([]float64, rows*n)
		t.Residual = make([][]float64, rows)
		for k := range t.Residual {
			t.Residual[k] = flat[k*n : (k+1)*n : (k+1)*n]
		}
		t.Residual = t.Residual[:0]
	}
	return t
}

func (t *Trace) record(s *State) {
	t.Steps = append(t.Steps, s.Step)
	t.Loss = append(t.Loss, s.Loss())
	t.Norm = append(t.Norm, s.Norm)
	if t.want&Residuals != 0 {
		k := len(t.Residual)
		t.Residual = t.Residual[:k+1]
		copy(t.Residual[k], s.Residual)
	}
	if t.want&MinEig != 0 {
		t.MinEig = append(t.MinEig, s.MinEig())
	}
	if t.want&Moves != 0 {
		largest, frobenius := s.Movement()
		t.MaxMove = append(t.MaxMove, largest)
		t.FrobeniusMove = append(t.FrobeniusMove, frobenius)
	}
	if t.want&Flips != 0 {
		per, total := s.Flips()
		n, m := s.Patterns.Dims()
		most := 0
		for _, c := range per {
			most = max(most, c)
		}
		t.FlipFraction = append(t.FlipFraction, float64(total)/float64(n)/float64(m))
		t.MaxFlips = append(t.MaxFlips, most)
	}
	if t.want&GramFrobenius != 0 {
		t.GramFrobenius = append(t.GramFrobenius, mat.Norm(s.gramChange(), 2))
	}
	if t.want&GramSpectral != 0 {
		t.GramSpectral = append(t.GramSpectral, spectralNorm(s.gramChange()))
	}
}
