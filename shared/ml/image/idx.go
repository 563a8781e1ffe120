package image

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"godwit/shared/ml/dataset"
)

// IDX is the format of MNIST: two zero bytes, the type of the numbers, how many
// dimensions, each dimension in four bytes, big-endian, then the numbers. Labels
// have one dimension, images three (number, lines, columns) or four (and the
// channels of each pixel).

const idxByte = 8 // the type of unsigned bytes, the only one that is read

// idx is the head of an IDX file.
type idx struct {
	packed bool     // gzipped
	bytes  bool     // its numbers are unsigned bytes
	dims   []uint32 // one to four, as announced: any numbers at all
}

// size returns the bytes of the head.
func (x idx) size() int { return 4 + 4*len(x.dims) }

// idxHead reads the head of an IDX file, gzipped or not; ok is false for
// anything else.
func idxHead(head []byte) (x idx, ok bool) {
	if bytes.HasPrefix(head, []byte(gzipMagic)) {
		plain, err := gzip.NewReader(bytes.NewReader(head))
		if err != nil {
			return x, false
		}
		// 20 bytes are a head of four dimensions. A short read is an error only
		// to those that need more.
		head, _ = io.ReadAll(io.LimitReader(plain, 20))
		x.packed = true
	}
	// The types go from 8, unsigned bytes, to 0x0E, doubles: all are known here, so
	// that those which are not read are refused by name.
	if len(head) < 8 || head[0] != 0 || head[1] != 0 || head[2] < idxByte || head[2] > 0x0E || head[3] < 1 || head[3] > 4 {
		return x, false
	}
	x.bytes = head[2] == idxByte
	for at := 4; at < 4+4*int(head[3]); at += 4 {
		if at+4 > len(head) {
			return x, false
		}
		x.dims = append(x.dims, binary.BigEndian.Uint32(head[at:]))
	}
	return x, true
}

// part is an IDX file.
type part struct {
	idx
	name   string
	member int    // place in the archive
	labels []byte // of a file of labels its numbers
	mate   *part  // of a file of images its labels
	split  string // "train" and so on, as the name says; "" where it says nothing
}

// isImages tells images from labels.
func (p *part) isImages() bool { return len(p.dims) > 1 }

// addPart takes an IDX file that was found at the end of r.entries. Labels are
// read now, for in a tar they may come after their images, which are read in the
// second pass. The error is unreadable: half a data set is none.
func (r *reader) addPart(name string, x idx, head []byte, rest io.Reader) error {
	p := &part{idx: x, name: name, member: len(r.entries)}
	r.parts = append(r.parts, p)
	switch n := len(x.dims); {
	case !x.bytes:
		return p.unreadable("write the numbers as unsigned bytes", "holds other numbers than bytes")
	case n == 2, n == 4 && x.dims[3] != 1 && x.dims[3] != 3:
		return p.unreadable("write images as number x lines x columns", "holds neither labels nor images of 1 or 3 channels")
	case x.dims[0] > uint32(min(r.o.MaxRows, 1<<31)): // before labels are given room
		return unreadable{limit("%s holds more than %d rows", visible(name), r.o.MaxRows)}
	case p.isImages():
		if w, h := x.dims[2], x.dims[1]; w < 1 || h < 1 || max(w, h) > longestSide || int(w)*int(h) > r.o.MaxPixels {
			return p.unreadable("make the images smaller", "holds images of %d x %d pixels", w, h)
		}
		return nil
	}
	body, err := p.body(io.MultiReader(bytes.NewReader(head), rest))
	if err != nil {
		return err
	}
	p.labels = make([]byte, x.dims[0])
	return cmp.Or(p.fill(body, p.labels), p.end(body))
}

// unreadable returns an error about the file, which ends the reading.
func (p *part) unreadable(fix, format string, args ...any) error {
	return unreadable{invalid(fix, "%s %s", visible(p.name), fmt.Sprintf(format, args...))}
}

// cutShort is the error of a file that holds less than its head says.
func (p *part) cutShort(err error) error {
	bad := invalid("make the file again and send it whole", "%s is damaged, or holds less than the %d rows that it announces", visible(p.name), p.dims[0])
	bad.Err = err
	return unreadable{bad}
}

// body returns what follows the head of the file.
func (p *part) body(file io.Reader) (io.Reader, error) {
	if p.packed {
		plain, err := gzip.NewReader(file)
		if err != nil {
			return nil, p.cutShort(err)
		}
		file = plain
	}
	if _, err := io.CopyN(io.Discard, file, int64(p.size())); err != nil {
		return nil, p.cutShort(err)
	}
	return file, nil
}

