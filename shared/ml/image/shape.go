package image

import (
	"encoding/base64"
	"fmt"
	"strings"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/xxh64"
)

// The sides of an image as a model reads it, in pixels.
const (
	MinSide = 8   // below, a convolution has nothing to look at
	MaxSide = 512 // one image of the largest kind has 768 KB
)

// Shape is the size of the images that a model reads: Width and Height from
// MinSide to MaxSide, Channels 1 (grey) or 3 (red, green, blue). Its methods
// are safe for concurrent use.
type Shape struct{ Width, Height, Channels int }

// Size returns the bytes of one image.
func (s Shape) Size() int { return s.Width * s.Height * s.Channels }

// check says what is wrong with a shape, as an *Error.
func (s Shape) check() error {
	if min(s.Width, s.Height) < MinSide || max(s.Width, s.Height) > MaxSide || s.Channels != 1 && s.Channels != 3 {
		return invalid("choose sides from 8 to 512 pixels and 1 or 3 channels",
			"images of %d x %d pixels in %d channels cannot be read", s.Width, s.Height, s.Channels)
	}
	return nil
}

// Error says why an image, or a member of an archive, cannot be used.
type Error struct {
	Code    string // dataset.ImageDecode, dataset.ArchiveLimit and so on
	Message string // what is wrong, for the image's owner
	Fix     string // what to do about it; of an archive's limit it may be empty: what is usual for the code
	Err     error  // the decoder's own error; may be nil
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// invalid returns an error of code image_decode.
func invalid(fix, format string, args ...any) *Error {
	return &Error{Code: dataset.ImageDecode, Message: fmt.Sprintf(format, args...), Fix: fix}
}

// Decode reads a PNG or a JPEG into the shape, as Read does: turned upright,
// transparent parts white, the whole image stretched to the model's sides. The
// pixels are as in Set.Pixels. maxPixels bounds the image as it is stored, and
// is checked before anything is decoded; 0: MaxPixels. The error is an *Error.
func (s Shape) Decode(data []byte, maxPixels int) ([]uint8, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	p, err := decode(data, maxPixels)
	if err != nil {
		return nil, err
	}
	pixels, _ := s.fit(nil, p)
	return pixels, nil
}

// DecodeBase64 is Decode of base64, as it stands in JSON: standard or URL-safe,
// padded or not, with or without a beginning such as "data:image/png;base64,".
func (s Shape) DecodeBase64(text string, maxPixels int) ([]uint8, error) {
	const fix = "send a PNG or JPEG file in base64"
	// A browser's canvas gives data URLs, and pages send them on as they are.
	if rest, is := strings.CutPrefix(text, "data:"); is {
		kind, body, found := strings.Cut(rest, ",")
		if !found || !strings.HasSuffix(kind, ";base64") {
			return nil, invalid(fix, "the data URL holds no base64")
		}
		text = body
	}
	code := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		code = base64.RawURLEncoding
	}
	data, err := code.DecodeString(strings.TrimRight(text, "=\r\n"))
	if err != nil {
		return nil, &Error{Code: dataset.ImageDecode, Message: "the image is not valid base64", Fix: fix, Err: err}
	}
	return s.Decode(data, maxPixels)
}

// fit appends p, upright and stretched to the shape, to dst. hash depends on
// the pixels as they were and on nothing else. Resampling comes first and
// colour last, so that an image is the same whether a whole set was found to be
// grey or a model asks for it.
func (s Shape) fit(dst []uint8, p *picture) (pixels []uint8, hash uint64) {
	// Turning comes after resampling, when there is less to turn. Both agree on
	// every pixel in either order, for taps are symmetric.
	width, height := s.Width, s.Height
	if p.turned() {
		width, height = height, width
	}
	small, hash := resample(p, width, height)
	// By their bytes alone an image of 2 x 8 pixels and one of 8 x 2 may be equal.
	hash = xxh64.Sum([]byte{byte(p.orientation), byte(p.channels)}, hash^uint64(p.width)<<32^uint64(p.height))
	for c := range s.Channels {
		for y := range s.Height {
			for x := range s.Width {
				at := p.stored(x, y, width, height) * p.channels
				switch {
				case p.channels == 1:
					dst = append(dst, small[at])
				case s.Channels == 1:
					dst = append(dst, luma(small[at], small[at+1], small[at+2]))
				default:
					dst = append(dst, small[at+c])
				}
			}
		}
	}
	return dst, hash
}

// luma is the brightness of a colour as of ITU-R BT.601, .299 R + .587 G + .114 B,
// the weights in 65536ths; they sum to one, so a grey stays what it is.
func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}
