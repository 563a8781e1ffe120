package onnxruntime

import (
	"fmt"

	"github.com/ebitengine/purego"
)

const (
	apiVersion = 1
	// Only what ends the process is logged: below that, texts may hold values of
	// somebody's rows.
	logFatal = 4
)

// Runtime is the loaded library. It is safe for concurrent use and is never
// unloaded.
type Runtime struct {
	api       functions
	env       handle
	allocator handle
	version   string
}

// apiBase is OrtApiBase.
type apiBase struct{ getAPI, getVersionString uintptr }

// Open loads the library at path, such as libonnxruntime.so.1. It fails when
// there is none, when it cannot be loaded, or when it is no ONNX Runtime.
func Open(path string) (*Runtime, error) {
	library, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load ONNX Runtime: %w", err)
	}
	entry, err := purego.Dlsym(library, "OrtGetApiBase")
	if err != nil {
		return nil, fmt.Errorf("load ONNX Runtime: %w", err)
	}
	var base func() *apiBase
	var lookUp func(version uint32) *table
	var version func() string
	purego.RegisterFunc(&base, entry)
	purego.RegisterFunc(&lookUp, base().getAPI)
	purego.RegisterFunc(&version, base().getVersionString)
	r := &Runtime{version: version()}
	at := lookUp(apiVersion)
	if at == nil {
		return nil, fmt.Errorf("load ONNX Runtime: version %.20q has no C API of version %d", r.version, apiVersion)
	}
	r.api.bind(at)
	if err := r.check(r.api.createEnv(logFatal, "godwit", &r.env)); err != nil {
		return nil, fmt.Errorf("start ONNX Runtime: %w", err)
	}
	if err := r.check(r.api.defaultAllocator(&r.allocator)); err != nil {
		return nil, fmt.Errorf("start ONNX Runtime: %w", err)
	}
	return r, nil
}

// Version returns the library's version, such as 1.30.0.
func (r *Runtime) Version() string { return r.version }
