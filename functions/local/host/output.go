package host

import (
	"bytes"
	"io"
)

// maxLine is where a line without an end is cut.
const maxLine = 64 << 10

// lineWriter passes whole lines on, each with a prefix and in one Write, so
// that the lines of several processes do not mix. One child writes to it from
// one goroutine.
type lineWriter struct {
	to     io.Writer
	prefix []byte
	rest   []byte // an unfinished line
}

// Write never fails: a child must not die of a full log.
func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			w.rest = append(w.rest, p...)
			// A program that writes no line ends must not fill the memory.
			if len(w.rest) >= maxLine {
				w.flush()
			}
			return n, nil
		}
		w.rest = append(w.rest, p[:end]...)
		w.flush()
		p = p[end+1:]
	}
	return n, nil
}

// end passes on a last line that has no end; the child is gone.
func (w *lineWriter) end() {
	if len(w.rest) > 0 {
		w.flush()
	}
}

// flush passes the collected line on.
func (w *lineWriter) flush() {
	line := make([]byte, 0, len(w.prefix)+len(w.rest)+1)
	line = append(line, w.prefix...)
	line = append(line, w.rest...)
	w.to.Write(append(line, '\n'))
	w.rest = w.rest[:0]
}
