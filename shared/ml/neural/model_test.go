package neural_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/gradtest"
	"godwit/shared/ml/neural/weights"
)

// imageModel and textModel are small trained models.
func imageModel(t testing.TB, n int) (neural.Image, *neural.Images, neural.Measure) {
	t.Helper()
	r := finished[n]()
	m, err := r.Image()
	if err != nil {
		t.Fatal(err)
	}
	return m, tasks()[n].validation.(*neural.Images), bestOf(r)
}

func textModel(t testing.TB) (neural.Text, neural.Measure) {
	t.Helper()
	r := finished[2]()
	m, err := r.Text()
	if err != nil {
		t.Fatal(err)
	}
	return m, bestOf(r)
}

func bestOf(r *neural.Run) neural.Measure {
	best := *r.History()[0].Validation
	for _, e := range r.History() {
		if e.Best {
			best = *e.Validation
		}
	}
	return best
}

// TestImage_Scores holds that a model answers as its run measured, batch
// normalisation folded or not, one by one or all at a time.
func TestImage_Scores(t *testing.T) {
	for n, name := range []string{"lenet", "resnet"} {
		t.Run(name, func(t *testing.T) {
			m, d, want := imageModel(t, n)
			var s, other neural.Scratch
			scores := m.Scores(&s, d.Pixels)
			if got := accuracy(scores, d.Labels); math.Abs(got-want.Accuracy) > .021 {
				t.Errorf("accuracy = %g, the run measured %g", got, want.Accuracy)
			}
			loss := 0.0
			for i, label := range d.Labels {
				row := scores[i*3:][:3]
				loss -= math.Log(float64(row[label])) / float64(d.Len())
				one := m.Scores(&other, d.Pixels[i*m.Size():][:m.Size()])
				sum := 0.0
				for j, p := range one {
					sum += float64(p)
					if p != row[j] {
						t.Fatalf("score %d of image %d is %g alone and %g among others", j, i, p, row[j])
					}
				}
				if math.Abs(sum-1) > 1e-6 {
					t.Fatalf("scores of image %d sum to %g", i, sum)
				}
			}
			if got := m.Scores(&s, nil); len(got) != 0 {
				t.Errorf("Scores of no images = %v", got)
			}
			if math.Abs(loss-want.Loss) > 1e-3*max(1, want.Loss) {
				t.Errorf("loss = %g, the run measured %g", loss, want.Loss)
			}
		})
	}
}

func TestText_Scores(t *testing.T) {
	m, want := textModel(t)
	documents, labels := orders(100, 2)
	var s, other neural.Scratch
	scores := m.Scores(&s, documents...)
	if got := accuracy(scores, labels); got != want.Accuracy {
		t.Errorf("accuracy = %g, the run measured %g", got, want.Accuracy)
	}
	for i, doc := range documents {
		if one := m.Scores(&other, doc); !slices.Equal(one, scores[i*2:][:2]) {
			t.Fatalf("scores of document %d are %v alone and %v among others", i, one, scores[i*2:][:2])
		}
	}
	if got := m.Scores(&s); len(got) != 0 {
		t.Errorf("Scores of no documents = %v", got)
	}
	for _, doc := range []string{"", "   ", "unseen words only", strings.Repeat("alpha ", 1000), "\xff\xfe"} {
		if p := m.Scores(&s, doc); len(p) != 2 || math.Abs(float64(p[0]+p[1])-1) > 1e-6 {
			t.Errorf("Scores(%.20q) = %v, want two that sum to 1", doc, p)
		}
	}
}

// TestScores_allocation holds that warm answers allocate nothing.
func TestScores_allocation(t *testing.T) {
	m, d, _ := imageModel(t, 1)
	words, _ := textModel(t)
	var s, other neural.Scratch
	one := d.Pixels[:m.Size()]
	if got := gradtest.Allocations(func() { m.Scores(&s, one) }); got > 0 {
		t.Errorf("Image.Scores allocates %v times, want 0", got)
	}
	if got := gradtest.Allocations(func() { words.Scores(&other, "alpha c d beta!") }); got > 0 {
		t.Errorf("Text.Scores allocates %v times, want 0", got)
	}
}

var roundings = []weights.Rounding{weights.Whole, weights.Float16, weights.Int8}

// TestImage_Encode holds that a model answers after a round trip as before it,
// to the bit, writes itself again as it was, and is not far from what it was
// before it was rounded.
func TestImage_Encode(t *testing.T) {
	m, d, _ := imageModel(t, 1)
	for _, r := range roundings {
		t.Run("rounding "+string(r), func(t *testing.T) {
			rounded, err := m.Round(r)
			if err != nil {
				t.Fatal(err)
			}
			data, err := rounded.Encode(map[string]string{"dataset_sha256": "ab"})
			if err != nil {
				t.Fatal(err)
			}
			again, err := neural.DecodeImage(data)
			if err != nil {
				t.Fatal(err)
			}
			var s, other, third neural.Scratch
			want := rounded.Scores(&s, d.Pixels)
			if got := again.Scores(&other, d.Pixels); !slices.Equal(got, want) {
				t.Error("scores differ after a round trip")
			}
			if second, err := again.Encode(nil); err != nil || !slices.Equal(second, data) {
				t.Errorf("the file differs when written again (%v)", err)
			}
			for i, got := range m.Scores(&third, d.Pixels) {
				if math.Abs(float64(got-want[i])) > .05 {
					t.Fatalf("rounding moves score %d from %g to %g", i, got, want[i])
				}
			}
		})
	}
}

