package doctor_test

import (
	"bytes"
	"strings"
	"testing"

	"godwit/shared/ml/doctor"
	"godwit/shared/ml/image/imagetest"
)

// An archive of pictures is examined like a file of texts, its labels by a quick
// network.
func TestExamineImages(t *testing.T) {
	data := imagetest.Zip(16, 16, 1)
	r, err := doctor.ExamineImages(t.Context(), bytes.NewReader(data), doctor.Options{Folds: 2, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Trainable || r.Quality == nil || r.Quality.Accuracy < .6 || r.Images == nil || r.Images.Width != 16 || r.Profile.Rows != 80 || len(r.Profile.Scripts) != 0 {
		t.Errorf("report = %+v of quality %+v, want 80 images of 16 pixels that a quick model tells apart", r.Profile, r.Quality)
	}
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"80 rows in 5 classes", "read in 16 x 16 pixels, in colour", "images that repeat another: 0"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &b)
		}
	}
	r, err = doctor.ExamineImages(t.Context(), bytes.NewReader(data[:len(data)/2]), doctor.Options{})
	if err != nil || r.Trainable || len(r.Reasons) == 0 {
		t.Errorf("half an archive = %+v, %v, want it untrainable with a reason", r, err)
	}
}
