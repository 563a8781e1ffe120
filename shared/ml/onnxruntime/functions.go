package onnxruntime

import (
	"unsafe"

	"github.com/ebitengine/purego"
)

// handle is a thing of the library, by its address; nil is none. It lies outside
// of Go's memory.
type handle = unsafe.Pointer

// status is an OrtStatus: 0 is success, anything else has to be given back.
type status uintptr

// table is OrtApi: version 1 ends after 102 functions, whose places cannot change.
type table [102]uintptr

// functions are those of the API that are used. Comments name them where the
// names here say less. Addresses handed over are those of Go variables, which
// the library fills or reads before it returns.
type functions struct {
	errorCode    func(status) int32
	errorMessage func(status) string

	createEnv        func(level int32, id string, out *handle) status
	defaultAllocator func(out *handle) status
	free             func(allocator, p handle) status // AllocatorFree

	createOptions   func(out *handle) status
	noMemoryPattern func(options handle) status          // DisableMemPattern
	noArena         func(options handle) status          // DisableCpuMemArena
	threadsWithin   func(options handle, n int32) status // SetIntraOpNumThreads
	threadsBetween  func(options handle, n int32) status // SetInterOpNumThreads
	createSession   func(env handle, model *byte, size uintptr, options handle, out *handle) status

	inputCount, outputCount func(session handle, out *uintptr) status
	inputType, outputType   func(session handle, i uintptr, out *handle) status
	inputName, outputName   func(session handle, i uintptr, allocator handle, out **byte) status
	tensorInfo              func(typeInfo handle, out *handle) status // CastTypeInfoToTensorInfo; nil of what is no tensor
	elementType             func(tensorInfo handle, out *int32) status
	rank                    func(tensorInfo handle, out *uintptr) status
	dims                    func(tensorInfo handle, out *int64, n uintptr) status

	createRunOptions func(out *handle) status
	terminate        func(options handle) status
	run              func(session, options handle, inputNames **byte, inputs *handle, n uintptr, outputNames **byte, m uintptr, outputs *handle) status

	createTensor  func(allocator handle, dims *int64, rank uintptr, elementType int32, out *handle) status
	data          func(value handle, out **byte) status // GetTensorMutableData
	valueInfo     func(value handle, out *handle) status
	fillStrings   func(value handle, strings **byte, n uintptr) status
	stringsLength func(value handle, out *uintptr) status
	stringsRead   func(value handle, into *byte, size uintptr, offsets *uintptr, n uintptr) status

	releaseStatus                                                                             func(status)
	releaseSession, releaseValue, releaseRunOptions, releaseType, releaseInfo, releaseOptions func(handle)
}

// bind takes the functions out of their places in the table.
func (f *functions) bind(t *table) {
	for at, function := range map[int]any{
		1: &f.errorCode, 2: &f.errorMessage, 3: &f.createEnv, 8: &f.createSession, 9: &f.run,
		10: &f.createOptions, 17: &f.noMemoryPattern, 19: &f.noArena, 24: &f.threadsWithin, 25: &f.threadsBetween,
		30: &f.inputCount, 31: &f.outputCount, 33: &f.inputType, 34: &f.outputType, 36: &f.inputName, 37: &f.outputName,
		39: &f.createRunOptions, 46: &f.terminate, 48: &f.createTensor, 51: &f.data,
		52: &f.fillStrings, 53: &f.stringsLength, 54: &f.stringsRead, 55: &f.tensorInfo,
		60: &f.elementType, 61: &f.rank, 62: &f.dims, 65: &f.valueInfo, 76: &f.free, 78: &f.defaultAllocator,
		93: &f.releaseStatus, 95: &f.releaseSession, 96: &f.releaseValue, 97: &f.releaseRunOptions,
		98: &f.releaseType, 99: &f.releaseInfo, 100: &f.releaseOptions,
	} {
		purego.RegisterFunc(function, t[at])
	}
}

// textAt copies a text of the library, which ends at a zero.
func textAt(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
