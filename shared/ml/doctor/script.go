package doctor

import (
	"cmp"
	"slices"
	"unicode"
)

// Script is a script and how much of the data is written in it.
type Script struct {
	Name  string  `json:"script"` // lower case, such as "latin", "han", "kana"; "other" for the rest
	Share float64 `json:"share"`  // of all letters
	Rows  int     `json:"rows"`   // rows with a letter of it
}

// Language is what the script of a row tells about its language: a BCP 47 tag
// where a script is written in one language above all ("zh", "ja", "ko", "th"),
// the script alone where it serves many ("und-Latn"), "und" for a script that is
// not told apart, and "zxx", no language, for a row without letters.
type Language struct {
	Tag   string  `json:"tag"`
	Rows  int     `json:"rows"`
	Share float64 `json:"share"` // of all rows
}

// scripts are those told apart, the commonest first, each with the tag of the
// language a row written mostly in it is taken for.
var scripts = []struct {
	name   string
	tag    string
	tables []*unicode.RangeTable
}{
	{"latin", "und-Latn", []*unicode.RangeTable{unicode.Latin}},
	{"han", "zh", []*unicode.RangeTable{unicode.Han}},
	{"kana", "ja", []*unicode.RangeTable{unicode.Hiragana, unicode.Katakana}},
	{"hangul", "ko", []*unicode.RangeTable{unicode.Hangul}},
	{"cyrillic", "und-Cyrl", []*unicode.RangeTable{unicode.Cyrillic}},
	{"arabic", "und-Arab", []*unicode.RangeTable{unicode.Arabic}},
	{"thai", "th", []*unicode.RangeTable{unicode.Thai}},
	{"devanagari", "und-Deva", []*unicode.RangeTable{unicode.Devanagari}},
	{"greek", "el", []*unicode.RangeTable{unicode.Greek}},
	{"hebrew", "und-Hebr", []*unicode.RangeTable{unicode.Hebrew}},
	{"bengali", "und-Beng", []*unicode.RangeTable{unicode.Bengali}},
	{"tamil", "ta", []*unicode.RangeTable{unicode.Tamil}},
	{"telugu", "te", []*unicode.RangeTable{unicode.Telugu}},
	{"georgian", "ka", []*unicode.RangeTable{unicode.Georgian}},
	{"armenian", "hy", []*unicode.RangeTable{unicode.Armenian}},
	{"ethiopic", "und-Ethi", []*unicode.RangeTable{unicode.Ethiopic}},
	{"khmer", "km", []*unicode.RangeTable{unicode.Khmer}},
	{"lao", "lo", []*unicode.RangeTable{unicode.Lao}},
	{"myanmar", "my", []*unicode.RangeTable{unicode.Myanmar}},
	{"other", "und", nil},
}

// The places of the scripts that rules speak of.
const (
	latin  = 0
	han    = 1
	kana   = 2
	hangul = 3
)

// scriptOf returns the place of a letter's script, -1 for what is no letter.
// The characters of most text are decided without a table.
func scriptOf(r rune) int {
	switch {
	case r < 0x80:
		if 'a' <= r|0x20 && r|0x20 <= 'z' {
			return latin
		}
		return -1
	case r >= 0x4e00 && r <= 0x9fff:
		return han
	case r >= 0xac00 && r <= 0xd7a3:
		return hangul
	case r == 0x30fc: // the long vowel mark of Kana is common to both of its tables
		return kana
	case !unicode.IsLetter(r):
		return -1
	}
	// What gets here looks through the tables, the commonest scripts first.
	for i, s := range scripts {
		if unicode.In(r, s.tables...) {
			return i
		}
	}
	return len(scripts) - 1
}

// census counts letters and rows by script and rows by language.
type census struct {
	letters, rows [32]int        // by place in scripts; an array, for one is filled for each row
	languages     map[string]int // by tag
}

// add counts a text.
func (c *census) add(text string) {
	var letters [len(c.letters)]int
	for _, r := range text {
		if s := scriptOf(r); s >= 0 {
			letters[s]++
		}
	}
	for s, n := range letters {
		if n > 0 {
			c.letters[s] += n
			c.rows[s]++
		}
	}
	c.languages[languageOf(letters[:len(scripts)])]++
}

// languageOf returns the tag of a row by its letters. Japanese is written with
// more Han than Kana at times, and Chinese without any: a tenth decides.
func languageOf(letters []int) string {
	most := 0
	for s, n := range letters {
		if n > letters[most] {
			most = s
		}
	}
	switch {
	case letters[most] == 0:
		return "zxx"
	case most == han && 10*letters[kana] >= letters[han]:
		most = kana
	}
	return scripts[most].tag
}

// scripts returns the scripts that occur, by share.
func (c *census) scripts() []Script {
	total := 0
	for _, n := range c.letters {
		total += n
	}
	out := []Script{}
	for s := range scripts {
		if n := c.letters[s]; n > 0 {
			out = append(out, Script{scripts[s].name, float64(n) / float64(total), c.rows[s]})
		}
	}
	slices.SortStableFunc(out, func(a, b Script) int { return cmp.Compare(b.Share, a.Share) })
	return out
}

// tags returns the languages that occur, by rows.
func (c *census) tags(rows int) []Language {
	out := []Language{}
	for tag, n := range c.languages {
		out = append(out, Language{tag, n, float64(n) / float64(rows)})
	}
	slices.SortFunc(out, func(a, b Language) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Tag, b.Tag))
	})
	return out
}
