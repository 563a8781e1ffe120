package runner_test

import (
	"math"

	"godwit/shared/ml/onnx"
)

var (
	textLabels = onnx.TextList("classlabels_strings", "setosa", "versicolor", "virginica")
	twoLabels  = onnx.TextList("classlabels_strings", "no", "yes")
)

// tree returns the attributes of two trees over two columns, as skl2onnx writes
// a forest: x0 <= .5 ? leaf : (x1 <= 0 ? leaf : leaf), and x1 <= .2 ? leaf : leaf.
func tree() []onnx.Attribute {
	return []onnx.Attribute{
		onnx.IntList("nodes_treeids", 0, 0, 0, 0, 0, 1, 1, 1),
		onnx.IntList("nodes_nodeids", 0, 1, 2, 3, 4, 0, 1, 2),
		onnx.IntList("nodes_featureids", 0, 0, 1, 0, 0, 1, 0, 0),
		onnx.NumberList("nodes_values", .5, 0, 0, 0, 0, .2, 0, 0),
		onnx.TextList("nodes_modes", "BRANCH_LEQ", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"),
		onnx.IntList("nodes_truenodeids", 1, 0, 3, 0, 0, 1, 0, 0),
		onnx.IntList("nodes_falsenodeids", 2, 0, 4, 0, 0, 2, 0, 0),
		onnx.IntList("nodes_missing_value_tracks_true", 1, 0, 0, 0, 0, 0, 0, 0),
		onnx.NumberList("nodes_hitrates", 1, 1, 1, 1, 1, 1, 1, 1),
	}
}

// votes gives the five leaves of tree the votes of a vote each.
func votes(kind string, ids []int64, weights []float32) []onnx.Attribute {
	return []onnx.Attribute{
		onnx.IntList(kind+"_treeids", 0, 0, 0, 1, 1), onnx.IntList(kind+"_nodeids", 1, 3, 4, 1, 2),
		onnx.IntList(kind+"_ids", ids...), onnx.NumberList(kind+"_weights", weights...),
	}
}

// with joins attributes.
func with(lists ...[]onnx.Attribute) (all []onnx.Attribute) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func learntCases() []peerCase {
	nan := float32(math.NaN())
	rows := f([]float32{0, 0, 1, -1, 1, 1, .5, .2, nan, .1, 2, nan}, 6, 2)
	answer := []onnx.Port{stringOut, floatOut}
	only := []onnx.Attribute{twoLabels}
	zeros, mixed := []int64{0, 0, 0, 0, 0}, []float32{.4, -.3, .2, .5, -.6}
	cases := []peerCase{
		learnt("scaler", "Scaler", []onnx.Port{floatOut}, tensors{ramp(3, 2)}, onnx.NumberList("offset", 1, -2), onnx.NumberList("scale", 2, .5)),
		learnt("scaler of one", "Scaler", []onnx.Port{floatOut}, tensors{ramp(3, 2)}, onnx.NumberList("offset", 1), onnx.NumberList("scale", 2)),
		learnt("imputer", "Imputer", []onnx.Port{floatOut}, tensors{rows}, onnx.NumberList("imputed_value_floats", 7, 8), onnx.Number("replaced_value_float", nan)),
		learnt("binarizer", "Binarizer", []onnx.Port{floatOut}, tensors{ramp(2, 3)}, onnx.Number("threshold", .5)),
		learnt("one hot of names", "OneHotEncoder", []onnx.Port{floatOut}, tensors{onnx.OfStrings([]string{"b", "?", "a"}, 3, 1)}, onnx.TextList("cats_strings", "a", "b")),
		learnt("one hot of numbers", "OneHotEncoder", []onnx.Port{floatOut}, tensors{n(4, 2, 9)}, onnx.IntList("cats_int64s", 2, 4), onnx.Int("zeros", 1)),
		learnt("names to numbers", "LabelEncoder", []onnx.Port{intOut}, tensors{s("b", "x", "a")}, onnx.TextList("keys_strings", "a", "b"), onnx.IntList("values_int64s", 5, 6), onnx.Int("default_int64", 9)),
		learnt("numbers to names", "LabelEncoder", []onnx.Port{stringOut}, tensors{n(2, 7, 1)}, onnx.IntList("keys_int64s", 1, 2), onnx.TextList("values_strings", "one", "two")),
		learnt("numbers to numbers", "LabelEncoder", []onnx.Port{floatOut}, tensors{f([]float32{nan, 1.5, 4}, 3)}, onnx.NumberList("keys_floats", 1.5, nan), onnx.NumberList("values_floats", 3, 4)),
		learnt("columns", "ArrayFeatureExtractor", []onnx.Port{floatOut}, tensors{ramp(2, 4), n(3, 1)}),
		learnt("joined columns", "FeatureVectorizer", []onnx.Port{floatOut}, tensors{ramp(2, 1), ramp(2, 2)}, onnx.IntList("inputdimensions", 1, 2)),
		learnt("linear regressor", "LinearRegressor", []onnx.Port{floatOut}, tensors{ramp(3, 2)}, onnx.NumberList("coefficients", 1, 2, 3, 4), onnx.NumberList("intercepts", .5, -.5), onnx.Int("targets", 2)),
		learnt("linear classifier", "LinearClassifier", answer, tensors{ramp(4, 2)}, textLabels, onnx.NumberList("coefficients", 1, 2, -1, .5, 0, -2), onnx.NumberList("intercepts", .1, 0, -.1), onnx.Text("post_transform", "SOFTMAX"), onnx.Int("multi_class", 1)),
		learnt("linear classifier of two", "LinearClassifier", answer, tensors{ramp(4, 2)}, twoLabels, onnx.NumberList("coefficients", -1, -2, 1, 2), onnx.NumberList("intercepts", -.1, .1), onnx.Text("post_transform", "LOGISTIC")),
		learnt("linear classifier of numbers", "LinearClassifier", []onnx.Port{intOut, floatOut}, tensors{n(1, 0)}, onnx.IntList("classlabels_ints", 7, 8), onnx.NumberList("coefficients", -1, -2, 1, 2), onnx.NumberList("intercepts", -.1, .1)),
		learnt("linear svm", "SVMClassifier", answer, tensors{ramp(4, 2)}, textLabels, onnx.NumberList("coefficients", 1, 2, -1, .5, 0, -2), onnx.NumberList("rho", .3), onnx.NumberList("kernel_params", 0, 0, 0)),
		learnt("tree classifier", "TreeEnsembleClassifier", answer, tensors{rows}, with([]onnx.Attribute{textLabels}, tree(), votes("class", []int64{0, 1, 2, 0, 1}, []float32{.5, .5, .5, .5, .5}))...),
		learnt("forest of two", "TreeEnsembleClassifier", answer, tensors{rows}, with(only, tree(), votes("class", zeros, []float32{.5, .1, .2, .3, .45}))...),
		learnt("boosted trees", "TreeEnsembleClassifier", answer, tensors{rows}, with(only, tree(), votes("class", zeros, mixed), []onnx.Attribute{onnx.NumberList("base_values", .1), onnx.Text("post_transform", "LOGISTIC")})...),
		learnt("boosted trees as they are", "TreeEnsembleClassifier", answer, tensors{rows}, with(only, tree(), votes("class", zeros, mixed))...),
		learnt("boosted shares", "TreeEnsembleClassifier", answer, tensors{rows}, with(only, tree(), votes("class", []int64{1, 1, 1, 1, 1}, []float32{.4, .1, .2, .3, .45}))...),
		learnt("boosted trees of three", "TreeEnsembleClassifier", answer, tensors{rows}, with([]onnx.Attribute{textLabels}, tree(), votes("class", []int64{0, 1, 2, 0, 1}, mixed), []onnx.Attribute{onnx.NumberList("base_values", .1, .2, .3), onnx.Text("post_transform", "SOFTMAX")})...),
		learnt("tree regressor", "TreeEnsembleRegressor", []onnx.Port{floatOut}, tensors{rows}, with(tree(), votes("target", zeros, mixed), []onnx.Attribute{onnx.Int("n_targets", 1), onnx.NumberList("base_values", 10)})...),
		learnt("averaged trees", "TreeEnsembleRegressor", []onnx.Port{floatOut}, tensors{rows}, with(tree(), votes("target", zeros, mixed), []onnx.Attribute{onnx.Int("n_targets", 1), onnx.Text("aggregate_function", "AVERAGE")})...),
	}
	for _, norm := range []string{"MAX", "L1", "L2"} {
		cases = append(cases, learnt("normalizer "+norm, "Normalizer", []onnx.Port{floatOut}, tensors{f([]float32{3, 4, 0, 0, 1, 7}, 3, 2)}, onnx.Text("norm", norm)))
	}
	vectors := []onnx.Attribute{textLabels, onnx.IntList("vectors_per_class", 1, 2, 1), onnx.NumberList("support_vectors", 1, 0, 0, 1, -1, .5, .3, -1), onnx.NumberList("coefficients", .5, -.4, .6, -.7, .2, .3, -.1, .8), onnx.NumberList("rho", .1, -.2, .3), onnx.NumberList("kernel_params", .5, 1, 2)}
	for _, kernel := range []string{"LINEAR", "POLY", "RBF", "SIGMOID"} {
		cases = append(cases, learnt("svm "+kernel, "SVMClassifier", answer, tensors{ramp(4, 2)}, with(vectors, []onnx.Attribute{onnx.Text("kernel_type", kernel)})...))
	}
	return append(cases, pipelineCase())
}

// pipelineCase is what skl2onnx writes of a scaler before a logistic
// regression, ZipMap left to the reader: scores go through it as they are.
func pipelineCase() peerCase {
	return peerCase{
		name: "scaler, logistic regression",
		nodes: []onnx.Node{
			{Domain: onnx.Traditional, Operator: "Scaler", Inputs: []string{"i0"}, Outputs: []string{"variable"}, Attributes: []onnx.Attribute{onnx.NumberList("offset", 1, -2), onnx.NumberList("scale", 2, .5)}},
			{Domain: onnx.Traditional, Operator: "LinearClassifier", Inputs: []string{"variable"}, Outputs: []string{"label", "raw"}, Attributes: []onnx.Attribute{textLabels, onnx.NumberList("coefficients", 1, 2, -1, .5, 0, -2), onnx.NumberList("intercepts", .1, 0, -.1), onnx.Text("post_transform", "LOGISTIC")}},
			{Domain: onnx.Traditional, Operator: "Normalizer", Inputs: []string{"raw"}, Outputs: []string{"o0"}, Attributes: []onnx.Attribute{onnx.Text("norm", "L1")}},
		},
		inputs: tensors{ramp(3, 2)}, outputs: []onnx.Port{floatOut},
	}
}

func textCases() []peerCase {
	words := onnx.OfStrings([]string{"the", "cat", "the", "cat", "sat", "sat", "on", "mat", "the", ""}, 2, 5)
	pool := []onnx.Attribute{
		onnx.TextList("pool_strings", "the", "cat", "sat", "the", "cat", "cat", "sat"), onnx.IntList("ngram_counts", 0, 3),
		onnx.IntList("ngram_indexes", 0, 1, 2, 3, 5), onnx.Int("min_gram_length", 1), onnx.Int("max_gram_length", 2),
	}
	vectorizer := func(name, mode string, skip int64, more ...onnx.Attribute) peerCase {
		return of(name, "TfIdfVectorizer", floatOut, tensors{words}, with(pool, []onnx.Attribute{onnx.Text("mode", mode), onnx.Int("max_skip_count", skip)}, more)...)
	}
	weights := onnx.NumberList("weights", .5, 1, 2, 3, 4)
	return []peerCase{
		vectorizer("counts", "TF", 0),
		vectorizer("counts with gaps", "TF", 2),
		vectorizer("weighed", "IDF", 0, weights),
		vectorizer("counted and weighed", "TFIDF", 0, weights),
		of("n-grams of numbers", "TfIdfVectorizer", floatOut, tensors{n(1, 2, 2, 3)}, onnx.IntList("pool_int64s", 2, 3, 1, 2), onnx.IntList("ngram_counts", 0, 2), onnx.IntList("ngram_indexes", 0, 1, 2),
			onnx.Int("min_gram_length", 1), onnx.Int("max_gram_length", 2), onnx.Int("max_skip_count", 0), onnx.Text("mode", "TF")),
		of("lower case without stop words", "StringNormalizer", stringOut, tensors{s("The", "CAT", "sat")}, onnx.Text("case_change_action", "LOWER"), onnx.TextList("stopwords", "the"), onnx.Text("locale", "C.UTF-8")),
		inDomain(onnx.Contributed, "tokens", "Tokenizer", []onnx.Port{stringOut}, tensors{s("the cat  sat", "", "on a mat!")}, onnx.Int("mark", 0), onnx.Text("pad_value", "#"), onnx.Int("mincharnum", 2), onnx.Text("tokenexp", "[a-z]+")),
		inDomain(onnx.Contributed, "tokens between separators", "Tokenizer", []onnx.Port{stringOut}, tensors{s("the,cat;sat", "on")}, onnx.Int("mark", 0), onnx.Text("pad_value", "#"), onnx.Int("mincharnum", 1), onnx.TextList("separators", ",", ";")),
		inDomain(onnx.Contributed, "characters", "Tokenizer", []onnx.Port{stringOut}, tensors{s("héllo", "好")}, onnx.Int("mark", 0), onnx.Text("pad_value", "#"), onnx.Int("mincharnum", 1), onnx.TextList("separators", "")),
	}
}
