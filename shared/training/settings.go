package training

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
	"godwit/shared/registry"
)

// Settings say how to train. The zero value is `auto` with every default.
type Settings struct {
	Task      registry.Task      `json:"task,omitempty"`       // text-classification, table-classification, table-regression, image-classification; default: found out
	Algorithm string             `json:"algorithm,omitempty"`  // auto (default), linear-svm, logistic-regression, ridge-regression, cnn, rnn
	Params    Params             `json:"params,omitzero"`      // fixed by the caller; the rest is searched
	Search    Search             `json:"search,omitzero"`      //
	Metric    string             `json:"metric,omitempty"`     // accuracy, macro_f1 or, of a regression, rmse; default by task and class balance
	Columns   Columns            `json:"columns,omitzero"`     //
	Split     SplitSettings      `json:"split,omitzero"`       //
	Gate      GateSettings       `json:"gate,omitzero"`        //
	PromoteTo registry.AliasName `json:"promote_to,omitempty"` // default champion; "none" promotes nothing
	Seed      uint64             `json:"seed,omitempty"`       //
	// Engine says how a fit that is too much for one function is done: auto
	// (default; by its work), one (one function after the other), classes (several
	// functions side by side, each for some classes), none of which changes the
	// model; or rows (each for some rows, of texts by linear-svm alone, to within a
	// thousandth of the same objective), which auto takes when no function could
	// hold the matrix of all rows.
	Engine string `json:"engine,omitempty"`
	// IncludeFeedback trains on what was judged of the model's answers too: texts
	// that the file does not hold. Default false.
	IncludeFeedback bool `json:"include_feedback,omitempty"`
	// ReportExcerpts lets the report show the beginnings of the rows the model
	// was most wrong about; without it they are told by line alone. Default false.
	ReportExcerpts bool `json:"report_excerpts,omitempty"`
}

// Params narrow the candidates of the search.
type Params struct {
	C           []float64 `json:"c,omitempty"`            // regularisation path, each in (0, 1e6]; of ridge 1/alpha
	Learner     string    `json:"learner,omitempty"`      // svm, logistic or ridge: the learner of Algorithm
	Loss        string    `json:"loss,omitempty"`         // of svm: squared_hinge (default) or hinge
	ClassWeight string    `json:"class_weight,omitempty"` // none, or sqrt: rare classes count more, by the square root
	MinDocs     int       `json:"min_docs,omitempty"`     // rows a term must be in to become a feature, 1 to 1000
	Features    []string  `json:"features,omitempty"`     // of texts: word, union; of tables: plain, curved, binned; of images: plain, shifted, mirrored
	HashBits    int       `json:"hash_bits,omitempty"`    // of texts: 2^n buckets in place of terms, n from 10 to 22; 0 keeps the terms
	SolverParams
	NetworkParams
}

// NetworkParams are those of networks: cnn for images, rnn for texts.
type NetworkParams struct {
	Epochs        int      `json:"epochs,omitempty"`        // passes over the rows, 1 to 200; default: the search tries several; of solver sgd at most so many, default 20
	LearningRate  float64  `json:"learning_rate,omitempty"` // of Adam, in (0, 1]; default .001, of rnn .002
	Dropout       *float64 `json:"dropout,omitempty"`       // in [0, .9]; default 0, of rnn .3
	Quantise      string   `json:"quantise,omitempty"`      // of the weights stored: none (default), float16 or int8
	Cell          string   `json:"cell,omitempty"`          // of rnn: gru (default) or lstm
	Hidden        int      `json:"hidden,omitempty"`        // of rnn: units in each direction, 1 to 512, default 64
	Embedding     int      `json:"embedding,omitempty"`     // of rnn: numbers of a token, 1 to 512, default 64
	Bidirectional *bool    `json:"bidirectional,omitempty"` // of rnn: read from both ends; default true
}

// Search says how candidates are compared.
type Search struct {
	// Strategy is grid (default: every candidate on every fold) or halving
	// (many candidates on few rows, then a third of them on three times as many).
	Strategy string `json:"strategy,omitempty"`
	Folds    int    `json:"folds,omitempty"` // 2 to 20, default 5
	// Budget bounds the search in work units: non-zero features x classes, for
	// each fold and each C; of networks multiplications of one way through x rows,
	// for each fold and each epoch. A grid leaves candidates out, halving takes
	// fewer rows. The clock has no say. 0 is no bound, of networks 2e12. With a
	// budget auto tries a network on texts, too, if it pays for all its folds.
	Budget float64 `json:"budget,omitempty"`
}

