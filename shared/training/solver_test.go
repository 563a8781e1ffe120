package training_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
	"godwit/shared/training"
)

// Every solver takes a job to a version that says how it was trained.
func TestSteps_Solvers(t *testing.T) {
	for _, tc := range []struct {
		name, data, settings, algorithm string
		check                           func(pipeline.Manifest) bool
	}{
		{"multinomial", csv(400, 21), `{"algorithm":"logistic-regression","params":{"multi_class":"multinomial","c":[1,10],"features":["word"]},"search":{"folds":2}}`, pipeline.LogisticRegression,
			func(m pipeline.Manifest) bool { return m.Settings.Multinomial }},
		{"sgd of an svm", csv(400, 22), `{"algorithm":"linear-svm","params":{"solver":"sgd","epochs":8,"c":[1],"features":["word"]},"search":{"folds":2}}`, pipeline.LinearSVM,
			func(m pipeline.Manifest) bool {
				return m.Settings.Descent == pipeline.Descent{Method: "sgd", Epochs: 8, Batch: 1}
			}},
		{"adam of a hinge", csv(400, 22), `{"algorithm":"linear-svm","params":{"solver":"sgd","method":"adam","batch":4,"loss":"hinge","c":[1],"features":["word"]},"search":{"folds":2}}`, pipeline.LinearSVM,
			func(m pipeline.Manifest) bool {
				return m.Settings.Descent == pipeline.Descent{Method: "adam", Epochs: 20, Batch: 4}
			}},
		{"sgd of a logistic regression, hashed", csv(400, 23), `{"algorithm":"logistic-regression","params":{"solver":"sgd","hash_bits":12,"c":[10],"features":["word"]},"search":{"folds":2}}`, pipeline.LogisticRegression,
			func(m pipeline.Manifest) bool { return m.Settings.Descent.Method == "sgd" && m.Settings.HashBits == 12 }},
		{"sgd of numbers", table(200, 3, true), `{"algorithm":"ridge-regression","params":{"solver":"sgd","c":[1],"features":["plain"]},"search":{"folds":2}}`, pipeline.RidgeRegression,
			func(m pipeline.Manifest) bool { return m.Table.Descent.Method == "sgd" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 2)
			v := h.trained(t, tc.data, tc.settings)
			m := h.model(t, v.Artifact)
			if got := m.Manifest(); got.Algorithm != tc.algorithm || !tc.check(got) {
				t.Errorf("manifest of %q with settings %+v, %+v", got.Algorithm, got.Settings, got.Table)
			}
		})
	}
}

// On the shipped sample descent and the softmax answer as well as what they
// stand in for, to 3 points of the accuracy on the rows held out.
func TestSteps_SolversOnTheSample(t *testing.T) {
	sample, err := os.ReadFile("../../functions/local/sample/messages.csv")
	if err != nil {
		t.Fatal(err)
	}
	accuracy := func(settings string) float64 {
		h := newHouse(t, 2)
		v := h.trained(t, string(sample), settings)
		return v.Test["accuracy"]
	}
	const search = `"search":{"folds":2},"split":{"test":0.3}}`
	for _, tc := range []struct{ own, other string }{
		{`{"algorithm":"linear-svm","params":{"c":[1],"features":["word"]},` + search,
			`{"algorithm":"linear-svm","params":{"solver":"sgd","c":[1],"features":["word"]},` + search},
		{`{"algorithm":"logistic-regression","params":{"c":[30],"features":["word"]},` + search,
			`{"algorithm":"logistic-regression","params":{"solver":"sgd","c":[30],"features":["word"]},` + search},
		{`{"algorithm":"logistic-regression","params":{"c":[30],"features":["word"]},` + search,
			`{"algorithm":"logistic-regression","params":{"multi_class":"multinomial","c":[30],"features":["word"]},` + search},
	} {
		if got, want := accuracy(tc.other), accuracy(tc.own); got < want-.03 {
			t.Errorf("%s: accuracy %.4f, of its own solver %.4f", tc.other, got, want)
		}
	}
}

