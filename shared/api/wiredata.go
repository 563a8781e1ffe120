package api

import (
	"encoding/json"
	"time"
)

// NewDataset announces a data set.
type NewDataset struct {
	Model    string            `json:"model" doc:"the model the data is for; it need not exist yet" example:"intents"`
	Filename string            `json:"filename" doc:"its ending tells the format; .onnx is a model to be imported" example:"train.csv"`
	Size     int64             `json:"size" doc:"bytes, at most 768 MB; a job reads 512 MB of text after decompression, one of engine rows 768 MB" min:"1" example:"829066"`
	SHA256   string            `json:"sha256" doc:"SHA-256 of the file, 64 hex digits" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Train    *TrainingSettings `json:"train,omitempty" doc:"train with these settings as soon as the file is there; absent: only keep it"`
}

// Dataset is a data set and how far it has come.
type Dataset struct {
	ID        string          `json:"id" doc:"its id" example:"ds_0abc23def456ghi78jkl90mnop"`
	Model     string          `json:"model" doc:"the model it is for" example:"intents"`
	Filename  string          `json:"filename" doc:"as announced" example:"train.csv"`
	Status    string          `json:"status" doc:"awaiting_upload; ready: the file is there; checked: a job read it; failed: a job could not use it" enum:"awaiting_upload,ready,checked,failed"`
	Size      int64           `json:"size" doc:"bytes" example:"829066"`
	SHA256    string          `json:"sha256,omitempty" doc:"64 hex digits; absent for files put into the inbox" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Train     json.RawMessage `json:"train,omitempty" doc:"settings it is trained with on arrival"`
	Job       string          `json:"job,omitempty" doc:"newest training job on it" example:"tj_0abc23def456ghi78jkl90mnop"`
	Upload    *Upload         `json:"upload,omitempty" doc:"where to send the file; only in the answer to POST"`
	CreatedAt time.Time       `json:"created_at" doc:"when it was announced"`
	UpdatedAt time.Time       `json:"updated_at" doc:"when it last changed"`
}

// Upload is the request that sends the file.
type Upload struct {
	Method    string            `json:"method" doc:"the HTTP method" enum:"PUT"`
	URL       string            `json:"url" doc:"where to; whoever has it may upload this one file" example:"https://uploads.example/datasets/local/ds_0abc"`
	Headers   map[string]string `json:"headers" doc:"send them exactly so"`
	ExpiresAt time.Time         `json:"expires_at" doc:"until when the URL works"`
}

// Issues are the findings of the newest job on a data set.
type Issues struct {
	Items         []Issue         `json:"items" doc:"the findings of this page, in the order of the file, never null"`
	NextPageToken string          `json:"next_page_token,omitempty" doc:"page_token of the next page; absent on the last"`
	Counts        map[string]int  `json:"counts" doc:"how many of each code, also of those not listed"`
	Source        json.RawMessage `json:"source,omitempty" doc:"how the file was understood: format, encoding, delimiter, columns"`
	Records       int64           `json:"records" doc:"logical records read" example:"10003"`
	Kept          int64           `json:"kept" doc:"records that could be used" example:"10001"`
}

// Issue is one finding.
type Issue struct {
	Code     string `json:"code" doc:"what is wrong, stable" example:"label_empty"`
	Severity string `json:"severity" doc:"error: the row was dropped" enum:"error,warning,info"`
	Line     int64  `json:"line,omitempty" doc:"physical line, from 1" example:"17"`
	Record   int64  `json:"record,omitempty" doc:"logical record, from 1" example:"16"`
	Column   string `json:"column,omitempty" doc:"name of the column" example:"label"`
	Excerpt  string `json:"excerpt,omitempty" doc:"the beginning of the text in question" example:"where is my"`
	Message  string `json:"message" doc:"what is wrong, for a person" example:"the label is empty"`
	Fix      string `json:"fix,omitempty" doc:"how to put it right" example:"give the row a label or remove it"`
}

// TrainingSettings say how to train. Everything is optional; {} is auto. Where
// 0 is no value a field is a pointer, so that a 0 that was sent is refused.
type TrainingSettings struct {
	Task      string         `json:"task,omitempty" doc:"text-classification, table-classification, table-regression or image-classification; by default found out from the file" example:"text-classification"`
	Algorithm string         `json:"algorithm,omitempty" doc:"auto, linear-svm, logistic-regression, for a number ridge-regression, for texts rnn, for images cnn" example:"auto"`
	Params    *Params        `json:"params,omitempty" doc:"what to fix; the rest is searched"`
	Search    *Search        `json:"search,omitempty" doc:"how candidates are compared"`
	Metric    string         `json:"metric,omitempty" doc:"what the search looks for: accuracy, macro_f1 or, for a number, rmse; by default as the task and the balance of the classes ask for" example:"macro_f1"`
	Columns   *Columns       `json:"columns,omitempty" doc:"columns of the data; by default they are found out"`
	Split     *Split         `json:"split,omitempty" doc:"which rows are held out"`
	Gate      *GateCondition `json:"gate,omitempty" doc:"when the version may be promoted"`
	PromoteTo string         `json:"promote_to,omitempty" doc:"alias to point at the version; none promotes nothing; default champion" example:"champion"`
	Seed      uint64         `json:"seed,omitempty" doc:"of everything random" example:"7"`

	Engine          string `json:"engine,omitempty" doc:"how a fit that is too much for one function is done: auto, by its work; one, one function after the other; classes, several functions side by side, none of which changes the model; rows, several functions each with some of the rows, of texts by linear-svm alone, to within a thousandth of the same objective, which auto takes when no function could hold the matrix of all" example:"auto"`
	IncludeFeedback bool   `json:"include_feedback,omitempty" doc:"train also on what feedback sent along and judged, up to 10,000 texts that the file does not hold; of models of texts. The dataset_sha256 of the version covers them"`
	ReportExcerpts  bool   `json:"report_excerpts,omitempty" doc:"let the version's report show the beginnings of the rows it was most wrong about; by default they are told by their line alone"`
}

