package world

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/shared/batch"
	"godwit/shared/monitor"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// ledger is what the world knows of the table, decoded write by write, so that
// asking an invariant costs no read.
type ledger struct {
	won      map[string]bool // tokens of writes that were made
	models   []*modelState   // in the order of their first records
	jobs     []*jobState
	datasets []*datasetState
	batches  []*batch.Job
	judged   map[string]string  // label that an answer was judged to have, by tenant and hash of its id
	tallies  []tallyState       // of feedback
	used     map[string]counted // counters of keys, by tenant
}

// datasetState is a data set as it was made last, and whether it was deleted
// since, or ever.
type datasetState struct {
	registry.Dataset
	deleted, ever bool
}

// tallyState is one record of counts of feedback.
type tallyState struct {
	key registry.Key
	monitor.Tally
}

// modelState is a tenant's model.
type modelState struct {
	tenant   registry.Tenant
	name     registry.Name
	model    registry.Model
	versions []versionState // number 1 first
	aliases  []*aliasState
	route    registry.Route
	routes   []ruling // by revision from 1
}

// ruling is a route and the time from which it was in force.
type ruling struct {
	from  time.Time
	route registry.Route
}

// versionState is a version as it was first seen, and whether it is deleted.
type versionState struct {
	registry.Version
	body    []byte // its record's
	deleted bool
}

// aliasState is an alias, its history entries by revision from 1, and when it
// pointed where.
type aliasState struct {
	registry.Alias
	history []registry.AliasChange
	reigns  []reign
}

// reign is the time from which an alias pointed at a version, 0 for none.
type reign struct {
	from    time.Time
	version int
}

// jobState is a training job and who holds its lease.
type jobState struct {
	training.Job
	holder *act // that wrote the lease last
}

func (w *World) model(t registry.Tenant, n registry.Name) *modelState {
	i := slices.IndexFunc(w.ledger.models, func(m *modelState) bool { return m.tenant == t && m.name == n })
	if i < 0 {
		w.ledger.models = append(w.ledger.models, &modelState{tenant: t, name: n})
		i = len(w.ledger.models) - 1
	}
	return w.ledger.models[i]
}

func (m *modelState) alias(n registry.AliasName) *aliasState {
	i := slices.IndexFunc(m.aliases, func(a *aliasState) bool { return a.Name == n })
	if i < 0 {
		m.aliases = append(m.aliases, &aliasState{Alias: registry.Alias{Name: n}})
		i = len(m.aliases) - 1
	}
	return m.aliases[i]
}

func (w *World) job(id string) *jobState {
	i := slices.IndexFunc(w.ledger.jobs, func(j *jobState) bool { return j.ID == id })
	if i < 0 {
		w.ledger.jobs = append(w.ledger.jobs, &jobState{})
		i = len(w.ledger.jobs) - 1
	}
	return w.ledger.jobs[i]
}

// dataset returns a data set's state. Their ids are of one tenant each.
func (w *World) dataset(id string) *datasetState {
	i := slices.IndexFunc(w.ledger.datasets, func(d *datasetState) bool { return d.ID == id })
	if i < 0 {
		w.ledger.datasets = append(w.ledger.datasets, &datasetState{Dataset: registry.Dataset{ID: id}})
		i = len(w.ledger.datasets) - 1
	}
	return w.ledger.datasets[i]
}

func (d *datasetState) lost() { d.deleted, d.ever = true, true }

// enter notes a record as it is after a write. A record without a body was
// deleted, which of what is kept here only data sets ever are.
func (w *World) enter(rec registry.Record) {
	w.changed = true
	tenant, rest, _ := strings.Cut(rec.Key.Partition, "#")
	kind, name, _ := strings.Cut(rest, "#")
	w.ownedBy(registry.Tenant(tenant), rec.Key)
	if rec.Body == nil {
		if kind == "DATASETS" {
			w.dataset(rec.Key.Sort).lost()
		}
		return
	}
	m := func() *modelState { return w.model(registry.Tenant(tenant), registry.Name(name)) }
	switch {
	case kind == "MODELS":
		m := w.model(registry.Tenant(tenant), registry.Name(rec.Key.Sort))
		m.model = read[registry.Model](w, rec)
	case kind == "DATASETS":
		d := w.dataset(rec.Key.Sort)
		d.Dataset, d.deleted = read[registry.Dataset](w, rec), false
		if !d.DeletedAt.IsZero() {
			d.lost() // what is left of it goes later, and is nobody's
		}
	case kind == "BATCH" && rec.Key.Sort == "BATCH":
		w.enterBatch(rec)
	case kind == "JUDGED":
		w.ledger.judged[tenant+" "+name] = read[struct{ Label string }](w, rec).Label
	case kind == "FEEDBACK":
		w.enterTally(rec)
	case kind == "JOB" && rec.Key.Sort == "JOB":
		w.enterJob(rec)
	case kind != "MODEL":
	case strings.HasPrefix(rec.Key.Sort, "V#"):
		w.enterVersion(m(), rec)
	case strings.HasPrefix(rec.Key.Sort, "A#"):
		w.enterAlias(m(), rec)
	case strings.HasPrefix(rec.Key.Sort, "H#"):
		w.enterChange(m(), rec)
	case rec.Key.Sort == "R":
		m := m()
		m.route = read[registry.Route](w, rec)
		m.route.Rev = rec.Rev
		m.routes = append(m.routes, ruling{w.Now(), m.route})
	}
}

