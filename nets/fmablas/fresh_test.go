package fmablas

import (
	"testing"

	"convergo/testdata/generated"
)

var code = generated.Assembly{Package: "fmablas", Sources: []string{"main.go", "../../../internal/simd/simd.go"}, Code: "loops_amd64.s"}

func TestAssemblyDigest(t *testing.T) { code.Digest(t) }

func TestAssembly(t *testing.T) { code.Run(t) }
