package world

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"godwit/shared/blob"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
	"godwit/shared/registry"
)

// variants is how many models are fitted for each tenant.
const variants = 3

// library holds the models of all worlds, and what each answers.
type library struct {
	artifacts [][]byte // variants of them for each tenant

	mu   sync.Mutex
	said map[string]string // by digest and question
}

// fitted fits the models, once.
var fitted = sync.OnceValues(func() (*library, error) {
	l := &library{said: map[string]string{}}
	for i := range variants * len(tenants) {
		data, err := fit(i)
		if err != nil {
			return nil, err
		}
		l.artifacts = append(l.artifacts, data)
	}
	return l, nil
})

// classes are what the models tell apart, by a question of each.
var classes = []string{question, "the machine kept my cash", "what is the exchange rate"}

// labelsBeside returns the labels of the model that has one, which ends in the
// model's number.
func labelsBeside(label string) (out []string) {
	model := label[strings.LastIndexByte(label, ' ')+1:]
	for class := range classes {
		out = append(out, fmt.Sprintf("class %d of model %s", class, model))
	}
	return out
}

// fit returns the artifact of a small model whose labels tell it from the others.
func fit(i int) ([]byte, error) {
	var docs []string
	var y []int32
	for class, phrase := range classes {
		for n := range 6 + i {
			docs = append(docs, fmt.Sprintf("%s number%d", phrase, n%(2+i)))
			y = append(y, int32(class))
		}
	}
	ctx := context.Background()
	corpus, err := text.Count(ctx, docs, []text.Recipe{text.Word()}, 1, nil)
	if err != nil {
		return nil, err
	}
	rows := make([]int32, len(docs))
	for n := range rows {
		rows[n] = int32(n)
	}
	m, err := pipeline.Fit(ctx, pipeline.Data{Corpus: corpus, Y: y, Labels: labelsBeside(fmt.Sprint(i))}, rows, pipeline.Settings{Recipe: text.Word()}, 1, nil)
	if err != nil {
		return nil, err
	}
	return m.Encode(nil)
}

// answer returns what an artifact says of a text, worked out apart from serving.
func (l *library) answer(a registry.Artifact, from blob.Store, text string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := string(a.Digest) + text
	if said, ok := l.said[key]; ok {
		return said, nil
	}
	data, err := blob.ReadAll(context.Background(), from, a.Key, 1<<20)
	if err != nil {
		return "", err
	}
	m, err := pipeline.Open(data)
	if err != nil {
		return "", err
	}
	scores := m.Scores(&pipeline.Scratch{}, pipeline.Input{Text: text})
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	said := saying(m.Labels()[best], float64(scores[best]))
	l.said[key] = said
	return said, nil
}

// saying is an answer to the bit.
func saying(label string, score float64) string { return fmt.Sprintf("%s %x", label, score) }
