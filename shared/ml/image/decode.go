package image

import (
	"bytes"
	"errors"
	stdimage "image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"godwit/shared/ml/dataset"
)

// MaxPixels is how many pixels an image may have unless the caller says
// otherwise. While one is read it takes up to 15 bytes a pixel (a progressive
// JPEG without subsampling), so a function with little memory should say less.
const MaxPixels = 40_000_000

// longestSide bounds an image as it is stored. It is JPEG's own bound, and
// keeps the sums of resample within their integers.
const longestSide = 65_535

// codec is one of the formats that are read: config reads the header alone.
type codec struct {
	name   string
	config func(io.Reader) (stdimage.Config, error)
	decode func(io.Reader) (stdimage.Image, error)
}

var (
	pngCodec  = &codec{"PNG", png.DecodeConfig, png.Decode}
	jpegCodec = &codec{"JPEG", jpeg.DecodeConfig, jpeg.Decode}
)

// formats are told by their first bytes: names lie. Those without a codec are
// known only to be refused by name.
var formats = []struct {
	name, magic string
	at          int // where the magic stands
	codec       *codec
}{
	{"PNG", "\x89PNG\r\n\x1a\n", 0, pngCodec},
	{"JPEG", "\xff\xd8\xff", 0, jpegCodec},
	{"GIF", "GIF8", 0, nil},
	{"WebP", "WEBP", 8, nil},
	{"TIFF", "II*\x00", 0, nil},
	{"TIFF", "MM\x00*", 0, nil},
	{"HEIC or AVIF", "ftyp", 4, nil},
	{"BMP", "BM", 0, nil},
}

// formatOf returns the name and codec of the format that data begin with, ""
// for what is no image.
func formatOf(data []byte) (string, *codec) {
	for _, f := range formats {
		if len(data) >= f.at && bytes.HasPrefix(data[f.at:], []byte(f.magic)) {
			return f.name, f.codec
		}
	}
	return "", nil
}

// header is what the beginning of an image tells.
type header struct {
	codec         *codec
	width, height int // as stored
	grey          bool
	orientation   int // 1 to 8, as in EXIF
}

// turned reports whether width and height change places when upright.
func (h *header) turned() bool { return h.orientation >= 5 }

// readHeader checks the beginning of an image and reads no further than it
// must. head are the first bytes, rest what follows them.
func readHeader(head []byte, rest io.Reader, maxPixels int) (*header, *Error) {
	name, c := formatOf(head)
	switch {
	case len(head) == 0:
		return nil, invalid("send the whole file", "the file is empty")
	case name == "":
		return nil, invalid(resave, "this is neither a PNG nor a JPEG")
	case c == nil:
		return nil, invalid(resave, "%s images are not read", name)
	}
	config, err := c.config(io.MultiReader(bytes.NewReader(head), rest))
	if err != nil {
		return nil, c.explain(err)
	}
	// What the header says is what the decoder will allocate, and is checked before
	// it does: 140 KB of PNG can be 137 MB of pixels. Sides first, so that the
	// product cannot overflow.
	if config.Width < 1 || config.Height < 1 || max(config.Width, config.Height) > longestSide || config.Width*config.Height > maxPixels {
		return nil, invalid("make the image smaller", "the image has %d x %d pixels; at most %d, and %d on a side, are read",
			config.Width, config.Height, maxPixels, longestSide)
	}
	h := &header{codec: c, width: config.Width, height: config.Height, orientation: 1,
		grey: config.ColorModel == color.GrayModel || config.ColorModel == color.Gray16Model}
	if c == jpegCodec {
		h.orientation = orientation(head)
	}
	return h, nil
}

// resave is what helps against most faults of an image.
const resave = "save the image again as PNG or JPEG"

// explain says what is wrong with a damaged image.
func (c *codec) explain(err error) *Error {
	e := &Error{Code: dataset.ImageDecode, Fix: resave, Err: err}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		e.Message, e.Fix = "the "+c.name+" data end early", "send the whole file"
		return e
	}
	var pngFormat png.FormatError
	var pngKind png.UnsupportedError
	var jpegFormat jpeg.FormatError
	var jpegKind jpeg.UnsupportedError
	switch {
	case errors.As(err, &pngKind), errors.As(err, &jpegKind):
		e.Message = "this kind of " + c.name + " is not read: " + err.Error()
	case errors.As(err, &pngFormat), errors.As(err, &jpegFormat):
		e.Message = "the " + c.name + " data are damaged: " + err.Error()
	default:
		// The decompressor inside a PNG has errors of its own.
		e.Message = "the " + c.name + " data are damaged"
	}
	return e
}

// picture is a decoded image, rows of 1 or 3 bytes a pixel.
type picture struct {
	header
	channels int                      // 1 grey, 3 red, green and blue
	row      func(y int, dst []uint8) // writes line y as stored; dst holds width x channels
}

// decode reads a PNG or JPEG. The error is an *Error.
func decode(data []byte, maxPixels int) (*picture, error) {
	if maxPixels <= 0 {
		maxPixels = MaxPixels
	}
	h, bad := readHeader(data, bytes.NewReader(nil), maxPixels) // nothing follows: data is all
	if bad != nil {
		return nil, bad
	}
	img, err := h.codec.decode(bytes.NewReader(data))
	if err != nil {
		return nil, h.codec.explain(err)
	}
	// The kinds that most files are have a way of their own, without an
	// interface call for each pixel; the last case is right for all of them.
	p := &picture{header: *h, channels: 3}
	switch img := img.(type) { // pictures of these decoders begin at 0, 0
	case *stdimage.Gray:
		p.channels, p.row = 1, func(y int, dst []uint8) { copy(dst, img.Pix[y*img.Stride:]) }
	case *stdimage.Gray16:
		p.channels, p.row = 1, func(y int, dst []uint8) {
			for x := range dst {
				dst[x] = eightBits(img.Gray16At(x, y).Y)
			}
		}
	case *stdimage.YCbCr:
		p.row = func(y int, dst []uint8) {
			for x := range p.width {
				c := img.COffset(x, y)
				dst[3*x], dst[3*x+1], dst[3*x+2] = color.YCbCrToRGB(img.Y[img.YOffset(x, y)], img.Cb[c], img.Cr[c])
			}
		}
	case *stdimage.RGBA: // a PNG without transparency
		p.row = func(y int, dst []uint8) {
			for x, line := 0, img.Pix[y*img.Stride:]; x < len(dst); x, line = x+3, line[4:] {
				dst[x], dst[x+1], dst[x+2] = line[0], line[1], line[2]
			}
		}
	case stdimage.RGBA64Image:
		p.row = func(y int, dst []uint8) { onWhite(img, y, dst) }
	default:
		return nil, invalid(resave, "this kind of %s is not read", h.codec.name)
	}
	return p, nil
}

// onWhite writes a row of img, transparent parts white: a drawing without a
// background is black on white far more often than the other way round. The
// colours come multiplied by their alpha, so white is what alpha leaves.
func onWhite(img stdimage.RGBA64Image, y int, dst []uint8) {
	for x := range len(dst) / 3 {
		c := img.RGBA64At(x, y)
		rest := 0xffff - c.A
		dst[3*x], dst[3*x+1], dst[3*x+2] = eightBits(c.R+rest), eightBits(c.G+rest), eightBits(c.B+rest)
	}
}

// eightBits rounds 0..65535 to 0..255; 65535 is 257 times 255.
func eightBits(v uint16) uint8 { return uint8((uint32(v) + 128) / 257) }
