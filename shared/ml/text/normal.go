package text

import "bytes"

// Normal returns doc as a graph of ONNX operators takes it (ONNX.md):
// normalised and case-folded, without invisible characters, and each chunk
// between two spaces of its own, as in " where  is  it? ". What holds no chunk
// becomes the empty string. Nothing else about a document decides about its
// tokens, so equal normal text means equal features.
//
// It is not text to be read again: dropping what is invisible can bring
// characters together that would then compose.
func Normal(doc string) string {
	var s Scratch
	s.read(doc)
	// The stream has one space before, between and after the chunks.
	doubled := bytes.ReplaceAll(s.stream.text, []byte(" "), []byte("  "))
	return string(doubled[1 : len(doubled)-1])
}
