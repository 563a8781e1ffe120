package oip

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"godwit/shared/fault"
)

// finish holds the parts of each input against each other and reads the tensors
// behind the JSON.
func (d *decoder) finish() error {
	d.out.Columns = make([]Column, 0, len(d.inputs))
	names := make(map[string]struct{}, len(d.inputs))
	for i := range d.inputs {
		in := &d.inputs[i]
		rows, err := in.rows(place(i), d.max)
		if err != nil {
			return err
		}
		if _, twice := names[in.name]; twice {
			return bad(place(i)+"/name", "an input named %s stands before this one", quoted(in.name))
		}
		names[in.name] = struct{}{}
		// Row reads a cell of every column: equal lengths are what makes that safe.
		if i > 0 && rows != d.out.Rows {
			return bad(place(i)+"/shape", "has %d rows, the input before it %d: every input has a value for each row", rows, d.out.Rows)
		}
		d.out.Rows = rows
		if in.hasData {
			err = in.convert(place(i), rows)
		} else {
			err = d.take(in, place(i), rows)
		}
		if err == nil {
			err = in.fold(place(i))
		}
		if err != nil {
			return err
		}
		of, _ := Datatype(in.datatype).shape()
		d.out.Columns = append(d.out.Columns, Column{in.name, in.cells, in.each, of == float})
	}
	// Bytes nobody claims mean that client and server cut the body differently:
	// then the tensors before are as likely wrong.
	if len(d.tail) > 0 {
		return fault.New(fault.Malformed, "%d bytes follow the last tensor: the values of binary_data_size and %s do not add up to the body", len(d.tail), HeaderLength).WithReason(Reason)
	}
	return d.outputs()
}

// outputs resolves the form of each requested output.
func (d *decoder) outputs() error {
	if len(d.asked) == 0 {
		return nil // an empty list asks for what no list does
	}
	d.out.Outputs = make([]Output, len(d.asked))
	names := make(map[string]struct{}, len(d.asked))
	for i, a := range d.asked {
		if _, twice := names[a.name]; twice {
			return bad("/outputs/"+strconv.Itoa(i)+"/name", "the output %s is asked for twice", quoted(a.name))
		}
		names[a.name] = struct{}{}
		d.out.Outputs[i] = Output{a.name, a.binary == 't' || a.binary == 0 && d.out.Binary}
	}
	return nil
}

// rows checks what can be known of an input before its elements are looked at,
// and returns how many it has.
func (in *input) rows(at string, limit int) (int, error) {
	if in.name == "" {
		return 0, bad(at+"/name", "an input needs a name")
	}
	of, _ := Datatype(in.datatype).shape()
	if of == unknown {
		return 0, bad(at+"/datatype", "%s is no datatype: use BYTES for text, BOOL, INT8 to INT64, UINT8 to UINT64, FP16, FP32 or FP64", quoted(in.datatype))
	}
	switch {
	case len(in.shape) == 0 || of == text && (len(in.shape) > 2 || len(in.shape) == 2 && in.shape[1] != 1):
		return 0, bad(at+"/shape", "the shape of an input is [N] or [N,1]: one column with a value for each row; tensors of numbers may have more dimensions")
	case in.shape[0] == 0:
		return 0, bad(at+"/shape", "the input has no rows: send at least one")
	case in.shape[0] > uint64(limit): // from here on the rows are few enough to allocate for
		return 0, tooMany(limit)
	case in.hasData && in.hasSize:
		return 0, bad(at, "the tensor is there twice: as data and, by binary_data_size, as bytes")
	case !in.hasData && !in.hasSize:
		return 0, bad(at, "the tensor has neither data nor binary_data_size")
	}
	in.each = 1
	for _, n := range in.shape[1:] {
		if n == 0 || n > uint64(maxElements/in.each) {
			return 0, bad(at+"/shape", "a row has no elements, or more than %d", maxElements)
		}
		in.each *= int(n)
	}
	return int(in.shape[0]), nil
}

