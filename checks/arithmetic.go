package checks

import (
	"runtime/debug"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"
)

// arithmetic names what of the build and of the processor decides how a sum of
// products is rounded, such as "GOAMD64=v1, FMA": programs for different levels of an
// instruction set fuse different products, and so do loops in assembly, which a
// processor without FMA does not run. All processors with FMA give the same bytes.
func arithmetic() string {
	var settings []debug.BuildSetting
	if info, ok := debug.ReadBuildInfo(); ok {
		settings = info.Settings
	}
	return arithmeticOf(settings, cpu.X86.HasAVX2 && cpu.X86.HasFMA)
}

func arithmeticOf(settings []debug.BuildSetting, fma bool) string {
	levels := []string{"GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64", "GOWASM"}
	var words []string
	for _, s := range settings {
		switch {
		case slices.Contains(levels, s.Key):
			words = append(words, s.Key+"="+s.Value)
		case s.Key == "-tags" && slices.Contains(strings.Split(s.Value, ","), "noasm"):
			words, fma = append(words, "noasm"), false
		}
	}
	slices.Sort(words)
	if fma {
		words = append(words, "FMA")
	}
	return strings.Join(words, ", ")
}
