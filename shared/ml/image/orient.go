package image

import (
	"bytes"
	"encoding/binary"
)

// The places of EXIF 2.3 that lead to the orientation.
const (
	markerAPP1     = 0xE1
	markerScan     = 0xDA // the picture begins: no more headers
	tagOrientation = 0x0112
	typeShort      = 3
)

// orientation returns how a JPEG must be turned to stand upright, by the EXIF
// tag in the first bytes of the file; 1, upright, where there is none.
func orientation(data []byte) int {
	for at := 2; at+4 <= len(data) && data[at] == 0xFF && data[at+1] != markerScan; {
		// A segment: 0xFF, marker, size, body. EXIF stands in the first of kind
		// APP1, or after others of cameras' own.
		size := int(binary.BigEndian.Uint16(data[at+2:])) // with its own two bytes
		end := at + 2 + size
		if size < 2 || end > len(data) {
			return 1
		}
		if body, is := bytes.CutPrefix(data[at+4:end], []byte("Exif\x00\x00")); is && data[at+1] == markerAPP1 {
			return tiffOrientation(body)
		}
		at = end
	}
	return 1
}

// tiffOrientation finds the tag in the first directory of a TIFF header.
func tiffOrientation(t []byte) int {
	if len(t) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(t[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(t[4:])) // of the first directory; wide, so that sums cannot wrap
	if at+2 > uint64(len(t)) {
		return 1
	}
	// 12 bytes an entry: tag, type, count, and the value where it is short.
	entries := t[at+2:]
	for range order.Uint16(t[at:]) {
		if len(entries) < 12 {
			return 1
		}
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}

// stored returns where the pixel at x, y of the upright image lies in the one
// stored, which is width x height. Orientation 3 is upside down, 6 and 8 lie on
// a side, and 2, 4, 5 and 7 are mirror images.
func (h *header) stored(x, y, width, height int) int {
	if h.turned() {
		x, y = y, x
	}
	// Mirrored in each direction of the stored image, by orientation.
	switch h.orientation {
	case 2, 3, 7, 8:
		x = width - 1 - x
	}
	switch h.orientation {
	case 3, 4, 6, 7:
		y = height - 1 - y
	}
	return y*width + x
}
