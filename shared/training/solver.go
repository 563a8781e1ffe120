package training

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tune"
	"godwit/shared/registry"
)

// SolverParams say how the weights of a linear model are found.
type SolverParams struct {
	MultiClass string `json:"multi_class,omitempty"` // of logistic-regression: one_vs_rest (default), or multinomial: all classes together
	// Solver is dual: the learner's own, which is exact (of an SVM dual coordinate
	// descent, of the others Newton's method or conjugate gradients); sgd: steps
	// along the slope of few rows at a time, which need no matrix of all rows; or
	// auto (default): dual, unless the matrix would not fit.
	Solver string `json:"solver,omitempty"`
	Method string `json:"method,omitempty"` // of solver sgd: sgd (default) or adam
	Batch  int    `json:"batch,omitempty"`  // of solver sgd: rows a step, 1 to 4096, default 1
}

// The choices of SolverParams.
const (
	oneVsRest   = "one_vs_rest"
	multinomial = "multinomial"
	solverAuto  = "auto"
	solverDual  = "dual"
	solverSGD   = "sgd"
)

// maxBatch is the most rows a step may take.
const maxBatch = 4096

// checkSolver complains about solver params that do not exist or do not suit
// what they are asked of.
func (s Settings) checkSolver() error {
	p := s.Params
	network := s.Task == registry.ImageClassification || s.learner() == pipeline.CNN || s.learner() == pipeline.RNN
	sgd := p.Solver == solverSGD
	switch {
	case network && p.SolverParams != (SolverParams{}):
		return bad("/params", "multi_class, solver, method and batch are those of linear models")
	case p.MultiClass != "" && s.learner() != pipeline.Logistic:
		return bad("/params/multi_class", "only logistic-regression has a choice: name it as the algorithm")
	case p.MultiClass == multinomial && sgd:
		return bad("/params/solver", "multinomial is trained by its own solver: choose dual, or multi_class one_vs_rest")
	case !sgd && (p.Method != "" || p.Batch != 0):
		return bad("/params", "method and batch are those of solver sgd: name it")
	case p.Batch < 0 || p.Batch > maxBatch:
		return bad("/params/batch", "a number from 1 to %d", maxBatch)
	}
	return cmp.Or(
		oneOf("/params/multi_class", p.MultiClass, oneVsRest, multinomial),
		oneOf("/params/solver", p.Solver, solverAuto, solverDual, solverSGD),
		oneOf("/params/method", p.Method, pipeline.MethodSGD, pipeline.MethodAdam))
}

// descent is how steps along the slope are taken, if they are.
func (p Params) descent() tune.Descent {
	if p.Solver != solverSGD {
		return tune.Descent{}
	}
	return tune.Descent{Method: cmp.Or(p.Method, pipeline.MethodSGD), Epochs: p.Epochs, Batch: p.Batch}
}

const (
	// functionBytes is the memory of the training function, as the template has it.
	functionBytes = 3008 << 20
	// matrixShare is the share of it that the matrix of a fit may take.
	matrixShare = .5
	// matrixEach is what a non-zero takes in the matrix of a fit and in the packed
	// copy of the solver, in bytes.
	matrixEach = 16
	// autoHashBits bounds the weights of a descent that auto has chosen.
	autoHashBits = 18
)

// solver decides on the solver where that is left to it: by what the counted
// terms say of the matrix, never by a clock. It returns the settings to go on
// with and, when they are others, why.
func (s *Steps) solver(settings Settings, r *rows) (Settings, string) {
	p := settings.Params
	open := p.Solver == "" || p.Solver == solverAuto
	if !open || p.MultiClass == multinomial || r.Corpus == nil || settings.learner() == pipeline.RNN {
		return settings, "" // a table is smaller than the file it was read from
	}
	most := float64(cmp.Or(s.FunctionBytes, functionBytes)) * matrixShare
	need := float64(r.Corpus.NonZeros()) * matrixEach
	if need <= most {
		return settings, ""
	}
	settings.Params.Solver = solverSGD
	settings.Params.HashBits = cmp.Or(p.HashBits, autoHashBits)
	return settings, fmt.Sprintf("solver sgd: the matrix of %d non-zeros would take %.0f MB, more than the %.0f MB there are for it; "+
		"rows are learnt from a few at a time, terms are hashed to 2^%d buckets", r.Corpus.NonZeros(), need/(1<<20), most/(1<<20), settings.Params.HashBits)
}

// tellSolver records that auto took another solver than usual.
func (s *Steps) tellSolver(ctx context.Context, job Job, why string) {
	if why != "" {
		s.event(ctx, job, Event{Phase: "prepare", Message: why, Progress: .19})
	}
}

// tooWide closes the job when a fit would hold more weights at one time than
// there is memory for, and returns err for the machine.
func (s *Steps) tooWide(ctx context.Context, job Job, err error) error {
	if !errors.Is(err, pipeline.ErrMemory) {
		return err
	}
	return s.refuse(ctx, job, fault.Wrap(fault.TooLarge, err, "the weights of all classes at one time do not fit in memory: "+
		"choose params.hash_bits, a lower one or a higher params.min_docs, or train class by class with params.solver dual and params.multi_class one_vs_rest (%v)", err), nil)
}
