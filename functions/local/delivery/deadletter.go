package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// DeadLetter is the content of one file in the dead-letter folder.
type DeadLetter struct {
	Event     json.RawMessage `json:"event"`      // as it was offered
	Rule      string          `json:"rule"`       // whose function did not take it
	Function  string          `json:"function"`   // by name
	Reason    string          `json:"reason"`     // of the last attempt
	Attempts  int             `json:"attempts"`   // all of them, in vain
	OfferedAt time.Time       `json:"offered_at"` // UTC, of the first offer
	DiedAt    time.Time       `json:"died_at"`    // UTC, after the last attempt
}

// writeDeadLetter stores p in folder as one file and returns its path. The
// name sorts by time and is the same however often p dies.
func writeDeadLetter(folder string, p parcel, now time.Time) (string, error) {
	data, err := json.MarshalIndent(DeadLetter{
		Event: p.Event, Rule: p.Rule, Function: p.Function, Reason: p.Reason,
		Attempts: p.attempts(), OfferedAt: p.OfferedAt, DiedAt: now,
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	// Event and rule, hashed: an event's id may hold what no file name can.
	sum := sha256.Sum256(p.key())
	name := fmt.Sprintf("%s-%s.json", p.OfferedAt.UTC().Format("20060102T150405Z"), hex.EncodeToString(sum[:8]))
	path := filepath.Join(folder, name)
	// Written aside and renamed, so that nobody reads half a letter.
	temporary := path + ".part"
	if err := os.WriteFile(temporary, append(data, '\n'), 0o600); err != nil {
		return "", err
	}
	return path, os.Rename(temporary, path)
}
