package world

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"godwit/shared/jobs"
	"godwit/shared/registry"
	"godwit/shared/training"
)

// Invariant is one thing that must always hold.
type Invariant struct {
	Number int
	Text   string
	// Check returns what is broken, nil when nothing is. It costs no call and is
	// asked after every turn. nil: the world cannot tell, see Suites.
	Check func(*World) error
	// Suites are the tests that hold it elsewhere, over the real adapters, real
	// processes or all formats, as package and test.
	Suites []string
}

// Invariants returns all of them by number.
func Invariants() []Invariant { return slices.Clone(invariants) }

var invariants = []Invariant{
	{1, "an alias never points at a version whose artifact is not whole in S3", aliasesAreWhole, []string{"shared/training TestSteps_KilledAnywhere"}},
	{2, "a visible version never changes", raised(2), []string{"shared/registry TestRegistry_pointers"}},
	{3, "an event trains once, however often and late it is delivered", eventsTrainOnce, []string{"functions/local/delivery TestDeliverer_SurvivesKill", "shared/trigger TestHandle_Duplicates"}},
	{4, "a late older upload never replaces the model of a newer one", olderNeverReplaces, []string{"shared/training TestGate_LateOlderUpload"}},
	{5, "a crash before the commit leaves nothing visible, the retry completes", commitsAreWhole, []string{"shared/training TestSteps_KilledAnywhere", "functions/local TestServe_SurvivesKillAtEveryStep", "functions/local TestBatch_SurvivesKillAtEveryState"}},
	{6, "clean-up spares what a version or a live lease refers to", nothingInUseIsGone, []string{"functions/local/template TestPolicy", "shared/api TestDatasets_deleteMeetsAJob", "shared/training TestService_Submit_deletedMeanwhile"}},
	{7, "of two promotions from one revision one is made, with one history entry", historiesAreDense, []string{"shared/registry TestRegistry_pointers", "shared/world TestLinearizable"}},
	{8, "readers see old or new, never a mix", feedbackCountsOnce, []string{"shared/world TestLinearizable", "shared/monitor TestRecord_concurrent"}},
	{9, "version numbers are dense, unique and rising; a failed job burns none", numbersAreDense, []string{"shared/registry TestRegistry_pointers"}},
	{10, "a write whose answer was lost is reported as the success it was", usageAddsUp, []string{"shared/dynamo TestStore_troubledLine", "shared/s3blob TestStore_putLost"}},
	{11, "a worker whose lease ran out cannot commit", raised(11), []string{"shared/training TestSteps_LateWorkerCannotCommit"}},
	{12, "a wrong artifact is never served; the old model stays", raised(12), []string{"shared/serving TestServer_wrongArtifact"}},
	{13, "no bytes make a loader panic or allocate beyond its cap", nil, []string{"shared/ml/artifact FuzzDecode", "shared/ml/pipeline FuzzOpen"}},
	{14, "bad rows are reported by line and reason, nothing is half registered", nil, []string{"shared/ml/dataset TestRead_golden", ".ci/acceptance"}},
	{15, "rows in are rows trained, held out and rejected", rowsAddUp, []string{"shared/training TestSteps_RunToAVersion"}},
	{16, "a poison event ends in the dead-letter queue; no loop", raised(16), []string{"functions/local/delivery TestDeliverer_DeadEventsStayDead"}},
	{17, "input errors are not retried, transient ones are, with a bound", triesAreBounded, []string{"functions/local/states TestEngine_RetriesWithABound"}},
	{18, "training output cannot start training", outputTrainsNothing, []string{"functions/local/template TestPolicy"}},
	{19, "records of a batch fail alone", raised(19), []string{"shared/batch TestSteps_rows", "shared/serving TestServer_Predict_inputs"}},
	{20, "same data, settings and seed: same digest", sameDataSameDigest, []string{"shared/training TestSteps_SameDataSameDigest"}},
	{21, "same version and input: same bits, cold, warm or concurrent", raised(21), []string{"shared/serving TestServer_concurrentPromotion"}},
	{22, "every answer names the version that made it", raised(22), []string{"shared/api TestPredict", "functions/local TestServe_Rollout"}},
	{23, "a promotion is seen within its TTL", raised(23), []string{"shared/serving TestServer_promotionWithinTTL"}},
	{24, "registry down: the loaded model keeps serving, and says so", raised(24), []string{"shared/serving TestServer_registryDown"}},
	{25, "attempts per request are bounded", raised(25), []string{"shared/dynamo TestStore_silence", "shared/s3blob TestStore_silence"}},
	{26, "no call outlives the deadline, no goroutine the request", raised(26), []string{"shared/lambdahttp TestHandler_deadline", "shared/dynamo TestStore_stalled", "shared/s3blob TestStore_stalled"}},
	{27, "an Idempotency-Key makes one resource", keysMakeOne, []string{"shared/api TestIdempotency"}},
	{28, "an aliased or routed version cannot be deleted", pointersHold, []string{"shared/registry TestRegistry_pointers", "shared/world TestLinearizable"}},
	{29, "a page list shows each item once", raised(29), []string{"shared/registry TestRegistry_pointers"}},
	{30, "a panic is a clean 500 and the process lives", nil, []string{"shared/api TestPanic"}},
	{31, "no tenant reaches another", raised(31), []string{"shared/api TestTenants"}},
	{32, "every format ever written still loads", nil, []string{"shared/ml/pipeline TestOpen_frozen", "shared/ml/artifact TestEncode_fixture"}},
}

