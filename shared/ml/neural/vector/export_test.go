//go:build amd64 || arm64

package vector

import "godwit/shared/ml/neural/simd"

// Use makes p the path in use, until the function it returns is called.
func Use(p simd.Path) (restore func()) {
	old := path
	path = p
	return func() { path = old }
}