// Params narrow the candidates of the search.
type Params struct {
	C             []float64 `json:"c,omitempty" doc:"strengths of the fit, each above 0 and at most 1e6; of ridge-regression 1/alpha" example:"1"`
	Learner       string    `json:"learner,omitempty" doc:"svm, logistic or ridge; by default that of the algorithm" example:"svm"`
	Loss          string    `json:"loss,omitempty" doc:"of svm: squared_hinge or hinge" example:"squared_hinge"`
	ClassWeight   string    `json:"class_weight,omitempty" doc:"none, or sqrt: rare classes count more, by the square root" example:"none"`
	MinDocs       *int      `json:"min_docs,omitempty" doc:"rows a term must be in to become a feature, 1 to 1000" min:"1" max:"1000" example:"2"`
	Features      []string  `json:"features,omitempty" doc:"of texts word or union; of tables plain, curved or binned; of images plain, shifted or mirrored" example:"word"`
	HashBits      int       `json:"hash_bits,omitempty" doc:"of texts: hash terms to 2^n buckets and keep none in the model, n from 10 to 22; 0 keeps the terms" example:"18"`
	MultiClass    string    `json:"multi_class,omitempty" doc:"of logistic-regression: one_vs_rest, or multinomial, which trains all classes together by the softmax" example:"multinomial"`
	Solver        string    `json:"solver,omitempty" doc:"of linear models: dual, the exact one; sgd, which learns from few rows at a time and needs no matrix of all; auto, the default, is dual unless the matrix would not fit in memory, which a job event then tells" example:"auto"`
	Method        string    `json:"method,omitempty" doc:"of solver sgd: sgd or adam" example:"sgd"`
	Batch         *int      `json:"batch,omitempty" doc:"of solver sgd: rows a step, 1 to 4096; default 1" min:"1" max:"4096" example:"16"`
	Epochs        *int      `json:"epochs,omitempty" doc:"of cnn and rnn: passes over the rows, 1 to 200; by default the search tries several; of solver sgd: at most so many, default 20" min:"1" max:"200" example:"10"`
	LearningRate  *float64  `json:"learning_rate,omitempty" doc:"of cnn and rnn: of Adam, above 0 and at most 1; default 0.001, of rnn 0.002" max:"1" example:"0.001"`
	Dropout       *float64  `json:"dropout,omitempty" doc:"of cnn and rnn: 0 to 0.9; default 0, of rnn 0.3" example:"0.3"`
	Quantise      string    `json:"quantise,omitempty" doc:"of cnn and rnn: how weights are stored, none, float16 or int8; the report tells what that costs" example:"float16"`
	Cell          string    `json:"cell,omitempty" doc:"of rnn: gru or lstm" example:"gru"`
	Hidden        *int      `json:"hidden,omitempty" doc:"of rnn: units in each direction, 1 to 512; default 64" min:"1" max:"512" example:"64"`
	Embedding     *int      `json:"embedding,omitempty" doc:"of rnn: numbers that stand for a token, 1 to 512; default 64" min:"1" max:"512" example:"64"`
	Bidirectional *bool     `json:"bidirectional,omitempty" doc:"of rnn: read from both ends; default true" example:"true"`
}

// Search says how candidates are compared.
type Search struct {
	Strategy string  `json:"strategy,omitempty" doc:"grid: every candidate on every fold; halving: many on few rows, the best third on more" example:"grid"`
	Folds    *int    `json:"folds,omitempty" doc:"of the cross-validation, 2 to 20" min:"2" max:"20" example:"5"`
	Budget   float64 `json:"budget,omitempty" doc:"bound of the search in work units: non-zero features times classes, for each fold and each c, of networks multiplications times rows for each fold and epoch; default none, of networks 2e12. With a budget auto tries a network on texts too" example:"1e9"`
}

// Columns name the columns of the data.
type Columns struct {
	Text  []string `json:"text,omitempty" doc:"columns whose text is joined" example:"text"`
	Label string   `json:"label,omitempty" doc:"the column of the label, or of the number to predict" example:"label"`
}

