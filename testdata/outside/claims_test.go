package main

import (
	"testing"

	"convergo/checks"
)

func TestClaims(t *testing.T) {
	if err := source().ValidateTables(); err != nil {
		t.Error(err)
	}
	for _, c := range source().Claims {
		checks.Test(t, c)
	}
}