// raised is the check of what can only be told while it happens: the ledger and
// the acts raise it.
func raised(number int) func(*World) error {
	return func(w *World) error { return w.raised[number] }
}

// whole reports whether an artifact is in the bucket as it is named.
func (w *World) whole(a registry.Artifact) bool {
	info, err := w.models.Stat(context.Background(), a.Key)
	return err == nil && info.Size == a.Size && strings.HasPrefix(a.Digest.Hex(), info.ETag)
}

func aliasesAreWhole(w *World) error {
	for _, m := range w.ledger.models {
		for _, a := range m.aliases {
			if v := a.Version; v != 0 && (v > len(m.versions) || !w.whole(m.versions[v-1].Artifact)) {
				return fmt.Errorf("%s@%s points at version %d, which is not whole", m, a.Name, v)
			}
		}
	}
	return nil
}

func nothingInUseIsGone(w *World) error {
	for _, m := range w.ledger.models {
		for _, v := range m.versions {
			if !v.deleted && (!w.whole(v.Artifact) || !w.whole(v.Evaluation)) {
				return fmt.Errorf("%s version %d is visible and not whole", m, v.Number)
			}
		}
	}
	for _, j := range w.ledger.jobs {
		if !j.Status.Final() && j.Dataset != "" && w.dataset(j.Dataset).deleted {
			return fmt.Errorf("job %s is %s and its data set is deleted", j.ID, j.Status)
		}
	}
	return w.raised[6]
}

func eventsTrainOnce(w *World) error {
	for _, u := range w.uploaded {
		n := 0
		for _, j := range w.ledger.jobs {
			if u.opened(j) {
				n++
			}
		}
		made := 0
		for _, v := range w.model(u.tenant, intents).versions {
			if strings.HasPrefix(v.Lineage.Job, "tj_") && u.opened(w.job(v.Lineage.Job)) {
				made++
			}
		}
		if n > 1 || made > 1 {
			return fmt.Errorf("%s version %s has %d jobs and %d versions", u.key, u.version, n, made)
		}
	}
	return w.raised[3]
}

func olderNeverReplaces(w *World) error {
	for _, m := range w.ledger.models {
		for _, a := range m.aliases {
			for _, c := range a.history {
				if c.From == 0 || !strings.HasPrefix(c.By, "tj_") || c.From > len(m.versions) || c.To > len(m.versions) {
					continue
				}
				from, to := m.versions[c.From-1].Lineage, m.versions[c.To-1].Lineage
				if from.DataTime.After(to.DataTime) {
					return fmt.Errorf("%s@%s went from version %d to %d, of older data", m, a.Name, c.From, c.To)
				}
			}
		}
	}
	return nil
}

// commitsAreWhole holds that version and end of a job come together.
func commitsAreWhole(w *World) error {
	for _, m := range w.ledger.models {
		for _, v := range m.versions {
			if !strings.HasPrefix(v.Lineage.Job, "tj_") {
				continue
			}
			if j := w.job(v.Lineage.Job); j.Status != training.Succeeded || j.Version != v.Number {
				return fmt.Errorf("version %d is visible and its job is %s with version %d", v.Number, j.Status, j.Version)
			}
		}
	}
	for _, j := range w.ledger.jobs {
		if j.Status == training.Succeeded && j.Version > len(w.model(j.Tenant, j.Model).versions) {
			return fmt.Errorf("job %s succeeded with version %d, which is not there", j.ID, j.Version)
		}
	}
	return w.raised[5]
}

