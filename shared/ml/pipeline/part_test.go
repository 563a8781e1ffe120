package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// carried sends a part through its file, as another function would find it.
func carried(t testing.TB, p *pipeline.Part) *pipeline.Part {
	t.Helper()
	data, err := p.Encode()
	if err != nil {
		t.Fatalf("Encode = %v", err)
	}
	again, err := pipeline.OpenPart(data)
	if err != nil || again.Block() != p.Block() {
		t.Fatalf("OpenPart = %v, %v, want the part of %v", again, err, p.Block())
	}
	return again
}

// inBlocks runs a training block by block, the last first, and sends each part
// through its file.
func inBlocks(t testing.TB, problems, width int, block func(linear.Range) (*pipeline.Part, error)) []*pipeline.Part {
	t.Helper()
	blocks := linear.Cut(problems, 1, float64(width), 1)
	parts := make([]*pipeline.Part, len(blocks))
	for i, b := range slices.Backward(blocks) {
		p, err := block(b)
		if err != nil {
			t.Fatalf("Block(%v) = %v", b, err)
		}
		parts[i] = carried(t, p)
	}
	return parts
}

// However a fit is cut into blocks of classes, its file has the same bytes.
func TestFitting_blocks(t *testing.T) {
	for _, classes := range []int{2, 3, 4} {
		docs, y := documents(120, classes, 3)
		d := data(t, docs, y, classes)
		for _, s := range []pipeline.Settings{{Recipe: text.Union()}, {Recipe: text.Word(), Learner: pipeline.Logistic}, {Recipe: text.Word(), HashBits: 12, PruneBelow: -1},
			{Recipe: text.Word(), Learner: pipeline.Logistic, Multinomial: true}, {Recipe: text.Word(), Descent: pipeline.Descent{Method: pipeline.MethodSGD, Epochs: 3}}} {
			want, err := pipeline.Fit(t.Context(), d, rows(120), s, 2, nil)
			if err != nil {
				t.Fatalf("Fit = %v", err)
			}
			f, err := pipeline.NewFitting(d, rows(120), s)
			if err != nil {
				t.Fatalf("NewFitting = %v", err)
			}
			file, err := want.Encode(nil)
			if err != nil {
				t.Fatalf("Encode = %v", err)
			}
			checkBlocks(t, f, file)
		}
	}
}

// The same of tables: classes, and numbers, which are one problem.
func TestTableFitting_blocks(t *testing.T) {
	for _, classes := range []int{0, 2, 3} {
		d := rents(90, classes, 1, 4)
		want, err := fitTable(t, d, pipeline.TableSettings{}).Encode(nil)
		if err != nil {
			t.Fatalf("Encode = %v", err)
		}
		f, err := pipeline.NewTableFitting(t.Context(), d, rows(90), pipeline.TableSettings{})
		if err != nil {
			t.Fatalf("NewTableFitting = %v", err)
		}
		checkBlocks(t, f, want)
	}
}

// checkBlocks holds that a fit cut into blocks of every width comes to the file.
func checkBlocks(t *testing.T, f *pipeline.Fitting, want []byte) {
	t.Helper()
	for width := 1; width <= f.Problems(); width++ {
		parts := inBlocks(t, f.Problems(), width, func(b linear.Range) (*pipeline.Part, error) {
			return f.Block(t.Context(), b, 2, func(done int) {
				if done < 1 || done > b.Len() {
					t.Errorf("progress(%d) of block %v", done, b)
				}
			})
		})
		m, err := f.Join(parts...)
		if err != nil {
			t.Fatalf("Join = %v", err)
		}
		if got, err := m.Encode(nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("in blocks of %d: another file (%v)", width, err)
		}
	}
}

// However a trial is cut into blocks of classes, its outcome is the same, to the
// bit, what pruning would come to included.
func TestTrial_blocks(t *testing.T) {
	path := []float64{.3, 1, 3}
	for _, classes := range []int{2, 3, 4} {
		docs, y := documents(150, classes, 5)
		trial, err := pipeline.NewTrial(data(t, docs, y, classes), rows(100), rows(150)[100:], pipeline.Settings{Recipe: text.Union()}, path)
		if err != nil {
			t.Fatalf("NewTrial = %v", err)
		}
		trial.PruneRows = 40
		checkTrial(t, trial, path)
	}
	for _, classes := range []int{0, 2, 3} {
		trial, err := pipeline.NewTableTrial(t.Context(), rents(150, classes, 1, 6), rows(100), rows(150)[100:], pipeline.TableSettings{}, path)
		if err != nil {
			t.Fatalf("NewTableTrial = %v", err)
		}
		checkTrial(t, trial, path)
	}
}

