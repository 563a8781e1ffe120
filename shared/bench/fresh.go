package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// freshen takes the scores of scikit-learn anew, with the scripts. Those of
// other tools stay, and all do when scikit-learn is not installed.
func (b *bench) freshen(ctx context.Context, c *contest) error {
	c.rivals = slices.Clone(c.rivals)
	for i, r := range c.rivals {
		script, ok := scripted[r.name]
		if !ok {
			continue
		}
		b.say("%s: scikit-learn, %s", c.set, r.name)
		var score float64
		var err error
		if c.text {
			score, err = b.freshText(ctx, c.set, script)
		} else {
			score, err = b.freshTable(ctx, c.set, script)
		}
		if absent, ok := errors.AsType[absentError](err); ok {
			b.say("%s: %s", c.set, absent)
			return nil
		}
		if err != nil {
			return err
		}
		c.rivals[i].score, c.rivals[i].anew = score, true
	}
	return nil
}

// freshText runs the script of texts.
func (b *bench) freshText(ctx context.Context, set, script string) (float64, error) {
	took, err := b.script(ctx, "text_sklearn.py", set, script)
	if err != nil {
		return 0, err
	}
	var result struct {
		Accuracy float64 `json:"acc"`
	}
	err = took.result(&result)
	return result.Accuracy, err
}

// freshTable runs the script of tables, which scores all of them.
func (b *bench) freshTable(ctx context.Context, set, script string) (float64, error) {
	took, err := b.script(ctx, "tabular.py")
	if err != nil {
		return 0, err
	}
	return tableScore(took, set, script)
}

// tableScore finds what the script of tables told of a set and a model.
func tableScore(took usage, set, model string) (float64, error) {
	var result struct {
		Rows []struct {
			Set, Model string
			Accuracy   float64 `json:"acc"`
			RMSE       float64 `json:"rmse"`
		}
	}
	if err := took.result(&result); err != nil {
		return 0, err
	}
	for _, row := range result.Rows {
		if row.Set == set && row.Model == model {
			return max(row.Accuracy, row.RMSE), nil // a row has one of them
		}
	}
	return 0, fmt.Errorf("tabular.py told nothing of %s and %s", set, model)
}
