package main

import (
	"testing"

	"convergo/checks"
)

func TestClaims(t *testing.T) {
	for _, c := range source().Claims {
		checks.Test(t, c)
	}
}
