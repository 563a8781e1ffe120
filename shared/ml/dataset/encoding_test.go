package dataset_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"godwit/shared/ml/dataset"
)

// The same two remarks of a shop's customers in several languages.
var remarks = []struct{ name, good, bad, goodLabel, badLabel string }{
	{"Chinese", "东西很好，下次还会再来买的", "等了一个星期才送到，质量太差", "正面", "负面"},
	{"Traditional Chinese", "東西很好，下次還會再來買的", "等了一個星期才送到，質量太差", "正面", "負面"},
	{"Korean", "품질이 정말 좋아요 다음에도 구매할게요", "배송이 너무 늦고 포장이 엉망이었습니다", "긍정", "부정"},
	{"Japanese", "品質がとても良いので、また買います", "届くのが遅くて、箱も壊れていました", "肯定", "否定"},
	{"Russian", "Отличное качество, закажу ещё раз", "Ждал две недели, пришло сломанным", "хорошо", "плохо"},
	{"German", "Schöne Größe, süßes Geschenk, gerne wieder", "Die Tür ließ sich nicht öffnen, ärgerlich", "schön", "übel"},
	{"French", "Très bonne qualité, livré à l'heure", "Abîmé à l'arrivée, jamais remboursé", "élogieux", "fâché"},
}

// bytesOf returns s in an encoding.
func bytesOf(t testing.TB, e encoding.Encoding, s string) string {
	t.Helper()
	out, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What is not UTF-8 is read as Chinese when it is Chinese and refused when not:
// almost any bytes can be read as GB18030.
func TestRead_otherEncodings(t *testing.T) {
	encodings := map[string][]encoding.Encoding{
		"Chinese":             {simplifiedchinese.GB18030, simplifiedchinese.GBK},
		"Traditional Chinese": {simplifiedchinese.GB18030, traditionalchinese.Big5},
		"Korean":              {korean.EUCKR},
		"Japanese":            {japanese.ShiftJIS, japanese.EUCJP},
		"Russian":             {charmap.Windows1251, charmap.KOI8R},
		"German":              {charmap.Windows1252},
		"French":              {charmap.Windows1252},
	}
	for _, r := range remarks {
		for _, e := range encodings[r.name] {
			for part, file := range map[string]string{
				"texts and labels": strings.Repeat(r.good+","+r.goodLabel+"\n"+r.bad+","+r.badLabel+"\n", 20),
				"labels alone":     strings.Repeat("I would buy it again,"+r.goodLabel+"\nit came broken,"+r.badLabel+"\n", 20),
			} {
				t.Run(fmt.Sprintf("%s in %v, %s", r.name, e, part), func(t *testing.T) {
					set, err := read(t, bytesOf(t, e, "text,label\n"+file), dataset.Options{})
					if chinese := e == simplifiedchinese.GB18030 || e == simplifiedchinese.GBK; chinese {
						if err != nil || set.Source.Encoding != "gb18030" || !strings.Contains(strings.Join(set.Labels, " "), r.badLabel) {
							t.Errorf("Read = %v, encoding %q, labels %q, want gb18030 with %q", err, set.Source.Encoding, set.Labels, r.badLabel)
						}
						return
					}
					bad, ok := errors.AsType[*dataset.InputError](err)
					if !ok || !strings.Contains(bad.Message, "save the file as UTF-8") {
						t.Errorf("Read = %v with labels %q, want a refusal that says how to save the file", err, set.Labels)
					}
				})
			}
		}
	}
}

// A guess is shown, so that its owner can see whether it is right.
func TestRead_convertedExcerpt(t *testing.T) {
	file := "text,label\n" + strings.Repeat("an English line,good\n", 20) + strings.Repeat("item 7 东西很好,good\n质量太差,负面\n", 5)
	set, err := read(t, bytesOf(t, simplifiedchinese.GB18030, file), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range set.Issues {
		if i.Code != dataset.EncodingConverted {
			continue
		}
		if i.Severity != dataset.Warning || i.Line != 22 || i.Excerpt != "item 7 东西很好,good" || !strings.Contains(i.Message, i.Excerpt) || i.Fix == "" {
			t.Errorf("issue = %+v, want a warning on line 22 that shows it", i)
		}
		return
	}
	t.Errorf("issues = %+v, want %s", set.Issues, dataset.EncodingConverted)
}

// A name that nobody will send must not come out of a header.
func TestReadTable_headerEncoding(t *testing.T) {
	file := bytesOf(t, charmap.Windows1252, "Größe,Alter,Preis\n"+lines(40, "%[1]d,%[1]d,%[1]d.5"))
	set, err := readTable(t, file, dataset.TableOptions{})
	bad, ok := errors.AsType[*dataset.InputError](err)
	if !ok || !strings.Contains(bad.Message, `Gr\xF6\xDFe`) || !strings.Contains(bad.Message, "UTF-8") {
		t.Errorf("ReadTable = %v, columns %q, want a refusal that shows the name", err, set.Source.Columns)
	}
}
