package image

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"godwit/shared/ml/dataset"
)

// What is decoded at a time: many small images, or one that is larger. It
// bounds the memory of originals, whatever the number of workers.
const (
	batchImages = 256       // work enough for any number of workers
	batchPixels = 4_000_000 // as stored: 60 MB while they are decoded (see MaxPixels)
	batchBytes  = 32 << 20  // of files, compressed
)

// task is an image on its way to a row, or to an issue when it has a fault.
type task struct {
	row    dataset.Row
	data   []byte  // the file; nil with a fault
	fault  *Error  // why there is no row
	pixels []uint8 // in the model's shape
	hash   uint64  // of the pixels as they were
}

// batch are images that are decoded together and taken in their order.
type batch struct {
	tasks         []task
	pixels, bytes int // of tasks: as stored, and of their files
}

// readAll goes through the archive for the pixels. The error is as of survey.
func (r *reader) readAll() error {
	r.left = r.o.MaxBytes
	next := 0
	err := r.archive.each(func(m *member) error {
		e := &r.entries[next]
		next++
		if err := r.ctx.Err(); err != nil {
			return err
		}
		for _, p := range r.parts { // few: a pair, or one for training and one for tests
			if p.member == next-1 {
				return r.readPart(p, m)
			}
		}
		// Beside IDX files nothing else counts: surveyIDX refused other images.
		if e.header == nil && e.fault == nil || len(r.parts) > 0 {
			return nil
		}
		return r.take(e, m)
	})
	if err != nil {
		return err
	}
	return r.flush()
}

// take puts an image into the batch. The error ends the reading.
func (r *reader) take(e *entry, m *member) error {
	t := task{row: dataset.Row{ID: e.name, Label: e.label, Split: e.split}, fault: e.fault}
	switch {
	case t.fault != nil:
	case e.label == "":
		t.fault = &Error{Code: dataset.LabelEmpty, Message: "the image lies in no folder that could be its label", Fix: "move it into the folder of its class"}
	case len(e.label) > maxLabel:
		t.fault = &Error{Code: dataset.TextTooLong, Message: "the folder's name is too long for a label", Fix: "rename the folder"}
	}
	b, pixels := &r.batch, 0
	if t.fault == nil {
		data, err := r.load(m)
		if bad, is := errors.AsType[*Error](err); is {
			t.fault = bad
		} else if err != nil {
			return err
		}
		// The reader's buffer is for the next one; the size is the header's,
		// which decode checks again.
		t.data, pixels = bytes.Clone(data), e.header.width*e.header.height
	}
	// Before it goes in: an image that alone exceeds the bounds is a batch of one.
	if len(b.tasks) == batchImages || b.pixels+pixels > batchPixels || b.bytes+len(t.data) > batchBytes {
		if err := r.flush(); err != nil {
			return err
		}
	}
	b.tasks, b.pixels, b.bytes = append(b.tasks, t), b.pixels+pixels, b.bytes+len(t.data)
	return nil
}

// load reads a member whole, into the reader's buffer. The error is an *Error,
// or ends the reading.
func (r *reader) load(m *member) ([]byte, error) {
	file, err := m.open()
	if err != nil {
		return nil, damaged(err)
	}
	defer file.Close()
	r.head.Reset()
	// One byte more than allowed, to tell a file that fills its bound from one
	// that exceeds it.
	n, err := r.head.ReadFrom(io.LimitReader(file, min(r.left, r.o.MaxFileBytes)+1))
	r.left -= n
	switch {
	case r.left < 0:
		return nil, unreadable{limit("more than %d bytes come out of the archive", r.o.MaxBytes)}
	case n > r.o.MaxFileBytes:
		tooLarge := limit("the file has more than %d bytes", r.o.MaxFileBytes)
		tooLarge.Fix = "make the image smaller"
		return nil, tooLarge
	case err != nil:
		return nil, damaged(err)
	}
	return r.head.Bytes(), nil
}

// flush makes rows or issues of the batch, in its order. The error ends the
// reading.
func (r *reader) flush() error {
	tasks := r.batch.tasks
	r.batch = batch{tasks: tasks[:0]} // the array is used again, after the last loop here
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(max(r.o.Workers, 1), len(tasks)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(tasks)) && r.ctx.Err() == nil; i = next.Add(1) - 1 {
				tasks[i].decode(r.shape, r.o.MaxPixels)
			}
		})
	}
	workers.Wait()
	// From here on in the order of the archive, whoever was faster: records are
	// numbered, and pixels laid down, one after the other.
	if err := r.ctx.Err(); err != nil {
		return err
	}
	for i := range tasks {
		t := &tasks[i]
		if t.fault != nil {
			r.rows.Reject(t.fault.issue(t.row.ID))
			continue
		}
		r.pixels = append(r.pixels, t.pixels...)
		if err := r.add(t.row, t.hash); err != nil {
			return err
		}
	}
	return nil
}

// decode makes pixels of the data, or a fault.
func (t *task) decode(s Shape, maxPixels int) {
	if t.fault != nil {
		return
	}
	p, err := decode(t.data, maxPixels)
	if bad, is := errors.AsType[*Error](err); is {
		t.fault = bad
		return
	}
	t.pixels, t.hash = s.fit(nil, p)
}

// add takes the last image of r.pixels for a row, with the hash of its original
// as group. The error is unreadable.
func (r *reader) add(row dataset.Row, hash uint64) error {
	size := r.shape.Size()
	if len(r.pixels)/size > r.o.MaxRows {
		return unreadable{limit("the archive holds more than %d images", r.o.MaxRows)}
	}
	row.Group = hashName(hash)
	r.rows.Add(row)
	if r.shape.Channels == 3 && !r.coloured {
		r.coloured = isColoured(r.pixels[len(r.pixels)-size:])
	}
	return nil
}

// isColoured reports whether an image of three channels has colours: files of
// three channels that show grey are common, and a model of one reads a third.
func isColoured(image []uint8) bool {
	plane := len(image) / 3
	for i := range plane {
		a, b, c := int(image[i]), int(image[plane+i]), int(image[2*plane+i])
		if max(a, b, c)-min(a, b, c) > greyTolerance {
			return true
		}
	}
	return false
}

// hashName writes a hash as a group's name.
func hashName(hash uint64) string {
	const digits = "0123456789abcdef"
	var name [16]byte
	for i := range name {
		name[i] = digits[hash>>(60-4*i)&15]
	}
	return string(name[:])
}
