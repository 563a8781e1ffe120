package ops_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/ops"
)

// node returns a node with so many inputs.
func node(domain, operator string, inputs int, attributes ...onnx.Attribute) *onnx.Node {
	n := &onnx.Node{Domain: domain, Operator: operator, Name: "n", Outputs: []string{"y"}, Attributes: attributes}
	for range inputs {
		n.Inputs = append(n.Inputs, "x")
	}
	return n
}

// What of an operator is not run is refused by name before anything runs.
func TestMake_refuses(t *testing.T) {
	const ml = onnx.Traditional
	labels := onnx.TextList("classlabels_strings", "a", "b", "c")
	leaf := []onnx.Attribute{
		onnx.IntList("nodes_treeids", 0, 0, 0), onnx.IntList("nodes_nodeids", 0, 1, 2), onnx.IntList("nodes_featureids", 0, 0, 0),
		onnx.NumberList("nodes_values", 0, 0, 0), onnx.TextList("nodes_modes", "BRANCH_LEQ", "LEAF", "LEAF"), labels,
	}
	tree := func(yes, no int64, more ...onnx.Attribute) []onnx.Attribute {
		return slices.Concat(leaf, []onnx.Attribute{onnx.IntList("nodes_truenodeids", yes, 0, 0), onnx.IntList("nodes_falsenodeids", no, 0, 0)}, more)
	}
	pool := []onnx.Attribute{onnx.Text("mode", "TF"), onnx.IntList("pool_int64s", 1, 2), onnx.Int("min_gram_length", 1), onnx.Int("max_gram_length", 1), onnx.Int("max_skip_count", 0)}
	tests := []struct {
		name   string
		node   *onnx.Node
		reason onnx.Reason
		words  string
	}{
		{"an operator nobody runs", node("", "Loop", 2), onnx.Unsupported, `Loop "n"`},
		{"too many inputs", node("", "Relu", 2), onnx.Corrupt, "2 inputs"},
		{"the indices of a pool", &onnx.Node{Operator: "MaxPool", Inputs: []string{"x"}, Outputs: []string{"y", "indices"}}, onnx.Unsupported, `"indices"`},
		{"a cast to half", node("", "Cast", 1, onnx.Int("to", int64(onnx.Float16))), onnx.Unsupported, "FLOAT16"},
		{"a strange padding", node("", "Pad", 2, onnx.Text("mode", "mirror")), onnx.Unsupported, "mirror"},
		{"a strange approximation", node("", "Gelu", 1, onnx.Text("approximate", "sigmoid")), onnx.Corrupt, "sigmoid"},
		{"no groups", node("", "GroupNormalization", 3), onnx.Corrupt, "num_groups"},
		{"the mean of a layer", &onnx.Node{Operator: "LayerNormalization", Inputs: []string{"x", "x"}, Outputs: []string{"y", "mean"}}, onnx.Unsupported, `"mean"`},
		{"a window over three axes", node("", "Conv", 2, onnx.IntList("kernel_shape", 1, 1, 1)), onnx.Unsupported, "3 axes"},
		{"a stride of nothing", node("", "Conv", 2, onnx.IntList("strides", 0, 1)), onnx.Corrupt, "strides"},
		{"strange padding", node("", "Conv", 2, onnx.Text("auto_pad", "WHATEVER")), onnx.Corrupt, "WHATEVER"},
		{"another activation", node("", "GRU", 3, onnx.TextList("activations", "Relu", "Tanh")), onnx.Unsupported, "Relu"},
		{"another layout", node("", "LSTM", 3, onnx.Int("layout", 1)), onnx.Unsupported, "layout = 1"},
		{"a clipped net", node("", "LSTM", 3, onnx.Number("clip", 1)), onnx.Unsupported, "clip"},
		{"a strange direction", node("", "GRU", 3, onnx.Text("direction", "sideways")), onnx.Corrupt, "sideways"},
		{"training", node("", "BatchNormalization", 5, onnx.Int("training_mode", 1)), onnx.Unsupported, "training_mode"},
		{"a constant without value", node("", "Constant", 0), onnx.Unsupported, "no value"},
		{"other outputs than parts", node("", "Split", 1, onnx.Int("num_outputs", 3)), onnx.Corrupt, "num_outputs"},
		{"a strange transform", node(ml, "LinearRegressor", 1, onnx.Text("post_transform", "COSINE")), onnx.Unsupported, "COSINE"},
		{"weights that do not fit", node(ml, "LinearClassifier", 1, labels, onnx.NumberList("coefficients", 1, 2), onnx.NumberList("intercepts", 1, 2)), onnx.Unsupported, "2 coefficients"},
		{"no labels", node(ml, "LinearClassifier", 1, onnx.NumberList("coefficients", 1)), onnx.Unsupported, "without labels"},
		{"more targets than weights", node(ml, "LinearRegressor", 1, onnx.NumberList("coefficients", 1), onnx.Int("targets", 2)), onnx.Corrupt, "2 targets"},
		{"scales without offsets", node(ml, "Scaler", 1, onnx.NumberList("scale", 1)), onnx.Corrupt, "0 offsets"},
		{"nothing to put in", node(ml, "Imputer", 1), onnx.Corrupt, "no value"},
		{"a strange norm", node(ml, "Normalizer", 1, onnx.Text("norm", "L7")), onnx.Corrupt, "L7"},
		{"no categories", node(ml, "OneHotEncoder", 1), onnx.Corrupt, "no categories"},
		{"keys without values", node(ml, "LabelEncoder", 1, onnx.IntList("keys_int64s", 1)), onnx.Unsupported, "mapping"},
		{"no trees", node(ml, "TreeEnsembleRegressor", 1), onnx.Corrupt, "lists of nodes"},
		{"a tree that leads nowhere", node(ml, "TreeEnsembleClassifier", 1, tree(1, 9)...), onnx.Corrupt, "leads to none"},
		{"a tree in a circle", node(ml, "TreeEnsembleClassifier", 1, tree(0, 1)...), onnx.Corrupt, "reached twice"},
		{"a vote of no node", node(ml, "TreeEnsembleClassifier", 1, tree(1, 2, onnx.IntList("class_ids", 0), onnx.IntList("class_treeids", 0), onnx.IntList("class_nodeids", 9), onnx.NumberList("class_weights", 1))...), onnx.Corrupt, "vote 0"},
		{"a vote for no class", node(ml, "TreeEnsembleClassifier", 1, tree(1, 2, onnx.IntList("class_ids", 3), onnx.IntList("class_treeids", 0), onnx.IntList("class_nodeids", 1), onnx.NumberList("class_weights", 1))...), onnx.Corrupt, "output 3 of 3"},
		{"too few sigmoids", node(ml, "SVMClassifier", 1, labels, onnx.IntList("vectors_per_class", 1, 1, 1), onnx.NumberList("support_vectors", 1, 2, 3), onnx.NumberList("prob_a", 1), onnx.NumberList("prob_b", 1)), onnx.Corrupt, "for 3 decisions"},
		{"sigmoids cut in half", node(ml, "SVMClassifier", 1, labels, onnx.IntList("vectors_per_class", 1, 1, 1), onnx.NumberList("support_vectors", 1, 2, 3), onnx.NumberList("prob_a", 1, 2, 3)), onnx.Corrupt, "prob_b 0"},
		{"a regressor of no vectors", node(ml, "SVMRegressor", 1), onnx.Corrupt, "0 numbers"},
		{"a regressor whose vectors do not fit", node(ml, "SVMRegressor", 1, onnx.NumberList("rho", 0), onnx.Int("n_supports", 2), onnx.NumberList("coefficients", 1, 1), onnx.NumberList("support_vectors", 1, 2, 3)), onnx.Corrupt, "2 support vectors"},
		{"names without numbers", node(ml, "CategoryMapper", 1, onnx.TextList("cats_strings", "a")), onnx.Corrupt, "1 names"},
		{"a strange kernel", node(ml, "SVMClassifier", 1, labels, onnx.Text("kernel_type", "WAVE")), onnx.Unsupported, "WAVE"},
		{"support vectors that do not fit", node(ml, "SVMClassifier", 1, labels, onnx.IntList("vectors_per_class", 1, 1, 1), onnx.NumberList("support_vectors", 1, 2)), onnx.Corrupt, "support vectors"},
		{"a strange mode", node("", "TfIdfVectorizer", 1), onnx.Corrupt, "mode"},
		{"n-grams of no length", node("", "TfIdfVectorizer", 1, onnx.Int("min_gram_length", 0)), onnx.Unsupported, "n-grams of 0"},
		{"n-grams outside the pool", node("", "TfIdfVectorizer", 1, append(pool, onnx.IntList("ngram_counts", 0, 9))...), onnx.Corrupt, "pool of 2"},
		{"n-grams without a place", node("", "TfIdfVectorizer", 1, append(pool, onnx.IntList("ngram_counts", 0), onnx.IntList("ngram_indexes", 0))...), onnx.Corrupt, "places for 1"},
		{"a strange case", node("", "StringNormalizer", 1, onnx.Text("case_change_action", "TITLE")), onnx.Corrupt, "TITLE"},
		{"marks", node(onnx.Contributed, "Tokenizer", 1, onnx.Int("mark", 1)), onnx.Unsupported, "mark"},
		{"an expression of another engine", node(onnx.Contributed, "Tokenizer", 1, onnx.Text("tokenexp", "(?=a)")), onnx.Unsupported, "RE2"},
		{"an expression too long", node(onnx.Contributed, "Tokenizer", 1, onnx.Text("tokenexp", strings.Repeat("a", 1<<19))), onnx.TooLarge, "524288 bytes"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ops.Make(tc.node, 17)
			e, ok := errors.AsType[*onnx.Error](err)
			if !ok || e.Reason != tc.reason || e.Where == "" || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("Make = %v, want reason %d, a place and %q", err, tc.reason, tc.words)
			}
		})
	}
}

