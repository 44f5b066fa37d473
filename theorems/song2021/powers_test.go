package song2021

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// Arithmetic modulo the prime against package big, and the rank of a matrix that is known.
func TestModular(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := new(big.Int).SetUint64(prime)
	if !p.ProbablyPrime(20) {
		t.Fatal("the modulus is not prime")
	}
	for range 1000 {
		a, b := rng.Uint64N(prime), rng.Uint64N(prime)
		want := new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
		if got := times(a, b); got != want.Mod(want, p).Uint64() {
			t.Fatalf("%d times %d is %d", a, b, got)
		}
		if a > 0 && times(a, power(a, prime-2)) != 1 {
			t.Fatalf("no inverse of %d", a)
		}
	}
	if r := eliminate([][]uint64{{0, 1, 2}, {0, 2, 4}, {1, 0, 0}, {1, 1, 2}}); r != 2 {
		t.Errorf("rank %d, want 2", r)
	}
	if v := binomial(6, 3); v != 20 {
		t.Errorf("binomial(6, 3) = %v", v)
	}
}
