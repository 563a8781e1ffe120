// Package image reads labelled images for training, and single ones to predict,
// into the one small size that a network reads.
//
// Read takes what people have: a zip or tar.gz with a folder of PNG or JPEG
// files for each class, or the IDX pairs of MNIST and its like. It goes through
// the archive twice: once for names and headers, which decide on labels, size
// and colour, and once for the pixels, of which only the resized ones are kept,
// a few decoded originals at a time. A file that cannot be read is dropped and
// reported like a bad row of a text file, under the same codes and the same
// share (package dataset), and Split holds out rows as it does there.
//
// An archive is hostile until read: what comes out is counted, not what headers
// promise; an image's size is checked before it is decoded; names that lead
// elsewhere or deceive the eye, links and archives inside the archive are
// refused. Nothing is ever written to a disk.
//
// Shape.Decode, DecodeBase64 and ParsePixels read what a model is asked about,
// by the same code, and Heat and Overlay draw its explanations. All arithmetic
// is in integers: the same file gives the same pixels on every machine. The
// package trains nothing, augments nothing and reads no other formats.
package image

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"godwit/shared/ml/dataset"
)

// Options tell Read what it need not find out, and its limits. The zero value
// finds out everything. Of dataset.Options the limits on bytes, rows, classes
// and bad rows count.
type Options struct {
	dataset.Options
	Width, Height int // of the result, MinSide to MaxSide; 0: the median of the images, in LongestSide
	Channels      int // 1 grey, 3 colour; 0: grey when every image is
	LongestSide   int // pixels of the longer side when it is found out; 0: 64

	Workers       int   // goroutines that decode files; below 1 counts as 1; the result is the same
	MaxFiles      int   // members of the archive; 0: 200,000
	MaxFileBytes  int64 // bytes of one image file; 0: 32 MiB
	MaxPixels     int   // pixels of one image as stored; 0: MaxPixels
	MaxPixelBytes int   // bytes of Set.Pixels; 0: 256 MiB
}

// withDefaults returns o with every limit set.
func (o Options) withDefaults() Options {
	o.MaxBytes = cmp.Or(max(o.MaxBytes, 0), 512<<20)
	o.MaxRows = cmp.Or(max(o.MaxRows, 0), 1_000_000)
	o.LongestSide = min(max(cmp.Or(o.LongestSide, 64), MinSide), MaxSide)
	o.MaxFiles = cmp.Or(max(o.MaxFiles, 0), 200_000)
	o.MaxFileBytes = cmp.Or(max(o.MaxFileBytes, 0), 32<<20)
	o.MaxPixels = cmp.Or(max(o.MaxPixels, 0), MaxPixels)
	o.MaxPixelBytes = cmp.Or(max(o.MaxPixelBytes, 0), 256<<20)
	return o
}

// Set is a set of images read. Of each of Rows the ID is the path in the
// archive, Record the place among the images and Group the hash of the pixels
// as they were, so that copies stay on one side of a split; Text is empty.
// Source.Format is "zip", "tar.gz" or "idx".
type Set struct {
	dataset.Set
	Shape
	// Pixels holds the images one after the other, each channel by channel and
	// line by line, 0 for none of a colour and 255 for all of it.
	Pixels []uint8
	Y      []int32 // of each row its place in Labels
}

// Split divides the images as dataset.Split does rows.
func (s *Set) Split(o dataset.SplitOptions) (train, test []int32, how string) {
	return dataset.Split(s.Rows, s.Labels, o)
}

