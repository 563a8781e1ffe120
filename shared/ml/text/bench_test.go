package text_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"godwit/shared/ml/text"
)

// corpusOf makes n documents of about 12 words over a vocabulary that grows
// with n, as that of natural text does.
func corpusOf(n int) []string {
	docs := make([]string, n)
	var b strings.Builder
	state := uint64(1)
	for i := range docs {
		b.Reset()
		for range 12 {
			state = state*6364136223846793005 + 1442695040888963407
			// The square favours small numbers.
			k := state >> 33 % 1000
			fmt.Fprintf(&b, "w%d ", k*k*uint64(n)/1e6)
		}
		docs[i] = b.String()
	}
	return docs
}

func BenchmarkCount(b *testing.B) {
	for _, recipe := range []text.Recipe{text.Word(), text.Union()} {
		for _, n := range []int{1000, 10000} {
			docs := corpusOf(n)
			size := 0
			for _, d := range docs {
				size += len(d)
			}
			b.Run(fmt.Sprintf("%s/docs=%d", recipe.Name, n), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					if _, err := text.Count(context.Background(), docs, []text.Recipe{recipe}, 1, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkFeatures(b *testing.B) {
	docs := corpusOf(10000)
	for _, recipe := range []text.Recipe{text.Word(), text.Union()} {
		v := count(b, docs, recipe).Vocabulary(rows(len(docs)), recipe)
		for _, words := range []int{12, 120} {
			doc := strings.Join(docs[:words/12], " ")
			b.Run(fmt.Sprintf("%s/words=%d", recipe.Name, words), func(b *testing.B) {
				var s text.Scratch
				b.ReportAllocs()
				for b.Loop() {
					v.Features(&s, doc)
				}
			})
		}
	}
}

// hanOf turns the documents of corpusOf into titles of 24 Han characters with
// a Latin name or a number in every other one.
func hanOf(n int) []string {
	docs := corpusOf(n)
	for i, doc := range docs {
		var b strings.Builder
		for k, w := range strings.Fields(doc) {
			number := 0
			for _, digit := range w[1:] {
				number = 10*number + int(digit-'0')
			}
			b.WriteRune(0x4e00 + rune(number%2000))
			b.WriteRune(0x5e00 + rune(number/7%2000))
			if k == 5 && i%2 == 0 {
				b.WriteString(w)
			}
		}
		docs[i] = b.String()
	}
	return docs
}

func BenchmarkFeatures_han(b *testing.B) {
	docs := hanOf(10000)
	v := count(b, docs, text.Word()).Vocabulary(rows(len(docs)), text.Word())
	var s text.Scratch
	b.ReportAllocs()
	for b.Loop() {
		v.Features(&s, docs[0])
	}
}
