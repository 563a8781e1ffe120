package api

import (
	"net/http"
	"net/url"
	"strconv"

	"godwit/shared/access"
	"godwit/shared/fault"
	"godwit/shared/registry"
)

// pagePurpose keys the cipher of page tokens: a cursor may name what the caller
// may not see.
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
	cipher, err := x.Secret.Cipher(x.r.Context(), pagePurpose)
	if err != nil {
		return p, err
	}
	after, err := cipher.Open(x.pageScope(q), token)
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
	var err error
	if out.NextPageToken, err = x.nextPage(page.Next); err != nil {
		return err
	}
	return x.json(http.StatusOK, out)
}

// nextPage returns the token of the page after a cursor, "" after the last.
func (x *exchange) nextPage(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	cipher, err := x.Secret.Cipher(x.r.Context(), pagePurpose)
	if err != nil {
		return "", err
	}
	return cipher.Seal(x.pageScope(x.r.URL.Query()), []byte(cursor)), nil
}

// maxReads bounds how often a page is filled up for a key that sees few items.
const maxReads = 50

// mayRead decides whether the caller may read what is of a model. What is of none,
// as the job of an upload whose folder names none, is for whoever may train all.
func (x *exchange) mayRead(model registry.Name) error {
	if model == "" {
		return x.allow(access.Train, "")
	}
	return x.allow(access.Read, model)
}

// readable reads one page of the items whose model the caller may read: a key
// limited to some models sees no others in lists. What it must not see is passed
// over, so that a page is short only at the end, or after maxReads of them.
func readable[T any](x *exchange, p registry.PageRequest, read func(registry.PageRequest) (registry.Page[T], error), model func(T) registry.Name) (registry.Page[T], error) {
	var out registry.Page[T]
	size := p.Limit
	for range maxReads {
		page, err := read(p)
		if err != nil {
			return out, err
		}
		for _, item := range page.Items {
			if x.mayRead(model(item)) == nil {
				out.Items = append(out.Items, item)
			}
		}
		out.Next, p.After = page.Next, page.Next
		if p.Limit = size - len(out.Items); p.Limit == 0 || page.Next == "" {
			break
		}
	}
	return out, nil
}
