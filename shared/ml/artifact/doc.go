// Package artifact reads and writes safetensors files, the container of every
// model Godwit stores: named tensors behind a small JSON header, inert data
// that no reader executes and that other tools open as it is.
//
// Encode is deterministic: equal input gives equal bytes, laid out in the
// order of the reference implementation. Decode trusts nothing: every length,
// offset and type is checked before use, hostile bytes end in an *Error, and
// apart from the parsed header nothing is allocated, since the tensors of a
// File alias the bytes given. The typed views (Float32s and its siblings)
// share that memory too where alignment and byte order allow.
//
// FORMAT.md in this folder draws the bytes. What the tensors of a model are
// called and what they mean is decided by the packages that write them.
//
// The format: https://github.com/huggingface/safetensors
package artifact
