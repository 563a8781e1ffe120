package dataset

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	utf16enc "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Names of encodings in Source.
const (
	encodingUTF8    = "utf-8"
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
	encodingGB18030 = "gb18030"
)

// decoder turns bytes into UTF-8. It passes ASCII on, which is the same in
// every encoding it may meet, and decides at the first byte that is not, by the
// quarter megabyte that follows: a file may be English for a long way before
// its first Chinese review.
type decoder struct {
	src      *bufio.Reader
	decided  io.Reader // nil while only ASCII was seen
	encoding string

	// Where an encoding was guessed: the line it began on, from 1, and what was
	// made of it.
	line   int64
	sample []byte
}

// newDecoder looks at the beginning of src, whose buffer holds window bytes.
// The error is unfit for what is not text, or src's.
func newDecoder(src *bufio.Reader) (*decoder, error) {
	d := &decoder{src: src, encoding: encodingUTF8, line: 1}
	head, err := src.Peek(4096)
	if err != nil && err != io.EOF {
		return nil, err
	}
	// The zip test comes after the marks and before the zeros, of which a zip
	// has many: the more telling message wins.
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		src.Discard(3)
		d.decided = src
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		d.decide(encodingUTF16LE, utf16enc.UTF16(utf16enc.LittleEndian, utf16enc.ExpectBOM), "\xFD\xFF")
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		d.decide(encodingUTF16BE, utf16enc.UTF16(utf16enc.BigEndian, utf16enc.ExpectBOM), "\xFF\xFD")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, unfit{"the file is a zip archive or an Excel workbook; save it as CSV in UTF-8, or compress it with gzip"}
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0")):
		return nil, unfit{"the file is an Excel workbook; save it as CSV in UTF-8"}
	case bytes.Count(head, []byte{0}) > len(head)/10:
		return nil, unfit{"the file is not text, or is UTF-16 without a byte order mark; save it as CSV in UTF-8"}
	}
	return d, nil
}

// decide fixes an encoding other than UTF-8, in which U+FFFD is replacement.
func (d *decoder) decide(name string, e encoding.Encoding, replacement string) {
	d.encoding = name
	unit := 1
	if len(replacement) == 2 {
		unit = 2
	}
	d.decided = transform.NewReader(d.src, &marking{Transformer: e.NewDecoder().Transformer, replacement: []byte(replacement), unit: unit})
}

// Read implements io.Reader.
func (d *decoder) Read(p []byte) (int, error) {
	if d.decided != nil {
		return d.decided.Read(p)
	}
	if _, err := d.src.Peek(1); err != nil {
		return 0, err
	}
	head, _ := d.src.Peek(d.src.Buffered())
	if n := asciiPrefix(head); n > 0 {
		n = copy(p, head[:n])
		begun := head[:n]
		// Counting is done many bytes at a time, looking from the end byte by byte:
		// not all through a line without an end.
		if lines := bytes.Count(begun, lineFeed); lines > 0 {
			d.line += int64(lines)
			begun = begun[bytes.LastIndexByte(begun, '\n')+1:]
		}
		d.sample = append(d.sample[:0], begun[max(len(begun)-maxExcerpt/2, 0):]...)
		d.src.Discard(n)
		return n, nil
	}
	// An error other than EOF comes again when these bytes have been read.
	head, _ = d.src.Peek(window)
	if likelyGB18030(head) {
		d.decide(encodingGB18030, simplifiedchinese.GB18030, "\x84\x31\xA4\x37")
		rest, _, _ := bytes.Cut(head, lineFeed)
		// What the cut leaves of a last character is shown as U+FFFD.
		shown, _ := simplifiedchinese.GB18030.NewDecoder().Bytes(rest[:min(len(rest), 4*maxExcerpt)])
		d.sample = append(d.sample, bytes.TrimRight(shown, "\r")...)
	} else {
		d.decided = d.src
	}
	return d.decided.Read(p)
}

// report adds the issue that tells of a conversion. A byte order mark is proof;
// GB18030 is a guess, which the owner must be able to check.
func (d *decoder) report(found *findings) {
	switch d.encoding {
	case encodingUTF8:
	case encodingGB18030:
		found.insist(Issue{Code: EncodingConverted, Severity: Warning, Line: d.line, Fix: "compare this with the file; if it reads differently, save the file as UTF-8"},
			d.sample, "the file is not UTF-8; it was read as Chinese in %s, here as %q", d.encoding, excerpt(d.sample))
	default:
		found.add(Issue{Code: EncodingConverted, Severity: Info}, nil, "the file is %s and was read as UTF-8", d.encoding)
	}
}

var lineFeed = []byte{'\n'}

// damaged returns the offset of the first byte of raw that was not text, or -1.
func damaged(raw []byte) int {
	if utf8.Valid(raw) {
		return -1
	}
	at := 0
	for {
		r, n := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && n <= 1 {
			return at
		}
		at += n
	}
}

// asciiPrefix returns how many bytes of p come before the first non-ASCII one.
func asciiPrefix(p []byte) int {
	i := 0
	for ; i+8 <= len(p); i += 8 {
		if high := binary.LittleEndian.Uint64(p[i:]) & 0x8080808080808080; high != 0 {
			return i + bits.TrailingZeros64(high)/8
		}
	}
	for ; i < len(p) && p[i] < utf8.RuneSelf; i++ {
	}
	return i
}
