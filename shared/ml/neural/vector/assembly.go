//go:build amd64 || arm64

package vector

// The assembly. n is a positive multiple of lanes, and of dotLanes for
// dotVector and sumVector, which set sums.

//go:noescape
func axpyVector(dst, x *float32, n int, a float32)

//go:noescape
func addVector(dst, x *float32, n int)

//go:noescape
func mulVector(dst, x *float32, n int)

//go:noescape
func scaleVector(dst *float32, n int, a float32)

//go:noescape
func reluVector(dst, x *float32, n int)

//go:noescape
func reluGradVector(dst, y *float32, n int)

//go:noescape
func expVector(dst, x *float32, n int)

//go:noescape
func sigmoidVector(dst, x *float32, n int)

//go:noescape
func tanhVector(dst, x *float32, n int)

//go:noescape
func dotVector(sums *[dotLanes]float32, x, y *float32, n int)

//go:noescape
func sumVector(sums *[dotLanes]float32, x *float32, n int)

//go:noescape
func adamVector(w, m, v, gradient *float32, n int, numbers *[8]float32)
