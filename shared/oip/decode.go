package oip

import (
	"fmt"
	"strconv"

	"godwit/shared/fault"
	"godwit/shared/strictjson"
)

// Decode reads a request of at most maxRows rows. length is the value of
// HeaderLength, "" when there was none: then body is JSON alone. Nothing is
// allocated for what a request only declares: its memory is bounded by the
// bytes of body. The errors are fault.Malformed and fault.TooLarge.
func Decode(body []byte, length string, maxRows int) (Request, error) {
	header, err := cut(body, length)
	if err != nil {
		return Request{}, err
	}
	d := decoder{Scanner: strictjson.Scanner{Data: body[:header]}, max: maxRows}
	if err := d.request(); err != nil {
		return Request{}, err
	}
	d.tail, d.announced = body[header:], length != ""
	if err := d.finish(); err != nil {
		return Request{}, err
	}
	return d.out, nil
}

// cut returns how many bytes of body are JSON.
func cut(body []byte, length string) (int, error) {
	if length == "" {
		return len(body), nil
	}
	// 32 bits: no body is that long, and the number stays an int anywhere.
	n, err := strconv.ParseUint(length, 10, 32)
	if err != nil || n > uint64(len(body)) {
		return 0, fault.New(fault.Malformed, "%s must be the number of bytes of the JSON before the tensors, at most the %d of the body", HeaderLength, len(body)).WithReason(Reason)
	}
	return int(n), nil
}

// The bounds of tensors beside that of their rows. An element that was read takes
// some twenty bytes, of which it may have been two in the body.
const (
	maxAxes     = 8
	maxElements = 1 << 18 // of a request: more than a picture of 224 x 224 in colour
)

// decoder reads the JSON of one request into inputs and asked, as they come; what
// depends on two of its parts, such as a shape and its data, waits for finish.
type decoder struct {
	strictjson.Scanner
	max    int // rows
	inputs []input

	elements int // of data, so far
	asked    []asked
	out      Request

	tail      []byte // the tensors behind the JSON
	announced bool   // HeaderLength was there
}

// input is an input tensor before its parts are held against each other: they
// come in any order.
type input struct {
	name, datatype string
	shape          []uint64
	hasData        bool
	cells          []string // of data, as they were written
	kinds          []byte   // of the cells, as Scanner.Kind
	flat           bool     // data lists elements, or
	widths         []int    // rows: how long the arrays are, by depth from 1
	depth          int      // at which values are, 0 before the first
	each           int      // elements of a row
	size           int64    // binary_data_size
	hasSize        bool
}

// asked is a requested output before the default for its form is known.
type asked struct {
	name   string
	binary byte // 't', 'f', or 0 where it was not said
}

// request consumes the whole JSON.
func (d *decoder) request() error {
	found := false
	err := d.Object(func(key string) *fault.Error {
		switch key {
		case "id":
			return d.string(&d.out.ID)
		case "inputs":
			found = true
			return d.array(d.input)
		case "outputs":
			return d.array(d.output)
		case "parameters":
			return d.parameters(func(key string) *fault.Error {
				if key == "binary_data_output" {
					flag, err := d.flag()
					d.out.Binary = flag == 't'
					return err
				}
				return d.Skip()
			})
		}
		return d.Skip()
	})
	if err == nil {
		err = d.End()
	}
	switch {
	case err != nil:
		return err
	case !found || len(d.inputs) == 0:
		return bad("/inputs", "send at least one input tensor")
	}
	return nil
}

// input consumes an element of inputs.
func (d *decoder) input(int) *fault.Error {
	var in input
	if d.Kind() != '{' {
		return d.wrong("an object")
	}
	err := d.Object(func(key string) *fault.Error {
		switch key {
		case "name":
			return d.string(&in.name)
		case "datatype":
			return d.string(&in.datatype)
		case "shape":
			return d.array(func(i int) *fault.Error { return d.dimension(i, &in) })
		case "data":
			// Some clients write null for data that is sent as bytes.
			in.hasData = d.Kind() != 'n'
			return d.array(func(int) *fault.Error { return d.data(&in) })
		case "parameters":
			return d.parameters(func(key string) *fault.Error { return d.inputParameter(key, &in) })
		}
		return d.Skip()
	})
	d.inputs = append(d.inputs, in)
	return err
}

