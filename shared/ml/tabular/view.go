package tabular

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/dataset/cell"
)

// view is what can be told of the training rows of a column before it is known
// what the column is.
type view struct {
	source  *dataset.Column
	rows    []int32
	missing int
	count   map[uint64]int32 // rows of each level, by the hash of its normal form

	// How many cells can be read as what; one cell may count for several.
	point, comma         int // numbers
	codes                int // with a leading zero
	monthFirst, dayFirst int // dates
	dotted               int // dates with points, which the day-first world writes
	words                words
}

// words describes the wording of a column.
type words struct {
	units  int // words, and half of the characters of scripts without spaces
	later  int // words that are not the first of their cell
	small  int // of these, those that begin with a small letter
	joined int // characters of scripts without spaces
}

// look reads a column once: what a column is needs all of its rows, and a first
// thousand, sorted by some value, could be alike.
func look(source *dataset.Column, rows []int32) *view {
	v := &view{source: source, rows: rows, count: map[uint64]int32{}}
	var form []byte
	for _, r := range rows {
		s := source.Cell(int(r))
		if cell.Missing(s) {
			v.missing++
			continue
		}
		form = dataset.AppendNormal(form[:0], s)
		v.count[hash(form)]++
		v.read(s)
	}
	return v
}

// read counts what a cell that says something can be.
func (v *view) read(s string) {
	point, comma := cell.Notations(s)
	v.point += ones(point)
	v.comma += ones(comma)
	v.codes += ones(cell.Code(s))
	// 20060102 is the only date that is a number too.
	if number := point || comma; !number || len(s) == len("20060102") {
		_, month := cell.Date(s, cell.MonthFirst)
		_, day := cell.Date(s, cell.DayFirst)
		v.monthFirst += ones(month)
		v.dayFirst += ones(day)
		v.dotted += ones(day && strings.Contains(s, "."))
		if !number {
			v.words.add(s)
		}
	}
}

// ones is b as a number to be added.
func ones(b bool) int {
	if b {
		return 1
	}
	return 0
}

// there returns the number of cells that say something.
func (v *view) there() int { return len(v.rows) - v.missing }

// most is the share of cells, in percent, that must be of a kind for the column
// to be: the others count as missing.
const most = 95

// numbers reports whether the column holds numbers that count something, and
// not codes with leading zeros, such as those of articles: one in a hundred is
// enough for those, since most codes of a column may begin with another digit.
func (v *view) numbers() bool {
	return 100*max(v.point, v.comma) >= most*v.there() && 100*v.codes < v.there()
}

// dates reports whether the column holds dates.
func (v *view) dates() bool { return 100*max(v.monthFirst, v.dayFirst) >= most*v.there() }

// prose reports whether the column holds sentences: six words on average, or
// three where most of them begin with a small letter, as names and addresses
// do not.
func (v *view) prose() bool {
	n, w := v.there(), v.words
	if w.units+w.joined/2 >= 6*n {
		return true
	}
	return w.units+w.joined/2 >= 3*n && 2*w.small > w.later
}

// firstUnspaced is where Thai begins, below every script that is written without
// spaces: most letters need not be looked up.
const firstUnspaced = 0x0e00

// add counts the words of a cell.
func (w *words) add(s string) {
	inWord, first := false, true
	for _, r := range s {
		switch {
		case r >= firstUnspaced && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			w.joined++ // counted by character: nothing says where a word ends
			inWord = false
		case unicode.IsLetter(r) || inWord && (unicode.IsMark(r) || r == '\'' || r == '’' || unicode.IsDigit(r)):
			if !inWord {
				w.units++
				if !first {
					w.later++
					w.small += ones(unicode.IsLower(r))
				}
				first = false
			}
			inWord = true
		default:
			inWord = false
		}
	}
}

// frequent returns the levels that have a feature of their own: those of
// MinLevel rows or more, the most frequent if there are too many.
func (v *view) frequent(o Options) []uint64 {
	kept := slices.DeleteFunc(slices.Collect(maps.Keys(v.count)), func(h uint64) bool { return int(v.count[h]) < o.MinLevel })
	// Ties by hash: any order will do that is the same for every run.
	slices.SortFunc(kept, func(a, b uint64) int {
		return cmp.Or(cmp.Compare(v.count[b], v.count[a]), cmp.Compare(a, b))
	})
	return kept[:min(len(kept), o.MaxLevels)]
}

// spell returns the levels as they are most often written, in the order of
// their normal forms: what people read is what people wrote, not its hash and not
// its folded form. A second pass, for the first did not know which are kept.
func (v *view) spell(levels []uint64) []string {
	spelt := make(map[uint64]map[string]int32, len(levels))
	for _, h := range levels {
		spelt[h] = map[string]int32{}
	}
	var form []byte
	for _, r := range v.rows {
		s := v.source.Cell(int(r))
		if cell.Missing(s) {
			continue
		}
		form = dataset.AppendNormal(form[:0], s)
		if spellings := spelt[hash(form)]; spellings != nil {
			spellings[cell.Trim(s)]++
		}
	}
	names := make([]string, len(levels))
	for i, h := range levels {
		best := int32(0)
		// The most frequent, the first bytewise among equals: no order of a map
		// reaches the result.
		for _, s := range slices.Sorted(maps.Keys(spelt[h])) {
			if n := spelt[h][s]; n > best {
				names[i], best = strings.Clone(strings.ToValidUTF8(s, string(utf8.RuneError))), n
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return bytes.Compare(dataset.AppendNormal(nil, a), dataset.AppendNormal(nil, b))
	})
	return names
}

// hash is FNV-1a of 64 bits: levels are told apart by it while they are
// counted, so that a column of a million texts does not keep a million strings.
func hash(p []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range p {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}
