package image_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"testing"

	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
)

func TestRecognise(t *testing.T) {
	packed := func(write func(z *gzip.Writer) error) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if err := write(z); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	images, labels := imagetest.IDX(1, 8, 1)
	for _, tc := range []struct {
		name string
		head []byte
		want bool
	}{
		{"zip", imagetest.Zip(1, 8, 1)[:64], true},
		{"an empty zip", []byte("PK\x05\x06"), true},
		{"IDX images", images, true},
		{"IDX labels", labels, true},
		{"tar.gz", packed(func(z *gzip.Writer) error {
			return tar.NewWriter(z).WriteHeader(&tar.Header{Name: "a/b.png", Mode: 0o600, Format: tar.FormatUSTAR})
		}), true},
		{"csv.gz", packed(func(z *gzip.Writer) error { _, err := z.Write([]byte("label,text\na,b\n")); return err }), false},
		{"csv", []byte("label,text\n"), false},
		{"nothing", nil, false},
	} {
		if got := image.Recognise(tc.head); got != tc.want {
			t.Errorf("%s: Recognise() = %v, want %v", tc.name, got, tc.want)
		}
	}
}
