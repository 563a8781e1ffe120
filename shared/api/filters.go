package api

import (
	"maps"
	"slices"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// strict reports whether the route refuses query parameters it does not have:
// ignored, a misspelt filter would show what was not asked for. Clients of other
// services' APIs, which some routes speak, send what they like.
func (r Route) strict() bool { return strings.HasPrefix(r.Pattern, "/v1/") }

// known refuses a query parameter that a strict route does not have.
func (x *exchange) known() error {
	if x.r.URL.RawQuery == "" || !x.route.strict() {
		return nil
	}
	var names []string
	if x.route.Query != nil {
		names = append(names, "limit", "page_token")
	}
	for _, f := range slices.Concat(x.route.Query, x.route.Options) {
		names = append(names, f.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(x.r.URL.Query())) {
		if slices.Contains(names, name) {
			continue
		}
		if len(names) == 0 {
			return fault.New(fault.Invalid, "this resource takes no query parameters: leave %q out", name).WithReason("unknown_parameter")
		}
		return fault.New(fault.Invalid, "no query parameter is called %q; there are %s", name, strings.Join(names, ", ")).WithReason("unknown_parameter")
	}
	return nil
}

// choice reads a query parameter that is one of allowed; empty when it is absent.
// One that is misspelt is refused: ignored, it would show what was not asked for.
func (x *exchange) choice(name string, allowed []string) (string, error) {
	value := x.r.URL.Query().Get(name)
	if value != "" && !slices.Contains(allowed, value) {
		return "", fault.New(fault.Invalid, "%s is one of %s", name, strings.Join(allowed, ", ")).WithReason("invalid_filter")
	}
	return value, nil
}

// tagFilter documents the filter tag reads.
var tagFilter = Filter{Name: "tag", Doc: "only those that bear this tag: key, or key=value"}

// tag reads the filter by a tag; zero when it is absent.
func (x *exchange) tag() (registry.Tag, error) {
	raw := x.r.URL.Query().Get(tagFilter.Name)
	if raw == "" {
		return registry.Tag{}, nil
	}
	return registry.ParseTag(raw)
}

// What lists of models and versions may be narrowed to and ordered by.
var (
	tasks = []string{
		string(registry.TextClassification), string(registry.TableClassification), string(registry.TableRegression), string(registry.ImageClassification),
	}
	modelOrders     = []string{"name", "-name"}
	versionStatuses = []string{string(registry.Ready), string(registry.Held)}
	versionOrders   = []string{"-version", "version"}
)

// modelFilters document what modelFilter reads.
func modelFilters() []Filter {
	return []Filter{
		{Name: "prefix", Doc: "only models whose name begins so"},
		{Name: "task", Doc: "only models of this task", Enum: tasks}, tagFilter,
		{Name: "order", Doc: "by name, or with a dash backwards", Enum: modelOrders},
	}
}

// modelFilter reads which models are asked for.
func (x *exchange) modelFilter() (registry.ModelFilter, error) {
	var f registry.ModelFilter
	task, err := x.choice("task", tasks)
	if err != nil {
		return f, err
	}
	order, err := x.choice("order", modelOrders)
	if err != nil {
		return f, err
	}
	f.Prefix, f.Task, f.Descending = x.r.URL.Query().Get("prefix"), registry.Task(task), order == "-name"
	f.Tag, err = x.tag()
	return f, err
}

// versionFilters document what versionFilter reads.
func versionFilters() []Filter {
	return []Filter{
		{Name: "status", Doc: "only versions in this status", Enum: versionStatuses}, tagFilter,
		{Name: "order", Doc: "newest first, or without the dash oldest first", Enum: versionOrders},
	}
}

// versionFilter reads which versions are asked for.
func (x *exchange) versionFilter() (registry.VersionFilter, error) {
	var f registry.VersionFilter
	status, err := x.choice("status", versionStatuses)
	if err != nil {
		return f, err
	}
	order, err := x.choice("order", versionOrders)
	if err != nil {
		return f, err
	}
	f.Status, f.Ascending = registry.Status(status), order == "version"
	f.Tag, err = x.tag()
	return f, err
}
