package api

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"godwit/shared/fault"
	"godwit/shared/strictjson"
)

// maxBody is the largest request body, in bytes.
const maxBody = 1 << 20

// readBody returns the JSON body of r, appended to buf. The errors are
// fault.UnsupportedMedia, fault.TooLarge and fault.Malformed.
func readBody(buf []byte, r *http.Request) ([]byte, error) {
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, fault.New(fault.UnsupportedMedia, "send the body as Content-Type: application/json")
	}
	return readAny(buf, r)
}

// readAny returns the body of r, whatever it is, appended to buf. The errors are
// fault.TooLarge and fault.Malformed.
func readAny(buf []byte, r *http.Request) ([]byte, error) {
	tooLarge := fault.New(fault.TooLarge, "the body has more than %d bytes: upload rows to train on with POST /v1/datasets, and have a file of rows scored with POST /v1/batch-jobs", maxBody)
	if r.ContentLength > maxBody {
		return nil, tooLarge
	}
	body := io.LimitReader(r.Body, maxBody+1)
	if cap(buf) < int(r.ContentLength)+1 {
		buf = make([]byte, 0, r.ContentLength+512)
	}
	for {
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if len(buf) > maxBody {
			return nil, tooLarge
		}
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return nil, fault.Wrap(fault.Malformed, err, "the body did not arrive whole")
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
	}
}

// isJSON reports whether a Content-Type is JSON in UTF-8, the usual spelling first.
func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset, given := params["charset"]
	return err == nil && media == "application/json" && (!given || strings.EqualFold(charset, "utf-8"))
}

// scanner reads a body; its own methods add what only this door's bodies hold.
type scanner struct{ strictjson.Scanner }

// newScanner starts at the front of body.
func newScanner(body []byte) scanner {
	return scanner{strictjson.Scanner{Data: body}}
}

// decode reads a body into the wire type v points to. Errors name the place by
// JSON pointer: fault.Malformed for what is not JSON and for duplicate or
// unknown fields, fault.Invalid for a value of the wrong type.
func decode(body []byte, v any) error {
	s := newScanner(body)
	err := s.hold(reflect.TypeOf(v).Elem())
	if err == nil {
		err = s.End()
	}
	if err != nil {
		return strictjson.Worst(body, err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fault.Wrap(fault.Invalid, err, "a value is out of range")
	}
	return nil
}

var (
	rawType  = reflect.TypeFor[json.RawMessage]()
	timeType = reflect.TypeFor[time.Time]()
)

// hold consumes one value and checks that it fits t. null fits pointers only.
func (s *scanner) hold(t reflect.Type) *fault.Error {
	if t.Kind() == reflect.Pointer {
		if s.Kind() == 'n' {
			return s.Word("null")
		}
		return s.hold(t.Elem())
	}
	if t == rawType {
		return s.Skip()
	}
	if want, article := jsonKind(t); !fits(s.Kind(), want) {
		return strictjson.Complain(fault.Invalid, "wrong_type", "must be "+article)
	}
	switch t.Kind() {
	case reflect.Struct:
		return s.Object(func(key string) *fault.Error {
			f, ok := fieldNamed(t, key)
			if !ok {
				return strictjson.Complain(fault.Malformed, "unknown_field", "there is no such field")
			}
			return s.hold(f)
		})
	case reflect.Map:
		return s.Object(func(string) *fault.Error { return s.hold(t.Elem()) })
	case reflect.Slice:
		return s.Array(func(int) *fault.Error { return s.hold(t.Elem()) })
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return s.whole(t.Kind() == reflect.Uint64)
	}
	return s.Skip()
}

// whole consumes a number written as an integer that fits 64 bits.
func (s *scanner) whole(unsigned bool) *fault.Error {
	from := s.At()
	if _, err := s.Number(); err != nil {
		return err
	}
	raw := s.Since(from)
	if strings.ContainsAny(string(raw), ".eE") || len(raw) > 18 || unsigned && raw[0] == '-' {
		return strictjson.Complain(fault.Invalid, "wrong_type", "must be a whole number within range")
	}
	return nil
}

// jsonKind returns the kind, as Scanner.Kind, of the JSON that fits t.
func jsonKind(t reflect.Type) (kind byte, article string) {
	if t == timeType {
		return '"', "a time"
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return '{', "an object"
	case reflect.Slice:
		return '[', "an array"
	case reflect.String:
		return '"', "a string"
	case reflect.Bool:
		return 't', "true or false"
	}
	return '0', "a number"
}

// fits reports whether a value of kind got may stand where want is asked for.
func fits(got, want byte) bool {
	switch want {
	case 't':
		return got == 't' || got == 'f'
	case '0':
		return got == '0' || got == '-'
	}
	return got == want
}

// fieldNamed returns the type of t's field with this exact JSON name. Embedded
// structs count as t's own fields.
func fieldNamed(t reflect.Type, name string) (reflect.Type, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name && !f.Anonymous {
			return f.Type, true
		}
	}
	return nil, false
}

// invalid is fault.Invalid about one place of the body.
func invalid(pointer, text string) *fault.Error {
	return fault.New(fault.Invalid, "%s: %s", pointer, text).WithReason("invalid_field").
		WithDetails(fault.Detail{Pointer: pointer, Text: text})
}
