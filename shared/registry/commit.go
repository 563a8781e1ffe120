package registry

import (
	"context"
	"time"

	"godwit/shared/fault"
)

// Commit is one finished training, to become visible in one step.
type Commit struct {
	Token string  // unique to the job attempt, 1 to 64 of A-Z a-z 0-9 _ -: a repeat returns the version it made
	Draft Version // what is known of the version; Model must be set; Tenant, Number, CreatedAt are set by Commit

	// Promote names the alias to point at the new version; empty promotes nothing
	// and leaves Draft.Gate as it is.
	Promote AliasName
	// PromoteIf is asked with the alias as it is in the very state the commit
	// replaces (exists says whether there is one). On false the version is
	// registered with Gate.Promotion "held" and reason. nil promotes always.
	// It may run several times.
	PromoteIf func(current Alias, exists bool) (ok bool, reason string)
	// Judged, when not nil, is the version of the alias that the promotion was
	// decided against, 0 for none. Where the alias has moved meanwhile, nothing is
	// made: fault.PreconditionFailed with the reason "alias_moved".
	Judged *int
	By     string // who promotes: key id or job id

	// Also returns writes that belong to the commit, such as the job's record
	// under the revision its lease gave: they are made with the version or not
	// at all. It may run several times. nil adds none.
	Also func(v Version) []Write
}

// commitMarker says which version a Commit's token made.
type commitMarker struct {
	Version int `json:"version"`
}

// markerLife is how long a Commit may be repeated: as long as the name of a
// closed Step Functions execution stays taken.
const markerLife = 90 * 24 * time.Hour

// Commit makes a version visible: in one Write its record, the model's Latest,
// a marker for the token, the promotion with its history entry, and c.Also.
// Nothing is visible before and everything after, and a number is taken only
// by the write that uses it, so numbers are dense whatever fails.
//
// A Commit that lost the number, the model's revision or the alias to another
// one reads again and is made on top of it. One repeated with the token it won
// with, because its answer was lost or its worker restarted, finds the marker
// and returns the version made then. A condition of c.Also that does not hold
// is fault.PreconditionFailed with the reason "superseded_attempt": the work
// belongs to somebody else now. An absent or deleted model comes into being with
// its first version: before that nothing of a training is visible.
func (r *Registry) Commit(ctx context.Context, t Tenant, c Commit) (Version, error) {
	if len(c.Token) == 0 || len(c.Token) > 64 || !all(c.Token, isAliasByte) {
		return Version{}, fault.New(fault.Internal, "a commit needs a token of 1 to 64 letters and digits")
	}
	var out Version
	var last commitState
	tried := false
	err := again(ctx, "the model", func() error {
		s, err := r.commitState(ctx, t, c)
		if err != nil {
			return err
		}
		if s.made != 0 {
			out, err = r.Version(ctx, t, c.Draft.Model, s.made)
			return err
		}
		// The previous round failed although nothing it read has changed: what
		// did not hold is a condition of c.Also, and will not hold again.
		if tried && last.model.Rev == s.model.Rev && last.alias.Rev == s.alias.Rev {
			return fault.New(fault.PreconditionFailed, "another attempt has taken this work over").WithReason("superseded_attempt")
		}
		v, writes, err := r.commitWrites(t, c, s)
		if err != nil {
			return err
		}
		last, tried = s, true
		// A token of its own: two callers may hold the same Commit at once and
		// build different writes of it; the marker decides between them.
		err = r.lost(r.Store.Write(ctx, r.NewToken(), writes...), AnyRev, "")
		if err == nil {
			out = v
		}
		return err
	})
	return out, err
}

// commitState is what a commit builds on.
type commitState struct {
	model Model
	alias Alias // zero without Promote; Version 0 when absent or deleted
	made  int   // version this token made already, 0 for none
}

func (r *Registry) commitState(ctx context.Context, t Tenant, c Commit) (commitState, error) {
	name := c.Draft.Model
	marker := commitKey(t, name, c.Token)
	keys := []Key{modelKey(t, name), marker}
	if c.Promote != "" {
		keys = append(keys, aliasKey(t, name, c.Promote))
	}
	recs, err := r.Store.GetMany(ctx, keys)
	if err != nil {
		return commitState{}, err
	}
	var s commitState
	for _, rec := range recs {
		switch rec.Key {
		case keys[0]:
			s.model, err = decode[Model](rec)
			s.model.Rev = rec.Rev
		case marker:
			var m commitMarker
			m, err = decode[commitMarker](rec)
			s.made = m.Version
		default:
			s.alias, err = decode[Alias](rec)
			s.alias.Rev = rec.Rev
		}
		if err != nil {
			return commitState{}, err
		}
	}
	if s.model.Rev == 0 || !s.model.DeletedAt.IsZero() {
		s.model = r.begun(t, Model{Name: name}, s.model) // its first version brings it into being
	}
	return s, nil
}

// commitWrites builds the one write of a commit on the state s.
func (r *Registry) commitWrites(t Tenant, c Commit, s commitState) (Version, []Write, error) {
	now := r.now()
	v, m := c.Draft, s.model
	v.Tenant, v.Number, v.CreatedAt, v.Rev = t, m.Latest+1, now, 1
	m.Latest, m.Task, m.UpdatedAt = v.Number, v.Task, now

	promote := c.Promote != ""
	if promote {
		reason := ""
		if c.PromoteIf != nil {
			promote, reason = c.PromoteIf(s.alias, s.alias.Version != 0)
		}
		if promote && c.Judged != nil && *c.Judged != s.alias.Version {
			return Version{}, nil, fault.New(fault.PreconditionFailed, "%s@%s was moved meanwhile", m.Name, c.Promote).WithReason("alias_moved")
		}
		v.Gate.Promotion, v.Gate.Reason = "promoted", ""
		if !promote {
			v.Gate.Promotion, v.Gate.Reason = "held", reason
		}
	}
	version, err := put(versionKey(t, v.Model, v.Number), v, 0)
	if err != nil {
		return Version{}, nil, err
	}
	model, err := put(modelKey(t, m.Name), m, s.model.Rev)
	if err != nil {
		return Version{}, nil, err
	}
	marker, err := put(commitKey(t, v.Model, c.Token), commitMarker{v.Number}, 0)
	if err != nil {
		return Version{}, nil, err
	}
	marker.Record.ExpiresAt = now.Add(markerLife).Truncate(time.Second)
	writes := []Write{version, model, marker}
	if promote {
		change := AliasChange{Alias: c.Promote, To: v.Number, By: c.By}
		_, moved, err := r.moveAlias(t, v.Model, s.alias, change, v.Lineage.DataTime)
		if err != nil {
			return Version{}, nil, err
		}
		writes = append(writes, moved...)
	}
	if c.Also != nil {
		writes = append(writes, c.Also(v)...)
	}
	return v, writes, nil
}
