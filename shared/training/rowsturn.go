package training

import (
	"context"
	"fmt"
	"math"
	"slices"

	"godwit/shared/blob"
	"godwit/shared/fault"
)

// Turn is where a job of engine rows stands: what its states hand on.
type Turn struct {
	Items   string `json:"items"`   // the key of the list of shards
	Results string `json:"results"` // the folder for what becomes of each
	Phase   string `json:"phase"`   // search, evaluation or served
	Floor   int    `json:"floor"`   // of document frequency, above the candidate's, 0 for none
	Round   int    `json:"round"`   // of the phase, reduced so far
	Turns   int    `json:"turns"`   // rounds of all phases so far
	Next    string `json:"next"`    // the state to go to: Census, Encode, Rounds, Judge or Finish
}

// The states that Turn.Next names.
const (
	toCensus = "Census"
	toEncode = "Encode"
	toRounds = "Rounds"
	toJudge  = "Judge"
	toFinish = "Finish"
)

const (
	// roundMost is how many rounds one cost has. Texts need 20 to 40.
	roundMost = 300
	// turnMost is how many rounds a job has. Each takes fewer than 15 events of the
	// execution's history, which may have 25,000.
	turnMost = 1500
	// closedGap is the gap to which engine rows trains: cocoa's own.
	closedGap = 1e-3
)

// phase is one going through of the states.
type phase struct {
	name string
	last role     // rows of this role and those before it are learnt from
	fit  *fitting // what comes of it; nil: the scores of the search
}

var phases = []phase{
	{name: "search", last: learnRow},
	{name: evaluationFit.name, last: heldRow, fit: &evaluationFit},
	{name: servedFit.name, last: testRow, fit: &servedFit},
}

// learns reports whether rows of a role are learnt from.
func (f phase) learns(r role) bool { return r <= f.last }

// phaseOf finds the phase of a turn.
func phaseOf(t Turn) (phase, error) {
	at := slices.IndexFunc(phases, func(f phase) bool { return f.name == t.Phase })
	if at < 0 {
		return phase{}, fault.New(fault.Invalid, "no phase %q", t.Phase)
	}
	return phases[at], nil
}

// beginTurn is the turn with which a job of engine rows begins.
func beginTurn(job Job) Turn {
	return Turn{Items: itemsKey(job), Results: workKey(job, fmt.Sprintf("rows/%d/map", job.Attempt)), Phase: phases[0].name, Next: toCensus}
}

// on makes a turn what a step answers.
func (t Turn) on(job Job) Next {
	return Next{Tenant: job.Tenant, Job: job.ID, Attempt: job.Attempt, Rows: true, Turn: t}
}

// itemsKey names the list of shards.
func itemsKey(job Job) string { return workKey(job, fmt.Sprintf("rows/%d/items.json", job.Attempt)) }

// rowsKey names a file of a shard that all phases share.
func rowsKey(job Job, what string, shard int) string {
	return workKey(job, fmt.Sprintf("rows/%d/%s/%05d.safetensors", job.Attempt, what, shard))
}

// censusKey names the counts of a shard's terms in a phase.
func censusKey(job Job, t Turn, shard int) string { return rowsKey(job, "census-"+t.Phase, shard) }

// mergedKey names the counts of all shards in a phase.
func mergedKey(job Job, t Turn) string { return rowsKey(job, "merged-"+t.Phase, whole) }

// at is the turn at a round of its phase.
func (t Turn) at(round int) Turn {
	t.Round = round
	return t
}

// folder is where a phase keeps its files. One that is begun again with a higher
// floor has a folder of its own.
func (t Turn) folder(job Job) string {
	return fmt.Sprintf("rows/%d/%s-%d", job.Attempt, t.Phase, t.Floor)
}

// key names a file of a shard in a phase.
func (t Turn) key(job Job, what string, shard int) string {
	return t.under(job, what) + fmt.Sprintf("%05d.safetensors", shard)
}

// under begins the keys of all shards' files of a kind.
func (t Turn) under(job Job, what string) string {
	return workKey(job, t.folder(job)+"/"+what+"/")
}

// rounded is what, as it is at the turn's round.
func (t Turn) rounded(what string) string { return fmt.Sprintf("%s/%05d", what, t.Round) }

// trailKey names the trail of a phase up to the turn's round.
func (t Turn) trailKey(job Job) string {
	return workKey(job, t.folder(job)+"/"+t.rounded("trail")+".json")
}

// whole is the shard number of files that are of all shards.
const whole = 0

// progress returns how far the job is at a round of one of so many costs. How
// many rounds there will be nobody knows; the share rises with each.
func (t Turn) progress(f phase, cost, costs, rounds int) float64 {
	share := (float64(cost) + float64(rounds)/float64(rounds+10)) / float64(max(costs, 1))
	if f.fit == nil {
		return searchFrom(0) + (searchFrom(1)-searchFrom(0))*min(share, 1)
	}
	return f.fit.progress(t.Floor, min(share, 1))
}

// RowsCost is how the training of engine rows at one cost went.
type RowsCost struct {
	Phase  string  `json:"phase"` // search, evaluation or served
	C      float64 `json:"c"`
	Rounds int     `json:"rounds"`
	Gap    float64 `json:"gap"`    // how far above the least the objective may be, as a share of it
	Primal float64 `json:"primal"` // the objective, summed over the classes
	// Bytes were read and written for the rounds: matrices, weights, their changes
	// and the dual variables.
	Bytes int64 `json:"bytes"`
}

// trail is how a phase went up to a round.
type trail struct {
	Columns int        `json:"columns"` // features
	Common  int        `json:"common"`  // of these in more than one shard
	Matrix  int64      `json:"matrix"`  // bytes of all shards' matrices
	Costs   []RowsCost `json:"costs"`   // the last one under way
}

// before is how many rounds the costs before the last one took.
func (t *trail) before() int {
	n := 0
	for _, c := range t.Costs[:len(t.Costs)-1] {
		n += c.Rounds
	}
	return n
}

// limit is after how many rounds in all of its phase a cost stops that began after
// so many.
func (t Turn) limit(begun int) int {
	left := max(turnMost-t.Turns, 1)
	return min(begun+roundMost, t.Round+left)
}

// bytesUnder adds up the sizes of the files in a folder.
func (s *Steps) bytesUnder(ctx context.Context, folder string) (sum int64, err error) {
	for more, after := true, ""; more; {
		var found []blob.Info
		if found, more, err = s.Models.List(ctx, folder, after, 1000); err != nil {
			return 0, err
		}
		for _, f := range found {
			sum, after = sum+f.Size, f.Key
		}
	}
	return sum, nil
}

// finite is v, or 0 for what JSON has no word for.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}