// fold joins the elements of each row that has several into one cell: a JSON
// list of numbers, nested as the axes after the rows are. Without its axes an
// image of [C,H,W] would pass for one of [H,W,C].
func (in *input) fold(at string) error {
	if in.each == 1 {
		return nil
	}
	rows := in.cells[:0:0]
	var list []byte
	var blocks []int // elements of a list, from the innermost to the whole row
	for size, axis := 1, len(in.shape)-1; axis > 0; axis-- {
		size *= int(in.shape[axis])
		blocks = append(blocks, size)
	}
	for row := range slices.Chunk(in.cells, in.each) {
		list = list[:0]
		for k, cell := range row {
			list = comma(list, k)
			for _, size := range blocks {
				if k%size == 0 {
					list = append(list, '[')
				}
			}
			switch cell {
			case "":
				return bad(at, "row %d lacks a value: a row of several numbers has all of them", len(rows))
			case "true":
				cell = "1"
			case "false":
				cell = "0"
			}
			list = append(list, cell...)
			for _, size := range blocks {
				if (k+1)%size == 0 {
					list = append(list, ']')
				}
			}
		}
		rows = append(rows, string(list))
	}
	in.cells = rows
	return nil
}

// convert turns the elements of data into cells.
func (in *input) convert(at string, rows int) error {
	at += "/data"
	switch {
	case in.flat && in.widths != nil:
		return bad(at, "is part flat and part nested: use one form")
	case len(in.widths) >= len(in.shape):
		return bad(at, "is nested deeper than its shape")
	case len(in.cells) != rows*in.each:
		return bad(at, "holds %d values, the shape says %d", len(in.cells), rows*in.each)
	}
	for k, w := range in.widths {
		if len(in.widths) != len(in.shape)-1 || uint64(w) != in.shape[k+1] {
			return bad(at, "is nested in another way than its shape")
		}
	}
	of, width := Datatype(in.datatype).shape()
	for i, raw := range in.cells {
		cell, ok := cellOf(of, width, in.kinds[i], raw)
		if !ok {
			return bad(at+"/"+strconv.Itoa(i), "row %d is no %s", i/in.each, in.datatype)
		}
		in.cells[i] = cell
	}
	return nil
}

// cellOf turns one JSON value of a kind into a cell. null is a missing value.
func cellOf(of class, width int, kind byte, raw string) (string, bool) {
	number := kind == '0' || kind == '-'
	switch {
	case kind == 'n':
		return "", true
	case of == text:
		return raw, kind == '"'
	case of == boolean:
		return raw, kind == 't' || kind == 'f'
	case !number:
		return "", false
	case of == unsigned: // an integer in an exponent's form is refused: no client writes one
		n, err := strconv.ParseUint(raw, 10, 8*width)
		return strconv.FormatUint(n, 10), err == nil
	case of == signed:
		n, err := strconv.ParseInt(raw, 10, 8*width)
		return strconv.FormatInt(n, 10), err == nil
	}
	bits := max(8*width, 32) // a half has no decimal form of its own: nothing is rounded
	v, err := strconv.ParseFloat(raw, bits)
	return floatCell(v, bits), err == nil
}

// take reads a tensor's bytes off the front of the tail.
func (d *decoder) take(in *input, at string, rows int) error {
	at += "/parameters/binary_data_size"
	if !d.announced {
		return bad(at, "the tensor is sent as bytes, but there is no header %s", HeaderLength)
	}
	// Before the slice: the size is the client's word alone.
	if in.size > int64(len(d.tail)) {
		return bad(at, "is %d, but only %d bytes are left of the body", in.size, len(d.tail))
	}
	raw := d.tail[:in.size]
	d.tail = d.tail[in.size:]
	of, width := Datatype(in.datatype).shape()
	if of == text {
		return in.texts(raw, at, rows)
	}
	n := rows * in.each
	if len(raw) != n*width {
		return bad(at, "is %d, but %d elements of %s have %d bytes", in.size, n, in.datatype, n*width)
	}
	in.cells = make([]string, n)
	for i := range n {
		cell, ok := binaryCell(Datatype(in.datatype), raw[i*width:(i+1)*width])
		if !ok {
			return bad(at, "row %d is no %s that can be read", i/in.each, in.datatype)
		}
		in.cells[i] = cell
	}
	return nil
}

