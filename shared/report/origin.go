package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"godwit/shared/report/chart"
)

// data tells what the version learned from.
func (v *view) data() {
	w, r := v.words, v.R
	splits := map[string]string{"column": w.SplitColumn, "hash": w.SplitHash, "time": w.SplitTime}
	if r.Rows.Read > 0 {
		v.Data = []fact{
			{w.Read, count(r.Rows.Read), false}, {w.Trained, count(r.Rows.Trained), false},
			{w.HeldOut, count(r.Rows.HeldOut), false}, {w.Rejected, count(r.Rows.Rejected), false},
			{w.Split, named(splits, r.Split), false},
		}
	}
	if each := slices.Compact(slices.Sorted(maps.Values(r.Classes))); len(each) == 1 {
		v.Data = append(v.Data, fact{w.BalanceTitle, count(each[0]), false})
	}
	for _, code := range slices.Sorted(maps.Keys(r.Issues)) {
		v.Issues = append(v.Issues, fact{named(w.Codes, code), count(r.Issues[code]), false})
	}
	v.Figures.add("balance", w.balance(r.Classes))
}

// balance draws how many rows each label has.
func (w *words) balance(rows map[string]int) *chart.Figure {
	if len(rows) == 0 {
		return nil
	}
	labels := slices.Sorted(maps.Keys(rows))
	slices.SortStableFunc(labels, func(a, b string) int { return cmp.Compare(rows[b], rows[a]) })
	most, least := rows[labels[0]], rows[labels[len(labels)-1]]
	if most == least {
		return nil // one number says it
	}
	desc := fmt.Sprintf(w.BalanceDesc, len(labels), count(least), count(most))
	if len(labels) > 2*balanceShown {
		desc += " " + fmt.Sprintf(w.BalanceCut, balanceShown)
		labels = slices.Concat(labels[:balanceShown], labels[len(labels)-balanceShown:])
	}
	var bars []chart.Bar
	for _, l := range labels {
		bars = append(bars, chart.Bar{Label: l, Value: float64(rows[l]), Shown: count(rows[l])})
	}
	return chart.Bars("balance", w.BalanceTitle, desc, bars)
}

// origin tells where the version comes from and how to make it again.
func (v *view) origin() {
	w, l := v.words, v.V.Lineage
	parent := ""
	if l.Parent > 0 {
		parent = fmt.Sprintf(w.Version, l.Parent)
	}
	v.Origin = told([]fact{
		{w.Dataset, l.Dataset, true}, {w.Source, l.Source, true}, {w.DataDigest, string(l.DatasetSHA256), true}, {w.DataTime, moment(l.DataTime), false},
		{w.Job, l.Job, true}, {w.Code, l.Code, true}, {w.Seed, strconv.FormatUint(l.Seed, 10), true}, {w.Parent, parent, false},
		{w.ArtifactDigest, string(v.V.Artifact.Digest), true}, {w.EvaluationDigest, string(v.V.Evaluation.Digest), true},
	})
	v.Inbox = l.Dataset == ""
	v.Again = v.command()
}

// command is what a shell takes to train the version again. An upload to the
// inbox has no data set to name: there the file is put again.
func (v *view) command() string {
	if v.Inbox {
		return `aws s3 cp FILE "s3://$GODWIT_UPLOADS/` + escaped(strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(v.V.Lineage.Source)) + `"`
	}
	settings := map[string]json.RawMessage{}
	if json.Unmarshal(v.V.Settings, &settings) != nil {
		settings = map[string]json.RawMessage{} // of another build: the model's settings apply
	}
	settings["model"], settings["dataset"] = quoted(string(v.V.Model)), quoted(v.V.Lineage.Dataset)
	settings["seed"] = json.RawMessage(strconv.FormatUint(v.V.Lineage.Seed, 10))
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if enc.Encode(settings) != nil {
		return ""
	}
	text := strings.ReplaceAll(strings.TrimSpace(body.String()), "'", `'\''`)
	return "curl -X POST \"$GODWIT_URL/v1/training-jobs\" \\\n  -H \"Authorization: Bearer $GODWIT_KEY\" \\\n  -H 'Content-Type: application/json' \\\n  -d '" + escaped(text) + "'"
}

// quoted is a JSON string.
func quoted(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil { // a string: cannot fail
		return json.RawMessage(`""`)
	}
	return b
}

// escaped writes what would act instead of showing as JSON does, so that the
// command looks as it runs.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || unicode.IsGraphic(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