// fill reads the next numbers.
func (p *part) fill(body io.Reader, numbers []byte) error {
	if _, err := io.ReadFull(body, numbers); err != nil {
		return p.cutShort(err)
	}
	return nil
}

// end checks that no number follows. Only here a checksum is compared.
func (p *part) end(body io.Reader) error {
	var more [1]byte
	switch _, err := io.ReadFull(body, more[:]); err {
	case io.EOF:
		return nil
	case nil:
		return p.unreadable("make the file again", "holds more than the %d rows that it announces", p.dims[0])
	default:
		return p.cutShort(err)
	}
}

// surveyIDX finds the labels of each file of images, and the shape. The error
// is unreadable.
func (r *reader) surveyIDX() error {
	for _, e := range r.entries {
		if e.header != nil || e.fault != nil {
			return unreadable{invalid("leave one of the two", "the archive holds both IDX files and other images, such as %s", visible(e.name))}
		}
	}
	var images, labels []*part
	for _, p := range r.parts {
		if p.isImages() {
			images = append(images, p)
		} else {
			labels = append(labels, p)
		}
	}
	var widths, heights []int
	colour, rows := false, 0 // of all files: training and test images become one set
	for _, p := range images {
		if err := p.findMate(labels, len(images) == 1 && len(labels) == 1); err != nil {
			return err
		}
		p.split = splitOf(p.name)
		rows += int(p.dims[0])
		if rows > r.o.MaxRows {
			return unreadable{limit("the files hold more than %d images", r.o.MaxRows)}
		}
		// Each counts in the median, so that a small test set does not decide.
		for range p.dims[0] {
			widths, heights = append(widths, int(p.dims[2])), append(heights, int(p.dims[1]))
		}
		colour = colour || p.channels() == 3
	}
	if images == nil {
		return unreadable{invalid("put the file of images beside it", "there are labels and no images")}
	}
	return r.choose(widths, heights, colour)
}

// findMate finds the labels of images, by name as MNIST's go; where there is
// only one pair any name will do.
func (p *part) findMate(labels []*part, only bool) error {
	for _, l := range labels {
		if only || keyOf(l.name) == keyOf(p.name) {
			p.mate = l
		}
	}
	switch {
	case p.mate == nil:
		return p.unreadable("name the pair alike, as train-images-idx3-ubyte and train-labels-idx1-ubyte", "has no file of labels beside it")
	case p.mate.dims[0] != p.dims[0]:
		return p.unreadable("send the files that belong together", "holds %d images, and %s %d labels", p.dims[0], visible(p.mate.name), p.mate.dims[0])
	}
	return nil
}

// channels returns the channels of images.
func (p *part) channels() int {
	if len(p.dims) == 4 {
		return int(p.dims[3])
	}
	return 1
}

// keyOf returns what is alike in the names of images and their labels:
// "train--ubyte" of train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.
func keyOf(name string) string {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return strings.NewReplacer("images", "", "image", "", "labels", "", "label", "", "idx1", "", "idx3", "", "idx4", "").Replace(name)
}

// splitOf returns what a file's name says of its rows.
func splitOf(name string) string {
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if strings.EqualFold(word, "t10k") { // MNIST's ten thousand
			return "test"
		}
		if part, is := dataset.SplitName(word); is {
			return part
		}
	}
	return ""
}

// readPart makes rows of a file of images.
func (r *reader) readPart(p *part, m *member) error {
	if !p.isImages() {
		return nil
	}
	file, err := m.open()
	if err != nil {
		return p.cutShort(err)
	}
	defer file.Close()
	body, err := p.body(file)
	if err != nil {
		return err
	}
	picture := &picture{channels: p.channels(), header: header{width: int(p.dims[2]), height: int(p.dims[1]), orientation: 1}}
	pixels := make([]byte, picture.width*picture.height*picture.channels)
	picture.row = func(y int, dst []uint8) { copy(dst, pixels[y*len(dst):]) }
	// One image at a time into the same bytes: fit copies what it keeps.
	for i, label := range p.mate.labels {
		if r.left -= int64(len(pixels)); r.left < 0 {
			return unreadable{limit("more than %d bytes come out of the archive", r.o.MaxBytes)}
		}
		if err := cmp.Or(r.ctx.Err(), p.fill(body, pixels)); err != nil {
			return err
		}
		row := dataset.Row{ID: p.name + "#" + strconv.Itoa(i+1), Label: strconv.Itoa(int(label)), Split: p.split}
		var hash uint64
		r.pixels, hash = r.shape.fit(r.pixels, picture)
		if err := r.add(row, hash); err != nil {
			return err
		}
	}
	return p.end(body)
}

// visible returns the name of a file for a message.
func visible(name string) string { return strconv.Quote(name) }
