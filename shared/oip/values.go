package oip

import (
	"strconv"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/strictjson"
)

// The methods here read values of one kind. null stands for an absent value
// where some clients write every field they know.

// parameters consumes an object, or null, calling each with every name.
func (d *decoder) parameters(each func(key string) *fault.Error) *fault.Error {
	switch d.Kind() {
	case '{':
		return d.Object(each)
	case 'n':
		return d.Skip()
	}
	return d.wrong("an object")
}

// array consumes an array, or null, calling each with every index.
func (d *decoder) array(each func(i int) *fault.Error) *fault.Error {
	switch d.Kind() {
	case '[':
		return d.Array(each)
	case 'n':
		return d.Skip()
	}
	return d.wrong("an array")
}

// string consumes a string into to, or null, which leaves it.
func (d *decoder) string(to *string) *fault.Error {
	switch d.Kind() {
	case '"':
		var err *fault.Error
		*to, err = d.Text()
		return err
	case 'n':
		return d.Skip()
	}
	return d.wrong("a string")
}

// flag consumes true or false and returns its first letter.
func (d *decoder) flag() (byte, *fault.Error) {
	kind := d.Kind()
	if kind != 't' && kind != 'f' {
		return 0, d.wrong("true or false")
	}
	return kind, d.Skip()
}

// whole consumes a whole number from 0 that an int64 holds.
func (d *decoder) whole() (uint64, *fault.Error) {
	// A minus sign and what is no number have other kinds.
	if d.Kind() != '0' {
		return 0, d.wrong("a whole number from 0")
	}
	from := d.At()
	if err := d.Skip(); err != nil {
		return 0, err
	}
	// The grammar let 1.0 and 1e3 pass, which are no sizes, and numbers of any length.
	n, err := strconv.ParseUint(string(d.Since(from)), 10, 63)
	if err != nil {
		return 0, d.complain("must be a whole number from 0 that fits 63 bits")
	}
	return n, nil
}

// wrong is the error of a value that is not what article says. What is not JSON
// at all is told as that.
func (d *decoder) wrong(article string) *fault.Error {
	if strings.IndexByte(`{["-0tfn`, d.Kind()) < 0 {
		return d.Skip()
	}
	return d.complain("must be " + article)
}

// complain is an error about the value being read.
func (d *decoder) complain(text string) *fault.Error {
	return strictjson.Complain(fault.Malformed, Reason, text)
}