// Left alone, the solver is the exact one while its matrix fits, else descent on
// hashed terms; the choice goes by counts and is told.
func TestSteps_SolverAuto(t *testing.T) {
	for _, tc := range []struct {
		name, settings string
		bytes          int64
		want           bool
	}{
		{"enough memory", `{"search":{"folds":2}}`, 0, false},
		{"little memory", `{"search":{"folds":2},"params":{"c":[1]}}`, 1 << 10, true},
		{"little memory, asked for dual", `{"search":{"folds":2},"params":{"c":[1],"solver":"dual"}}`, 1 << 10, false},
		{"little memory, multinomial", `{"algorithm":"logistic-regression","search":{"folds":2},"params":{"c":[1],"multi_class":"multinomial"}}`, 1 << 10, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, 2)
			h.steps.FunctionBytes = tc.bytes
			v := h.trained(t, csv(300, 24), tc.settings)
			m := h.model(t, v.Artifact).Manifest()
			if got := m.Settings.Descent.Method == "sgd" && m.Settings.HashBits == 18; got != tc.want {
				t.Errorf("settings = %+v, want descent: %v", m.Settings, tc.want)
			}
			told := false
			for _, e := range h.events(t, v.Lineage.Job) {
				told = told || strings.HasPrefix(e.Message, "solver sgd: ")
			}
			if told != tc.want {
				t.Errorf("told of another solver: %v, want %v", told, tc.want)
			}
		})
	}
}

func TestParseSettings_solvers(t *testing.T) {
	for _, tc := range []struct{ name, in, pointer string }{
		{"multinomial", `{"algorithm":"logistic-regression","params":{"multi_class":"multinomial"}}`, ""},
		{"sgd with epochs", `{"task":"text-classification","params":{"solver":"sgd","epochs":5,"method":"adam","batch":8}}`, ""},
		{"numbers by sgd", `{"task":"table-regression","params":{"solver":"sgd"}}`, ""},
		{"unknown choice", `{"algorithm":"logistic-regression","params":{"multi_class":"ovo"}}`, "/params/multi_class"},
		{"multinomial of auto", `{"params":{"multi_class":"multinomial"}}`, "/params/multi_class"},
		{"multinomial svm", `{"algorithm":"linear-svm","params":{"multi_class":"multinomial"}}`, "/params/multi_class"},
		{"multinomial by sgd", `{"algorithm":"logistic-regression","params":{"multi_class":"multinomial","solver":"sgd"}}`, "/params/solver"},
		{"unknown solver", `{"params":{"solver":"lbfgs"}}`, "/params/solver"},
		{"unknown method", `{"params":{"solver":"sgd","method":"rmsprop"}}`, "/params/method"},
		{"method of dual", `{"params":{"solver":"dual","method":"adam"}}`, "/params"},
		{"batch of nobody", `{"params":{"batch":8}}`, "/params"},
		{"batch too large", `{"params":{"solver":"sgd","batch":5000}}`, "/params/batch"},
		{"epochs of dual", `{"task":"text-classification","params":{"solver":"dual","epochs":5}}`, "/params"},
		{"cell with sgd", `{"task":"text-classification","params":{"solver":"sgd","cell":"gru"}}`, "/params"},
		{"solver of a network", `{"algorithm":"rnn","params":{"solver":"sgd"}}`, "/params"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := training.ParseSettings(json.RawMessage(tc.in))
			f, _ := errors.AsType[*fault.Error](err)
			switch {
			case tc.pointer == "" && err != nil:
				t.Errorf("ParseSettings(%s) = %v, want none", tc.in, err)
			case tc.pointer != "" && (f == nil || f.Code != fault.Invalid || len(f.Details) != 1 || f.Details[0].Pointer != tc.pointer):
				t.Errorf("ParseSettings(%s) = %v, want invalid at %s", tc.in, err, tc.pointer)
			}
		})
	}
}

// More weights than there is memory for close the job with what would help.
func TestSteps_TooManyWeights(t *testing.T) {
	// 1,500 classes of two rows, each with 20 words of its own.
	var b strings.Builder
	b.WriteString("label,text\n")
	for row := range 3000 {
		fmt.Fprintf(&b, "class%d,row%d", row/2, row)
		for word := range 20 {
			fmt.Fprintf(&b, " w%dx%d", row/2, word)
		}
		b.WriteString("\n")
	}
	h := newHouse(t, 2)
	job := h.upload(t, tenant, "intents", b.String(), `{"algorithm":"linear-svm","params":{"solver":"sgd","c":[1],"features":["word"]},"search":{"folds":2}}`)
	err := h.run(t.Context(), tenant, job.ID)
	if !fault.Is(err, fault.TooLarge) {
		t.Fatalf("run = %v, want too large", err)
	}
	job, err = h.jobs.Job(t.Context(), tenant, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if job.Status != training.Failed || job.Error == nil || !strings.Contains(job.Error.Message, "params.hash_bits") {
		t.Errorf("job = %v, %+v, want failed with advice", job.Status, job.Error)
	}
}
