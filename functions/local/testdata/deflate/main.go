// Command deflate prints how many bytes its input has in a zip, without the few
// around it. Tests that run under the race detector leave the compression of whole
// programs to it, which takes them several times as long.
package main

import (
	"compress/flate"
	"fmt"
	"io"
	"os"
)

// counter counts the bytes that are written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func main() {
	var size counter
	w, err := flate.NewWriter(&size, flate.DefaultCompression)
	if err == nil {
		_, err = io.Copy(w, os.Stdin)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "deflate:", err)
		os.Exit(1)
	}
	fmt.Println(int(size))
}
