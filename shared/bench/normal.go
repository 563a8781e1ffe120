package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"godwit/shared/ml/text"
)

// scrambled is how many documents normal makes of the characters of others.
const scrambled = 4000

// normal prints documents and their normal text, to hold other normalisers to:
// those of a file, in which each is a quoted string at the beginning of a line,
// and as many again made of the same characters.
func normal(_ context.Context, args []string, out, notes io.Writer) error {
	flags := flagsOf("normal", "FILE", notes)
	if err := flags.Parse(args); err != nil {
		return err
	}
	data, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	var docs, alphabet []string
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, `"`) {
			continue
		}
		doc, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			return fmt.Errorf("read %s: line %q: %w", flags.Arg(0), line, err)
		}
		// A byte that is not UTF-8 cannot be written in JSON, nor come from it.
		docs = append(docs, strings.ToValidUTF8(doc, "\uFFFD"))
		alphabet = append(alphabet, strings.Split(docs[len(docs)-1], "")...)
	}
	if len(alphabet) == 0 {
		return fmt.Errorf("read %s: %w", flags.Arg(0), errors.New("no line begins with a quoted string"))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range scrambled {
		var doc strings.Builder
		for range 1 + random.IntN(24) {
			doc.WriteString(alphabet[random.IntN(len(alphabet))])
		}
		docs = append(docs, doc.String())
	}
	lines := json.NewEncoder(out)
	for _, doc := range docs {
		if err := lines.Encode([2]string{doc, text.Normal(doc)}); err != nil {
			return err
		}
	}
	return nil
}
