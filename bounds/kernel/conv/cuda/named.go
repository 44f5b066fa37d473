package cuda

import (
	"fmt"
	"strconv"
	"strings"

	"convergo/bounds/kernel/conv"
)

// Named opens the device that a user names: "cpu" is the processor (nil), "gpu:0", "gpu:1", ... a GPU, and "auto" the first
// GPU, or the processor where there is none.
func Named(name string) (conv.Device, error) {
	switch number, isGPU := strings.CutPrefix(name, "gpu:"); {
	case name == "cpu":
		return nil, nil
	case name == "auto":
		if d, err := Open(0); err == nil {
			return d, nil
		}
		return nil, nil
	case isGPU:
		n, err := strconv.Atoi(number)
		if err != nil {
			break
		}
		d, err := Open(n)
		if err != nil {
			return nil, err // and no *Device in the interface
		}
		return d, nil
	}
	return nil, fmt.Errorf("cuda: no device %q; use auto, cpu, or gpu: and a number, as gpu:0", name)
}
