package training_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/training"
)

// No setting is passed over in silence: a 0 where 0 is no value is not taken for
// the default, and what the named learner has no use for is refused before the
// data are read.
func TestParseSettings_nothingIgnored(t *testing.T) {
	for _, tc := range []struct{ name, in, pointer, says string }{
		{"no rows held out", `{"split":{"test":0}}`, "/split/test", "0.01 to 0.5"},
		{"no folds", `{"search":{"folds":0}}`, "/search/folds", "2 to 20"},
		{"no rows a term", `{"params":{"min_docs":0}}`, "/params/min_docs", "1 to 1000"},
		{"no epochs", `{"algorithm":"rnn","params":{"epochs":0}}`, "/params/epochs", "1 to 200"},
		{"no learning", `{"algorithm":"rnn","params":{"learning_rate":0.0}}`, "/params/learning_rate", "above 0"},
		{"no units", `{"algorithm":"rnn","params":{"hidden":0}}`, "/params/hidden", "1 to 512"},
		{"no embedding", `{"algorithm":"rnn","params":{"embedding":-0}}`, "/params/embedding", "1 to 512"},
		{"no rows a step", `{"params":{"solver":"sgd","batch":0}}`, "/params/batch", "1 to 4096"},
		{"a loss of the logistic regression", `{"algorithm":"logistic-regression","params":{"loss":"hinge"}}`, "/params/loss", "linear-svm"},
		{"a loss of the learner logistic", `{"params":{"learner":"logistic","loss":"hinge"}}`, "/params/loss", "linear-svm"},
		{"a loss of a regression", `{"task":"table-regression","params":{"loss":"hinge"}}`, "/params/loss", "linear-svm"},
		{"epochs of an svm", `{"algorithm":"linear-svm","params":{"epochs":5}}`, "/params", "rnn"},
		{"a cell of a learner", `{"params":{"learner":"logistic","cell":"gru"}}`, "/params", "rnn"},
		{"costs of a network", `{"algorithm":"cnn","params":{"c":[1]}}`, "/params", "linear models"},
		{"a floor of terms of a table", `{"task":"table-classification","params":{"min_docs":2}}`, "/params/min_docs", "texts"},
		{"columns of images", `{"task":"image-classification","columns":{"label":"class"}}`, "/columns", "folders are the labels"},
		{"class weights of numbers", `{"task":"table-regression","params":{"class_weight":"sqrt"}}`, "/params/class_weight", "no classes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := training.ParseSettings(json.RawMessage(tc.in))
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Code != fault.Invalid || len(f.Details) != 1 || f.Details[0].Pointer != tc.pointer || !strings.Contains(f.Details[0].Text, tc.says) {
				t.Errorf("ParseSettings(%s) = %v, want invalid %s with %q", tc.in, err, tc.pointer, tc.says)
			}
		})
	}
	for _, in := range []string{
		`{"search":{"budget":0},"params":{"hash_bits":0},"seed":0,"split":{"seed":0}}`, // 0 is a value of these
		`{"algorithm":"rnn","params":{"dropout":0}}`,
		`{"algorithm":"linear-svm","params":{"solver":"sgd","epochs":5}}`,
		`{"algorithm":"linear-svm","params":{"loss":"hinge"}}`,
		`{"algorithm":"rnn","params":{"class_weight":"sqrt"}}`,
		`{"algorithm":"cnn","params":{"class_weight":"sqrt"}}`,
		`{"params":{"loss":"hinge","epochs":5}}`, // what suits shows when the data are read
	} {
		if _, err := training.ParseSettings(json.RawMessage(in)); err != nil {
			t.Errorf("ParseSettings(%s) = %v, want it taken", in, err)
		}
	}
}
