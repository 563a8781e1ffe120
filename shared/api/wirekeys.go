package api

import "time"

// NewKey asks for an API key.
type NewKey struct {
	Name      string     `json:"name" doc:"for people: who or what uses it; 1 to 100 characters" example:"checkout service"`
	Scopes    []string   `json:"scopes" doc:"what it may do: predict, feedback, train or admin, with :model to limit it to one; 1 to 50" example:"predict:intents"`
	ExpiresAt string     `json:"expires_at,omitempty" doc:"RFC 3339 time from which it is refused; absent: never" example:"2031-01-01T00:00:00Z"`
	Budget    *KeyBudget `json:"budget,omitempty" doc:"what it may use in a calendar month (UTC); absent: no limit"`
}

// KeyBudget is what a key may use in a calendar month (UTC). It is held
// approximately: functions count in memory and write every ten seconds, so that
// some requests more may be answered.
type KeyBudget struct {
	Predictions int64 `json:"predictions,omitempty" doc:"requests answered; absent: no limit" min:"1" example:"100000"`
	Rows        int64 `json:"rows,omitempty" doc:"inputs in them; absent: no limit" min:"1" example:"1000000"`
}

// Key is an API key without its text.
type Key struct {
	ID        string     `json:"id" doc:"names it; not secret" example:"key_0195a1b2c3d0123456789abcde"`
	Name      string     `json:"name" doc:"for people" example:"checkout service"`
	Scopes    []string   `json:"scopes" doc:"what it may do: action, or action:model" example:"predict:intents"`
	Budget    *KeyBudget `json:"budget,omitempty" doc:"what it may use in a calendar month; absent: no limit"`
	Status    string     `json:"status" doc:"whether it is accepted; a change is seen within 60 seconds" enum:"active,expired,revoked"`
	CreatedAt time.Time  `json:"created_at" doc:"when it was made"`
	CreatedBy string     `json:"created_by" doc:"key that made it" example:"key_bootstrap"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"from when it is refused; absent: never"`
	RevokedAt *time.Time `json:"revoked_at,omitempty" doc:"when it was revoked"`
	RevokedBy string     `json:"revoked_by,omitempty" doc:"key that revoked it" example:"key_bootstrap"`
	Secret    string     `json:"secret,omitempty" doc:"the key itself, to be sent as Bearer; only in the first answer to POST: it is not kept, and a repetition under the same Idempotency-Key does not have it" example:"gw_abcdefghijklmnopqrstuvwxyz234567abcdefgh"`
}

// UsageDay is what one key used on one day, approximately: what functions
// counted in their last seconds may not be in it.
type UsageDay struct {
	Day             string `json:"day" doc:"of UTC" example:"2026-03-01"`
	KeyID           string `json:"key_id" doc:"the key; upload for training that an upload to the inbox started" example:"key_bootstrap"`
	Predictions     int64  `json:"predictions" doc:"requests answered" example:"120"`
	Rows            int64  `json:"rows" doc:"inputs in them" example:"960"`
	TrainingSeconds int64  `json:"training_seconds" doc:"from the start to the end of jobs that succeeded" example:"42"`
}

// Used is what a key used this month, approximately.
type Used struct {
	Predictions     int64 `json:"predictions" doc:"requests answered" example:"120"`
	Rows            int64 `json:"rows" doc:"inputs in them" example:"960"`
	TrainingSeconds int64 `json:"training_seconds" doc:"from the start to the end of jobs that succeeded" example:"42"`
}
