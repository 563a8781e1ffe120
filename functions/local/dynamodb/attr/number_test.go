package attr_test

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"godwit/functions/local/dynamodb/attr"
)

func TestParseDecimal(t *testing.T) {
	nines := strings.Repeat("9", 38)
	tests := []struct{ in, want, wantErr string }{
		{"0", "0", ""},
		{"-0", "0", ""},
		{"0e500", "0", ""},
		{"0007", "7", ""},
		{"+1.500", "1.5", ""},
		{".5", "0.5", ""},
		{"5.", "5", ""},
		{"-1.0E+3", "-1000", ""},
		{"12.34e-1", "1.234", ""},
		{"1e-130", "0." + strings.Repeat("0", 129) + "1", ""},
		{nines + strings.Repeat("0", 88), nines + strings.Repeat("0", 88), ""},
		{nines, nines, ""},
		{"0." + nines, "0." + nines, ""},
		{strings.Repeat("0", 1000) + "1", "1", ""},
		{nines + "1", "", "more than 38 significant digits"},
		{"1e126", "", "overflow"},
		{"1e999999999", "", "overflow"},
		{"1e-131", "", "underflow"},
		{"-1e-999999999", "", "underflow"},
		{"", "", "cannot be converted"},
		{"-", "", "cannot be converted"},
		{".", "", "cannot be converted"},
		{"1e", "", "cannot be converted"},
		{"1e99999999999999999999", "", "cannot be converted"},
		{"1 ", "", "cannot be converted"},
		{"--1", "", "cannot be converted"},
		{"1_0", "", "cannot be converted"},
		{"1e1_0", "", "cannot be converted"},
		{"1.2.3", "", "cannot be converted"},
		{"0x1", "", "cannot be converted"},
		{"NaN", "", "cannot be converted"},
		{"Infinity", "", "cannot be converted"},
		{"１", "", "cannot be converted"},
	}
	for _, tc := range tests {
		d, err := attr.ParseDecimal(tc.in)
		if tc.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("ParseDecimal(%q) error = %v, want ...%s...", tc.in, err, tc.wantErr)
			}
			continue
		}
		if err != nil || d.String() != tc.want {
			t.Errorf("ParseDecimal(%q) = %v, %v; want %s", tc.in, d, err, tc.want)
		}
	}
}

func TestDecimal_Add(t *testing.T) {
	nines := strings.Repeat("9", 38)
	tests := []struct{ a, b, want, wantErr string }{
		{"1", "2", "3", ""},
		{"0.1", "0.2", "0.3", ""},
		{"5", "-5", "0", ""},
		{"1", "-1.5", "-0.5", ""},
		{"0", "1e-130", "0." + strings.Repeat("0", 129) + "1", ""},
		{nines, "1", "1" + strings.Repeat("0", 38), ""},
		{nines, "0.1", "", "more than 38 significant digits"},
		{"1e125", "1e-130", "", "more than 38 significant digits"},
		{"9e125", "9e125", "", "overflow"},
	}
	for _, tc := range tests {
		sum, err := parse(t, tc.a).Add(parse(t, tc.b))
		if tc.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("%s + %s error = %v, want ...%s...", tc.a, tc.b, err, tc.wantErr)
			}
			continue
		}
		if err != nil || sum.String() != tc.want {
			t.Errorf("%s + %s = %v, %v; want %s", tc.a, tc.b, sum, err, tc.want)
		}
	}
}

func parse(t *testing.T, s string) attr.Decimal {
	t.Helper()
	d, err := attr.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Whatever two texts are taken as numbers: canonical form is stable, and
// comparison, key order and sum agree with exact rationals.
func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "-1", "1e3", "0.50", "99.5", "-1e-130", "12345678901234567890123456789012345678"} {
		f.Add(s, "1")
		f.Add("-0.5", s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, err := attr.ParseDecimal(a)
		y, errB := attr.ParseDecimal(b)
		if err != nil || errB != nil {
			return
		}
		again, err := attr.ParseDecimal(x.String())
		if err != nil || again != x {
			t.Fatalf("ParseDecimal(%q) = %v, and parsed again %v, %v", a, x, again, err)
		}
		p, q := rational(t, x), rational(t, y)
		if got, want := x.Cmp(y), p.Cmp(q); got != want {
			t.Errorf("%v.Cmp(%v) = %d, want %d", x, y, got, want)
		}
		if got, want := bytes.Compare(attr.AppendKey(nil, attr.NumberOf(x)), attr.AppendKey(nil, attr.NumberOf(y))), p.Cmp(q); got != want {
			t.Errorf("key order of %v and %v = %d, want %d", x, y, got, want)
		}
		if sum, err := x.Add(y); err == nil && rational(t, sum).Cmp(new(big.Rat).Add(p, q)) != 0 {
			t.Errorf("%v + %v = %v", x, y, sum)
		}
	})
}

func rational(t *testing.T, d attr.Decimal) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(d.String())
	if !ok {
		t.Fatalf("%q is no plain decimal", d)
	}
	return r
}
