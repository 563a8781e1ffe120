package api

import (
	"net/http"
	"net/url"
	"strconv"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// pagePurpose keys the signer of page tokens.
const pagePurpose = "page"

// The sizes of a page.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// Page is one page of a list.
type Page[T any] struct {
	Items         []T    `json:"items" doc:"the items of this page, never null"`
	NextPageToken string `json:"next_page_token,omitempty" doc:"page_token of the next page; absent on the last" example:"aW50ZW50czf0Yx1s"`
}

// page reads limit and page_token. The token is valid only for this tenant,
// route, resource and filter; anything else is fault.Malformed.
func (x *exchange) page() (registry.PageRequest, error) {
	p := registry.PageRequest{Limit: defaultLimit}
	q := x.r.URL.Query()
	if raw := q.Get("limit"); raw != "" {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 1 || n > maxLimit {
			return p, fault.New(fault.Invalid, "limit is a number from 1 to %d", maxLimit).WithReason("invalid_limit")
		}
		p.Limit = n
	}
	token := q.Get("page_token")
	if token == "" {
		return p, nil
	}
	signer, err := x.Secret.Signer(x.r.Context(), pagePurpose)
	if err != nil {
		return p, err
	}
	after, err := signer.Open(x.pageScope(q), token)
	if err != nil {
		return p, fault.New(fault.Malformed, "page_token is not one this list gave out").WithReason("bad_page_token")
	}
	p.After = string(after)
	return p, nil
}

// pageScope is what a page token is bound to. The path holds the resource's
// names; url.Values.Encode sorts the filter.
func (x *exchange) pageScope(q url.Values) string {
	filter := url.Values{}
	for name, values := range q {
		if name != "limit" && name != "page_token" {
			filter[name] = values
		}
	}
	return string(x.tenant()) + "\n" + x.route.Method + " " + x.r.URL.Path + "\n" + filter.Encode()
}

// list answers with a page of domain items, each turned into its wire type.
func list[D, W any](x *exchange, page registry.Page[D], wire func(D) W) error {
	out := Page[W]{Items: make([]W, 0, len(page.Items))}
	for _, item := range page.Items {
		out.Items = append(out.Items, wire(item))
	}
	if page.Next != "" {
		signer, err := x.Secret.Signer(x.r.Context(), pagePurpose)
		if err != nil {
			return err
		}
		out.NextPageToken = signer.Seal(x.pageScope(x.r.URL.Query()), []byte(page.Next))
	}
	return x.json(http.StatusOK, out)
}
