package image

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"godwit/shared/ml/dataset"
)

// headBytes is how much of a file is looked at before its kind is known. Nearly
// every camera puts the orientation into it.
const headBytes = 64 << 10

// greyTolerance is by how much the channels of a pixel may differ in an image
// that counts as grey: scanners and JPEG do not keep them quite equal.
const greyTolerance = 8

// reader reads one archive in two passes: survey fills entries and shape, readAll
// makes rows and pixels by them. It serves one goroutine, but for the decoding of
// a batch.
type reader struct {
	ctx     context.Context
	o       Options
	archive archive
	left    int64        // bytes that may still come out, in this pass
	head    bytes.Buffer // of the member at hand, reused

	entries []entry         // of each member of the archive, in its order
	parts   []*part         // its IDX files
	notes   []dataset.Issue // on members that were passed over

	rows     *dataset.Collector
	shape    Shape // of the result, once surveyed
	batch    batch
	pixels   []uint8 // of the rows so far, as in Set.Pixels
	coloured bool    // an image of pixels is not grey
}

// entry is what the survey found out about a member. One with neither header
// nor fault is no image.
type entry struct {
	name   string   // as an issue shows it
	path   []string // folders and name; nil for what cannot be an image
	header *header
	fault  *Error // why the member gives no row
	place
}

// survey goes through the archive for names and headers and decides on labels,
// size and colour. The error is unreadable or the source's.
func (r *reader) survey() error {
	err := r.archive.each(func(m *member) error {
		if len(r.entries) >= r.o.MaxFiles {
			return unreadable{limit("the archive has more than %d files", r.o.MaxFiles)}
		}
		e, err := r.look(m)
		r.entries = append(r.entries, e)
		return err
	})
	if err != nil {
		return err
	}
	if len(r.parts) > 0 {
		return r.surveyIDX()
	}
	if err := r.strange(); err != nil {
		return err
	}
	// Labels come last: what a folder means depends on where all others lie.
	paths := make([][]string, len(r.entries))
	for i := range r.entries {
		paths[i] = r.entries[i].path
	}
	for i, p := range layout(paths) {
		r.entries[i].place = p
	}
	var widths, heights []int
	colour := false
	for i := range r.entries {
		if h := r.entries[i].header; h != nil {
			width, height := h.width, h.height
			if h.turned() { // the model sees it upright
				width, height = height, width
			}
			widths, heights = append(widths, width), append(heights, height)
			colour = colour || !h.grey
		}
	}
	return r.choose(widths, heights, colour)
}

// look finds out what a member is. The error ends the reading.
func (r *reader) look(m *member) (entry, error) {
	e := entry{name: m.name}
	if m.folder {
		return e, r.ctx.Err()
	}
	// A fault of the name is told of whatever the member is.
	path, fault := pathOf(m.name)
	if fault == nil {
		e.name = strings.Join(path, "/") // as text, whatever it was written in
		r.tellConverted(m.name, e.name)
	}
	switch {
	case fault != nil:
	case isJunk(path):
		return e, r.ctx.Err()
	case m.special:
		fault = refused("this is a link or a device, not a file", "put the file itself into the archive")
	case m.locked:
		fault = invalid("make the archive again without a password", "the file is encrypted")
	default:
		return r.lookInto(m, e, path)
	}
	e.fault = fault
	return e, r.ctx.Err()
}

// tellConverted notes the first name that was not UTF-8: a name is too short to
// tell Chinese from what else it may be, so the owner must.
func (r *reader) tellConverted(raw, name string) {
	told := slices.ContainsFunc(r.notes, func(i dataset.Issue) bool { return i.Code == dataset.EncodingConverted })
	if utf8.ValidString(raw) || told {
		return
	}
	r.notes = append(r.notes, dataset.Issue{Code: dataset.EncodingConverted, Severity: dataset.Warning, Excerpt: name,
		Message: "names in the archive are not UTF-8; they were read as Chinese, this one as " + visible(name),
		Fix:     "compare this with the file's name; if it reads differently, pack the folders again with names in UTF-8"})
}

