//go:build !amd64 && !arm64

package vector

func axpyLanes(dst, x []float32, a float32) int             { return 0 }
func addLanes(dst, x []float32) int                         { return 0 }
func mulLanes(dst, x []float32) int                         { return 0 }
func scaleLanes(dst []float32, a float32) int               { return 0 }
func reluLanes(dst, x []float32) int                        { return 0 }
func reluGradLanes(dst, y []float32) int                    { return 0 }
func dotBlocks(sums *[dotLanes]float32, x, y []float32) int { return 0 }
func sumBlocks(sums *[dotLanes]float32, x []float32) int    { return 0 }
func expLanes(dst, x []float32) int                         { return 0 }
func sigmoidLanes(dst, x []float32) int                     { return 0 }
func tanhLanes(dst, x []float32) int                        { return 0 }
func (s AdamStep) adamLanes(w, m, v, g []float32) int       { return 0 }
