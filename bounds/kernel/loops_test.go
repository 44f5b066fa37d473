package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/testdata/generated"
)

var loops = generated.Assembly{Package: "kernel", Sources: []string{"main.go"}, Code: "loops_amd64.s"}

func TestAssemblyDigest(t *testing.T) { loops.Digest(t) }

func TestAssembly(t *testing.T) { loops.Run(t) }

// Every loop that this machine can run gives the bytes of the portable functions.
func TestLoopsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	special := []float64{0, math.Copysign(0, -1), 0.5, -0.5, math.Nextafter(0.5, 1), math.Nextafter(-0.5, -1), 0.875, -0.875, 1, -1, 1e-300, -1e-300, 0x1p-1074}
	for _, n := range []int{1, 7, 8, 13, 16, 331} {
		cos := make([]float64, n)
		for j := range cos {
			if cos[j] = 1.75*rng.Float64() - 0.875; j%3 == 0 {
				cos[j] = special[j/3%len(special)]
			}
		}
		for _, loop := range append(assembly(), vectorLoop{name: "go"}) {
			kept := turnLoop
			turnLoop = loop
			got := newTurns(n)
			copy(got.cos, cos)
			got.moderate()
			turnLoop = kept
			for j, r := range cos {
				want := turn{r, sineOf(r), arccos(r)}
				if v := got.at(j); math.Float64bits(v.angle) != math.Float64bits(want.angle) || math.Float64bits(v.sin) != math.Float64bits(want.sin) || v.cos != r {
					t.Fatalf("%s, n=%d: of %v %v, want %v", loop.name, n, r, v, want)
				}
			}
		}
	}
}

func BenchmarkArccos(b *testing.B) {
	t := newTurns(1024)
	for j := range t.cos {
		t.cos[j] = 1.6*float64(j)/1024 - 0.8
	}
	for _, loop := range append(assembly(), vectorLoop{name: "go"}) {
		b.Run(loop.name, func(b *testing.B) {
			defer func(kept vectorLoop) { turnLoop = kept }(turnLoop)
			turnLoop = loop
			for b.Loop() {
				t.moderate()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/angle")
		})
	}
}
