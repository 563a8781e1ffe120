package training

import (
	"context"

	"godwit/shared/fault"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/linear"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
	"godwit/shared/ml/text"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
)

// What differs between texts and tables once they are rows: how a candidate is
// scored and fitted, and what a caller would send to predict a row.

// trial prepares the scoring of a variant that is fitted on the train rows for
// every C of path and judged on the held rows.
func (r *rows) trial(ctx context.Context, train, held []int32, v variant, path []float64, seed uint64) (*pipeline.Trial, error) {
	if r.Corpus == nil {
		return pipeline.NewTableTrial(ctx, r.tableData(), train, held, tableSettings(v.at(path[0]), seed), path)
	}
	settings, err := textSettings(v.at(path[0]), seed)
	if err != nil {
		return nil, err
	}
	return pipeline.NewTrial(r.textData(), train, held, settings, path)
}

// fitting prepares the fit of a candidate on some rows. pruning, when not nil,
// says how far weights of texts are pruned.
func (r *rows) fitting(ctx context.Context, some []int32, c tune.Candidate, pruning *pipeline.Pruning, seed uint64) (*pipeline.Fitting, error) {
	if r.Corpus == nil {
		return pipeline.NewTableFitting(ctx, r.tableData(), some, tableSettings(c, seed))
	}
	settings, err := prunedSettings(c, pruning, seed)
	if err != nil {
		return nil, err
	}
	return pipeline.NewFitting(r.textData(), some, settings)
}

// terms returns the size of a variant's model fitted on the train rows, by
// which equals are told apart: features of texts, and for tables the features a
// number gives.
func (r *rows) terms(train []int32, v variant) int64 {
	if r.Corpus == nil {
		each := map[tabular.Shape]int{tabular.Plain: 1, tabular.Curved: 3, tabular.Binned: 17}
		return int64(len(r.Columns) * each[tabular.Shape(v.Recipe)])
	}
	recipe := v.features()
	if v.HashBits > 0 {
		return int64(r.Corpus.Hashed(train, recipe, v.HashBits).Len())
	}
	return int64(r.Corpus.Vocabulary(train, recipe).Len())
}

// features returns the recipe of a variant of texts, with its floor.
func (v variant) features() text.Recipe {
	recipe, _ := text.RecipeNamed(v.Recipe)
	for f, floor := range recipe.MinDocs {
		if floor > 0 {
			recipe.MinDocs[f] = max(floor, v.MinDocs)
		}
	}
	return recipe
}

// input is what a caller would send to predict a row.
func (r *rows) input(x *texts, row int32) pipeline.Input {
	switch {
	case r.task == registry.TextClassification:
		return pipeline.Input{Text: x.Text[row]}
	case r.Pixels != nil:
		size := r.Shape.Size()
		return pipeline.Input{Pixels: r.Pixels[int(row)*size:][:size]}
	}
	cells := make(map[string]string, len(r.Columns))
	for c := range r.Columns {
		cells[r.Columns[c].Name] = r.Columns[c].Cell(int(row))
	}
	return pipeline.Input{Cells: cells}
}

// work returns the units of one candidate on all folds: non-zero features,
// classes and folds multiplied. It is an upper bound for recipes that use fewer
// families than were counted.
func (r *rows) work(folds int) float64 {
	problems := len(r.Labels)
	if problems <= 2 {
		problems = 1
	}
	nonZeros := int64(len(r.Columns)) * int64(r.len())
	switch {
	case r.Corpus != nil:
		nonZeros = r.Corpus.NonZeros()
	case r.estimated > 0:
		nonZeros = r.estimated
	}
	return float64(nonZeros) * float64(problems) * float64(folds)
}

func (r *rows) textData() pipeline.Data {
	return pipeline.Data{Corpus: r.Corpus, Y: r.Y, Labels: r.Labels, Weight: r.Weight, Group: r.Group}
}

func (r *rows) tableData() pipeline.TableData {
	d := pipeline.TableData{
		Table: tabular.Table{Columns: r.Columns, DecimalComma: r.DecimalComma}, Task: dataset.Classification,
		Y: r.Y, Labels: r.Labels, Weight: r.Weight, Group: r.Group,
	}
	if r.task == registry.TableRegression {
		d.Task, d.Y, d.Labels, d.Values = dataset.Regression, nil, nil, r.Values
	}
	return d
}

// textSettings are those of one candidate.
func textSettings(c tune.Candidate, seed uint64) (pipeline.Settings, error) {
	recipe, ok := text.RecipeNamed(c.Recipe)
	if !ok {
		return pipeline.Settings{}, fault.New(fault.Internal, "unknown features %q", c.Recipe)
	}
	return pipeline.Settings{
		Recipe: recipe, Learner: c.Learner, Loss: linear.Loss(c.Loss), Balance: c.Balance, MinDocs: c.MinDocs,
		HashBits: c.HashBits, C: c.C, Seed: seed, Multinomial: c.MultiClass == multinomial, Descent: pipeline.Descent(c.Descent),
	}, nil
}

// prunedSettings are those of one candidate whose weights are pruned so far.
func prunedSettings(c tune.Candidate, pruning *pipeline.Pruning, seed uint64) (pipeline.Settings, error) {
	settings, err := textSettings(c, seed)
	if pruning != nil {
		settings.PruneBelow = pruning.Below
	}
	return settings, err
}

// tableSettings are those of one candidate.
func tableSettings(c tune.Candidate, seed uint64) pipeline.TableSettings {
	return pipeline.TableSettings{
		Learner: c.Learner, Options: tabular.Options{Shape: tabular.Shape(c.Recipe)},
		Loss: linear.Loss(c.Loss), Balance: c.Balance, C: c.C, Seed: seed,
		Multinomial: c.MultiClass == multinomial, Descent: pipeline.Descent(c.Descent),
	}
}
