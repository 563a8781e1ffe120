package oip_test

import (
	"fmt"
	"testing"
)

// The file of an image passes as it is; what it is worth is for the model to say.
func TestDecode_images(t *testing.T) {
	for _, file := range []string{"\x89PNG\r\n\x1a\n\xff\x00", "\xff\xd8\xff\xe0"} {
		tail := texts(file)
		r, err := decode(input(fmt.Sprintf(`"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":%d}`, len(tail))), tail)
		if err != nil || r.Row(0)["x"] != file {
			t.Errorf("Decode of %q = %q, %v, want its bytes", file, r.Row(0), err)
		}
	}
}