// checkTrial holds that blocks of every width come to what one block does.
func checkTrial(t *testing.T, trial *pipeline.Trial, path []float64) {
	t.Helper()
	n := trial.Problems()
	join := func(width int) pipeline.Outcome {
		out, err := trial.Join(inBlocks(t, n, width, func(b linear.Range) (*pipeline.Part, error) { return trial.Block(t.Context(), b, 2) })...)
		if err != nil || len(out.Margins) != len(path) {
			t.Fatalf("Join = %d costs, %v", len(out.Margins), err)
		}
		return out
	}
	want := join(n)
	for width := 1; width < n; width++ {
		if got := join(width); !reflect.DeepEqual(got, want) {
			t.Errorf("%d problems in blocks of %d: another outcome", n, width)
		}
	}
	if trial.Work() <= 0 {
		t.Errorf("Work() = %v", trial.Work())
	}
}

func TestJoin_refuses(t *testing.T) {
	docs, y := documents(60, 3, 3)
	f, err := pipeline.NewFitting(data(t, docs, y, 3), rows(60), pipeline.Settings{Recipe: text.Word()})
	if err != nil {
		t.Fatal(err)
	}
	trial, err := pipeline.NewTrial(data(t, docs, y, 3), rows(40), rows(60)[40:], pipeline.Settings{Recipe: text.Word()}, []float64{1})
	if err != nil {
		t.Fatal(err)
	}
	other, err := pipeline.NewTrial(data(t, docs, y, 3), rows(40), rows(60)[45:], pipeline.Settings{Recipe: text.Word()}, []float64{1})
	if err != nil {
		t.Fatal(err)
	}
	wide, err := pipeline.NewFitting(data(t, docs, y, 3), rows(60), pipeline.Settings{Recipe: text.Union(), PruneBelow: -1})
	if err != nil {
		t.Fatal(err)
	}
	fits := inBlocks(t, 3, 1, func(b linear.Range) (*pipeline.Part, error) { return f.Block(t.Context(), b, 1, nil) })
	wides := inBlocks(t, 3, 1, func(b linear.Range) (*pipeline.Part, error) { return wide.Block(t.Context(), b, 1, nil) })
	trials := inBlocks(t, 3, 1, func(b linear.Range) (*pipeline.Part, error) { return trial.Block(t.Context(), b, 1) })
	others := inBlocks(t, 3, 1, func(b linear.Range) (*pipeline.Part, error) { return other.Block(t.Context(), b, 1) })
	for _, tc := range []struct {
		name string
		join func() error
	}{
		{"nothing", func() error { _, err := f.Join(); return err }},
		{"one missing", func() error { _, err := f.Join(fits[0], fits[2]); return err }},
		{"the last missing", func() error { _, err := f.Join(fits[:2]...); return err }},
		{"out of order", func() error { _, err := f.Join(fits[1], fits[0], fits[2]); return err }},
		{"one too many", func() error { _, err := f.Join(append(fits, fits[2])...); return err }},
		{"margins for weights", func() error { _, err := f.Join(trials...); return err }},
		{"weights for margins", func() error { _, err := trial.Join(fits...); return err }},
		{"of other rows", func() error { _, err := trial.Join(others...); return err }},
		{"of more features", func() error { _, err := f.Join(wides...); return err }},
		{"without measures of pruning", func() error {
			pruned := *trial
			pruned.PruneRows = 5
			_, err := pruned.Join(trials...)
			return err
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.join(); !errors.Is(err, pipeline.ErrInvalid) {
				t.Errorf("Join = %v, want ErrInvalid", err)
			}
		})
	}
	if _, err := f.Block(t.Context(), linear.Range{From: 2, To: 4}, 1, nil); err == nil {
		t.Error("Block of problems there are not: no error")
	}
}

