package dataset

import "unicode/utf8"

// likelyGB18030 judges a window that is not all ASCII. Valid UTF-8 is UTF-8.
// Else it is GB18030 when that explains the bytes better: fewer than one unit
// in twenty is broken and most pairs lie in the area of common characters. A
// Latin-1 "é" pairs with the ASCII letter after it and fails that; a UTF-8 file
// with some damage has more good sequences than bad ones.
func likelyGB18030(p []byte) bool {
	good, bad := countUTF8(p)
	if bad == 0 || good >= bad {
		return false
	}
	units, common, broken := countGB18030(p)
	return broken*20 <= units && common*2 >= units && units > 0
}

// countUTF8 counts the multi-byte sequences of p and the bytes in none. A
// sequence cut off by the end of p is not held against it.
func countUTF8(p []byte) (good, bad int) {
	for i := 0; i < len(p); {
		if p[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(p[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			good++
		case utf8.FullRune(p[i:]) || len(p) < window: // a shorter p is the whole file
			bad++
		}
		i += n
	}
	return good, bad
}

// countGB18030 counts two- and four-byte units of p, those of them in the area
// of common characters (both bytes from 0xA1 up, as in GB 2312), and bytes in none.
func countGB18030(p []byte) (units, common, broken int) {
	in := func(i int, low, high byte) bool { return i < len(p) && p[i] >= low && p[i] <= high }
	for i := 0; i < len(p); {
		switch {
		case p[i] < utf8.RuneSelf:
			i++
		case !in(i, 0x81, 0xFE):
			broken++
			i++
		case in(i+1, 0x40, 0x7E) || in(i+1, 0x80, 0xFE):
			units++
			if p[i] >= 0xA1 && p[i+1] >= 0xA1 {
				common++
			}
			i += 2
		case in(i+1, 0x30, 0x39) && in(i+2, 0x81, 0xFE) && in(i+3, 0x30, 0x39):
			units++
			i += 4
		case i+1 == len(p) && len(p) >= window:
			i++ // cut off by the window
		default:
			broken++
			i++
		}
	}
	return units, common, broken
}
