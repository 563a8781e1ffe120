package strictjson

import "unicode/utf8"

// AppendText appends s to b as a JSON string. It escapes what encoding/json
// does, so that a body shown by a browser as HTML holds no tags; a byte that is
// not UTF-8 becomes U+FFFD.
func AppendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			// These two end a line for JavaScript before 2019, inside a string too.
			// A byte that is no UTF-8 decodes to RuneError of length 1; a U+FFFD
			// that was sent has 3 and stays.
			if r != '\u2028' && r != '\u2029' && (r != utf8.RuneError || n > 1) {
				i += n
				continue
			}
			b = append(b, s[from:i]...)
			b = append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
			i += n
			from = i
			continue
		}
		b = append(b, s[from:i]...)
		b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		i++
		from = i
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}
