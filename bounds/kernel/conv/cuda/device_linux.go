//go:build linux && (amd64 || arm64)

package cuda

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"

	"convergo/bounds/kernel/conv"
)

// driver are the functions of libcuda that are used, under their C names without the prefix.
type driver struct {
	Init                func(flags uint32) int32
	DeviceGetCount      func(count *int32) int32
	DeviceGet           func(device *int32, ordinal int32) int32
	DeviceGetName       func(name *byte, length, device int32) int32
	DevicePrimaryRetain func(context *uintptr, device int32) int32
	CtxSetCurrent       func(context uintptr) int32
	CtxSynchronize      func() int32
	ModuleLoadData      func(module *uintptr, image *byte) int32
	ModuleGetFunction   func(function *uintptr, module uintptr, name string) int32
	ModuleGetGlobal     func(at *address, bytes *uint64, module uintptr, name string) int32
	MemAlloc            func(at *address, bytes uint64) int32
	MemFree             func(at address) int32
	MemcpyHtoD          func(to address, from *byte, bytes uint64) int32
	MemcpyDtoH          func(to *byte, from address, bytes uint64) int32
	LaunchKernel        func(function uintptr, gridX, gridY, gridZ, blockX, blockY, blockZ, shared uint32, stream uintptr, parameters, extra unsafe.Pointer) int32
	GetErrorName        func(code int32, text **byte) int32
	GetErrorString      func(code int32, text **byte) int32
}

// load opens the driver, once a process.
var load = sync.OnceValues(func() (*driver, error) {
	library, err := purego.Dlopen("libcuda.so.1", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, errors.Join(errors.New("cuda: libcuda.so.1 cannot be opened: no driver of NVIDIA on this machine; install one or use the processor"), err)
	}
	d := &driver{}
	for name, f := range map[string]any{
		"cuInit": &d.Init, "cuDeviceGetCount": &d.DeviceGetCount, "cuDeviceGet": &d.DeviceGet, "cuDeviceGetName": &d.DeviceGetName,
		"cuDevicePrimaryCtxRetain": &d.DevicePrimaryRetain, "cuCtxSetCurrent": &d.CtxSetCurrent, "cuCtxSynchronize": &d.CtxSynchronize,
		"cuModuleLoadData": &d.ModuleLoadData, "cuModuleGetFunction": &d.ModuleGetFunction, "cuModuleGetGlobal_v2": &d.ModuleGetGlobal,
		"cuMemAlloc_v2": &d.MemAlloc, "cuMemFree_v2": &d.MemFree, "cuMemcpyHtoD_v2": &d.MemcpyHtoD, "cuMemcpyDtoH_v2": &d.MemcpyDtoH,
		"cuLaunchKernel": &d.LaunchKernel, "cuGetErrorName": &d.GetErrorName, "cuGetErrorString": &d.GetErrorString,
	} {
		symbol, err := purego.Dlsym(library, name)
		if err != nil {
			return nil, fmt.Errorf("cuda: the driver has no %s (%w); install a newer one", name, err)
		}
		purego.RegisterFunc(f, symbol)
	}
	if err := d.check("cuInit", d.Init(0)); err != nil {
		return nil, err
	}
	return d, nil
})

const outOfMemory = 2 // CUDA_ERROR_OUT_OF_MEMORY

// check turns the result of a call into an error.
func (d *driver) check(call string, code int32) error {
	if code == 0 {
		return nil
	}
	text := func(get func(int32, **byte) int32) string {
		var s *byte
		if get(code, &s) != 0 || s == nil {
			return "unknown"
		}
		n := 0
		for *(*byte)(unsafe.Add(unsafe.Pointer(s), n)) != 0 {
			n++
		}
		return string(unsafe.Slice(s, n))
	}
	remedy := ""
	if code == outOfMemory {
		remedy = "; close what else uses the GPU, or use the processor"
	}
	return fmt.Errorf("cuda: %s: %s (%s)%s", call, text(d.GetErrorName), text(d.GetErrorString), remedy)
}

// Device is one GPU.
type Device struct {
	*driver
	name    string
	context uintptr
	module  uintptr
	mu      sync.Mutex
}

// Count is the number of GPUs. It fails where there is no driver.
func Count() (int, error) {
	d, err := load()
	if err != nil {
		return 0, err
	}
	var n int32
	return int(n), d.check("cuDeviceGetCount", d.DeviceGetCount(&n))
}

