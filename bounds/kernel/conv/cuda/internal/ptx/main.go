//go:build linux && (amd64 || arm64)

// Command ptx compiles planes.cu to planes.ptx with NVIDIA's run-time compiler, which needs no GPU:
//
//	go run ./internal/ptx -nvrtc .../libnvrtc.so.12
//
// The library is part of the Python package nvidia-cuda-nvrtc-cu12. The output begins with the SHA-256 of the source.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

func main() {
	log.SetFlags(0)
	library := flag.String("nvrtc", "libnvrtc.so.12", "the compiler")
	arch := flag.String("arch", "compute_70", "the oldest architecture that the driver may compile for")
	flag.Parse()
	source, err := os.ReadFile("planes.cu")
	if err != nil {
		log.Fatal(err)
	}
	ptx, err := compile(*library, string(source), *arch)
	if err != nil {
		log.Fatal(err)
	}
	ptx = fmt.Sprintf("// sha256 of planes.cu: %x\n%s", sha256.Sum256(source), strings.TrimRight(ptx, "\x00"))
	if err := os.WriteFile("planes.ptx", []byte(ptx), 0o666); err != nil {
		log.Fatal(err)
	}
}

func compile(library, source, arch string) (string, error) {
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return "", fmt.Errorf("%w; give the path by -nvrtc", err)
	}
	var create func(program *uintptr, source, name string, headers int32, contents, names unsafe.Pointer) int32
	var compileProgram func(program uintptr, count int32, options unsafe.Pointer) int32
	var logSize, ptxSize func(program uintptr, size *uint64) int32
	var getLog, getPTX func(program uintptr, text *byte) int32
	for name, f := range map[string]any{
		"nvrtcCreateProgram": &create, "nvrtcCompileProgram": &compileProgram,
		"nvrtcGetProgramLogSize": &logSize, "nvrtcGetProgramLog": &getLog,
		"nvrtcGetPTXSize": &ptxSize, "nvrtcGetPTX": &getPTX,
	} {
		purego.RegisterLibFunc(f, handle, name)
	}
	text := func(size func(uintptr, *uint64) int32, get func(uintptr, *byte) int32, program uintptr) (string, error) {
		var n uint64
		if code := size(program, &n); code != 0 || n == 0 {
			return "", fmt.Errorf("nvrtc: error %d", code)
		}
		b := make([]byte, n)
		if code := get(program, &b[0]); code != 0 {
			return "", fmt.Errorf("nvrtc: error %d", code)
		}
		return string(b), nil
	}
	var program uintptr
	if code := create(&program, source, "planes.cu", 0, nil, nil); code != 0 {
		return "", fmt.Errorf("nvrtc: error %d", code)
	}
	option := append([]byte("--gpu-architecture="+arch), 0)
	options := []*byte{&option[0]}
	if code := compileProgram(program, 1, unsafe.Pointer(&options[0])); code != 0 {
		message, err := text(logSize, getLog, program)
		return "", errors.Join(fmt.Errorf("nvrtc: error %d\n%s", code, message), err)
	}
	return text(ptxSize, getPTX, program)
}