// Values that only a run can see are refused by it.
func TestKernel_refuses(t *testing.T) {
	f := func(v []float32, dims ...int) *onnx.Tensor { return onnx.OfFloats(v, dims...) }
	tests := []struct {
		name   string
		node   *onnx.Node
		inputs []*onnx.Tensor
		words  string
	}{
		{"whole numbers by 0", node("", "Div", 2), []*onnx.Tensor{onnx.OfInts([]int64{1}), onnx.OfInts([]int64{0})}, "divided by 0"},
		{"numbers and whole ones", node("", "Add", 2), []*onnx.Tensor{f([]float32{1}), onnx.OfInts([]int64{1})}, "FLOAT and INT64"},
		{"axes apart", node("", "Add", 2), []*onnx.Tensor{f([]float32{1, 2}), f([]float32{1, 2, 3})}, "[2] and [3]"},
		{"text as a number", node("", "Cast", 1, onnx.Int("to", 1)), []*onnx.Tensor{onnx.OfStrings([]string{"x"})}, `"x" is not a number`},
		{"a place too far", node("", "Gather", 2), []*onnx.Tensor{f([]float32{1}), onnx.OfInts([]int64{1})}, "place 1 of 1"},
		{"the best of none", node("", "ArgMax", 1), []*onnx.Tensor{f(nil, 0)}, "best of none"},
		{"more than there are", node("", "TopK", 2), []*onnx.Tensor{f([]float32{1}), onnx.OfInts([]int64{2})}, "best 2 of 1"},
		{"other elements", node("", "Reshape", 2), []*onnx.Tensor{f([]float32{1, 2}), onnx.OfInts([]int64{3})}, "2 elements"},
		{"an axis twice", node("", "Transpose", 1, onnx.IntList("perm", 0, 0)), []*onnx.Tensor{f([]float32{1}, 1, 1)}, "twice"},
		{"a step of 0", node("", "Slice", 5), []*onnx.Tensor{f([]float32{1}), onnx.OfInts([]int64{0}), onnx.OfInts([]int64{1}), onnx.OfInts([]int64{0}), onnx.OfInts([]int64{0})}, "step of 0"},
		{"a window beyond the image", node("", "MaxPool", 1, onnx.IntList("kernel_shape", 3, 3)), []*onnx.Tensor{f([]float32{1}, 1, 1, 1, 1)}, "window of 3"},
		{"a category nobody knows", node(onnx.Traditional, "OneHotEncoder", 1, onnx.IntList("cats_int64s", 1), onnx.Int("zeros", 0)), []*onnx.Tensor{onnx.OfInts([]int64{2})}, "none of the 1"},
		{"columns that are not there", node(onnx.Traditional, "Scaler", 1, onnx.NumberList("offset", 1, 2), onnx.NumberList("scale", 1, 2)), []*onnx.Tensor{f([]float32{1, 2, 3}, 1, 3)}, "3 columns, want 2"},
		{"halves", node("", "Add", 2), []*onnx.Tensor{onnx.OfHalves([]uint16{1}), onnx.OfHalves([]uint16{1})}, "FLOAT16"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			k, err := ops.Make(tc.node, 17)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = k(ops.NewRun(t.Context(), 1e6, 1e6), tc.inputs); err == nil || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("error %v, want one with %q", err, tc.words)
			}
		})
	}
}

