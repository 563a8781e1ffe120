package image

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"

	"godwit/shared/ml/dataset"
)

const (
	maxName  = 1024 // bytes of a member's path
	maxLabel = 512  // bytes of a folder's name that is a label, as in text files
)

// refused returns an error about a member's name.
func refused(message, fix string) *Error {
	return &Error{Code: dataset.ArchiveLimit, Message: message, Fix: fix}
}

// pathOf returns the folders and the name of a member, at least one element,
// in UTF-8 and composed (NFC): a Mac writes é as two characters, and it must be
// the same label as anybody's é.
func pathOf(name string) ([]string, *Error) {
	const fix = "pack the folders again without such names"
	if len(name) > maxName {
		return nil, refused("the path is longer than 1024 bytes", "use shorter names")
	}
	// Chinese Windows packs names in GB 18030 and says so nowhere. Of other
	// encodings nothing tells which it is.
	if !utf8.ValidString(name) {
		decoded, err := simplifiedchinese.GB18030.NewDecoder().String(name)
		if err != nil || strings.ContainsRune(decoded, utf8.RuneError) {
			return nil, &Error{Code: dataset.EncodingInvalid, Message: "the path is not UTF-8", Fix: "pack the folders again with names in UTF-8"}
		}
		name = decoded
	}
	for _, r := range name {
		switch {
		case unicode.IsControl(r):
			return nil, refused("the path holds control characters", fix)
		case unicode.Is(unicode.Bidi_Control, r):
			return nil, refused("the path holds characters that turn the direction of writing", fix)
		}
	}
	// Old tools of Windows separate folders by backslashes.
	name = norm.NFC.String(strings.ReplaceAll(name, `\`, "/"))
	if strings.HasPrefix(name, "/") || len(name) > 1 && name[1] == ':' {
		return nil, refused("the path is absolute", fix)
	}
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		case "..":
			return nil, refused("the path leads out of the archive", fix)
		default:
			parts = append(parts, part)
		}
	}
	if parts == nil {
		return nil, refused("the file has no name", fix)
	}
	return parts, nil
}

// isJunk reports whether a member is what file managers leave behind: nobody put
// it there, so nobody need hear of it.
func isJunk(parts []string) bool {
	for _, part := range parts {
		if part == "__MACOSX" || strings.HasPrefix(part, ".") {
			return true
		}
	}
	switch strings.ToLower(parts[len(parts)-1]) {
	case "thumbs.db", "desktop.ini":
		return true
	}
	return false
}

// isNamedImage reports whether a file is meant to be an image: what is so named and
// cannot be read is an issue, any other file is passed over.
func isNamedImage(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".avif", ".jp2", ".ppm", ".pgm":
		return true
	}
	return false
}
