package api

import (
	"encoding/json"
	"time"
)

// NewFeedback says what was right about one answer of a prediction.
type NewFeedback struct {
	Prediction string          `json:"prediction" doc:"the id the prediction was answered with, within 90 days" example:"pr_AQRhY21lB2ludGVudHM"`
	Index      int             `json:"index,omitempty" doc:"which of its results, from 0; default 0" min:"0" example:"0"`
	Label      string          `json:"label,omitempty" doc:"the true label, at most 512 bytes; one the model does not have is kept and counted as new_label" example:"card_arrival"`
	Value      *float64        `json:"value,omitempty" doc:"the true number, of a regression" example:"260.5"`
	Comment    string          `json:"comment,omitempty" doc:"for whoever reviews it, at most 1,000 characters; kept for 400 days" example:"the customer called"`
	Input      json.RawMessage `json:"input,omitempty" doc:"what was asked, a text or an object of columns. Only what is sent here is kept, for 400 days: for the review queue and for training with include_feedback"`
}

// FeedbackAnswer says what each judgement came to.
type FeedbackAnswer struct {
	Items     []FeedbackItem `json:"items" doc:"one for each, in order"`
	Recorded  int            `json:"recorded" doc:"how many are the first of their answer" example:"1"`
	Corrected int            `json:"corrected" doc:"how many took the place of another"`
	Repeated  int            `json:"repeated" doc:"how many say what was said before, and are not counted again"`
}

// FeedbackItem says what one judgement came to.
type FeedbackItem struct {
	Prediction string   `json:"prediction" doc:"as sent" example:"pr_AQRhY21lB2ludGVudHM"`
	Index      int      `json:"index" doc:"as sent" example:"0"`
	Model      string   `json:"model" doc:"the model that answered" example:"intents"`
	Version    int      `json:"version" doc:"its version" example:"7"`
	Status     string   `json:"status" doc:"recorded: the first of its answer; corrected: takes the place of another; repeated: says what was said before" enum:"recorded,corrected,repeated"`
	Correct    *bool    `json:"correct,omitempty" doc:"the answer was right; absent for a regression" example:"true"`
	Deviation  *float64 `json:"deviation,omitempty" doc:"of a regression: the answer less the true number" example:"-1.5"`
	NewLabel   bool     `json:"new_label" doc:"the version does not have the true label"`
}

// Monitor says how a model's versions do at work.
type Monitor struct {
	Model    string           `json:"model" doc:"the model" example:"intents"`
	From     string           `json:"from" doc:"first day, UTC" example:"2026-03-01"`
	To       string           `json:"to" doc:"last day, UTC" example:"2026-03-31"`
	Versions []VersionMonitor `json:"versions" doc:"newest first; those with traffic or feedback in these days"`
}

// VersionMonitor says how one version does at work. Counts are approximate;
// those of feedback are exact, and belong to the day of the prediction.
type VersionMonitor struct {
	Version   int            `json:"version" doc:"the version" example:"7"`
	Aliases   []string       `json:"aliases" doc:"aliases that point at it" example:"champion"`
	Total     MonitorCounts  `json:"total" doc:"of all days"`
	Days      []MonitorDay   `json:"days" doc:"by day; a day without traffic and feedback is not there"`
	Accuracy  *LiveAccuracy  `json:"accuracy,omitempty" doc:"of the answers that got feedback: people judge what looks wrong more often, so this tends to be low; absent for a regression"`
	Error     *LiveError     `json:"error,omitempty" doc:"of a regression's answers that got feedback"`
	Drift     *MonitorDrift  `json:"drift,omitempty" doc:"whether it is asked about other things than at its evaluation; absent without traffic, without an evaluation and for a regression"`
	Mistakes  []Mistake      `json:"mistakes" doc:"what it was most often wrong about, at most 50"`
	NewLabels []NewLabelRows `json:"new_labels" doc:"true labels it does not have, the most frequent first, at most 50"`
}

// MonitorCounts are what a version answered, and what feedback said of it.
type MonitorCounts struct {
	Requests     int64    `json:"requests" doc:"answered" example:"1200"`
	Rows         int64    `json:"rows" doc:"inputs in them" example:"1450"`
	Errors       int64    `json:"errors" doc:"inputs that could not be scored" example:"3"`
	Abstained    int64    `json:"abstained" doc:"answers below the request's min_score" example:"40"`
	MeanScore    *float64 `json:"mean_score" doc:"of the answers; null without any" min:"0" max:"1" example:"0.87"`
	Scores       []int64  `json:"scores" doc:"answers by score: [0,0.1), [0.1,0.2) to [0.9,1]" example:"12"`
	ShadowRows   int64    `json:"shadow_rows" doc:"inputs it scored as a shadow"`
	ShadowAgreed int64    `json:"shadow_agreed" doc:"of these, with the label that was answered"`
	Feedback     int64    `json:"feedback" doc:"answers that were judged" example:"25"`
	Correct      int64    `json:"correct" doc:"of these, right; 0 for a regression" example:"22"`
	Corrected    int64    `json:"corrected" doc:"times a judgement took the place of another" example:"1"`
	NewLabel     int64    `json:"new_label" doc:"judged answers whose true label the version does not have"`
}

// MonitorDay are the counts of a day.
type MonitorDay struct {
	Day string `json:"day" doc:"the day, UTC" example:"2026-03-01"`
	MonitorCounts
	Accuracy *Figure `json:"accuracy,omitempty" doc:"of the day's judged answers, with its Wilson interval"`
}

