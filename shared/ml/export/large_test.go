package export_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/export"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// largeModel tells classes apart by words of their own: few weights in the model,
// and as many as classes for every word in its graph.
func largeModel(t testing.TB, classes, words int) pipeline.Predictor {
	t.Helper()
	s := pipeline.Settings{Recipe: text.Word(), PruneBelow: .05}
	d := pipeline.Data{}
	var docs []string
	var rows []int32
	for c := range classes {
		d.Labels = append(d.Labels, fmt.Sprintf("class %d", c))
		var b strings.Builder
		for w := range words {
			fmt.Fprintf(&b, "w%dx%d ", c, w)
		}
		for range 2 {
			docs, d.Y, rows = append(docs, b.String()), append(d.Y, int32(c)), append(rows, int32(len(rows)))
		}
	}
	var err error
	if d.Corpus, err = text.Count(context.Background(), docs, []text.Recipe{s.Recipe}, 1, nil); err != nil {
		t.Fatal(err)
	}
	m, err := pipeline.Fit(context.Background(), d, rows, s, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.With(calibrate.Calibration{T: 1}, calibrate.Conformal{}).Predictor()
}

// allocated returns the bytes that f allocates, kept or not.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// A graph takes little more memory to make and to read however many zeros are in
// it, and is refused above the limit.
func TestLay_large(t *testing.T) {
	read := func(m pipeline.Predictor) (size, used int64) {
		used = allocated(func() {
			f, info, err := export.Lay(m, export.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if size, err = io.Copy(io.Discard, f.Reader()); err != nil || size != f.Size() || info.Bytes != int(size) {
				t.Errorf("the graph has %d bytes, %v, want %d", size, err, info.Bytes)
			}
		})
		return size, used
	}
	m := largeModel(t, 400, 12)
	read(largeModel(t, 2, 12)) // makes tables of characters that are kept
	size, used := read(m)
	if size < 6<<20 || used > size*5/6 {
		t.Errorf("a graph of %d bytes took %d, want at least 6 MB, and less than them", size, used)
	}
	// What is refused before the graph is built is estimated, a little above.
	if _, _, err := export.Lay(m, export.Limits{Bytes: size + size/10}); err != nil {
		t.Errorf("Lay a little below the limit = %v", err)
	}
	_, _, err := export.Lay(m, export.Limits{Bytes: size - 1})
	if e, ok := errors.AsType[*export.Error](err); !ok || e.What != "size" || !strings.Contains(e.Msg, "train with a higher min_docs") {
		t.Errorf("Lay above the limit = %v, want a refusal of its size", err)
	}
}