// read decodes a record's body.
func read[T any](w *World, rec registry.Record) T {
	var v T
	if err := json.Unmarshal(rec.Body, &v); err != nil {
		w.raise(2, "the record %v cannot be read: %v", rec.Key, err)
	}
	return v
}

// ownedBy holds that a lane writes to its tenant's partitions, or to the two
// kinds that belong to none.
func (w *World) ownedBy(tenant registry.Tenant, key registry.Key) {
	if tenant == "KEY" || tenant == "SECRET" || w.writer == nil || w.writer.act == nil {
		return
	}
	if of := w.writer.act.tenant; of != "" && tenant != of {
		w.raise(31, "an act of the tenant %s wrote %v", of, key)
	}
}

func (w *World) enterVersion(m *modelState, rec registry.Record) {
	v := versionState{Version: read[registry.Version](w, rec), body: rec.Body}
	v.deleted = !v.DeletedAt.IsZero()
	switch n := len(m.versions); {
	case v.Number == n+1:
		m.versions = append(m.versions, v)
		w.tookPart(v.Version)
	case v.Number < 1 || v.Number > n:
		w.raise(9, "%s/%s has version %d after %d", m.tenant, m.name, v.Number, n)
	case v.deleted:
		m.versions[v.Number-1].deleted = true
	case m.versions[v.Number-1].deleted || !bytes.Equal(m.versions[v.Number-1].body, v.body):
		// No act gives a version another description or tags, which it may have.
		w.raise(2, "version %d of %s/%s became %s, it was %s", v.Number, m.tenant, m.name, v.body, m.versions[v.Number-1].body)
	}
}

// tookPart holds a fresh version against the lease of its job.
func (w *World) tookPart(v registry.Version) {
	if w.writer == nil || w.writer.act == nil || w.writer.act.kind != Work {
		return
	}
	if j := w.job(v.Lineage.Job); j.holder != w.writer.act {
		w.raise(11, "version %d of job %s was committed by a worker that does not hold its lease", v.Number, j.ID)
	}
}

func (w *World) enterAlias(m *modelState, rec registry.Record) {
	now := read[registry.Alias](w, rec)
	a := m.alias(now.Name)
	now.Rev = rec.Rev
	a.Alias = now
	a.reigns = append(a.reigns, reign{w.Now(), now.Version})
}

func (w *World) enterChange(m *modelState, rec registry.Record) {
	c := read[registry.AliasChange](w, rec)
	a := m.alias(c.Alias)
	if int(c.Revision) != len(a.history)+1 || rec.Rev != 1 {
		w.raise(7, "the history of %s/%s@%s has %d entries and gets one for revision %d", m.tenant, m.name, c.Alias, len(a.history), c.Revision)
		return
	}
	a.history = append(a.history, c)
}

func (w *World) enterJob(rec registry.Record) {
	now := read[training.Job](w, rec)
	j := w.job(now.ID)
	if j.Status.Final() && now.Status != j.Status {
		w.raise(11, "job %s was %s and became %s", j.ID, j.Status, now.Status)
	}
	if now.Lease != j.Lease && now.Lease != "" {
		j.holder = w.writer.act
	}
	now.Rev = rec.Rev
	j.Job = now
}

// reigned reports whether the alias pointed at version at some time from one to
// another, both included.
func (a *aliasState) reigned(version int, from, to time.Time) bool {
	for i, r := range a.reigns {
		ended := i+1 < len(a.reigns) && a.reigns[i+1].from.Before(from)
		if r.version == version && !ended && !r.from.After(to) {
			return true
		}
	}
	return false
}

// String names the model.
func (m *modelState) String() string { return fmt.Sprintf("%s/%s", m.tenant, m.name) }