// inputParameter consumes a parameter of an input.
func (d *decoder) inputParameter(key string, in *input) *fault.Error {
	switch key {
	case "binary_data_size":
		n, err := d.whole()
		// whole keeps it within an int64.
		in.size, in.hasSize = int64(n), true
		return err
	case "shared_memory_region", "shared_memory_byte_size":
		return d.complain("shared memory is not supported: send the tensor as data or as bytes")
	}
	return d.Skip()
}

// dimension consumes an element of shape.
func (d *decoder) dimension(i int, in *input) *fault.Error {
	// Told while reading, so that a shape of a million dimensions is not kept.
	if i == maxAxes {
		return d.complain(fmt.Sprintf("a shape has at most %d dimensions, the first of which is the rows", maxAxes))
	}
	n, err := d.whole()
	in.shape = append(in.shape, n)
	return err
}

// data consumes an element of data: a value, or a row where the tensor is given
// in its natural form.
func (d *decoder) data(in *input) *fault.Error {
	if d.Kind() != '[' {
		in.flat = true
		return d.cell(in)
	}
	return d.nest(in, 1)
}

// nest consumes an array within data. Arrays of one depth are of one length, and
// values are all at the same depth.
func (d *decoder) nest(in *input, depth int) *fault.Error {
	if depth == maxAxes {
		return d.complain(uneven)
	}
	if len(in.widths) < depth {
		// Not known before the first array of this depth ends.
		in.widths = append(in.widths, -1)
	}
	n, values := 0, 0
	err := d.Array(func(i int) *fault.Error {
		n++
		if d.Kind() == '[' {
			return d.nest(in, depth+1)
		}
		values++
		return d.cell(in)
	})
	if err != nil {
		return err
	}
	// Of one length with the arrays before it; no values beside arrays, and values
	// at one depth only.
	if w := in.widths[depth-1]; w >= 0 && w != n || values > 0 && (values < n || in.depth > 0 && in.depth != depth) {
		return d.complain(uneven)
	}
	in.widths[depth-1] = n
	if values > 0 {
		in.depth = depth
	}
	return nil
}

// uneven is what is wrong with data that no shape describes.
const uneven = "the rows of data differ in length or depth: nested data has the shape of the tensor"

// cell consumes one value of data.
func (d *decoder) cell(in *input) *fault.Error {
	// The bound on what is kept, whatever shape says or will say.
	if d.elements++; d.elements > maxElements {
		return fault.New(fault.TooLarge, "more than %d elements in one request: send several requests", maxElements).WithReason("too_many_elements")
	}
	kind := d.Kind()
	in.kinds = append(in.kinds, kind)
	var value string
	var err *fault.Error
	switch kind {
	case '"':
		value, err = d.Text()
	case '-', '0', 't', 'f', 'n':
		// Kept as written: the datatype, which says how to read it, may come later.
		from := d.At()
		err = d.Skip()
		value = string(d.Since(from))
	case '[', '{':
		return d.complain("a value is a string, a number, true or false; data nests no deeper than its shape")
	default:
		return d.Skip() // says what is not JSON here
	}
	in.cells = append(in.cells, value)
	return err
}

// output consumes an element of outputs.
func (d *decoder) output(int) *fault.Error {
	var out asked
	if d.Kind() != '{' {
		return d.wrong("an object")
	}
	err := d.Object(func(key string) *fault.Error {
		switch key {
		case "name":
			return d.string(&out.name)
		case "parameters":
			return d.parameters(func(key string) *fault.Error {
				switch key {
				case "binary_data":
					var err *fault.Error
					out.binary, err = d.flag()
					return err
				case "classification":
					// Ignored, it would be answered with a tensor of another type and shape.
					return d.complain("the classification extension is not supported: ask for the output probabilities")
				case "shared_memory_region", "shared_memory_byte_size":
					return d.complain("shared memory is not supported: take the tensor as data or as bytes")
				}
				return d.Skip()
			})
		}
		return d.Skip()
	})
	d.asked = append(d.asked, out)
	return err
}

// tooMany is the error of more rows than one request may have.
func tooMany(limit int) *fault.Error {
	return fault.New(fault.TooLarge, "more than %d rows in one request: send several requests, or upload a file to score many rows", limit).WithReason("too_many_rows")
}

// place is the JSON pointer of input i.
func place(i int) string { return fmt.Sprintf("/inputs/%d", i) }
