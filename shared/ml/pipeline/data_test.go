package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// topics gives each class a few words of its own; the rest is shared.
var topics = [][]string{
	{"card", "arrive", "post", "卡片"},
	{"cash", "machine", "withdraw", "取款"},
	{"rate", "exchange", "euro", "汇率"},
	{"phone", "app", "login", "手机"},
}

// documents makes n labelled documents of the first `classes` topics, the same
// for the same seed.
func documents(n, classes int, seed uint64) (docs []string, y []int32) {
	random := rand.New(rand.NewPCG(seed, 0))
	shared := []string{"my", "the", "is", "why", "please", "ﬁne", "什么", "!", "🙂"}
	for i := range n {
		class := i % classes
		words := []string{topics[class][random.IntN(4)], topics[class][random.IntN(4)]}
		for range 4 {
			words = append(words, shared[random.IntN(len(shared))])
		}
		// One document in ten speaks of another class, so that no fit is perfect.
		if i%10 == 9 {
			words[0], words[1] = topics[(class+1)%classes][0], words[2]
		}
		random.Shuffle(len(words), func(a, b int) { words[a], words[b] = words[b], words[a] })
		docs = append(docs, strings.Join(words, " "))
		y = append(y, int32(class))
	}
	return docs, y
}

// data counts documents for the union recipe, which covers the word recipe.
func data(t testing.TB, docs []string, y []int32, classes int) pipeline.Data {
	t.Helper()
	c, err := text.Count(context.Background(), docs, []text.Recipe{text.Union()}, 2, nil)
	if err != nil {
		t.Fatalf("Count = %v", err)
	}
	d := pipeline.Data{Corpus: c, Y: y}
	for i := range classes {
		d.Labels = append(d.Labels, fmt.Sprintf("class_%03d", i))
	}
	return d
}

// fit fits n documents of some classes with the union recipe.
func fit(t testing.TB, n, classes int, s pipeline.Settings) *pipeline.Model {
	t.Helper()
	docs, y := documents(n, classes, 1)
	if s.Recipe.Name == "" {
		s.Recipe = text.Union()
	}
	m, err := pipeline.Fit(context.Background(), data(t, docs, y, classes), rows(n), s, 2, nil)
	if err != nil {
		t.Fatalf("Fit = %v", err)
	}
	return m
}

// tempered returns the model calibrated by a temperature.
func tempered(m *pipeline.Model, t float64) *pipeline.Model {
	return m.With(calibrate.Calibration{T: t}, calibrate.Conformal{})
}

// encode is Encode for tests that cannot fail.
func encode(t testing.TB, m *pipeline.Model) []byte {
	t.Helper()
	b, err := m.Encode(map[string]string{"dataset_sha256": "0123"})
	if err != nil {
		t.Fatalf("Encode = %v", err)
	}
	return b
}

// rows returns the numbers 0 to n-1.
func rows(n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

// best returns the place of the largest number.
func best(v []float32) int {
	at := 0
	for i, x := range v {
		if x > v[at] {
			at = i
		}
	}
	return at
}
