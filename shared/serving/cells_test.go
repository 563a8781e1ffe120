package serving_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// european is a table with decimal commas: a price follows from a size, and a
// column of dates does not matter.
func european() string {
	var b strings.Builder
	b.WriteString("size;day;price\n")
	for i := range 60 {
		size := 1 + i*i%47
		fmt.Fprintf(&b, "%d,125;%d.03.2026;%d,5\n", size, 1+i%28, 10*size)
	}
	return b.String()
}

// The cells of a request are read by the rule of the training file, the numbers
// of a program by that of programs; neither is changed for the next version.
func TestServer_Predict_decimalComma(t *testing.T) {
	s := newStage(t, nil)
	s.publish(t, tenant, "prices", encoded(t, trainTable(t, european(), 0)))
	ask := func(in serving.Input) serving.Result {
		t.Helper()
		got, err := s.Predict(t.Context(), tenant, registry.Reference{Model: "prices"}, serving.Request{Inputs: []serving.Input{in}})
		if err != nil {
			t.Fatalf("Predict = %v", err)
		}
		return got.Results[0]
	}
	want := ask(serving.Input{Columns: map[string]string{"size": "3,125", "day": "4.3.2026"}})
	sent := map[string]string{"size": "3.125", "day": "2026-03-04"}
	before := maps.Clone(sent)
	got := ask(serving.Input{Columns: sent, Numbers: []string{"size"}})
	if want.Err != nil || got.Err != nil || got.Value != want.Value || !maps.Equal(sent, before) {
		t.Errorf("3.125 = %v, %v, as text 3,125 = %v, %v, want the same; sent %v", got.Value, got.Err, want.Value, want.Err, sent)
	}
	for _, tc := range []struct{ column, cell, want string }{
		{"size", "3.5", `column "size" takes a number, such as 12,5; "3.5" is none`},
		{"day", "tomorrow", `column "day" takes a date or a time, such as 2026-03-01; "tomorrow" is none`},
	} {
		if r := ask(serving.Input{Columns: map[string]string{tc.column: tc.cell}}); r.Err == nil || r.Err.Reason != "wrong_type" || !strings.HasPrefix(r.Err.Msg, tc.want) {
			t.Errorf("%s %q = %+v, want wrong_type with %s", tc.column, tc.cell, r.Err, tc.want)
		}
	}
	d, err := s.Describe(t.Context(), tenant, registry.Reference{Model: "prices"})
	if err != nil || !slices.Equal(d.Types, []string{pipeline.NumberColumn, pipeline.DateColumn}) {
		t.Errorf("Describe = %q, %v, want a number and a date", d.Types, err)
	}
}
