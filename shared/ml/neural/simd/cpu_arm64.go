package simd

// detect need not ask: Advanced SIMD is part of every arm64 that Go runs on.
func detect() []Path { return []Path{NEON, Portable} }
