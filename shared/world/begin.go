package world

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"godwit/shared/blob"
	"godwit/shared/blob/memblob"
	"godwit/shared/registry"
	"godwit/shared/registry/memory"
)

// beginning is what every run of a world begins with: two models that serve.
// Publishing them takes longer than many a run, so it is done once.
type beginning struct {
	records *memory.Store
	models  *memblob.Store
	ledger  ledger
	raised  [33]error
}

// reset begins the world anew.
func (w *World) reset() error {
	if w.first == nil {
		w.lay(beginning{records: memory.New(w.Now), models: memblob.New(w.Now), ledger: ledger{won: map[string]bool{}}})
		if err := w.found(); err != nil {
			return err
		}
	}
	w.lay(*w.first)
	for i, l := range w.lanes {
		l.again(w, i)
	}
	return nil
}

// lay makes a copy of b the world.
func (w *World) lay(b beginning) {
	*w = World{Seams: w.Seams, Tally: w.Tally, library: w.library, discard: w.discard, clock: began, lanes: w.lanes, first: w.first}
	w.records, w.models, w.uploads = b.records.Copy(), b.models.Copy(), memblob.New(w.Now)
	w.ledger, w.raised, w.changed = b.ledger.clone(), b.raised, true
	w.rotten, w.answers = map[string]rotten{}, map[string]string{}
	w.granted, w.idempotent = map[string]int{}, map[string]*idempotent{}
	w.assigned, w.scored = map[string]string{}, map[string]string{}
	w.reminded = map[string]bool{}
	w.store = witnessed{w.records, w}
	if w.Seams.Table != nil {
		w.store = w.Seams.Table(w.store)
	}
}

// found publishes the first models and keeps what came of it.
func (w *World) found() error {
	for i, t := range tenants {
		for v := range 2 - i {
			if err := w.publish(t, i*variants+v); err != nil {
				return fmt.Errorf("publish the first models: %w", err)
			}
		}
	}
	w.first = &beginning{w.records, w.models, w.ledger, w.raised}
	return nil
}

// publish makes a fitted model the champion, without a job.
func (w *World) publish(t registry.Tenant, model int) error {
	a := artifactOf(t, intents, w.library.artifacts[model])
	data := w.library.artifacts[model]
	ctx := context.Background()
	if _, err := w.models.Put(ctx, a.Key, strings.NewReader(string(data)), a.Size, blob.PutOptions{}); err != nil {
		return err
	}
	tokens := 0
	r := registry.Registry{Store: w.store, Now: w.Now, NewToken: func() string {
		tokens++
		return fmt.Sprintf("seed-%s-%d-%d", t, model, tokens)
	}}
	_, err := r.Commit(ctx, t, registry.Commit{
		Token: fmt.Sprintf("seed-%d", model), Promote: registry.Champion, By: "seed",
		Draft: draft(intents, a, registry.Lineage{Job: "seed", DataTime: began.Add(-time.Hour), DatasetSHA256: a.Digest}),
	})
	return err
}

// clone is a copy of the ledger at a beginning, which knows models only.
func (g ledger) clone() ledger {
	out := ledger{won: maps.Clone(g.won), judged: map[string]string{}, used: map[string]counted{}}
	for _, m := range g.models {
		c := *m
		c.versions, c.routes, c.aliases = slices.Clone(m.versions), slices.Clip(m.routes), nil
		for _, a := range m.aliases {
			b := *a
			b.history, b.reigns = slices.Clip(a.history), slices.Clip(a.reigns)
			c.aliases = append(c.aliases, &b)
		}
		out.models = append(out.models, &c)
	}
	return out
}