func TestRun_Spend(t *testing.T) {
	r := ops.NewRun(t.Context(), 10, 10)
	if err := r.Spend(10); err != nil {
		t.Errorf("all that is there: %v", err)
	}
	for what, err := range map[string]error{"more work": r.Spend(1), "more memory": r.Take(11), "an overflow": ops.NewRun(t.Context(), 10, 10).Take(-1)} {
		if e, ok := errors.AsType[*onnx.Error](err); !ok || e.Reason != onnx.TooLarge {
			t.Errorf("%s: %v, want reason %d", what, err, onnx.TooLarge)
		}
	}
}

// The list of operators is what a person who is refused would ask for.
func TestNames(t *testing.T) {
	for domain, operators := range map[string][]string{
		onnx.Standard:    {"Conv", "Gemm", "GRU", "LSTM", "MatMul", "Softmax", "TfIdfVectorizer"},
		onnx.Traditional: {"LinearClassifier", "TreeEnsembleClassifier", "ZipMap"},
		onnx.Contributed: {"Tokenizer"},
	} {
		names := ops.Names(domain)
		if !slices.IsSorted(names) {
			t.Errorf("%q: %v are not sorted", domain, names)
		}
		for _, o := range operators {
			if !slices.Contains(names, o) || !ops.Known(domain, o) {
				t.Errorf("%q: %s is not there", domain, o)
			}
		}
	}
	if ops.Known("com.acme", "Add") {
		t.Error("an operator of an unknown domain is known")
	}
}
