package doctor

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/text"
)

// Profile says what a data set is made of. It holds no text of a row: single
// words only, and those only from five distinct texts of a class on.
type Profile struct {
	Records     int64          `json:"records"`  // in the file
	Rejected    int64          `json:"rejected"` // records that gave no row
	Rows        int            `json:"rows"`
	SHA256      string         `json:"sha256"`
	Source      dataset.Source `json:"source"`      // how the file was read
	Classes     []Class        `json:"classes"`     // in the order of the set's labels
	Imbalance   float64        `json:"imbalance"`   // rows of the largest class over those of the smallest; 0 without classes
	CodePoints  Quantiles      `json:"code_points"` // lengths of the texts
	Bytes       Quantiles      `json:"bytes"`       // of the texts in UTF-8
	Scripts     []Script       `json:"scripts"`     // by share
	Languages   []Language     `json:"languages"`   // by rows
	Copies      Copies         `json:"copies"`
	Parts       Parts          `json:"parts"`
	Groups      int            `json:"groups"`       // distinct values of the group column
	TimeColumns []string       `json:"time_columns"` // columns whose name speaks of time: a split by time may be the honest one
}

// Class is one class of a Profile.
type Class struct {
	Label string  `json:"label"`
	Rows  int     `json:"rows"`
	Share float64 `json:"share"` // of all rows
	Words []Word  `json:"words"` // the most characteristic first; empty without a corpus
}

// Copies counts texts that are there more than once. Texts are equal when they
// differ in case, width and white space only, as in dataset.GroupKey; rows of a
// table when each of their cells is, as in dataset.TableSet.GroupKey.
type Copies struct {
	Distinct    int `json:"distinct"`    // different texts
	Rows        int `json:"rows"`        // rows beyond the first of each text
	Conflicting int `json:"conflicting"` // distinct texts with more than one label
}

// Parts counts the rows by the file's own split; all are Unmarked when it has
// none.
type Parts struct {
	Train      int `json:"train"`
	Validation int `json:"validation"`
	Test       int `json:"test"`
	Unmarked   int `json:"unmarked"`
}

// Quantiles describe the distribution of a length. Each but the mean is a value
// that occurs: the smallest that the given share of rows does not exceed.
type Quantiles struct {
	Min    int     `json:"min"`
	P5     int     `json:"p5"`
	P25    int     `json:"p25"`
	Median int     `json:"median"`
	P75    int     `json:"p75"`
	P95    int     `json:"p95"`
	P99    int     `json:"p99"`
	Max    int     `json:"max"`
	Mean   float64 `json:"mean"`
}

// quantilesOf sorts lengths and describes them; no lengths give zeros.
func quantilesOf(lengths []int) Quantiles {
	if len(lengths) == 0 {
		return Quantiles{}
	}
	slices.Sort(lengths)
	sum := 0
	for _, n := range lengths {
		sum += n
	}
	// Nearest rank, rounded up in integers: a length that occurs, on every machine.
	at := func(percent int) int { return lengths[max((percent*len(lengths)+99)/100, 1)-1] }
	return Quantiles{at(0), at(5), at(25), at(50), at(75), at(95), at(99), at(100), float64(sum) / float64(len(lengths))}
}

// Describe returns the profile of a data set. corpus holds the counts of the
// texts of set.Rows, in their order, for the recipe text.Word or one that covers
// it; nil leaves the words of the classes out. Nothing given is changed.
func Describe(set *dataset.Set, corpus *text.Corpus) Profile {
	return describe(set, corpus, func(row int) uint64 { return contentKey(&set.Rows[row]) })
}

// describe is Describe with the key that is equal for copies of a row.
func describe(set *dataset.Set, corpus *text.Corpus, content func(row int) uint64) Profile {
	p := Profile{
		Records: set.Records, Rejected: set.Rejected, Rows: len(set.Rows), SHA256: set.SHA256, Source: set.Source,
		Classes: make([]Class, len(set.Labels)), TimeColumns: timeColumns(set.Source),
	}
	for k, label := range set.Labels {
		p.Classes[k] = Class{Label: label, Rows: set.Counts[k], Share: float64(set.Counts[k]) / float64(max(len(set.Rows), 1)), Words: []Word{}}
	}
	if len(set.Counts) > 0 {
		p.Imbalance = float64(slices.Max(set.Counts)) / float64(max(slices.Min(set.Counts), 1))
	}
	points, bytes := make([]int, len(set.Rows)), make([]int, len(set.Rows)) // lengths of the texts
	written := census{languages: map[string]int{}}
	groups := map[string]bool{}
	for i := range set.Rows {
		row := &set.Rows[i]
		points[i], bytes[i] = utf8.RuneCountInString(row.Text), len(row.Text)
		written.add(row.Text)
		p.Parts.add(row.Split)
		if row.Group != "" {
			groups[row.Group] = true
		}
	}
	p.CodePoints, p.Bytes, p.Groups = quantilesOf(points), quantilesOf(bytes), len(groups)
	p.Scripts, p.Languages = written.scripts(), written.tags(len(set.Rows))
	// Words are counted over distinct texts, so copies come first.
	var firsts []int32
	p.Copies, firsts = copies(set.Rows, content)
	if corpus != nil {
		for k, words := range wordsOf(corpus, set, firsts) {
			p.Classes[k].Words = words
		}
	}
	return p
}

// add counts a row by its split, as dataset.SplitName writes it.
func (p *Parts) add(split string) {
	switch split {
	case "train":
		p.Train++
	case "validation":
		p.Validation++
	case "test":
		p.Test++
	default:
		p.Unmarked++
	}
}

// copies counts rows of equal content and returns the first of each.
func copies(rows []dataset.Row, content func(row int) uint64) (c Copies, firsts []int32) {
	// All labels of a text are compared with that of its first row: one that differs
	// makes the text conflicting, and once is enough.
	type seen struct {
		first    int
		conflict bool
	}
	byText := make(map[uint64]*seen, len(rows))
	for i := range rows {
		key := content(i)
		s := byText[key]
		switch {
		case s == nil:
			byText[key] = &seen{first: i}
			firsts = append(firsts, int32(i))
			continue
		case !s.conflict && rows[s.first].Label != rows[i].Label:
			s.conflict = true
			c.Conflicting++
		}
		c.Rows++
	}
	c.Distinct = len(firsts)
	return c, firsts
}

// contentKey is equal for rows of equal text, whatever their group.
func contentKey(r *dataset.Row) uint64 { return dataset.GroupKey(dataset.Row{Text: r.Text}) }

// timeWords are words in the name of a column that speak of time, in English and
// Chinese; a column they miss costs a hint, no more.
var timeWords = []string{
	"date", "time", "datetime", "timestamp", "created", "updated", "modified", "day", "week", "month", "year",
	"日期", "时间", "年份", "月份",
}

// timeColumns returns the columns named after a time, neither text nor label.
func timeColumns(s dataset.Source) []string {
	out := []string{}
	for _, column := range s.Columns {
		if column == s.LabelColumn || slices.Contains(s.TextColumns, column) {
			continue
		}
		if slices.ContainsFunc(nameWords(column), func(w string) bool { return slices.Contains(timeWords, w) }) {
			out = append(out, column)
		}
	}
	return out
}

// nameWords divides the name of a column: "created_at" and "createdAt" are both
// created and at. Whole words, for "sentiment" has "time" in it.
func nameWords(name string) []string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		if unicode.IsUpper(r) && lower {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		if !unicode.IsLetter(r) {
			r = ' '
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}