// Open prepares the GPU with the given number, from 0.
func Open(number int) (*Device, error) {
	n, err := Count()
	if err != nil {
		return nil, err
	}
	if number < 0 || number >= n {
		return nil, fmt.Errorf("cuda: no GPU %d; this machine has %d, numbered from 0", number, n)
	}
	library, err := load()
	if err != nil {
		return nil, err
	}
	d := &Device{driver: library}
	runtime.LockOSThread() // contexts belong to threads
	defer runtime.UnlockOSThread()
	var id int32
	name := make([]byte, 128)
	image := append([]byte(program), 0)
	for _, step := range []struct {
		name string
		call func() int32
	}{
		{"cuDeviceGet", func() int32 { return d.DeviceGet(&id, int32(number)) }},
		{"cuDeviceGetName", func() int32 { return d.DeviceGetName(&name[0], int32(len(name)-1), id) }},
		{"cuDevicePrimaryCtxRetain", func() int32 { return d.DevicePrimaryRetain(&d.context, id) }},
		{"cuCtxSetCurrent", func() int32 { return d.CtxSetCurrent(d.context) }},
		{"cuModuleLoadData", func() int32 { return d.ModuleLoadData(&d.module, &image[0]) }},
	} {
		if err := d.check(step.name, step.call()); err != nil {
			return nil, err
		}
	}
	for n, c := range name {
		if c == 0 {
			name = name[:n]
			break
		}
	}
	d.name = fmt.Sprintf("gpu:%d (%s)", number, name)
	return d, nil
}

// String is the number and the name of the GPU.
func (d *Device) String() string { return d.name }

// Supports says why a kernel cannot be evaluated: the program is for 3 x 3 filters with zero padding, without blocks, on
// images of at most 32 x 32 pixels.
func (d *Device) Supports(net conv.Net, shape conv.Shape) error { return supports(net, shape) }

// Planes evaluates the work. Its error names the call of the driver that failed.
func (d *Device) Planes(ctx context.Context, w *conv.Work) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	m := &deviceMemory{Device: d}
	m.try("cuCtxSetCurrent", func() int32 { return d.CtxSetCurrent(d.context) })
	defer m.free()
	return planes(m, w)
}

// deviceMemory is the memory of one launch.
type deviceMemory struct {
	*Device
	blocks []address
	err    error
}

func (m *deviceMemory) try(name string, call func() int32) {
	if m.err == nil {
		m.err = m.check(name, call())
	}
}

func (m *deviceMemory) failed() error { return m.err }

func (m *deviceMemory) reserve(bytes int) (at address) {
	m.try("cuMemAlloc", func() int32 { return m.MemAlloc(&at, uint64(max(bytes, 1))) })
	if m.err == nil {
		m.blocks = append(m.blocks, at)
	}
	return at
}

func (m *deviceMemory) upload(b []byte) address {
	at := m.reserve(len(b))
	m.copyIn(at, b)
	return at
}

func (m *deviceMemory) copyIn(at address, b []byte) {
	if len(b) > 0 {
		m.try("cuMemcpyHtoD", func() int32 { return m.MemcpyHtoD(at, &b[0], uint64(len(b))) })
	}
}

func (m *deviceMemory) constant(symbol string, b []byte) {
	var at address
	var size uint64
	m.try("cuModuleGetGlobal", func() int32 { return m.ModuleGetGlobal(&at, &size, m.module, symbol) })
	if m.err == nil && size != uint64(len(b)) {
		m.err = fmt.Errorf("cuda: %d bytes of constants for %s of %d; planes.cu and package conv differ in their terms", len(b), symbol, size)
	}
	m.copyIn(at, b)
}

func (m *deviceMemory) launch(entry string, threads int, arguments []byte) {
	var function uintptr
	m.try("cuModuleGetFunction", func() int32 { return m.ModuleGetFunction(&function, m.module, entry) })
	block := 64 // threads; what __launch_bounds__ allows both entries
	var pin runtime.Pinner
	defer pin.Unpin()
	parameters := []unsafe.Pointer{unsafe.Pointer(&arguments[0])}
	pin.Pin(&arguments[0])
	pin.Pin(&parameters[0])
	m.try("cuLaunchKernel", func() int32 {
		return m.LaunchKernel(function, uint32((threads+block-1)/block), 1, 1, uint32(block), 1, 1, 0, 0, unsafe.Pointer(&parameters[0]), nil)
	})
	m.try("cuCtxSynchronize after "+entry, m.CtxSynchronize)
}

func (m *deviceMemory) download(from address, b []byte) {
	m.try("cuMemcpyDtoH", func() int32 { return m.MemcpyDtoH(&b[0], from, uint64(len(b))) })
}

func (m *deviceMemory) free() {
	for _, at := range m.blocks {
		m.MemFree(at)
	}
}
