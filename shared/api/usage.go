package api

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"godwit/shared/access"
	"godwit/shared/fault"
	"godwit/shared/registry"
	"godwit/shared/serving"
	"godwit/shared/usage"
)

// maxUsageDays is the longest range of days of one list.
const maxUsageDays = 92

// usageRoutes tell what keys used.
func usageRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/v1/usage", Function: RegistryFunction, Scope: access.Read, Summary: "What keys used, by month, key and day; without admin on all models only the caller's own", Noun: "route",
			Response: Page[UsageDay]{}, Status: 200, serve: listUsage, Query: []Filter{
				{Name: "from", Doc: "first day, such as 2026-03-01; by default the first of the month of the last day"},
				{Name: "to", Doc: "last day, at most 92 days in all; by default today"},
				{Name: "key", Doc: "only this key, by its id"},
			}},
	}
}

// listUsage answers with a page of what keys used.
func listUsage(x *exchange) error {
	r, err := x.usageRange()
	if err != nil {
		return err
	}
	p, err := x.page()
	if err != nil {
		return err
	}
	page, err := usage.Days(x.r.Context(), x.Registry.Store, x.tenant(), r, p)
	if err != nil {
		return err
	}
	return list(x, page, func(d usage.Day) UsageDay {
		return UsageDay{
			Day: d.Date.Format(time.DateOnly), KeyID: d.KeyID,
			Predictions: d.Predictions, Rows: d.Rows, TrainingSeconds: d.TrainingSeconds,
		}
	})
}

// usageRange reads which days of which keys are asked for, and holds a caller
// without admin to its own.
func (x *exchange) usageRange() (usage.Range, error) {
	q := x.r.URL.Query()
	r := usage.Range{To: usage.Date(x.Now()), KeyID: q.Get("key")}
	if r.KeyID != "" && (!isKey(r.KeyID) || strings.Contains(r.KeyID, "#")) { // it becomes part of a record's key
		return r, fault.New(fault.Invalid, "key is the id of a key, as GET /v1/keys lists it").WithReason("invalid_filter")
	}
	if x.caller.May(access.Admin, "") != nil {
		if r.KeyID != "" && r.KeyID != x.caller.KeyID {
			return r, fault.New(fault.Forbidden, "only a key with admin on all models sees what others used; leave the filter key out for your own").WithReason("scope_missing")
		}
		r.KeyID = x.caller.KeyID
	}
	return r, dayRange(q.Get("from"), q.Get("to"), &r.From, &r.To)
}

// dayRange reads the first and the last of some days. Without a last one it is
// what to holds, without a first one the first of its month.
func dayRange(first, last string, from, to *time.Time) error {
	wrong := fault.New(fault.Invalid, "from and to are days such as 2026-03-01, from not after to and at most %d days in all", maxUsageDays).WithReason("invalid_filter")
	var err error
	if last != "" {
		if *to, err = time.Parse(time.DateOnly, last); err != nil {
			return wrong
		}
	}
	*from = to.AddDate(0, 0, 1-to.Day())
	if first != "" {
		if *from, err = time.Parse(time.DateOnly, first); err != nil {
			return wrong
		}
	}
	if days := to.Sub(*from)/(24*time.Hour) + 1; days < 1 || days > maxUsageDays {
		return wrong
	}
	return nil
}

// score asks the server for predictions, within the key's budget, and counts
// them. Every route that predicts comes through here.
func (x *exchange) score(ref registry.Reference, req serving.Request) (serving.Response, error) {
	if err := x.withinBudget(); err != nil {
		return serving.Response{}, err
	}
	out, err := x.Serving.Predict(x.r.Context(), x.tenant(), ref, req)
	if err == nil {
		x.count(out)
	}
	return out, err
}

// withinBudget refuses a key that has used up what it may this month. Budgets
// are approximate: where the counts cannot be read, the request is served.
func (x *exchange) withinBudget() error {
	b := x.caller.Budget
	if b == (access.Budget{}) || x.Usage == nil {
		return nil
	}
	spent, err := x.Usage.Spent(x.r.Context(), x.tenant(), x.caller.KeyID)
	if err != nil {
		x.Log.WarnContext(x.r.Context(), "usage cannot be read", slog.String("id", x.id), slog.String("error", err.Error()))
		return nil
	}
	if !b.Exceeded(spent.Predictions, spent.Rows) {
		return nil
	}
	wait := usage.NextMonth(x.Now()).Sub(x.Now())
	x.w.Header().Set("Retry-After", strconv.FormatInt(int64(wait/time.Second)+1, 10))
	return fault.New(fault.RateLimited, "this key has used up its budget of the month: it begins anew on the first of the next (UTC); an admin can make another key").WithReason("budget_exceeded")
}

// count notes what the key used and what the version answered, and logs the
// shadows that panicked: nobody else would hear of them.
func (x *exchange) count(out serving.Response) {
	t := usage.Traffic{Requests: 1, Rows: int64(len(out.Results))}
	for i := range out.Results {
		r := &out.Results[i]
		switch {
		case r.Err != nil:
			t.Errors++
		case !out.Regression:
			t.Answer(r.Class, r.Score)
			if r.Abstained {
				t.Abstained++
			}
		}
	}
	x.Usage.Request(x.tenant(), x.caller.KeyID, len(out.Results))
	x.Usage.Answered(x.tenant(), out.Model, out.Version, t)
	for _, s := range out.Shadows {
		if s.Err != nil {
			x.Log.ErrorContext(x.r.Context(), "shadow failed", slog.String("id", x.id),
				slog.String("model", string(out.Model)), slog.String("error", s.Err.Error()))
			continue
		}
		x.Usage.Answered(x.tenant(), out.Model, s.Version, usage.Traffic{ShadowRows: int64(s.Rows), ShadowAgreed: int64(s.Agree)})
	}
}

// flushUsage writes the counts when it is time: at the end of a request, since
// the function is frozen until the next. A failure costs nobody an answer.
func (s *service) flushUsage(r *http.Request) {
	if err := s.Usage.FlushIfDue(r.Context()); err != nil {
		s.Log.WarnContext(r.Context(), "usage cannot be written", slog.String("error", err.Error()))
	}
}

// whoami answers with what the authorizer said of the key, and with what the
// records say besides.
func whoami(x *exchange) error {
	c := callerOf(x.caller)
	k, err := x.Keys.Key(x.r.Context(), x.tenant(), x.caller.KeyID)
	switch {
	case err == nil:
		c.Name, c.ExpiresAt = k.Name, moment(k.ExpiresAt)
	case !fault.Is(err, fault.NotFound): // the first admin key has no record
		return err
	}
	spent, err := usage.Month(x.r.Context(), x.Registry.Store, x.tenant(), x.caller.KeyID, x.Now())
	if err != nil {
		return err
	}
	c.Used = Used(spent)
	return x.json(http.StatusOK, c)
}
