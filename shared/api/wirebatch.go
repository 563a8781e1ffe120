package api

import "time"

// NewBatchJob asks for a file of rows to be scored.
type NewBatchJob struct {
	Model      string             `json:"model" doc:"which version answers, resolved once: name, name@alias or name/versions/7" example:"intents@champion"`
	Input      BatchInput         `json:"input" doc:"the rows: CSV, TSV or JSON lines, gzipped or not; a column of texts or the model's columns, id or custom_id is kept"`
	Parameters *PredictParameters `json:"parameters,omitempty" doc:"how to answer"`
	Format     string             `json:"format,omitempty" doc:"of results and errors: jsonl or csv; default jsonl" enum:"jsonl,csv"`
}

// BatchInput names an object. Exactly one of its fields is given.
type BatchInput struct {
	Dataset string `json:"dataset,omitempty" doc:"an uploaded data set" example:"ds_0abc23def456ghi78jkl90mnop"`
	Key     string `json:"key,omitempty" doc:"an object of the uploads bucket under batch/ and the tenant's name" example:"batch/local/rows.csv"`
}

// BatchJob is one scoring of one file.
type BatchJob struct {
	ID         string            `json:"id" doc:"its id" example:"bj_0abc23def456ghi78jkl90mnop"`
	Status     string            `json:"status" doc:"where it stands; the last three are final" enum:"queued,running,succeeded,failed,cancelled"`
	Progress   float64           `json:"progress" doc:"from 0 to 1" min:"0" max:"1" example:"0.4"`
	Phase      string            `json:"phase,omitempty" doc:"what it is at: split, score, merge or done" example:"score"`
	Model      string            `json:"model" doc:"the model's name" example:"intents"`
	Version    int               `json:"version" doc:"the version that answers every row" example:"7"`
	Digest     string            `json:"digest" doc:"SHA-256 of its artifact" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Variant    string            `json:"variant" doc:"how the version was chosen: an alias, latest, or versions/7" example:"champion"`
	Input      BatchInput        `json:"input" doc:"the rows"`
	Parameters PredictParameters `json:"parameters" doc:"how it answers"`
	Format     string            `json:"format" doc:"of results and errors" enum:"jsonl,csv"`
	Counts     BatchCounts       `json:"counts" doc:"what became of the records; approximate while it runs"`
	Outputs    *BatchOutputs     `json:"outputs" doc:"the files, in the answer about one succeeded job; null before, in lists and 30 days after"`
	Summary    *BatchSummary     `json:"summary" doc:"what the answers were; null before it succeeded"`
	Error      *JobError         `json:"error" doc:"why it failed; null otherwise"`
	CreatedAt  time.Time         `json:"created_at" doc:"when it was asked for"`
	StartedAt  *time.Time        `json:"started_at" doc:"when its work began; null before"`
	FinishedAt *time.Time        `json:"finished_at" doc:"when it was over; null before"`
	CreatedBy  string            `json:"created_by" doc:"key that asked for it" example:"key_bootstrap"`
}

// BatchCounts account for the records: rows = ok + failed.
type BatchCounts struct {
	Rows   int64 `json:"rows" doc:"records in the file; 0 until they are counted" example:"10003"`
	OK     int64 `json:"ok" doc:"in the results" example:"10001"`
	Failed int64 `json:"failed" doc:"in the errors" example:"2"`
}

// BatchOutputs are the files of a succeeded job, in the order of the input.
type BatchOutputs struct {
	Results   []BatchFile `json:"results" doc:"an answer for each good row; none when there was no such row"`
	Errors    []BatchFile `json:"errors" doc:"the line, record, id, code and message of each bad one; none when there was none"`
	ExpiresAt time.Time   `json:"expires_at" doc:"until when the URLs work; ask again for fresh ones"`
}

// BatchFile is one file to download.
type BatchFile struct {
	Filename string `json:"filename" doc:"its name" example:"results.jsonl"`
	URL      string `json:"url" doc:"GET it without a key"`
	Size     int64  `json:"size" doc:"bytes" example:"829066"`
	Rows     int64  `json:"rows" doc:"in it, a header not counted" example:"10001"`
}

// BatchSummary says what the answers were.
type BatchSummary struct {
	Labels    []BatchLabel `json:"labels,omitempty" doc:"the most frequent labels, at most 200"`
	Others    int64        `json:"others,omitempty" doc:"rows of labels that are not listed" example:"0"`
	MeanScore *float64     `json:"mean_score,omitempty" doc:"of the best labels" min:"0" max:"1" example:"0.91"`
	Abstained int64        `json:"abstained" doc:"rows scored below min_score" example:"12"`
	Least     *float64     `json:"least,omitempty" doc:"of a regression, the lowest value" example:"12.5"`
	Greatest  *float64     `json:"greatest,omitempty" doc:"of a regression, the highest value" example:"480"`
	Seconds   float64      `json:"seconds" doc:"from the start to the end of the work" example:"41.2"`
}

// BatchLabel is how many rows were given a label.
type BatchLabel struct {
	Label string `json:"label" doc:"the label" example:"card_arrival"`
	Rows  int64  `json:"rows" doc:"rows that were given it" example:"310"`
}