// lookInto reads the beginning of a member.
func (r *reader) lookInto(m *member, e entry, path []string) (entry, error) {
	name := path[len(path)-1]
	file, err := m.open()
	if err != nil {
		e.path, e.fault = path, damaged(err)
		return e, nil
	}
	defer file.Close()
	// What is counted is what the decoder took, which may be more than the head.
	rest := &io.LimitedReader{R: file, N: min(r.left, r.o.MaxFileBytes) + 1}
	from := rest.N
	defer func() { r.left -= from - rest.N }()
	r.head.Reset()
	if _, err := r.head.ReadFrom(io.LimitReader(rest, headBytes)); err != nil {
		e.path, e.fault = path, damaged(err)
		return e, r.ctx.Err()
	}
	head := r.head.Bytes()
	_, codec := formatOf(head)
	idx, isIDX := idxHead(head)
	// By content, in this order: a gzip may be an IDX file, an image may have
	// any name, and a name of an image must not make one of an archive.
	switch {
	case isIDX:
		e.name = name
		return e, r.addPart(name, idx, head, rest)
	case codec != nil || isNamedImage(name) && !isArchive(head):
		e.path = path
		e.header, e.fault = readHeader(head, rest, r.o.MaxPixels)
	case isArchive(head):
		e.fault = refused("this is an archive inside the archive", "unpack it and put its files into the one archive")
	default:
		r.notes = append(r.notes, dataset.Issue{Code: dataset.ImageDecode, Severity: dataset.Info, Excerpt: e.name,
			Message: "the file is not an image and was passed over", Fix: "nothing to do"})
	}
	// Used up, and not by the bound of one file: that one only costs the file.
	if rest.N <= 0 && r.left < r.o.MaxFileBytes {
		return e, unreadable{limit("more than %d bytes come out of the archive", r.o.MaxBytes)}
	}
	return e, r.ctx.Err()
}

// damaged returns what is wrong with a member that cannot be read.
func damaged(err error) *Error {
	return &Error{Code: dataset.ImageDecode, Message: "the file is damaged in the archive, or packed in a way that is not read",
		Fix: "make the archive again, with the usual compression", Err: err}
}

// choose decides on the shape: the medians, within the longest side and as they
// were asked for.
func (r *reader) choose(widths, heights []int, colour bool) error {
	// The median: one photograph among icons must not make all of them large.
	width, height := median(widths), median(heights)
	if longest := max(width, height); longest > r.o.LongestSide {
		width, height = scale(width, r.o.LongestSide, longest), scale(height, r.o.LongestSide, longest)
	}
	// Each as asked for, or found out. With one of the two sides given the other is
	// not fitted to it: images are stretched in any case.
	r.shape = Shape{cmp.Or(r.o.Width, max(width, MinSide)), cmp.Or(r.o.Height, max(height, MinSide)), 1}
	if colour {
		r.shape.Channels = 3
	}
	r.shape.Channels = cmp.Or(r.o.Channels, r.shape.Channels)
	if need := len(widths) * r.shape.Size(); need > r.o.MaxPixelBytes {
		bad := limit("%d images of %d x %d pixels in %d channels have %d bytes; at most %d are kept",
			len(widths), r.shape.Width, r.shape.Height, r.shape.Channels, need, r.o.MaxPixelBytes)
		bad.Fix = "choose smaller images, or fewer of them"
		return unreadable{bad}
	}
	// In one piece, for growing would hold everything twice. Images that then
	// turn out to be damaged leave a little of it unused.
	r.pixels = make([]uint8, 0, len(widths)*r.shape.Size())
	return nil
}

// scale returns side times to/from, rounded.
func scale(side, to, from int) int { return (2*side*to + from) / (2 * from) }

// median returns the lower median; 0 of nothing.
func median(sides []int) int {
	if len(sides) == 0 {
		return 0
	}
	slices.Sort(sides)
	return sides[(len(sides)-1)/2]
}
