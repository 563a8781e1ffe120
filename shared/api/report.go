package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// Press prints the report on a version as a page of HTML. report.Press is one;
// only the function that serves reports carries it.
type Press interface {
	// Print returns the page in a language, one of ReportLanguages.
	Print(v registry.Version, r training.Report, language string) ([]byte, error)
	// Policy is the content security policy the page needs.
	Policy() string
}

// ReportLanguages are the languages reports can be read in, BCP 47 tags, the one
// to use when in doubt first.
var ReportLanguages = []string{"en", "zh"}

// reportOptions document what getReport reads.
func reportOptions() []Filter {
	return []Filter{{Name: "lang", Doc: "the language of the page; by default what Accept-Language asks for, else " + ReportLanguages[0], Enum: ReportLanguages}}
}

// asPage is the media type of the report as a page.
var asPage = []string{"text/html; charset=utf-8"}

// getReport answers with the report on a version as a page, rendered now from
// the figures that are kept, so that old versions get the looks of today; with
// these figures as getMetrics has them when JSON is what the caller prefers. A
// page that has not changed is 304.
func getReport(x *exchange) error {
	h := x.w.Header()
	h["Vary"] = []string{"Accept, Accept-Language"}
	if preferred(x.r.Header.Get("Accept"), "text/html", "application/json") == "application/json" {
		return getMetrics(x)
	}
	l, err := x.language()
	if err != nil {
		return err
	}
	v, err := x.named()
	if err != nil {
		return err
	}
	raw, err := x.report(v)
	if err != nil {
		return err
	}
	var found training.Report
	if raw != nil && json.Unmarshal(raw, &found) != nil {
		found = training.Report{} // of another build: its record still tells most
	}
	page, err := x.Press.Print(v, found, l)
	if err != nil {
		return err
	}
	if err := x.keepPage(v, page, l); err != nil {
		x.Log.WarnContext(x.r.Context(), "report not kept", "error", err)
	}
	return x.sendPage(page, l)
}

// keepPage files the page beside the figures it shows when it is first read, for
// those who look into the bucket. The figures are what counts: a page that
// cannot be kept is shown all the same.
func (x *exchange) keepPage(v registry.Version, page []byte, language string) error {
	key, ok := strings.CutSuffix(v.ReportKey, ".json")
	if !ok {
		return nil
	}
	key += "." + language + ".html"
	ctx := x.r.Context()
	if _, err := x.Models.Stat(ctx, key); !fault.Is(err, fault.NotFound) {
		return err
	}
	_, err := x.Models.Put(ctx, key, bytes.NewReader(page), int64(len(page)), blob.PutOptions{ContentType: asPage[0], IfAbsent: true})
	if fault.Is(err, fault.PreconditionFailed) {
		return nil // somebody read it at the same moment
	}
	return err
}

// sendPage sends a page that may be shown in a frame of this origin and nowhere
// else, and can do nothing there.
func (x *exchange) sendPage(page []byte, language string) error {
	h, sum := x.w.Header(), sha256.Sum256(page)
	tag := `"` + hex.EncodeToString(sum[:16]) + "-" + language + `"`
	h["Etag"] = []string{tag}
	h["Content-Language"] = []string{language}
	h["Content-Security-Policy"] = []string{x.Press.Policy() + "; frame-ancestors 'self'; sandbox"}
	h["Referrer-Policy"] = []string{"no-referrer"}
	if x.r.Header.Get("If-None-Match") == tag {
		return x.send(http.StatusNotModified, nil)
	}
	return x.sendAs(http.StatusOK, asPage, page)
}

// language is the one asked for: by the query, else by the browser.
func (x *exchange) language() (string, error) {
	switch asked := x.r.URL.Query().Get("lang"); {
	case slices.Contains(ReportLanguages, asked):
		return asked, nil
	case asked != "":
		return "", fault.New(fault.Invalid, "lang is one of %s", strings.Join(ReportLanguages, ", ")).WithReason("invalid_filter")
	}
	return preferred(x.r.Header.Get("Accept-Language"), ReportLanguages...), nil
}

// preferred returns which of the offers an Accept or Accept-Language header
// (RFC 9110, section 12.5) weighs most, the first of equals and of a header that
// names none of them. An offer is named by itself, by a wildcard and, a language,
// by any of its variants.
func preferred(header string, offers ...string) string {
	best, most := offers[0], 0.
	for _, offer := range offers {
		weight, exactness := 0., -1
		for part := range strings.SplitSeq(header, ",") {
			name, q := weighed(part)
			if n := names(name, offer); n > exactness {
				weight, exactness = q, n
			}
		}
		if weight > most {
			best, most = offer, weight
		}
	}
	return best
}

// weighed divides one element of such a header into what it names and its
// weight, 1 unless it says so and 0 when that is no number from 0 to 1.
func weighed(part string) (name string, q float64) {
	name, params, _ := strings.Cut(part, ";")
	q = 1
	for p := range strings.SplitSeq(params, ";") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil || !(n >= 0 && n <= 1) {
				n = 0
			}
			q = n
		}
	}
	return strings.ToLower(strings.TrimSpace(name)), q
}

// names reports how exactly a name of such a header names an offer: -1 not at
// all, 0 as anything, 1 as one of its kind, 2 by itself.
func names(name, offer string) int {
	kind, _, isMedia := strings.Cut(offer, "/")
	switch {
	case name == offer || !isMedia && strings.HasPrefix(name, offer+"-"):
		return 2
	case isMedia && name == kind+"/*":
		return 1
	case name == "*" || name == "*/*":
		return 0
	}
	return -1
}
