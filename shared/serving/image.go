package serving

import (
	"errors"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/ml/image"
	"godwit/shared/ml/pipeline"
)

// maxPixels bounds an image as it is stored, width x height: one is decoded with
// up to 15 bytes a pixel, and a function has little memory.
const maxPixels = 8_000_000

// imageColumns are the names under which an image may come, beside the one a
// tensor has.
var imageColumns = []string{"b64", "pixels", ImageColumn}

// ImageColumn is the one column a model of images reads.
const ImageColumn = "image"

// shapeOf returns the size of the images a model reads, nil for a model of
// something else.
func shapeOf(m pipeline.Predictor) *image.Shape {
	reader, ok := m.(interface{ Shape() image.Shape })
	if !ok {
		return nil
	}
	shape := reader.Shape()
	return &shape
}

// acceptImage reads an image: a base64 text, an object that holds one, or pixels.
func (s *slot) acceptImage(in Input) (pipeline.Input, *fault.Error) {
	var pixels []uint8
	var err error
	switch {
	case in.Pixels != nil:
		pixels, err = s.shape.ParsePixels(in.Pixels, maxPixels)
	case in.Columns == nil:
		pixels, err = readImage(*s.shape, in.Text)
	default:
		held := ""
		for _, name := range imageColumns {
			held += in.Columns[name]
		}
		if len(in.Columns) != 1 || held == "" {
			return pipeline.Input{}, fault.New(fault.Invalid, `this model takes an image: {"b64":"..."} with a PNG or JPEG file in base64, or its pixels as an array`).WithReason("wrong_columns")
		}
		pixels, err = readImage(*s.shape, held)
	}
	if err == nil {
		return pipeline.Input{Pixels: pixels}, nil
	}
	bad := fault.Wrap(fault.Invalid, err, "the image cannot be read")
	if why, is := errors.AsType[*image.Error](err); is {
		bad = fault.Wrap(fault.Invalid, err, "%s: %s", why.Message, why.Fix).WithReason(why.Code)
	}
	return pipeline.Input{}, bad
}

// readImage reads an image by what it looks like: a file as it is, its base64,
// or an array of pixels.
func readImage(shape image.Shape, text string) ([]uint8, error) {
	switch {
	case strings.HasPrefix(text, "["):
		return shape.ParsePixels([]byte(text), maxPixels)
	case strings.HasPrefix(text, "\x89PNG") || strings.HasPrefix(text, "\xff\xd8"):
		return shape.Decode([]byte(text), maxPixels)
	}
	return shape.DecodeBase64(text, maxPixels)
}