// TestText_Encode holds the same of texts, with tensors of the caller's.
func TestText_Encode(t *testing.T) {
	m, _ := textModel(t)
	doc := "c alpha e beta d"
	for _, r := range roundings {
		t.Run("rounding "+string(r), func(t *testing.T) {
			rounded, err := m.Round(r)
			if err != nil {
				t.Fatal(err)
			}
			data, err := rounded.Encode(map[string]string{"dataset_sha256": "ab"}, artifact.FromFloat32s("mine", nil, []float32{1}))
			if err != nil {
				t.Fatal(err)
			}
			again, err := neural.DecodeText(data)
			if err != nil {
				t.Fatal(err)
			}
			var s, other neural.Scratch
			if got, want := again.Scores(&s, doc), rounded.Scores(&other, doc); !slices.Equal(got, want) {
				t.Errorf("scores = %v after a round trip, want %v", got, want)
			}
			if got := again.Manifest(); got.Extra["dataset_sha256"] != "ab" || got.Rounding != r || got.Rows != 400 {
				t.Errorf("manifest = %+v", got)
			}
		})
	}
}

func TestModel_Round_size(t *testing.T) {
	m, _, _ := imageModel(t, 0)
	var sizes []int
	for _, r := range roundings {
		rounded, err := m.Round(r)
		if err != nil {
			t.Fatal(err)
		}
		data, err := rounded.Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(data))
	}
	if sizes[1] > sizes[0]*6/10 || sizes[2] > sizes[0]*4/10 {
		t.Errorf("files of %v bytes, want about a half and a quarter of the first", sizes)
	}
	if _, err := m.Round("int4"); err == nil {
		t.Error("Round(int4) succeeds")
	}
	if _, err := m.Encode(map[string]string{"labels": "x"}); err == nil {
		t.Error("Encode takes an addition with a key of the manifest")
	}
}

// TestText_Explain holds that the words that decide weigh most, stand where
// they stand, and that everything adds up.
func TestText_Explain(t *testing.T) {
	m, _ := textModel(t)
	var s neural.Scratch
	doc := "c d Alpha e BETA g"
	margin := slices.Clone(m.Margins(&s, doc))
	for class := range 2 {
		e := m.Explain(&s, doc, class)
		sum := e.Baseline + e.Rest
		for _, w := range e.Tokens {
			sum += w.Weight
		}
		if math.Abs(sum-e.Margin) > 1e-9 || e.Margin != float64(margin[class]) {
			t.Errorf("class %d: parts sum to %g, margin %g, want %g", class, sum, e.Margin, margin[class])
		}
		if len(e.Tokens) != 6 || doc[e.Tokens[2].Start:e.Tokens[2].End] != "Alpha" || doc[e.Tokens[4].Start:e.Tokens[4].End] != "BETA" {
			t.Fatalf("tokens = %+v, want the six words", e.Tokens)
		}
		deciding := math.Abs(e.Tokens[2].Weight) + math.Abs(e.Tokens[4].Weight)
		for _, i := range []int{0, 1, 3, 5} {
			if math.Abs(e.Tokens[i].Weight) > deciding {
				t.Errorf("token %d weighs %g, those that decide %g", i, e.Tokens[i].Weight, deciding)
			}
		}
	}
	if e := m.Explain(&s, "", 0); len(e.Tokens) != 0 || e.Margin != e.Baseline || e.Rest != 0 {
		t.Errorf("Explain of an empty text = %+v, want its baseline alone", e)
	}
	if e := m.Explain(&s, strings.Repeat("c ", 300), 1); len(e.Tokens) != 256 {
		t.Errorf("Explain of 300 tokens = %d, want the 256 that are read", len(e.Tokens))
	}
}

// TestImage_explain paints a bar and wants both maps to be warmest on it.
func TestImage_explain(t *testing.T) {
	m, _, _ := imageModel(t, 0)
	pixels := make([]uint8, 144)
	for i := range pixels {
		pixels[i] = 50
		if i/12 == 5 {
			pixels[i] = 230
		}
	}
	var s neural.Scratch
	occlusion := m.Occlusion(&s, pixels, 0, 4)
	mean := func(heat []float32, in func(line int) bool) float64 {
		sum, n := 0.0, 0.0
		for i, h := range heat {
			if in(i / 12) {
				sum, n = sum+float64(h), n+1
			}
		}
		return sum / n
	}
	near := func(line int) bool { return line >= 3 && line <= 7 }
	far := func(line int) bool { return !near(line) }
	if a, b := mean(occlusion, near), mean(occlusion, far); len(occlusion) != 144 || a <= b {
		t.Errorf("occlusion near the bar = %g, elsewhere %g; want more near it", a, b)
	}
	saliency := m.Saliency(&s, pixels, 0)
	if len(saliency) != 144 || slices.Max(saliency) <= 0 || slices.Min(saliency) < 0 {
		t.Errorf("saliency from %g to %g of %d, want 144 from 0 up", slices.Min(saliency), slices.Max(saliency), len(saliency))
	}
	// A derivative tells what a small change does, as far as no unit switches.
	at := slices.Index(saliency, slices.Max(saliency))
	before := m.Margins(&s, pixels)[0]
	pixels[at]++
	moved := math.Abs(float64(m.Margins(&s, pixels)[0]-before)) * 255
	if want := float64(saliency[at]); math.Abs(moved-want) > .5*want {
		t.Errorf("one shade more moves the margin by %g a unit, saliency says %g", moved, want)
	}
}
