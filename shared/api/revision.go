package api

import (
	"net/http"
	"strconv"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// etag sends the strong entity tag of a revision.
func (x *exchange) etag(rev int64) {
	x.w.Header()["Etag"] = []string{tagOf(rev)}
}

// tagOf is a revision as an entity tag.
func tagOf(rev int64) string { return `"` + strconv.FormatInt(rev, 10) + `"` }

// condition reads the revision the caller's change is conditioned on: If-Match
// with an entity tag, or with * for whatever is there; If-None-Match: * for
// what must not be there yet. Neither is fault.PreconditionRequired.
func (x *exchange) condition() (int64, error) {
	h := x.r.Header
	match, none := h.Get("If-Match"), h.Get("If-None-Match")
	switch {
	case match == "" && none == "":
		return 0, fault.New(fault.PreconditionRequired, "send If-Match with the ETag you read, or * to change whatever is there")
	case match != "" && none != "":
		return 0, fault.New(fault.Malformed, "send If-Match or If-None-Match, not both").WithReason("bad_condition")
	case none != "":
		if none != "*" {
			return 0, fault.New(fault.Malformed, "If-None-Match takes only * here").WithReason("bad_condition")
		}
		return 0, nil
	case match == "*":
		return registry.AnyRev, nil
	}
	rev, err := strconv.ParseInt(strings.Trim(match, `"`), 10, 64)
	if err != nil || rev < 1 || match != tagOf(rev) {
		// Not a tag we ever made, a weak one or a list: it cannot match.
		return 0, fault.New(fault.PreconditionFailed, "If-Match names no revision of this resource; read it again and send its ETag")
	}
	return rev, nil
}

// conditionIfAny is condition for changes that do not need one: without it
// whatever is there is changed.
func (x *exchange) conditionIfAny() (int64, error) {
	if h := x.r.Header; h.Get("If-Match") == "" && h.Get("If-None-Match") == "" {
		return registry.AnyRev, nil
	}
	return x.condition()
}

// unchanged answers 304 when the caller already holds this revision.
func (x *exchange) unchanged(rev int64) bool {
	if x.r.Header.Get("If-None-Match") != tagOf(rev) {
		return false
	}
	x.status = http.StatusNotModified
	x.w.WriteHeader(x.status)
	return true
}
