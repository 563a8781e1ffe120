package ops

import (
	"math"

	"godwit/shared/ml/onnx"
)

// svm is a support vector machine: linear functions, one for each class, or
// support vectors and a decision between each two classes.
type svm struct {
	labels
	similarity
	post             transform
	platt            platt
	coefficient, rho []float32
	vector           []float32 // support vectors, row by row
	perClass         []int     // of them
	start            []int     // the first of each class
	vectors          int
	positive         bool // no coefficient is below 0
}

// makeSVMClassifier reads either of the two modes, which the support vectors
// tell apart.
func makeSVMClassifier(n *onnx.Node, _ int64) (Kernel, error) {
	post, err := transformOf(n)
	if err != nil {
		return nil, err
	}
	l, err := labelsOf(n, "classlabels_ints")
	if err != nil {
		return nil, err
	}
	kernel, err := similarityOf(n)
	if err != nil {
		return nil, err
	}
	s := &svm{labels: l, similarity: kernel, post: post, coefficient: list(n, "coefficients").Floats, rho: list(n, "rho").Floats, vector: list(n, "support_vectors").Floats, positive: true}
	for _, v := range s.coefficient {
		s.positive = s.positive && v >= 0
	}
	if s.perClass, err = smallInts(n, "vectors_per_class", math.MaxInt32); err != nil {
		return nil, err
	}
	for _, k := range s.perClass {
		s.start = append(s.start, s.vectors)
		s.vectors += k
	}
	if s.vectors == 0 {
		return s.linear()
	}
	if s.platt, err = plattOf(n, s.len()*(s.len()-1)/2); err != nil {
		return nil, err
	}
	return s.pairs()
}

// linear is the mode without support vectors.
func (s *svm) linear() (Kernel, error) {
	classes := s.len()
	if len(s.rho) == 0 || len(s.coefficient)%classes != 0 {
		return nil, onnx.Errorf(onnx.Corrupt, "%d coefficients for %d classes", len(s.coefficient), classes)
	}
	// There is one rho, and it is added.
	a := affine{weight: s.coefficient, outputs: classes}
	for range classes {
		a.intercept = append(a.intercept, s.rho[0])
	}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		scores, err := a.run(r, in[0])
		if err != nil {
			return nil, err
		}
		places, err := r.index(scores.Dims[0])
		if err != nil {
			return nil, err
		}
		for i := range places {
			row := scores.Floats[i*classes : (i+1)*classes]
			places[i] = first(row)
			s.post.apply(row)
		}
		return s.answers(r, places, scores)
	}, nil
}

// pairs is the mode of libsvm: a decision between each two classes, the class
// with the most of them wins, the first of equals.
func (s *svm) pairs() (Kernel, error) {
	classes := s.len()
	decisions := classes * (classes - 1) / 2
	if len(s.perClass) != classes || classes > maxClasses || len(s.vector)%s.vectors != 0 || len(s.rho) < decisions || len(s.coefficient) < (classes-1)*s.vectors || classes < 2 {
		return nil, onnx.Errorf(onnx.Corrupt, "%d numbers in %d support vectors, %d coefficients, %d rhos for %d classes", len(s.vector), s.vectors, len(s.coefficient), len(s.rho), classes)
	}
	features, width := len(s.vector)/s.vectors, max(decisions, 2)
	if len(s.platt.a) > 0 {
		width = classes
	}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		x, rows, columns, err := table(r, in[0])
		if err != nil {
			return nil, err
		}
		if columns != features {
			return nil, badInput("%d columns, want %d", columns, features)
		}
		scores, err := r.floats(rows, width)
		if err != nil {
			return nil, err
		}
		places, err := r.index(rows)
		if err != nil {
			return nil, err
		}
		if err := r.Take(s.platt.bytes(classes)); err != nil {
			return nil, err
		}
		near, pairs := make([]float64, s.vectors), make([]float32, max(decisions, 2))
		for i := range rows {
			if err := r.Spend(s.vectors*(features+classes+8) + s.platt.work(classes)); err != nil {
				return nil, err
			}
			for k := range near {
				near[k] = s.similar(x[i*columns:(i+1)*columns], s.vector[k*features:(k+1)*features])
			}
			places[i] = s.decide(near, pairs)
			s.answer(pairs, scores.Floats[i*width:(i+1)*width])
		}
		return s.answers(r, places, scores)
	}, nil
}

// maxClasses bounds the classes of which each two are compared.
const maxClasses = 1 << 12