// texts reads elements that each begin with their length, a little-endian uint32.
func (in *input) texts(raw []byte, at string, rows int) error {
	in.cells = make([]string, 0, rows) // rows is at most the limit
	for i := range rows {
		if len(raw) < 4 {
			return bad(at, "the bytes end before row %d: %d elements are there, the shape says %d", i, i, rows)
		}
		n := uint64(binary.LittleEndian.Uint32(raw))
		raw = raw[4:]
		if n > uint64(len(raw)) {
			return bad(at, "row %d says that it has %d bytes, %d are left of the tensor", i, n, len(raw))
		}
		// BYTES may be anything to the protocol, but models here read text or images.
		if !utf8.Valid(raw[:n]) && !isImage(raw[:n]) {
			return bad(at, "row %d is neither UTF-8 nor a PNG or JPEG file", i)
		}
		in.cells = append(in.cells, string(raw[:n]))
		raw = raw[n:]
	}
	if len(raw) > 0 {
		return bad(at, "%d bytes follow the last of the %d rows the shape says", len(raw), rows)
	}
	return nil
}

// isImage reports whether bytes begin as a PNG or a JPEG file does. What is wrong
// with the rest, and a model that reads text, are for the model to tell.
func isImage(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("\x89PNG")) || bytes.HasPrefix(raw, []byte("\xff\xd8"))
}

// binaryCell turns the bytes of one element into a cell.
func binaryCell(t Datatype, raw []byte) (string, bool) {
	of, width := t.shape()
	var wide [8]byte // little-endian: shorter elements are followed by zeros
	copy(wide[:], raw)
	n := binary.LittleEndian.Uint64(wide[:])
	switch {
	case of == boolean:
		return strconv.FormatBool(n == 1), n <= 1
	case of == unsigned:
		return strconv.FormatUint(n, 10), true
	case of == signed:
		shift := 64 - 8*width // fills up with the sign
		return strconv.FormatInt(int64(n<<shift)>>shift, 10), true
	}
	v, bits := math.Float64frombits(n), 64
	switch t {
	case FP32:
		v, bits = float64(math.Float32frombits(uint32(n))), 32
	case BF16: // the upper half of a float32
		v, bits = float64(math.Float32frombits(uint32(n)<<16)), 32
	case FP16:
		v, bits = half(uint16(n)), 32
	}
	return floatCell(v, bits), !math.IsInf(v, 0)
}

// half returns the value of an IEEE 754 binary16: a sign, 5 bits of exponent
// with a bias of 15, and 10 of fraction. A float64 holds each exactly.
func half(h uint16) float64 {
	exponent, fraction := int(h>>10&31), float64(h&1023)
	v := math.Ldexp(1024+fraction, exponent-25)
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, -24)
	case 31:
		v = math.Inf(1)
		if fraction != 0 {
			v = math.NaN()
		}
	}
	if h>>15 == 1 {
		v = -v
	}
	return v
}

// floatCell writes v with the fewest digits that give it back, whole numbers
// without point or exponent as a file would have them. Not a number is how
// arrays of floats say that a value is missing.
func floatCell(v float64, bits int) string {
	if math.IsNaN(v) {
		return ""
	}
	format := byte('f') // 'g' would write a million as 1e+06, which as a category is another
	if size := math.Abs(v); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return strconv.FormatFloat(v, format, -1, bits)
}

// quoted is a name for a message, cut where it is too long to read.
func quoted(name string) string {
	const most = 64 // bytes
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "..."
	}
	return strconv.Quote(name)
}
