package access

import (
	"strconv"
	"strings"
)

// Budget is what a key may use in a calendar month (UTC). Zero fields are
// without a limit.
type Budget struct {
	Predictions int64 `json:"predictions,omitempty"` // requests answered
	Rows        int64 `json:"rows,omitempty"`        // inputs in them
}

// String returns the form the authorizer's context carries: "1000 50000", the
// predictions and the rows.
func (b Budget) String() string {
	return strconv.FormatInt(b.Predictions, 10) + " " + strconv.FormatInt(b.Rows, 10)
}

// spentOut is the budget of a context that cannot be read: as FromAuthorizer
// says, what is not understood gives less, never more.
var spentOut = Budget{Predictions: -1, Rows: -1}

// parseBudget reads what String wrote.
func parseBudget(s string) Budget {
	predictions, rows, _ := strings.Cut(s, " ")
	p, err := strconv.ParseInt(predictions, 10, 64)
	r, err2 := strconv.ParseInt(rows, 10, 64)
	if err != nil || err2 != nil {
		return spentOut
	}
	return Budget{Predictions: p, Rows: r}
}

// Exceeded reports whether so many predictions and rows leave nothing of the
// budget for one more request.
func (b Budget) Exceeded(predictions, rows int64) bool {
	return b.Predictions != 0 && predictions >= b.Predictions || b.Rows != 0 && rows >= b.Rows
}