// historiesAreDense holds each alias against its history: one entry for each
// revision, each beginning where the one before ended.
func historiesAreDense(w *World) error {
	for _, m := range w.ledger.models {
		for _, a := range m.aliases {
			if int(a.Rev) != len(a.history) {
				return fmt.Errorf("%s@%s is at revision %d with %d history entries", m, a.Name, a.Rev, len(a.history))
			}
			at := 0
			for _, c := range a.history {
				if c.From != at {
					return fmt.Errorf("revision %d of %s@%s comes from version %d, it was at %d", c.Revision, m, a.Name, c.From, at)
				}
				at = c.To
			}
			if at != a.Version {
				return fmt.Errorf("%s@%s points at version %d, its history ends at %d", m, a.Name, a.Version, at)
			}
		}
	}
	return w.raised[7]
}

func numbersAreDense(w *World) error {
	for _, m := range w.ledger.models {
		if m.model.Latest != len(m.versions) {
			return fmt.Errorf("%s has %d versions and the newest is %d", m, len(m.versions), m.model.Latest)
		}
	}
	return w.raised[9]
}

func rowsAddUp(w *World) error {
	for _, j := range w.ledger.jobs {
		if j.Result == nil {
			continue
		}
		if r := j.Result.Rows; r.Read != r.Trained+r.HeldOut+r.Rejected || r.Read == 0 {
			return fmt.Errorf("job %s read %+v", j.ID, r)
		}
	}
	return w.raised[15]
}

func triesAreBounded(w *World) error {
	for _, e := range w.executions {
		if e.tries > patience || e.error != nil && jobs.ErrorType(e.error) == training.TypeTransient && e.tries < patience {
			return fmt.Errorf("execution %s was tried %d times, its error is %v", e.name, e.tries, e.error)
		}
	}
	return nil
}

func outputTrainsNothing(w *World) error {
	for _, j := range w.ledger.jobs {
		if !strings.HasPrefix(j.Key, "inbox/"+string(j.Tenant)+"/") {
			return fmt.Errorf("job %s trains on %s", j.ID, j.Key)
		}
	}
	return w.raised[18]
}

func sameDataSameDigest(w *World) error {
	for _, m := range w.ledger.models {
		for i, v := range m.versions {
			for _, o := range m.versions[:i] {
				if v.Lineage.DatasetSHA256 == o.Lineage.DatasetSHA256 && string(v.Settings) == string(o.Settings) && v.Artifact.Digest != o.Artifact.Digest {
					return fmt.Errorf("%s: versions %d and %d are of the same data and differ", m, o.Number, v.Number)
				}
			}
		}
	}
	return nil
}

func keysMakeOne(w *World) error {
	for i, d := range w.ledger.datasets {
		for _, o := range w.ledger.datasets[:i] {
			if strings.HasPrefix(d.Filename, "key") && d.Tenant == o.Tenant && d.Filename == o.Filename && !o.ever && d.CreatedAt.Sub(o.CreatedAt) < keyLife {
				return fmt.Errorf("%s made %s and %s under one Idempotency-Key", d.Tenant, o.ID, d.ID)
			}
		}
	}
	return w.raised[27]
}

func pointersHold(w *World) error {
	for _, m := range w.ledger.models {
		there := func(v int) bool { return v == 0 || v <= len(m.versions) && !m.versions[v-1].deleted }
		for _, a := range m.aliases {
			if !there(a.Version) {
				return fmt.Errorf("%s@%s points at version %d, which is deleted", m, a.Name, a.Version)
			}
		}
		for _, t := range m.route.Targets {
			if !there(t.Version) || t.Alias != "" && m.alias(t.Alias).Version == 0 {
				return fmt.Errorf("the route of %s goes to %s, which is deleted", m, t.Pick)
			}
		}
	}
	return nil
}

// rested holds, once nothing is left to do, that nothing was lost.
func (w *World) rested() {
	for _, j := range w.ledger.jobs {
		if !j.Status.Final() {
			w.raise(5, "job %s is %s and nobody works on it", j.ID, j.Status)
		}
	}
	for _, b := range w.ledger.batches {
		if !b.Status.Final() {
			w.raise(5, "batch job %s is %s and nobody works on it", b.ID, b.Status)
		}
	}
	for _, u := range w.uploaded {
		if !slices.ContainsFunc(w.ledger.jobs, u.opened) {
			w.raise(3, "%s version %s was never trained", u.key, u.version)
		}
	}
}