// Columns name the columns of the data; empty ones are found out.
type Columns struct {
	Text  []string `json:"text,omitempty"`
	Label string   `json:"label,omitempty"` // of a table the column to predict
}

// SplitSettings say which rows are held out.
type SplitSettings struct {
	Test  float64 `json:"test,omitempty"`  // share held out, .01 to .5, default .1
	Seed  uint64  `json:"seed,omitempty"`  // changes which rows are held out
	Refit *bool   `json:"refit,omitempty"` // train the served model on all rows; default true
	// By is "" for the file's own split or the rows' hashes, or time: the newest
	// rows are held out, for a model that is to judge what comes later.
	By     string `json:"by,omitempty"`
	Column string `json:"column,omitempty"` // of times; default: found out
}

// GateSettings say when a version may be promoted.
type GateSettings struct {
	Min          map[string]float64 `json:"min,omitempty"`            // least value of metrics that rise
	Max          map[string]float64 `json:"max,omitempty"`            // greatest value of rmse, mae, loss or ece
	NotWorseThan registry.AliasName `json:"not_worse_than,omitempty"` // default champion
}

// ParseSettings decodes and checks settings; nil or empty data is auto. The
// error is fault.Invalid (fault.Malformed when it is not JSON) and names the field.
func ParseSettings(data json.RawMessage) (Settings, error) {
	var s Settings
	if len(bytes.TrimSpace(data)) > 0 {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&s); err != nil {
			return s, fault.Wrap(fault.Malformed, err, "the training settings are not valid: %s", describeJSON(err))
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return s, fault.New(fault.Malformed, "the training settings hold more than one JSON value")
		}
		s.refuseZeros(data)
	}
	return s, s.checkAll()
}

// checkAll is check with what belongs to one kind of model alone.
func (s Settings) checkAll() error {
	return cmp.Or(s.check(), s.checkHash(), s.checkSolver(), s.checkNetwork(), s.checkRows())
}

// checkHash complains about hash bits that no model of texts can have, and about
// any when no texts are learnt.
func (s Settings) checkHash() error {
	switch n := s.Params.HashBits; {
	case n == 0:
		return nil
	case n < text.MinHashBits || n > text.MaxHashBits:
		return bad("/params/hash_bits", "a number from %d to %d, or 0 to keep the terms", text.MinHashBits, text.MaxHashBits)
	case s.Task != "" && s.Task != registry.TextClassification:
		return bad("/params/hash_bits", "only texts have terms to hash")
	}
	return nil
}

func describeJSON(err error) string {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s must be a %s", t.Field, t.Type)
	}
	return "not JSON, or an unknown field"
}

// learner returns the learner the caller asked for, "" for any.
func (s Settings) learner() string {
	if s.Params.Learner != "" {
		return s.Params.Learner
	}
	return learners[s.Algorithm]
}

// learners gives the learner of each algorithm a caller may name.
var learners = map[string]string{
	pipeline.LinearSVM:          pipeline.SVM,
	pipeline.LogisticRegression: pipeline.Logistic,
	pipeline.RidgeRegression:    pipeline.Ridge,
	pipeline.CNN:                pipeline.CNN,
	pipeline.RNN:                pipeline.RNN,
}

// resolved returns s with every default filled in, but for the task and the
// metric, which depend on the data.
func (s Settings) resolved() Settings {
	if s.Algorithm == "" {
		s.Algorithm = "auto"
	}
	if s.Search.Strategy == "" {
		s.Search.Strategy = "grid"
	}
	if s.Search.Folds == 0 {
		s.Search.Folds = 5
	}
	if s.Split.Test == 0 {
		s.Split.Test = .1
	}
	if s.Split.Refit == nil {
		yes := true
		s.Split.Refit = &yes
	}
	if s.Gate.NotWorseThan == "" {
		s.Gate.NotWorseThan = registry.Champion
	}
	if s.PromoteTo == "" {
		s.PromoteTo = registry.Champion
	}
	return s
}

// forTask returns resolved settings for the task the data turned out to be, or
// fault.Invalid when the caller's wishes do not suit it.
func (s Settings) forTask(task registry.Task) (Settings, error) {
	s.Task = task
	return s, s.checkAll()
}
