package browser_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// drawn is a picture of 16 x 16 of a lying or a standing bar, n pixels off its place.
func drawn(t *testing.T, lying bool, n int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	for along := 2; along < 14; along++ {
		for across := range 3 {
			x, y := along, 3+n%9+across
			if !lying {
				x, y = y, x
			}
			img.SetGray(x, y, color.Gray{Y: uint8(200 + n%50)})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An archive of pictures becomes a model that says where in a picture it looked.
func TestPictures(t *testing.T) {
	s := start(t, "local")
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for n := range 60 {
		for _, label := range []string{"lying", "standing"} {
			f, err := w.Create(fmt.Sprintf("%s/%d.png", label, n))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(drawn(t, label == "lying", n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p := open(t, s.API, "#/upload", desktop, "light")
	p.settled()
	upload(p, write(t, "bars.zip", archive.String()), "bars")
	p.until("the job to end", "document.querySelector('main .badge.succeeded, main .badge.failed')")
	p.shot("job-pictures")
	p.goTo("#/models/bars/versions/1")
	p.press("Report")
	p.reported()
	p.shot("report-pictures") // with how its network learned
	p.goTo("#/play/bars")
	one := write(t, "it's one.png", string(drawn(t, true, 4)))
	p.run("choose", chromedp.SetUploadFiles(chromedp.CSS("#picture"), []string{one}))
	p.until("the answer", "document.querySelector('.answer .label')?.innerText.startsWith('lying')")
	p.until("where it looked", "document.querySelector('.answer .saliency')?.naturalWidth > 0")
	if got := p.terminal(filepath.Dir(one)); !strings.Contains(got, `"label":"lying"`) {
		t.Errorf("the line for the terminal answers %.300q, want lying", got)
	}
	p.shot("playground-picture")
}
