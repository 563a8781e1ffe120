// Package report renders what training found out about a version as one HTML
// page for people who would rather look than read.
//
// Render takes a version's record and the figures training.Report keeps beside
// it and writes a page in one of the Languages. The page stands alone: its style
// is in it, its charts are SVG drawn by the room chart, and it names no address,
// no script and no font. Policy is the content security policy it lives under;
// a style sheet that is not this one does not apply to it.
//
// All texts of the data, labels above all, pass through chart.Plain: they are
// shown as text, on one line, with what would act instead of showing made
// visible. No raw row is in a report unless the training was asked for excerpts,
// and features that few rows have were withheld before this room sees them. The
// fixed words are in one table for each language.
//
// Rendering reads no clock and no store, and the same figures give the same
// bytes on every machine. It is done on request, so that an old report gets the
// looks of today.
package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"sync"

	"godwit/shared/ml/metric"
	"godwit/shared/registry"
	"godwit/shared/report/chart"
	"godwit/shared/training"
)

// Language is one a report can be read in, a BCP 47 tag.
type Language string

// The languages of reports.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Languages are all of them, the one to use when in doubt first.
var Languages = []Language{English, Chinese}

// Media is the media type of a page.
const Media = "text/html; charset=utf-8"

//go:embed style.css
var style string

//go:embed page.tmpl
var source string

// page is the template of a report, read when the first one is rendered: a program
// that answers for much else does not wait for it when it starts.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{"plain": chart.Plain}).Parse(source))
})

// StyleSource is the source expression that lets the page's style apply. A page
// that shows a report inside itself must allow it too: the inner page inherits
// the policy of the outer one.
func StyleSource() string {
	sum := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Policy is the content security policy of a page, as it stands in its meta
// element: nothing is loaded, run or sent, and only its own style applies.
func Policy() string {
	return "default-src 'none'; style-src " + StyleSource() + "; base-uri 'none'; form-action 'none'"
}

// Render returns the page about a version in a language; one that is not known
// is English. A version whose number is 0 is named by its job. Of a report
// without figures only the record is shown. The result is at most some 2 MB.
//
// The error says that this package is at fault, not its input.
func Render(v registry.Version, r training.Report, l Language) ([]byte, error) {
	w := &english
	if l == Chinese {
		w = &chinese
	}
	var b bytes.Buffer
	if err := page().Execute(&b, newView(v, r, w)); err != nil {
		return nil, fmt.Errorf("render report in %s: %w", w.Tag, err)
	}
	return b.Bytes(), nil
}

// Press prints reports for a door that must not link this package: html/template
// keeps the linker from dropping any method of a type that becomes an interface,
// so a program that renders is much larger.
type Press struct{}

// Print is Render.
func (Press) Print(v registry.Version, r training.Report, language string) ([]byte, error) {
	return Render(v, r, Language(language))
}

// Policy is the package's.
func (Press) Policy() string { return Policy() }

// view is what the template shows: words, texts and charts, all worked out.
type view struct {
	*words
	Style  template.CSS
	Policy string
	V      registry.Version
	R      training.Report

	Heading  string // the version, or its job
	Judge    string // what the search looked for
	Lead     string
	Verdict  string
	Facts    []fact
	Measures []measure
	Versus   string
	Figures  figures
	Pairs    []pair
	Wrong    []mistakes
	Sets     *grid
	Classes  classTables
	Drives   drives
	Search   searchTable
	Courses  coursesTable
	Divided  dividedTable
	Data     []fact
	Issues   []fact
	Origin   []fact
	Again    string
	Inbox    bool
}

// fact is a name and what it is.
type fact struct {
	Name, Value string
	Code        bool // set in a fixed width
}

// grid is a small table of figures.
type grid struct {
	Title, Note string
	Head        []string
	Rows        [][]string
}

func newView(v registry.Version, r training.Report, w *words) view {
	if r.Test != nil && r.Test.Report == nil && r.Test.Numbers == nil {
		r.Test = nil // no figures of either kind
	}
	out := view{words: w, Style: template.CSS(style), Policy: Policy(), V: v, R: r}
	out.Heading = fmt.Sprintf(w.Version, v.Number)
	if v.Number == 0 {
		out.Heading = fmt.Sprintf(w.Draft, v.Lineage.Job)
	}
	out.Judge = out.metric()
	out.about()
	out.quality()
	if t := r.Test; t != nil {
		if t.Report != nil && usable(t.Report) {
			out.confusion(t.Report)
			out.Classes = w.classTables(t.Report.Classes)
			out.Figures.add("weakest", w.weakest(t.Report.Classes))
		}
		out.mistakes(t.Mistakes)
		out.sure(t)
		out.numbers(t)
	}
	out.drives(r.TopFeatures)
	out.search()
	out.courses()
	out.divided()
	out.data()
	out.origin()
	return out
}

// usable reports whether a confusion matrix is as large as its classes say: what
// is stored may be damaged.
func usable(r *metric.Report) bool {
	for _, row := range r.Confusion {
		if len(row) != len(r.Classes) {
			return false
		}
	}
	return len(r.Confusion) == len(r.Classes) && len(r.Classes) > 0
}

// figures are the charts of a page by name. The template shows those that are
// there.
type figures map[string][]*chart.Figure

// add puts a chart into the page; nil is none.
func (f *figures) add(name string, c *chart.Figure) {
	if c == nil {
		return
	}
	if *f == nil {
		*f = figures{}
	}
	(*f)[name] = append((*f)[name], c)
}