// Split says which rows are held out.
type Split struct {
	Test   *float64 `json:"test,omitempty" doc:"share held out, 0.01 to 0.5" min:"0.01" max:"0.5" example:"0.1"`
	Seed   uint64   `json:"seed,omitempty" doc:"changes which rows" example:"7"`
	Refit  *bool    `json:"refit,omitempty" doc:"train the model that serves on all rows; default true" example:"true"`
	By     string   `json:"by,omitempty" doc:"time: hold out the newest rows; by default the file's own split or a hash of each row decides" example:"time"`
	Column string   `json:"column,omitempty" doc:"of a split by time: the column that says when a row came about; by default found out" example:"created_at"`
}

// GateCondition says when a version may be promoted.
type GateCondition struct {
	Min          map[string]float64 `json:"min,omitempty" doc:"least value of metrics that rise when better, such as macro_f1"`
	Max          map[string]float64 `json:"max,omitempty" doc:"greatest value of metrics that fall when better, such as rmse"`
	NotWorseThan string             `json:"not_worse_than,omitempty" doc:"alias whose version it is compared with" example:"champion"`
}

// NewJob asks for a training.
type NewJob struct {
	Model   string `json:"model" doc:"the model to train; registered if it is new" example:"intents"`
	Dataset string `json:"dataset" doc:"an uploaded data set" example:"ds_0abc23def456ghi78jkl90mnop"`
	TrainingSettings
}

// jobStatuses are the statuses of a Job.
var jobStatuses = []string{"queued", "running", "succeeded", "failed", "cancelled"}

// Job is one training of one model on one data set.
type Job struct {
	ID         string     `json:"id" doc:"its id" example:"tj_0abc23def456ghi78jkl90mnop"`
	Status     string     `json:"status" doc:"where it stands; the last three are final" enum:"queued,running,succeeded,failed,cancelled"`
	Progress   float64    `json:"progress" doc:"from 0 to 1" min:"0" max:"1" example:"0.4"`
	Phase      string     `json:"phase,omitempty" doc:"what it is at" example:"search"`
	Model      string     `json:"model" doc:"the model it trains; empty of an upload whose folder names none" example:"intents"`
	Dataset    string     `json:"dataset" doc:"the data set it reads; empty likewise" example:"ds_0abc23def456ghi78jkl90mnop"`
	Version    *int       `json:"version" doc:"the version it registered; null before" example:"7"`
	Parent     int        `json:"parent,omitempty" doc:"version whose settings were taken over" example:"6"`
	CreatedAt  time.Time  `json:"created_at" doc:"when it was asked for"`
	StartedAt  *time.Time `json:"started_at" doc:"when its work began; null before"`
	FinishedAt *time.Time `json:"finished_at" doc:"when it was over; null before"`
	CreatedBy  string     `json:"created_by" doc:"key that asked for it, or upload" example:"upload"`
	Error      *JobError  `json:"error" doc:"why it failed; null otherwise"`
	Result     *JobResult `json:"result" doc:"what it brought; null before it succeeded"`
}

// JobError says why a job failed.
type JobError struct {
	Code    string    `json:"code" doc:"input: the data or settings; onnx_invalid, onnx_operator_unsupported, onnx_too_large: the graph that was to be imported; transient, timeout, aborted: try again; internal: our mistake" example:"input"`
	Message string    `json:"message" doc:"why, for the person who can act on it" example:"every row has the same label"`
	Errors  []Finding `json:"errors,omitempty" doc:"the first findings; all are in the data set's issues"`
}

// JobResult is what a successful job brought.
type JobResult struct {
	Promotion string             `json:"promotion" doc:"what became of the version" enum:"promoted,held,none"`
	Reason    string             `json:"reason,omitempty" doc:"why it was held" example:"not_comparable"`
	Detail    string             `json:"detail,omitempty" doc:"the same for a person, with figures"`
	Metrics   map[string]float64 `json:"metrics,omitempty" doc:"headline figures on held-out rows"`
	Rows      JobRows            `json:"rows" doc:"what became of every record"`
}

// JobRows account for the records: read = trained + held_out + rejected.
type JobRows struct {
	Read     int64 `json:"read" doc:"records in the file" example:"10003"`
	Trained  int64 `json:"trained" doc:"used to fit" example:"9001"`
	HeldOut  int64 `json:"held_out" doc:"kept to measure" example:"1000"`
	Rejected int64 `json:"rejected" doc:"dropped, see the issues" example:"2"`
}

// Event is one step of a job's progress.
type Event struct {
	Seq      int64              `json:"seq" doc:"rises within a job" example:"1200345"`
	At       time.Time          `json:"at" doc:"when"`
	Phase    string             `json:"phase" doc:"prepare, search, finish or done" example:"search"`
	Message  string             `json:"message" doc:"what happened" example:"scored word, C = 1"`
	Progress float64            `json:"progress" doc:"from 0 to 1" min:"0" max:"1" example:"0.4"`
	Values   map[string]float64 `json:"values,omitempty" doc:"figures of this step"`
}