// similarity is the kernel of a support vector machine.
type similarity struct {
	kernel           string
	gamma, zero, deg float64
}

// similarityOf reads a kernel and its parameters.
func similarityOf(n *onnx.Node) (similarity, error) {
	s := similarity{kernel: textOf(n, "kernel_type", "LINEAR")}
	if p := list(n, "kernel_params").Floats; len(p) == 3 {
		s.gamma, s.zero, s.deg = float64(p[0]), float64(p[1]), float64(p[2])
	}
	switch s.kernel {
	case "LINEAR", "POLY", "RBF", "SIGMOID":
		return s, nil
	}
	return s, onnx.Errorf(onnx.Unsupported, "kernel %q", s.kernel)
}

// similar is the kernel of a row and a support vector.
func (s similarity) similar(x, v []float32) float64 {
	dot, apart := 0.0, 0.0
	for i, a := range x {
		dot += float64(a) * float64(v[i])
		d := float64(a) - float64(v[i])
		apart += d * d
	}
	switch s.kernel {
	case "POLY":
		return math.Pow(s.gamma*dot+s.zero, s.deg)
	case "RBF":
		return math.Exp(-s.gamma * apart)
	case "SIGMOID":
		return math.Tanh(s.gamma*dot + s.zero)
	}
	return dot
}

// decide writes the decisions of one row and returns the class. The
// coefficients of a vector are in one row for each other class.
func (s *svm) decide(near []float64, decisions []float32) int {
	classes, d := s.len(), 0
	won := make([]float32, classes)
	for i := range classes {
		for j := i + 1; j < classes; j++ {
			sum := float64(s.rho[d])
			for k := s.start[i]; k < s.start[i]+s.perClass[i]; k++ {
				sum += float64(s.coefficient[(j-1)*s.vectors+k]) * near[k]
			}
			for k := s.start[j]; k < s.start[j]+s.perClass[j]; k++ {
				sum += float64(s.coefficient[i*s.vectors+k]) * near[k]
			}
			if sum > 0 {
				won[i]++
			} else {
				won[j]++
			}
			decisions[d] = float32(sum)
			d++
		}
	}
	return first(won)
}

// answer writes the scores of a row whose decisions are made: the shares of the
// classes, or without sigmoids the decisions themselves.
func (s *svm) answer(decisions, scores []float32) {
	switch {
	case len(s.platt.a) > 0:
		s.platt.shares(decisions, scores)
		s.post.apply(scores)
	case s.len() == 2:
		s.post.second(scores, decisions[0], s.post != noTransform)
	default:
		copy(scores, decisions)
		s.post.apply(scores)
	}
}

// makeSVMRegressor is one function: of support vectors, or linear without any.
// With one_class it tells rows like those it learned from, 1, from others, -1.
func makeSVMRegressor(n *onnx.Node, _ int64) (Kernel, error) {
	post, err := transformOf(n)
	if err != nil {
		return nil, err
	}
	kernel, err := similarityOf(n)
	if err != nil {
		return nil, err
	}
	weight, vector, rho := list(n, "coefficients").Floats, list(n, "support_vectors").Floats, list(n, "rho").Floats
	vectors, oneClass := int(intOf(n, "n_supports", 0)), intOf(n, "one_class", 0) != 0
	if vectors == 0 { // the weights are the only vector
		kernel, vector, weight, vectors = similarity{kernel: "LINEAR"}, weight, []float32{1}, 1
	}
	if len(rho) == 0 || vectors < 1 || vectors > len(weight) || len(vector) == 0 || len(vector)%vectors != 0 {
		return nil, onnx.Errorf(onnx.Corrupt, "%d numbers in %d support vectors, %d coefficients, %d rhos", len(vector), vectors, len(weight), len(rho))
	}
	features := len(vector) / vectors
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		x, rows, columns, err := table(r, in[0])
		if err != nil {
			return nil, err
		}
		if columns != features {
			return nil, badInput("%d columns, want %d", columns, features)
		}
		out, err := r.floats(rows, 1)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if err := r.Spend(vectors * (features + 8)); err != nil {
				return nil, err
			}
			sum := float64(rho[0])
			for k := range vectors {
				sum += float64(float64(weight[k]) * kernel.similar(x[i*columns:(i+1)*columns], vector[k*features:(k+1)*features]))
			}
			if oneClass {
				sum = math.Copysign(1, sum)
			}
			out.Floats[i] = float32(sum)
			post.apply(out.Floats[i : i+1])
		}
		return one(out, nil)
	}, nil
}
