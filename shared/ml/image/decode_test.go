package image_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	stdimage "image"
	"image/color"
	"strings"
	"testing"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/image"
)

var (
	grey8   = image.Shape{Width: 8, Height: 8, Channels: 1}
	colour8 = image.Shape{Width: 8, Height: 8, Channels: 3}
)

// rgb returns the channels of the first pixel.
func rgb(s image.Shape, pixels []uint8) [3]int {
	plane := s.Width * s.Height
	return [3]int{int(pixels[0]), int(pixels[plane]), int(pixels[2*plane])}
}

// cmykJPEG is an 8 x 8 JPEG of four components that are 128 everywhere: a block
// is the code 00 of no difference and 1010 of its end (T.81, annex K.3).
func cmykJPEG(t *testing.T) []byte {
	t.Helper()
	plain := jpegOf(t, flat(8, 8, 128))
	cut := func(marker byte) []byte { // the segment with its marker
		at := bytes.Index(plain, []byte{0xFF, marker})
		return plain[at : at+2+int(binary.BigEndian.Uint16(plain[at+2:]))]
	}
	out := []byte{0xFF, 0xD8}
	out = append(out, "\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00\x00"...) // APP14: no transformation
	out = append(out, cut(0xDB)...)
	out = append(out, 0xFF, 0xC0, 0, 20, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0)
	out = append(out, cut(0xC4)...)
	out = append(out, 0xFF, 0xDA, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0)
	return append(out, 0b00101000, 0b10100010, 0b10001010, 0xFF, 0xD9)
}

func TestShape_Decode_kinds(t *testing.T) {
	teal := color.NRGBA{20, 120, 130, 255}
	fill := func(img interface {
		stdimage.Image
		Set(x, y int, c color.Color)
	}, c color.Color) stdimage.Image {
		for i := range 100 {
			img.Set(i%10, i/10, c)
		}
		return img
	}
	frame := stdimage.Rect(0, 0, 10, 10)
	clear := color.NRGBA{0, 0, 0, 0}
	half := color.NRGBA{0, 100, 200, 128}
	for _, tc := range []struct {
		name      string
		data      []byte
		want      [3]int
		tolerance int // of JPEG
	}{
		{"grey", pngOf(t, flat(10, 10, 77)), [3]int{77, 77, 77}, 0},
		{"colour", pngOf(t, fill(stdimage.NewNRGBA(frame), teal)), [3]int{20, 120, 130}, 0},
		{"grey of 16 bits", pngOf(t, fill(stdimage.NewGray16(frame), color.Gray16{0x4DFF})), [3]int{78, 78, 78}, 0},
		{"colour of 16 bits", pngOf(t, fill(stdimage.NewNRGBA64(frame), color.NRGBA64{0x14FF, 0x7800, 0x82AA, 0xFFFF})), [3]int{21, 120, 130}, 0},
		{"a palette", pngOf(t, fill(stdimage.NewPaletted(frame, color.Palette{color.Black, teal}), teal)), [3]int{20, 120, 130}, 0},
		{"a palette with a hole", pngOf(t, fill(stdimage.NewPaletted(frame, color.Palette{clear, teal}), clear)), [3]int{255, 255, 255}, 0},
		{"transparent", pngOf(t, fill(stdimage.NewNRGBA(frame), clear)), [3]int{255, 255, 255}, 0},
		{"half transparent", pngOf(t, fill(stdimage.NewNRGBA(frame), half)), [3]int{127, 177, 227}, 0},
		{"half transparent of 16 bits", pngOf(t, fill(stdimage.NewNRGBA64(frame), half)), [3]int{127, 177, 227}, 0},
		{"interlaced", rawPNG(t, 8, 8, 1, interlaced(77)), [3]int{77, 77, 77}, 0},
		{"a JPEG", jpegOf(t, fill(stdimage.NewNRGBA(frame), teal)), [3]int{20, 120, 130}, 3},
		{"a grey JPEG", jpegOf(t, flat(10, 10, 77)), [3]int{77, 77, 77}, 1},
		{"a JPEG for print", cmykJPEG(t), [3]int{64, 64, 64}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pixels, err := colour8.Decode(tc.data, 0)
			if err != nil || len(pixels) != colour8.Size() {
				t.Fatalf("Decode() = %d bytes, %v, want %d", len(pixels), err, colour8.Size())
			}
			got := rgb(colour8, pixels)
			for c := range got {
				if d := got[c] - tc.want[c]; d < -tc.tolerance || d > tc.tolerance {
					t.Errorf("colour = %v, want %v", got, tc.want)
				}
			}
			text := base64.StdEncoding.EncodeToString(tc.data)
			for _, form := range []string{text, strings.TrimRight(text, "="), "data:image/png;base64," + text, base64.URLEncoding.EncodeToString(tc.data)} {
				if again, err := colour8.DecodeBase64(form, 0); err != nil || !bytes.Equal(again, pixels) {
					t.Errorf("DecodeBase64(%.30q...) differs from Decode(), error %v", form, err)
				}
			}
		})
	}
}