// LiveAccuracy holds the accuracy at work against that at training.
type LiveAccuracy struct {
	Rows    int64   `json:"rows" doc:"answers that were judged" example:"25"`
	Live    Figure  `json:"live" doc:"share that was right, with its Wilson interval; 0 without feedback"`
	Test    *Figure `json:"test" doc:"on rows held out from training; null when none were"`
	PValue  float64 `json:"p_value" doc:"probability of so few right answers, were it as right as on held-out rows: Fisher's exact test, one-sided" min:"0" max:"1" example:"0.31"`
	Verdict string  `json:"verdict" doc:"worse: than at training, p_value is below 0.05; not_worse: as far as 30 rows or more can tell; unknown: too little feedback" enum:"worse,not_worse,unknown"`
}

// LiveError holds the error of a regression at work against that at training.
type LiveError struct {
	Rows    int64   `json:"rows" doc:"answers that were judged" example:"25"`
	MAE     float64 `json:"mae" doc:"mean absolute error" example:"1.8"`
	RMSE    Figure  `json:"rmse" doc:"root of the mean squared error, with its normal interval"`
	Test    *Figure `json:"test" doc:"the rmse on held-out rows; null when there were none"`
	Verdict string  `json:"verdict" doc:"worse: the live interval lies above that of the test; not_worse: they meet; unknown: fewer than 30 rows" enum:"worse,not_worse,unknown"`
}

// MonitorDrift compares traffic with the version's own evaluation.
type MonitorDrift struct {
	Labels *Shift `json:"labels,omitempty" doc:"answered labels"`
	Scores *Shift `json:"scores,omitempty" doc:"scores of the answers"`
}

// Shift is how far two distributions are apart.
type Shift struct {
	PSI    float64    `json:"psi" doc:"population stability index, sum of (live - expected) ln(live / expected)" min:"0" example:"0.07"`
	Chance float64    `json:"chance" doc:"what the index stays below in 95 % of samples of one distribution (Yurdakul and Naranjo 2020)" example:"0.02"`
	Band   string     `json:"band" doc:"stable: below 0.1; moderate: to 0.25; large: above (Siddiqi 2006); unclear: 0.1 or more, and no more than chance gives with so few rows" enum:"stable,moderate,large,unclear"`
	Rows   int64      `json:"rows" doc:"answers" example:"1447"`
	Bins   []ShiftBin `json:"bins" doc:"the two distributions"`
}

// ShiftBin is one bin of two distributions.
type ShiftBin struct {
	Bin      string  `json:"bin" doc:"a label, or the beginning of a tenth of the scores; a version of more than 64 labels has several in one, of which this is the first" example:"card_arrival"`
	Expected float64 `json:"expected" doc:"share of the held-out rows" min:"0" max:"1" example:"0.12"`
	Live     float64 `json:"live" doc:"share of the answers" min:"0" max:"1" example:"0.14"`
}

// Mistake counts one true label that was answered with another.
type Mistake struct {
	Label     string `json:"label" doc:"the true label" example:"card_arrival"`
	Predicted string `json:"predicted" doc:"the answer" example:"card_delivery_estimate"`
	Rows      int64  `json:"rows" doc:"judged answers" example:"4"`
}

// NewLabelRows counts a true label the version does not have.
type NewLabelRows struct {
	Label string `json:"label" doc:"the label" example:"apple_pay"`
	Rows  int64  `json:"rows" doc:"judged answers" example:"3"`
}

// reviewSources are the values of ReviewItem.Source.
var reviewSources = []string{"feedback", "label_error"}

// ReviewItem is an example a person should look at.
type ReviewItem struct {
	Source string `json:"source" doc:"feedback: an answer that was judged with its input or a comment; label_error: a row of the newest training data whose label models contradict" enum:"feedback,label_error"`

	Prediction  string          `json:"prediction,omitempty" doc:"of feedback: the prediction; judge it again to correct" example:"pr_AQRhY21lB2ludGVudHM"`
	Index       *int            `json:"index,omitempty" doc:"which of its results" example:"0"`
	Version     int             `json:"version,omitempty" doc:"the version that answered" example:"7"`
	PredictedAt *time.Time      `json:"predicted_at,omitempty" doc:"when it answered"`
	Predicted   string          `json:"predicted,omitempty" doc:"the answer" example:"card_delivery_estimate"`
	Score       *float64        `json:"score,omitempty" doc:"of the answer" min:"0" max:"1" example:"0.62"`
	Value       *float64        `json:"value,omitempty" doc:"the answer of a regression"`
	Label       string          `json:"label,omitempty" doc:"the true label, as judged" example:"card_arrival"`
	Actual      *float64        `json:"actual,omitempty" doc:"the true number, as judged"`
	Correct     *bool           `json:"correct,omitempty" doc:"the answer was right" example:"false"`
	NewLabel    bool            `json:"new_label,omitempty" doc:"the version does not have the true label"`
	Input       json.RawMessage `json:"input,omitempty" doc:"what was asked; absent when none was sent"`
	Comment     string          `json:"comment,omitempty" doc:"as sent"`
	JudgedAt    *time.Time      `json:"judged_at,omitempty" doc:"when it was judged"`
	JudgedBy    string          `json:"judged_by,omitempty" doc:"the key that judged" example:"key_bootstrap"`

	Dataset string `json:"dataset,omitempty" doc:"of a label error: the data set" example:"ds_0abc23def456ghi78jkl90mnop"`
	Line    int64  `json:"line,omitempty" doc:"physical line of its file, from 1" example:"17"`
	Record  int64  `json:"record,omitempty" doc:"logical record, from 1" example:"16"`
	Column  string `json:"column,omitempty" doc:"name of the column" example:"label"`
	Excerpt string `json:"excerpt,omitempty" doc:"the beginning of its text" example:"where is my"`
	Message string `json:"message,omitempty" doc:"the given and the likely label, for a person"`
	Fix     string `json:"fix,omitempty" doc:"what to do about it"`
}
