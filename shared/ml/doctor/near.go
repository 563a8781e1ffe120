package doctor

import (
	"fmt"
	"hash/fnv"
	"unicode"
	"unicode/utf8"

	"godwit/shared/ml/dataset"
)

// NearLeaks returns an issue, with the code dataset.SplitLeak, for each row of
// test whose text is that of a row of train but for case, digits, punctuation
// and spaces: such a row tests memory as an exact copy does, and no split by
// content keeps the two together. Exact copies and texts without a letter are
// left out, being reported elsewhere or meaningless. train and test are places
// in rows; column names the text column. The issues come in the order of test.
func NearLeaks(rows []dataset.Row, train, test []int32, column string) []dataset.Issue {
	// By hash: a collision in 64 bits is one note too many, no more.
	first := make(map[uint64]int32, len(train))
	for _, i := range train {
		if key, ok := looseKey(rows[i].Text); ok {
			if _, known := first[key]; !known {
				first[key] = i
			}
		}
	}
	var issues []dataset.Issue
	for _, i := range test {
		row := &rows[i]
		key, ok := looseKey(row.Text)
		at, known := first[key]
		if !ok || !known || contentKey(row) == contentKey(&rows[at]) {
			continue
		}
		issues = append(issues, dataset.Issue{
			Code: dataset.SplitLeak, Severity: dataset.Info, Line: row.Line, Record: row.Record, Column: column, Excerpt: Excerpt(row.Text),
			Message: fmt.Sprintf("this test row differs only in digits and punctuation from line %d, which is learned from", rows[at].Line),
			Fix:     "give both rows one value in a column named group, or remove one: the test result flatters the model",
		})
	}
	return issues
}

// looseKey hashes the letters of a text in lower case, each run of digits as
// one; ok is false when there are none. Marks count, for they make other letters
// of the ones they stand on.
func looseKey(text string) (key uint64, ok bool) {
	h := fnv.New64a()
	var buf [utf8.UTFMax]byte
	digits := false
	for _, r := range text {
		if unicode.IsNumber(r) {
			if !digits {
				h.Write([]byte{'#'})
			}
			digits = true
			continue
		}
		digits = false
		if unicode.IsLetter(r) || unicode.IsMark(r) {
			ok = true
			// A hash never fails to write.
			h.Write(buf[:utf8.EncodeRune(buf[:], unicode.ToLower(r))])
		}
	}
	return h.Sum64(), ok
}
