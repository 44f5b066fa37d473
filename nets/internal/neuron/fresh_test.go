package neuron_test

import (
	"testing"

	"convergo/testdata/generated"
)

var code = generated.Assembly{Package: "neuron", Sources: []string{"main.go", "../../../simd/simd.go"}, Code: "neuron_amd64.s"}

func TestAssemblyDigest(t *testing.T) { code.Digest(t) }

func TestAssembly(t *testing.T) { code.Run(t) }
