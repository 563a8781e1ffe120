package report

import (
	"reflect"
	"regexp"
	"slices"
	"testing"
)

// TestWords holds the tables of both languages against each other: every word is
// there, and takes the same values.
func TestWords(t *testing.T) {
	verb := regexp.MustCompile(`%(\[\d\])?[ds]`)
	en, zh := reflect.ValueOf(english), reflect.ValueOf(chinese)
	for i := range en.NumField() {
		name := en.Type().Field(i).Name
		a, b := en.Field(i), zh.Field(i)
		if a.Kind() == reflect.Map {
			for _, key := range a.MapKeys() {
				if !b.MapIndex(key).IsValid() || b.MapIndex(key).Len() == 0 {
					t.Errorf("%s lacks %s in Chinese", name, key)
				}
			}
			continue
		}
		if a.String() == "" || b.String() == "" {
			t.Errorf("%s is empty in one language", name)
		}
		if x, y := values(verb, a.String()), values(verb, b.String()); !slices.Equal(x, y) {
			t.Errorf("%s takes %v in English and %v in Chinese", name, x, y)
		}
	}
}

// values returns the kinds of values a format takes, in some order.
func values(verb *regexp.Regexp, format string) []string {
	var out []string
	for _, v := range verb.FindAllString(format, -1) {
		out = append(out, v[len(v)-1:])
	}
	slices.Sort(out)
	return out
}

// TestChains strings labels so that those taken for each other stand together.
func TestChains(t *testing.T) {
	links := []link{{0, 3, .9}, {3, 5, .5}, {1, 4, .4}, {0, 1, .1}}
	of := []int{0, 1, 2, 3, 4, 5}
	tests := []struct {
		most int
		want [][]int
	}{
		{6, [][]int{{5, 3, 0, 1, 4}, {2}}},
		{3, [][]int{{0, 3, 5}, {1, 4}, {2}}},
		{1, [][]int{{0}, {1}, {2}, {3}, {4}, {5}}},
	}
	for _, tc := range tests {
		if got := chains(links, of, tc.most); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("chains of at most %d = %v, want %v", tc.most, got, tc.want)
		}
	}
}
