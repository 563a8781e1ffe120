package suite

import (
	"fmt"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// answer is what a call brought.
type answer struct {
	status int
	header http.Header
	raw    []byte
	value  any // the body, where it is JSON
}

// at returns the value at a JSON pointer, or nil.
func (a *answer) at(pointer string) any {
	v := a.value
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		switch holder := v.(type) {
		case object:
			v = holder[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(holder) {
				return nil
			}
			v = holder[i]
		default:
			return nil
		}
	}
	return v
}

// text is at for a string; "" when it is none.
func (a *answer) text(pointer string) string {
	s, _ := a.at(pointer).(string)
	return s
}

// number is at for a number; NaN when it is none.
func (a *answer) number(pointer string) float64 {
	if n, ok := a.at(pointer).(float64); ok {
		return n
	}
	return math.NaN()
}

// list is at for an array.
func (a *answer) list(pointer string) []any {
	l, _ := a.at(pointer).([]any)
	return l
}

// isMessage reports whether the gateway itself answered.
func (a *answer) isMessage() bool {
	fields, _ := a.value.(object)
	return len(fields) == 1 && a.text("/message") != ""
}

// mediaOf is the media type without its parameters.
func mediaOf(h http.Header) string {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

// is wants a value at a place, compared as it is printed.
func is(pointer string, want any) expect {
	return func(a *answer) error {
		if got := a.at(pointer); fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("%s = %v, want %v", pointer, got, want)
		}
		return nil
	}
}

// has wants something at a place.
func has(pointers ...string) expect {
	return func(a *answer) error {
		for _, p := range pointers {
			if v := a.at(p); v == nil || v == "" {
				return fmt.Errorf("%s is missing", p)
			}
		}
		return nil
	}
}

// lacks wants nothing at a place.
func lacks(pointer string) expect {
	return func(a *answer) error {
		if v := a.at(pointer); v != nil {
			return fmt.Errorf("%s = %v, want nothing", pointer, v)
		}
		return nil
	}
}

// many wants an array of so many elements.
func many(pointer string, want int) expect {
	return func(a *answer) error {
		if got := len(a.list(pointer)); got != want {
			return fmt.Errorf("%s has %d elements, want %d", pointer, got, want)
		}
		return nil
	}
}

// sent wants a header; an empty want takes any value.
func sent(name, want string) expect {
	return func(a *answer) error {
		if got := a.header.Get(name); got == "" || want != "" && got != want {
			return fmt.Errorf("header %s = %q, want %q", name, got, want)
		}
		return nil
	}
}

// strong wants a strong entity tag.
func strong(a *answer) error {
	if tag := a.header.Get("ETag"); len(tag) < 3 || !strings.HasPrefix(tag, `"`) || !strings.HasSuffix(tag, `"`) {
		return fmt.Errorf("ETag = %q, want a strong one in quotes", tag)
	}
	return nil
}