func TestOpenPart_refuses(t *testing.T) {
	docs, y := documents(60, 3, 3)
	f, err := pipeline.NewFitting(data(t, docs, y, 3), rows(60), pipeline.Settings{Recipe: text.Word()})
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.Block(t.Context(), linear.Range{To: 3}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(metadata map[string]string, tensors []artifact.Tensor) []artifact.Tensor
	}{
		{"another format", func(m map[string]string, x []artifact.Tensor) []artifact.Tensor {
			m["format"] = "godwit-part-9"
			return x
		}},
		{"no head", func(m map[string]string, x []artifact.Tensor) []artifact.Tensor { m["about"] = "{"; return x }},
		{"a block backwards", func(m map[string]string, x []artifact.Tensor) []artifact.Tensor {
			m["about"] = `{"block":{"from":2,"to":1}}`
			return x
		}},
		{"rows below none", func(m map[string]string, x []artifact.Tensor) []artifact.Tensor {
			m["about"] = `{"block":{"from":0,"to":1},"rows":-1}`
			return x
		}},
		{"margins that are not there", func(m map[string]string, x []artifact.Tensor) []artifact.Tensor {
			m["about"] = `{"block":{"from":0,"to":1},"costs":1000000000}`
			return x
		}},
		{"measures that are not there", func(m map[string]string, x []artifact.Tensor) []artifact.Tensor {
			m["about"] = `{"block":{"from":0,"to":1},"tried":1000000000}`
			return x
		}},
		{"weights that end beyond", func(_ map[string]string, x []artifact.Tensor) []artifact.Tensor {
			return replaced(x, artifact.FromInt64s("column.end", nil, []int64{1, 2, 1 << 40}))
		}},
		{"ends that fall", func(_ map[string]string, x []artifact.Tensor) []artifact.Tensor {
			return replaced(x, artifact.FromInt64s("column.end", nil, []int64{2, 1, 3}))
		}},
		{"a weight too few", func(_ map[string]string, x []artifact.Tensor) []artifact.Tensor {
			return replaced(x, artifact.FromFloat32s("column.weight", nil, []float32{1}))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file, err := artifact.Decode(slices.Clone(whole), artifact.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			changed, err := artifact.Encode(file.Metadata, tc.change(file.Metadata, file.Tensors()))
			if err != nil {
				t.Fatal(err)
			}
			if p, err := pipeline.OpenPart(changed); !errors.Is(err, artifact.ErrCorrupt) {
				t.Errorf("OpenPart = %v, %v, want ErrCorrupt", p, err)
			}
		})
	}
	if _, err := pipeline.OpenPart(nil); err == nil {
		t.Error("OpenPart of nothing: no error")
	}
}

// replaced puts a tensor in the place of the one of its name.
func replaced(tensors []artifact.Tensor, with artifact.Tensor) []artifact.Tensor {
	for i := range tensors {
		if tensors[i].Name == with.Name {
			tensors[i] = with
		}
	}
	return tensors
}

func FuzzOpenPart(f *testing.F) {
	docs, y := documents(30, 3, 3)
	fit, err := pipeline.NewFitting(data(f, docs, y, 3), rows(30), pipeline.Settings{Recipe: text.Word()})
	if err != nil {
		f.Fatal(err)
	}
	trial, err := pipeline.NewTrial(data(f, docs, y, 3), rows(20), rows(30)[20:], pipeline.Settings{Recipe: text.Word()}, []float64{1})
	if err != nil {
		f.Fatal(err)
	}
	trial.PruneRows = 4
	for _, p := range append(inBlocks(f, 3, 2, func(b linear.Range) (*pipeline.Part, error) { return fit.Block(f.Context(), b, 1, nil) }),
		inBlocks(f, 3, 2, func(b linear.Range) (*pipeline.Part, error) { return trial.Block(f.Context(), b, 1) })...) {
		data, err := p.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := pipeline.OpenPart(data)
		if err != nil {
			return
		}
		// What was opened must be safe to join, or be refused.
		if m, err := fit.Join(p); err == nil {
			m.Explain(new(pipeline.Scratch), pipeline.Input{Text: "my card"}, 0)
		}
		if out, err := trial.Join(p); err == nil && len(out.Margins) != 1 {
			t.Errorf("Join = %d costs", len(out.Margins))
		}
		if again := carried(t, p); again.Block() != p.Block() {
			t.Errorf("block %v, then %v", p.Block(), again.Block())
		}
	})
}

func ExampleFitting() {
	ctx := context.Background()
	docs, y := documents(120, 4, 1)
	corpus, _ := text.Count(ctx, docs, []text.Recipe{text.Word()}, 1, nil)
	d := pipeline.Data{Corpus: corpus, Y: y, Labels: []string{"card", "cash", "rate", "app"}}
	f, err := pipeline.NewFitting(d, rows(120), pipeline.Settings{Recipe: text.Word()})
	if err != nil {
		fmt.Println(err)
		return
	}
	// Each block may be done by a function of its own, which leaves Part.Encode.
	var parts []*pipeline.Part
	for _, block := range linear.Cut(f.Problems(), f.Work(), 2*f.Work(), 1) {
		part, err := f.Block(ctx, block, 1, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("classes", block.From, "to", block.To-1)
		parts = append(parts, part)
	}
	m, err := f.Join(parts...)
	if err != nil {
		fmt.Println(err)
		return
	}
	var s pipeline.Scratch
	fmt.Println(m.Labels()[best(m.Scores(&s, pipeline.Input{Text: "withdraw cash at a machine"}))])
	// Output:
	// classes 0 to 1
	// classes 2 to 3
	// cash
}