// interlaced returns the rows of an 8 x 8 image in the seven passes of a PNG,
// each after its filter 0 (PNG specification, 8.2).
func interlaced(shade byte) (rows []byte) {
	for _, pass := range [][2]int{{1, 1}, {1, 1}, {2, 1}, {2, 2}, {4, 2}, {4, 4}, {8, 4}} {
		for range pass[1] {
			rows = append(append(rows, 0), bytes.Repeat([]byte{shade}, pass[0])...)
		}
	}
	return rows
}

func TestShape_Decode_refused(t *testing.T) {
	good := pngOf(t, flat(10, 10, 77))
	for _, tc := range []struct {
		name  string
		shape image.Shape
		text  string
		most  int
		want  string
	}{
		{"no base64", grey8, "*", 0, "not valid base64"},
		{"a data URL of text", grey8, "data:text/plain,hello", 0, "no base64"},
		{"nothing", grey8, "", 0, "empty"},
		{"a text", grey8, "aGVsbG8=", 0, "neither a PNG nor a JPEG"},
		{"a GIF", grey8, base64.StdEncoding.EncodeToString([]byte("GIF89a")), 0, "GIF images are not read"},
		{"more pixels than allowed", grey8, base64.StdEncoding.EncodeToString(good), 99, "10 x 10 pixels; at most 99"},
		{"a shape of nothing", image.Shape{}, base64.StdEncoding.EncodeToString(good), 0, "0 x 0 pixels in 0 channels"},
		{"a shape of two channels", image.Shape{Width: 8, Height: 8, Channels: 2}, "", 0, "in 2 channels"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := tc.shape.DecodeBase64(tc.text, tc.most)
			bad, is := errors.AsType[*image.Error](err)
			if !is || bad.Code != dataset.ImageDecode || !strings.Contains(bad.Message, tc.want) {
				t.Errorf("DecodeBase64() error = %v, want image_decode that says %q", err, tc.want)
			}
		})
	}
}

// Greys keep their shade, and colours weigh as in ITU-R BT.601.
func TestShape_Decode_luma(t *testing.T) {
	for _, tc := range []struct {
		in   color.NRGBA
		want uint8 // .299 R + .587 G + .114 B
	}{
		{color.NRGBA{255, 0, 0, 255}, 76}, {color.NRGBA{0, 255, 0, 255}, 150}, {color.NRGBA{0, 0, 255, 255}, 29},
		{color.NRGBA{255, 255, 255, 255}, 255}, {color.NRGBA{1, 1, 1, 255}, 1},
	} {
		pixels, err := grey8.Decode(pngOf(t, filled(9, 7, tc.in)), 0)
		if err != nil || pixels[0] != tc.want {
			t.Errorf("grey of %v = %v, %v, want %d", tc.in, pixels[:1], err, tc.want)
		}
	}
}

// withEXIF puts a block of EXIF with an orientation into a JPEG.
func withEXIF(data []byte, order binary.AppendByteOrder, orientation uint16) []byte {
	block := []byte("II*\x00")
	if order.String() == "BigEndian" {
		block = []byte("MM\x00*")
	}
	block = order.AppendUint32(block, 8)
	block = order.AppendUint16(block, 2)
	// An entry is a tag, a type, a count and a value of four bytes.
	block = append(order.AppendUint32(order.AppendUint16(order.AppendUint16(block, 0x0100), 4), 1), 0, 0, 0, 0)
	block = order.AppendUint32(order.AppendUint16(order.AppendUint16(block, 0x0112), 3), 1)
	block = append(order.AppendUint16(block, orientation), 0, 0)
	out := append([]byte{}, data[:2]...)
	out = binary.BigEndian.AppendUint16(append(out, 0xFF, 0xE1), uint16(2+6+len(block)))
	out = append(append(out, "Exif\x00\x00"...), block...)
	return append(out, data[2:]...)
}

