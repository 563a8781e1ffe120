package ops

import (
	"math"

	"godwit/shared/ml/onnx"
)

// tables list the operators by domain.
var tables = map[string]map[string]operator{
	onnx.Standard: {
		// shapes and moves
		"Identity":        {always(identity), 1, 1, 1},
		"Dropout":         {always(identity), 1, 3, 1},
		"Cast":            {makeCast, 1, 1, 1},
		"Reshape":         {makeReshape, 1, 2, 1},
		"Flatten":         {makeFlatten, 1, 1, 1},
		"Squeeze":         {makeSqueeze, 1, 2, 1},
		"Unsqueeze":       {makeUnsqueeze, 1, 2, 1},
		"Transpose":       {makeTranspose, 1, 1, 1},
		"Concat":          {makeConcat, 1, -1, 1},
		"Slice":           {makeSlice, 1, 5, 1},
		"Gather":          {makeGather, 2, 2, 1},
		"Shape":           {makeShape, 1, 1, 1},
		"Split":           {makeSplit, 1, 2, -1},
		"Expand":          {always(expand), 2, 2, 1},
		"Pad":             {makePad, 1, 4, 1},
		"Constant":        {makeConstant, 0, 0, 1},
		"ConstantOfShape": {makeConstantOfShape, 1, 1, 1},

		// element by element
		"Add":            {arithmetic(func(a, b float32) float32 { return a + b }, func(a, b int64) int64 { return a + b }), 2, 2, 1},
		"Sub":            {arithmetic(func(a, b float32) float32 { return a - b }, func(a, b int64) int64 { return a - b }), 2, 2, 1},
		"Mul":            {arithmetic(func(a, b float32) float32 { return a * b }, func(a, b int64) int64 { return a * b }), 2, 2, 1},
		"Div":            {always(divide), 2, 2, 1},
		"Pow":            {always(power), 2, 2, 1},
		"Sum":            {fold(addition, false), 1, -1, 1},
		"Mean":           {fold(addition, true), 1, -1, 1},
		"Min":            {fold(smaller, false), 1, -1, 1},
		"Max":            {fold(larger, false), 1, -1, 1},
		"Sqrt":           {unary(func(x float32) float32 { return float32(math.Sqrt(float64(x))) }), 1, 1, 1},
		"Exp":            {unary(wide(math.Exp)), 1, 1, 1},
		"Log":            {unary(wide(math.Log)), 1, 1, 1},
		"Erf":            {unary(wide(math.Erf)), 1, 1, 1},
		"Tanh":           {unary(wide(math.Tanh)), 1, 1, 1},
		"Sigmoid":        {unary(sigmoid), 1, 1, 1},
		"Softplus":       {unary(func(x float32) float32 { return max(x, 0) + wide(math.Log1p)(wide(math.Exp)(-magnitude(x))) }), 1, 1, 1},
		"Floor":          {unary(wide(math.Floor)), 1, 1, 1},
		"Ceil":           {unary(wide(math.Ceil)), 1, 1, 1},
		"Reciprocal":     {unary(func(x float32) float32 { return 1 / x }), 1, 1, 1},
		"Relu":           {unary(func(x float32) float32 { return max(x, 0) }), 1, 1, 1},
		"LeakyRelu":      {makeLeakyRelu, 1, 1, 1},
		"Abs":            {signed(magnitude, func(v int64) int64 { return max(v, -v) }), 1, 1, 1},
		"Neg":            {signed(func(x float32) float32 { return -x }, func(v int64) int64 { return -v }), 1, 1, 1},
		"Clip":           {makeClip, 1, 3, 1},
		"IsNaN":          {always(isNaN), 1, 1, 1},
		"Not":            {always(not), 1, 1, 1},
		"And":            {logical(func(a, b bool) bool { return a && b }), 2, 2, 1},
		"Or":             {logical(func(a, b bool) bool { return a || b }), 2, 2, 1},
		"Xor":            {logical(func(a, b bool) bool { return a != b }), 2, 2, 1},
		"Equal":          {always(equal), 2, 2, 1},
		"Greater":        {ordered(func(a, b float32) bool { return a > b }, func(a, b int64) bool { return a > b }), 2, 2, 1},
		"GreaterOrEqual": {ordered(func(a, b float32) bool { return a >= b }, func(a, b int64) bool { return a >= b }), 2, 2, 1},
		"Less":           {ordered(func(a, b float32) bool { return a < b }, func(a, b int64) bool { return a < b }), 2, 2, 1},
		"LessOrEqual":    {ordered(func(a, b float32) bool { return a <= b }, func(a, b int64) bool { return a <= b }), 2, 2, 1},
		"Where":          {always(where), 3, 3, 1},

		// along axes
		"ReduceSum":  {reduction(sumAll), 1, 2, 1},
		"ReduceMean": {reduction(meanAll), 1, 2, 1},
		"ReduceMax":  {reduction(maxAll), 1, 2, 1},
		"ReduceMin":  {reduction(minAll), 1, 2, 1},
		"ReduceL1":   {reduction(l1All), 1, 2, 1},
		"ReduceL2":   {reduction(l2All), 1, 2, 1},
		"ArgMax":     {argument(func(a, b float32) bool { return a > b }), 1, 1, 1},
		"ArgMin":     {argument(func(a, b float32) bool { return a < b }), 1, 1, 1},
		"TopK":       {makeTopK, 1, 2, 2},
		"Softmax":    {makeSoftmax(false), 1, 1, 1},
		"LogSoftmax": {makeSoftmax(true), 1, 1, 1},

		// nets
		"MatMul":             {always(matMul), 2, 2, 1},
		"Gemm":               {makeGemm, 2, 3, 1},
		"Conv":               {makeConv, 2, 3, 1},
		"MaxPool":            {makePool(true), 1, 1, 1},
		"AveragePool":        {makePool(false), 1, 1, 1},
		"GlobalAveragePool":  {always(globalAverage), 1, 1, 1},
		"BatchNormalization": {makeBatchNorm, 5, 5, 1},
		"GRU":                {makeGRU, 3, 6, 2},
		"LSTM":               {makeLSTM, 3, 7, 3},

		// text
		"TfIdfVectorizer":  {makeTfIdf, 1, 1, 1},
		"StringNormalizer": {makeStringNormalizer, 1, 1, 1},
	},
	onnx.Traditional: {
		"ArrayFeatureExtractor":  {always(extractFeatures), 2, 2, 1},
		"Binarizer":              {makeBinarizer, 1, 1, 1},
		"FeatureVectorizer":      {always(joinFeatures), 1, -1, 1},
		"Imputer":                {makeImputer, 1, 1, 1},
		"LabelEncoder":           {makeLabelEncoder, 1, 1, 1},
		"LinearClassifier":       {makeLinearClassifier, 1, 1, 2},
		"LinearRegressor":        {makeLinearRegressor, 1, 1, 1},
		"Normalizer":             {makeNormalizer, 1, 1, 1},
		"OneHotEncoder":          {makeOneHot, 1, 1, 1},
		"SVMClassifier":          {makeSVMClassifier, 1, 1, 2},
		"Scaler":                 {makeScaler, 1, 1, 1},
		"TreeEnsembleClassifier": {makeTreeClassifier, 1, 1, 2},
		"TreeEnsembleRegressor":  {makeTreeRegressor, 1, 1, 1},
		// A sequence of maps says no more than the scores and the labels, which
		// are the same for every row: the scores go through as they are.
		"ZipMap": {always(identity), 1, 1, 1},
	},
	onnx.Contributed: {
		"Tokenizer": {makeTokenizer, 1, 1, 1},
	},
}
