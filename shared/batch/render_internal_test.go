package batch

import "testing"

// Only what a spreadsheet could run is escaped.
func TestSafe(t *testing.T) {
	for _, tc := range []struct{ cell, want string }{
		{"", ""}, {"a", "a"}, {"a-b", "a-b"}, {"3", "3"},
		{"-3", "-3"}, {"+4.5e-7", "+4.5e-7"}, {"-.5", "-.5"}, {"-1e999", "-1e999"},
		{"-", "'-"}, {"-3+1", "'-3+1"}, {"+Inf", "'+Inf"}, {"-0x1p3", "'-0x1p3"}, {"-1_0", "'-1_0"}, {"-e", "'-e"}, {"--3", "'--3"}, {"-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"},
		{"=3", "'=3"}, {"@3", "'@3"}, {"\t3", "'\t3"}, {"\r3", "'\r3"},
	} {
		if got := safe(tc.cell); got != tc.want {
			t.Errorf("safe(%q) = %q, want %q", tc.cell, got, tc.want)
		}
	}
}