// Read reads an archive of labelled images to its end and holds its bytes
// meanwhile: see ReadAt, which does not.
func Read(ctx context.Context, r io.Reader, opts Options) (*Set, error) {
	o := opts.withDefaults()
	// The directory of a zip stands at its end, and two passes are made: the
	// bytes must be at hand. One byte more shows that there are too many.
	data, err := io.ReadAll(io.LimitReader(r, o.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read images: %w", err)
	}
	return ReadAt(ctx, bytes.NewReader(data), int64(len(data)), opts)
}

// ReadAt reads an archive of size bytes. The error is a *dataset.InputError
// when the data are at fault, and comes then with the Set as far as it was read,
// without pixels; any other error is the reader's or the context's, wrapped, and
// the Set is nil.
func ReadAt(ctx context.Context, r io.ReaderAt, size int64, opts Options) (*Set, error) {
	o := opts.withDefaults()
	src := &source{ctx: ctx, at: r}
	sum := sha256.New()
	a, format, err := archive(nil), "", error(nil)
	if size > o.MaxBytes {
		err = unreadable{limit("the file has more than %d bytes", o.MaxBytes)}
	} else if _, err = io.Copy(sum, io.NewSectionReader(src, 0, size)); err == nil {
		a, format, err = open(src, size, o)
	}
	// The error of opening goes in, for it is reported as those of reading are.
	set, err := read(ctx, a, format, o, err)
	// A source that broke looks like a damaged archive to a decompressor, and
	// then the owner of the data would be told to mend a file that is good.
	if src.failed != nil {
		return nil, fmt.Errorf("read images: %w", src.failed)
	}
	if size <= o.MaxBytes { // else it was not read
		set.SHA256 = hex.EncodeToString(sum.Sum(nil))
	}
	return set, err
}

// ReadPair reads images and labels in the format of MNIST, IDX, each gzipped or
// not, as Read does when both are in one archive.
func ReadPair(ctx context.Context, images, labels []byte, opts Options) (*Set, error) {
	a := pairArchive{{name: "images", open: opener(images)}, {name: "labels", open: opener(labels)}}
	set, err := read(ctx, a, formatIDX, opts.withDefaults(), nil)
	if set != nil {
		sum := sha256.New()
		sum.Write(images)
		sum.Write(labels)
		set.SHA256 = hex.EncodeToString(sum.Sum(nil))
	}
	return set, err
}

// read reads an open archive. begun is the error of opening it.
func read(ctx context.Context, a archive, format string, o Options, begun error) (*Set, error) {
	r := &reader{ctx: ctx, o: o, archive: a, left: o.MaxBytes}
	s := dataset.Source{Format: format}
	// The collector is made after the survey, which finds out the format, and
	// before any error is returned, so that the owner gets the notes too.
	err := cmp.Or(begun, o.check())
	if err == nil {
		err = r.survey()
	}
	if len(r.parts) > 0 {
		s.Format = formatIDX
	}
	r.rows = dataset.NewCollector(o.Options, s, "picture", "label")
	for _, note := range r.notes {
		r.rows.Note(note)
	}
	if err == nil {
		err = r.readAll()
	}
	if whole, is := errors.AsType[unreadable](err); is {
		rows, err := r.rows.Fail(whole.cause.issue(""))
		return &Set{Set: *rows}, err
	}
	if err != nil {
		return nil, fmt.Errorf("read images: %w", err)
	}
	rows, kept, err := r.rows.Conclude()
	if err != nil {
		return &Set{Set: *rows}, err
	}
	return r.set(rows, kept), nil
}

// check says what is wrong with the size asked for, unreadable.
func (o Options) check() error {
	wanted := Shape{cmp.Or(o.Width, MinSide), cmp.Or(o.Height, MinSide), cmp.Or(o.Channels, 1)}
	if bad, is := errors.AsType[*Error](wanted.check()); is {
		return unreadable{bad}
	}
	return nil
}

// set makes the result of what was read.
func (r *reader) set(rows *dataset.Set, kept []int32) *Set {
	s := &Set{Set: *rows, Shape: r.shape, Pixels: r.pixels}
	if s.Channels == 3 && r.o.Channels == 0 && !r.coloured {
		s.toGrey()
	}
	if kept != nil {
		// The rows of labels that are too rare are gone: close the gaps. kept
		// ascends, so nothing is overwritten that is still needed.
		size := s.Size()
		for to, from := range kept {
			copy(s.Pixels[to*size:], s.Pixels[int(from)*size:][:size])
		}
		s.Pixels = s.Pixels[:len(kept)*size]
	}
	for i := range s.Rows {
		y, _ := slices.BinarySearch(s.Labels, s.Rows[i].Label) // Labels ascend and hold all that are left
		s.Y = append(s.Y, int32(y))
	}
	return s
}

// toGrey makes images of one channel of those of three, in place.
func (s *Set) toGrey() {
	// One plane goes where three were read: to never overtakes from.
	plane := s.Width * s.Height
	for from, to := 0, 0; from < len(s.Pixels); from += 3 * plane {
		image := s.Pixels[from : from+3*plane]
		for i := range plane {
			s.Pixels[to] = luma(image[i], image[plane+i], image[2*plane+i])
			to++
		}
	}
	s.Channels, s.Pixels = 1, s.Pixels[:len(s.Pixels)/3]
}
