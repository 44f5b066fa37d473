package bowman2022

import (
	"math"
	"math/rand/v2"
	"testing"

	"convergo/bounds/kernel"
	"convergo/checks"
	"convergo/nets"
	"convergo/nets/joint"
)

// TestClaims checks every claim; run one with -run 'TestClaims/bowman2022/name'.
func TestClaims(t *testing.T) {
	for _, c := range Source().Claims {
		checks.Test(t, c)
	}
}

// TestLimit compares both forms of K^inf with each other and with one wide network.
func TestLimit(t *testing.T) {
	const n, m = 7, 40000
	angles := []float64{0, 0.1, 0.5, 1, 2, 3, math.Pi}
	x := circlePoints(n, func(i int) float64 { return angles[i] })
	g, err := limitGram(x)
	if err != nil {
		t.Fatal(err)
	}
	law := joint.Law{Width: m, Dim: 2, Act: nets.ReLU(), Output: nets.GaussianOutput}
	at := law.Draw(rand.New(rand.NewPCG(1, 1))).At(x)
	k := at.Kernel(at)
	for i, a := range angles {
		sin, cos := math.Sincos(a)
		want := limitKernel(kernel.Pair{NormX: 1, NormY: 1, Cos: cos, Sin: sin, Angle: a})
		if got := n * g.At(0, i); math.Abs(got-want) > 1e-12 {
			t.Errorf("angle %v: %v of the Gram matrix, %v of the kernel", a, got, want)
		}
		if got := k.At(0, i); math.Abs(got-want) > 0.1 {
			t.Errorf("angle %v: a network has %v, the limit is %v", a, got, want)
		}
	}
}
