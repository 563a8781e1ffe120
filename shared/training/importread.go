package training

import (
	"context"
	"errors"
	"io"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/ops"
	"godwit/shared/registry"
)

// The codes of imports that are refused, in the job's error and the data set's
// issues.
const (
	codeUnsupported = "onnx_operator_unsupported" // an operator, or a form of graph, that is not run
	codeTooLarge    = "onnx_too_large"
	codeCorrupt     = "onnx_invalid"
)

// readGraph returns the uploaded file.
func (s *Steps) readGraph(ctx context.Context, job Job) ([]byte, error) {
	body, info, err := s.Uploads.GetVersion(ctx, job.Key, job.SourceVersion)
	if fault.Is(err, fault.NotFound) {
		return nil, s.refuse(ctx, job, fault.New(fault.NotFound, "the uploaded file is gone"), nil)
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if info.Size > foreign.MaxGraphBytes {
		return nil, s.refuseGraph(ctx, job, onnx.Errorf(onnx.TooLarge, "the file has %d bytes, at most %d are served: store weights as FLOAT16 behind a Cast", info.Size, int64(foreign.MaxGraphBytes)))
	}
	// The limit again: what is said of the size is not what comes.
	data, err := io.ReadAll(io.LimitReader(body, foreign.MaxGraphBytes))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the uploaded graph could not be read to its end")
	}
	return data, nil
}

// refuseGraph ends the job because of its graph: nothing is registered. Any
// other failure is returned as it is, so that the step is tried again.
func (s *Steps) refuseGraph(ctx context.Context, job Job, err error) error {
	if !isJudged(ctx, err) {
		return err
	}
	why := JobError{Code: codeCorrupt, Message: err.Error()}
	if wrong, ok := errors.AsType[*onnx.Error](err); ok {
		switch wrong.Reason {
		case onnx.Unsupported:
			why.Code = codeUnsupported
			if s.Engine == nil {
				why.Message += ". Operators that run: " + supported() + ". Whoever runs this installation can add ONNX Runtime for others (parameter OnnxRuntime)"
			}
		case onnx.TooLarge:
			why.Code = codeTooLarge
		}
	}
	// The data set first: a job that is closed is not looked at again.
	issue := dataset.Issue{Code: why.Code, Severity: "error", Message: why.Message}
	if err := s.fileGraph(ctx, job, DatasetFailed, []dataset.Issue{issue}); err != nil {
		return err
	}
	if _, err := s.Jobs.Close(ctx, job.Tenant, job.ID, Failed, why); err != nil {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "the graph cannot be served")
}

// supported lists the operators that run, by domain.
func supported() string {
	var parts []string
	for _, domain := range []string{onnx.Standard, onnx.Traditional, onnx.Contributed} {
		title := domain
		if domain == onnx.Standard {
			title = "ai.onnx"
		}
		parts = append(parts, title+": "+strings.Join(ops.Names(domain), " "))
	}
	return strings.Join(parts, "; ")
}

// fileGraph files what was found in the graph with its data set, where findings
// in rows stand too, so that there is one place to look.
func (s *Steps) fileGraph(ctx context.Context, job Job, status string, found []dataset.Issue) error {
	issues := Issues{Items: found, Counts: map[string]int{}, Source: dataset.Source{Format: "onnx"}}
	for _, i := range found {
		issues.Counts[i.Code]++
	}
	if err := s.putJSON(ctx, job.IssuesKey(), issues); err != nil {
		return err
	}
	return s.tellDataset(ctx, job, func(d *registry.Dataset) {
		d.IssuesKey, d.Status = job.IssuesKey(), status
	})
}
