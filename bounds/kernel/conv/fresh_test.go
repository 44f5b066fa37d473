package conv_test

import (
	"testing"

	"convergo/testdata/generated"
)

var loops = generated.Assembly{Package: "conv", Sources: []string{"main.go", "vector.go"}, Code: "loops_amd64.s"}

func TestAssemblyDigest(t *testing.T) { loops.Digest(t) }

func TestAssembly(t *testing.T) { loops.Run(t) }
