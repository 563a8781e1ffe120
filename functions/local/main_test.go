package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"strings"
	"testing"
	"unicode"
)

func TestRun_RefusesInOneLine(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		env  map[string]string
		code int
		want string
	}{
		{"no command", nil, nil, 2, "usage:"},
		{"an unknown command", []string{"start"}, nil, 2, "usage:"},
		{"an unknown flag", []string{"serve", "-port", "3"}, nil, 2, "usage:"},
		{"too many words", []string{"demo", "now"}, nil, 2, "usage:"},
		{"a foreign address", []string{"serve"}, map[string]string{"GODWIT_API_ADDR": "0.0.0.0:80"}, 1, "GODWIT_API_ADDR"},
		{"no repository", []string{"serve", "-root", "/"}, nil, 1, "-root"},
		{"functions not built", []string{"serve", "-bin", "/nowhere"}, nil, 1, "is not built"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var problems bytes.Buffer
			code := run(t.Context(), tc.args, func(name string) string { return tc.env[name] }, os.Stdout, &problems)
			got := problems.String()
			if code != tc.code || !strings.Contains(got, tc.want) {
				t.Errorf("run(%q) = %d, %q, want %d and %q", tc.args, code, got, tc.code, tc.want)
			}
			if tc.code == 1 && strings.Count(got, "\n") != 1 {
				t.Errorf("run(%q) printed %q, want one line", tc.args, got)
			}
		})
	}
}

// TestSample holds the bundled data to what its README says.
func TestSample(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(sampleData)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0], ","); got != "label,text" {
		t.Errorf("header = %q, want label,text", got)
	}
	labels, chinese, seen := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, row := range rows[1:] {
		label, text := row[0], row[1]
		if seen[text] || strings.TrimSpace(text) != text || text == "" {
			t.Errorf("text %q is empty, padded or there twice", text)
		}
		seen[text] = true
		labels[label]++
		if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			chinese[label]++
		}
	}
	if len(labels) != 6 {
		t.Errorf("labels = %v, want 6", labels)
	}
	for label, n := range labels {
		if n != 66 || chinese[label] != 12 {
			t.Errorf("label %s has %d rows, %d of them Chinese, want 66 and 12", label, n, chinese[label])
		}
	}
}