// A white quarter of a black image wanders as the orientation says. The wanted
// corner is that of EXIF 2.3: what the 0th row and the 0th column show.
func TestShape_Decode_orientation(t *testing.T) {
	img := stdimage.NewGray(stdimage.Rect(0, 0, 32, 16))
	for i := range 16 * 8 {
		img.Pix[i/16*32+i%16] = 255 // top left
	}
	data := jpegOf(t, img)
	wide := image.Shape{Width: 16, Height: 8, Channels: 1}
	corner := func(pixels []uint8) string {
		for i, name := range []string{"top left", "top right", "bottom left", "bottom right"} {
			if pixels[i/2*7*16+i%2*15] > 200 {
				return name
			}
		}
		return "none"
	}
	for orientation, want := range map[uint16]string{0: "top left", 1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left",
		5: "top left", 6: "top right", 7: "bottom right", 8: "bottom left", 9: "top left"} {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			turned := withEXIF(data, order, orientation)
			pixels, err := wide.Decode(turned, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := corner(pixels); got != want {
				t.Errorf("orientation %d, %s: white is at the %s, want %s", orientation, order, got, want)
			}
			for n := range len(turned) - len(data) - 2 { // damaged blocks are no reason to refuse the image
				broken := bytes.Clone(turned)
				broken[4+n] ^= 0xFF
				if _, err := wide.Decode(broken, 0); err != nil && n > 1 {
					t.Errorf("byte %d of EXIF damaged: %v, want it passed over", n, err)
				}
			}
		}
	}
	// Width and height change places, in the choice of a size too.
	files := []file{}
	for _, name := range []string{"a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"} {
		files = append(files, file{name: name, data: withEXIF(data, binary.BigEndian, 6)})
	}
	if set, err := read(t, zipOf(t, files...), image.Options{}); err != nil || set.Width != 16 || set.Height != 32 {
		t.Errorf("Read() = %v, %v, want 16 x 32", set.Shape, err)
	}
}

// gradient is 3 x 3: 0, 30, ... 240.
func gradient() *stdimage.Gray {
	img := flat(3, 3, 0)
	for i := range img.Pix {
		img.Pix[i] = uint8(30 * i)
	}
	return img
}

// Wanted numbers by hand: means of areas, and shares of the two nearest lines,
// in 16ths, along each axis.
func TestShape_Decode_resample(t *testing.T) {
	t.Run("shrink", func(t *testing.T) {
		img := flat(16, 12, 0)
		for i := range img.Pix {
			img.Pix[i] = uint8(i % 16 * 10) // column x has 10 x
		}
		pixels, err := grey8.Decode(pngOf(t, img), 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := []uint8{5, 25, 45, 65, 85, 105, 125, 145}; !bytes.Equal(pixels[:8], want) || !bytes.Equal(pixels[56:], want) {
			t.Errorf("rows = %v ... %v, want %v", pixels[:8], pixels[56:], want)
		}
	})
	t.Run("shrink by a part", func(t *testing.T) {
		img := flat(12, 8, 0)
		for y := range 8 {
			img.Pix[y*12+1] = 240 // a third of it goes to column 0 and two thirds to column 1
		}
		pixels, err := grey8.Decode(pngOf(t, img), 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := []uint8{80, 80, 0, 0, 0, 0, 0, 0}; !bytes.Equal(pixels[:8], want) {
			t.Errorf("row = %v, want %v", pixels[:8], want)
		}
	})
	t.Run("grow", func(t *testing.T) {
		pixels, err := grey8.Decode(pngOf(t, gradient()), 0)
		if err != nil {
			t.Fatal(err)
		}
		// Centres lie at (2i+1) 3/16 - 1/2: -5/16, 1/16, 7/16, 13/16, 19/16, ...
		if want := []uint8{0, 2, 13, 24, 36, 47, 58, 60}; !bytes.Equal(pixels[:8], want) {
			t.Errorf("row = %v, want %v", pixels[:8], want)
		}
	})
	t.Run("a mirror image", func(t *testing.T) {
		data := jpegOf(t, gradient())
		plain, err := grey8.Decode(data, 0)
		if err != nil {
			t.Fatal(err)
		}
		mirrored, err := grey8.Decode(withEXIF(data, binary.BigEndian, 3), 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range plain {
			if plain[i] != mirrored[63-i] {
				t.Fatalf("pixel %d = %d, turned %d, want them equal", i, plain[i], mirrored[63-i])
			}
		}
	})
}
