package registry_test

import (
	"fmt"
	"slices"
	"testing"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// follow reads a list to its end by pages of limit and returns what it shows.
func follow[T any](t *testing.T, limit int, list func(registry.PageRequest) (registry.Page[T], error), name func(T) string) []string {
	t.Helper()
	var out []string
	for p := (registry.PageRequest{Limit: limit}); ; {
		page, err := list(p)
		if err != nil {
			t.Fatalf("list(%+v) = %v", p, err)
		}
		if out = append(out, strs(page.Items, name)...); len(page.Items) > limit {
			t.Errorf("a page of %d holds %d", limit, len(page.Items))
		}
		if p.After = page.Next; p.After == "" {
			return out
		}
	}
}

func TestRegistry_FindModels(t *testing.T) {
	r := fresh()
	for i := range 30 {
		m := registry.Model{Name: registry.Name(fmt.Sprintf("%s-%02d", []string{"eu", "us"}[i%2], i)), Task: registry.TextClassification, Tags: map[string]string{"n": fmt.Sprint(i % 3)}}
		if i%5 == 0 {
			m.Task, m.Tags = registry.TableRegression, nil
		}
		must(t)(r.CreateModel(t.Context(), acme, m))
	}
	must(t)(nil, r.DeleteModel(t.Context(), acme, "us-03", registry.AnyRev))
	for _, tc := range []struct {
		name   string
		filter registry.ModelFilter
		keep   func(i int) bool
	}{
		{"all", registry.ModelFilter{}, func(int) bool { return true }},
		{"backwards", registry.ModelFilter{Descending: true}, func(int) bool { return true }},
		{"by prefix", registry.ModelFilter{Prefix: "eu-"}, func(i int) bool { return i%2 == 0 }},
		{"by prefix, backwards", registry.ModelFilter{Prefix: "us-", Descending: true}, func(i int) bool { return i%2 == 1 }},
		{"by task", registry.ModelFilter{Task: registry.TableRegression}, func(i int) bool { return i%5 == 0 }},
		{"by tag", registry.ModelFilter{Tag: registry.Tag{Key: "n"}}, func(i int) bool { return i%5 != 0 }},
		{"by tag and value", registry.ModelFilter{Tag: registry.Tag{Key: "n", Value: "2", Exact: true}}, func(i int) bool { return i%5 != 0 && i%3 == 2 }},
		{"by all of them", registry.ModelFilter{Prefix: "eu", Task: registry.TextClassification, Tag: registry.Tag{Key: "n", Value: "0", Exact: true}}, func(i int) bool { return i%5 != 0 && i%6 == 0 }},
		{"by a tag none has", registry.ModelFilter{Tag: registry.Tag{Key: "x"}}, func(int) bool { return false }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var want []string
			for i := range 30 {
				if i != 3 && tc.keep(i) {
					want = append(want, fmt.Sprintf("%s-%02d", []string{"eu", "us"}[i%2], i))
				}
			}
			slices.Sort(want)
			if tc.filter.Descending {
				slices.Reverse(want)
			}
			for _, limit := range []int{1, 2, 7, 200} {
				got := follow(t, limit, func(p registry.PageRequest) (registry.Page[registry.Model], error) {
					return r.FindModels(t.Context(), acme, tc.filter, p)
				}, func(m registry.Model) string { return string(m.Name) })
				if !slices.Equal(got, want) {
					t.Errorf("by %d: %v, want %v", limit, got, want)
				}
			}
		})
	}
	if _, err := r.FindModels(t.Context(), acme, registry.ModelFilter{Prefix: "EU#"}, registry.PageRequest{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("FindModels by a prefix no name has = %v, want %s", err, fault.Invalid)
	}
}

func TestRegistry_FindVersions(t *testing.T) {
	r := fresh()
	for i := range 12 {
		d := draft("intents")
		d.Gate.Passed = i%3 != 0
		if i%2 == 0 {
			d.Tags = map[string]string{"stage": "blue"}
		}
		must(t)(r.Commit(t.Context(), acme, registry.Commit{Token: fmt.Sprint("job-", i), Draft: d}))
	}
	must(t)(nil, r.DeleteVersion(t.Context(), acme, "intents", 5, registry.AnyRev))
	for _, tc := range []struct {
		name   string
		filter registry.VersionFilter
		want   string
	}{
		{"newest first", registry.VersionFilter{}, "[12 11 10 9 8 7 6 4 3 2 1]"},
		{"oldest first", registry.VersionFilter{Ascending: true}, "[1 2 3 4 6 7 8 9 10 11 12]"},
		{"ready", registry.VersionFilter{Status: registry.Ready}, "[12 11 9 8 6 3 2]"},
		{"held", registry.VersionFilter{Status: registry.Held}, "[10 7 4 1]"},
		{"tagged and ready", registry.VersionFilter{Status: registry.Ready, Tag: registry.Tag{Key: "stage", Value: "blue", Exact: true}}, "[11 9 3]"},
	} {
		for _, limit := range []int{1, 3, 50} {
			got := follow(t, limit, func(p registry.PageRequest) (registry.Page[registry.Version], error) {
				return r.FindVersions(t.Context(), acme, "intents", tc.filter, p)
			}, func(v registry.Version) string { return fmt.Sprint(v.Number) })
			if fmt.Sprint(got) != tc.want {
				t.Errorf("%s by %d: %v, want %s", tc.name, limit, got, tc.want)
			}
		}
	}
}

// A filter that nothing passes ends a page after a bounded read.
func TestRegistry_FindVersions_bounded(t *testing.T) {
	r := fresh()
	for i := range 1300 {
		must(t)(r.Commit(t.Context(), acme, registry.Commit{Token: fmt.Sprint("job-", i), Draft: draft("intents")}))
	}
	page, err := r.FindVersions(t.Context(), acme, "intents", registry.VersionFilter{Status: registry.Held}, registry.PageRequest{})
	if err != nil || len(page.Items) != 0 || page.Next == "" {
		t.Errorf("FindVersions = %d items, next %q, %v, want an empty page that is not the last", len(page.Items), page.Next, err)
	}
	page, err = r.FindVersions(t.Context(), acme, "intents", registry.VersionFilter{Status: registry.Held}, registry.PageRequest{After: page.Next})
	if err != nil || len(page.Items) != 0 || page.Next != "" {
		t.Errorf("the page after it = %d items, next %q, %v, want the empty last", len(page.Items), page.Next, err)
	}
}

func TestParseTag(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want registry.Tag
		ok   bool
	}{
		{"stage", registry.Tag{Key: "stage"}, true},
		{"stage=", registry.Tag{Key: "stage", Exact: true}, true},
		{"stage=blue=green", registry.Tag{Key: "stage", Value: "blue=green", Exact: true}, true},
		{"", registry.Tag{}, false},
		{"=blue", registry.Tag{}, false},
	} {
		got, err := registry.ParseTag(tc.in)
		if got != tc.want || (err == nil) != tc.ok || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("ParseTag(%q) = %+v, %v, want %+v", tc.in, got, err, tc.want)
		}
	}
}
