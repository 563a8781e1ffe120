package ops

import (
	"cmp"
	"math"
	"sync"

	"godwit/shared/ml/onnx"
)

// listed is what tables returns, once it was asked.
var listed struct {
	once   sync.Once
	tables map[string]map[string]operator
}

// tables returns the operators by domain. They are listed when somebody first
// asks: a package variable would be made at every start, and the linker would
// keep every operator in programs that run none.
func tables() map[string]map[string]operator {
	listed.once.Do(func() { listed.tables = makeTables() })
	return listed.tables
}

func makeTables() map[string]map[string]operator {
	return map[string]map[string]operator{
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
			"Tile":            {always(tile), 2, 2, 1},
			"Trilu":           {makeTrilu, 1, 2, 1},
			"GatherElements":  {makeGatherElements, 2, 2, 1},
			"OneHot":          {makeOneHotAxis, 3, 3, 1},
			"Range":           {always(numbersFrom), 3, 3, 1},
			"Size":            {always(count), 1, 1, 1},
			"CastLike":        {always(castLike), 2, 2, 1},
			"Constant":        {makeConstant, 0, 0, 1},
			"ConstantOfShape": {makeConstantOfShape, 1, 1, 1},

			// element by element
			"Add":             {arithmetic(func(a, b float32) float32 { return a + b }, func(a, b int64) int64 { return a + b }), 2, 2, 1},
			"Sub":             {arithmetic(func(a, b float32) float32 { return a - b }, func(a, b int64) int64 { return a - b }), 2, 2, 1},
			"Mul":             {arithmetic(func(a, b float32) float32 { return a * b }, func(a, b int64) int64 { return a * b }), 2, 2, 1},
			"Div":             {always(divide), 2, 2, 1},
			"Pow":             {always(power), 2, 2, 1},
			"Sum":             {fold(addition, false), 1, -1, 1},
			"Mean":            {fold(addition, true), 1, -1, 1},
			"Min":             {fold(smaller, false), 1, -1, 1},
			"Max":             {fold(larger, false), 1, -1, 1},
			"Sqrt":            {unary(func(x float32) float32 { return float32(math.Sqrt(float64(x))) }), 1, 1, 1},
			"Exp":             {unary(wide(math.Exp)), 1, 1, 1},
			"Log":             {unary(wide(math.Log)), 1, 1, 1},
			"Erf":             {unary(wide(math.Erf)), 1, 1, 1},
			"Tanh":            {unary(wide(math.Tanh)), 1, 1, 1},
			"Sigmoid":         {unary(sigmoid), 1, 1, 1},
			"Softplus":        {unary(wide(softplus)), 1, 1, 1},
			"Floor":           {unary(wide(math.Floor)), 1, 1, 1},
			"Ceil":            {unary(wide(math.Ceil)), 1, 1, 1},
			"Reciprocal":      {unary(func(x float32) float32 { return 1 / x }), 1, 1, 1},
			"Relu":            {unary(func(x float32) float32 { return max(x, 0) }), 1, 1, 1},
			"LeakyRelu":       {activation(leaky, .01, 0), 1, 1, 1},
			"PRelu":           {always(pRelu), 2, 2, 1},
			"ThresholdedRelu": {activation(thresholded, 1, 0), 1, 1, 1},
			"Elu":             {activation(elu, 1, 0), 1, 1, 1},
			"Celu":            {activation(celu, 1, 0), 1, 1, 1},
			"Selu":            {parametric(selu, "alpha", 1.6732632, "gamma", 1.050701), 1, 1, 1},
			"Gelu":            {makeGelu, 1, 1, 1},
			"HardSigmoid":     {activation(hardSigmoid, .2, .5), 1, 1, 1},
			"HardSwish":       {activation(hardSwish, 0, 0), 1, 1, 1},
			"Mish":            {unary(wide(mish)), 1, 1, 1},
			"Softsign":        {unary(wide(softsign)), 1, 1, 1},
			"Sin":             {unary(wide(math.Sin)), 1, 1, 1},
			"Cos":             {unary(wide(math.Cos)), 1, 1, 1},
			"Tan":             {unary(wide(math.Tan)), 1, 1, 1},
			"Asin":            {unary(wide(math.Asin)), 1, 1, 1},
			"Acos":            {unary(wide(math.Acos)), 1, 1, 1},
			"Atan":            {unary(wide(math.Atan)), 1, 1, 1},
			"Sinh":            {unary(wide(math.Sinh)), 1, 1, 1},
			"Cosh":            {unary(wide(math.Cosh)), 1, 1, 1},
			"Asinh":           {unary(wide(math.Asinh)), 1, 1, 1},
			"Acosh":           {unary(wide(math.Acosh)), 1, 1, 1},
			"Atanh":           {unary(wide(math.Atanh)), 1, 1, 1},
			"Round":           {unary(wide(math.RoundToEven)), 1, 1, 1},
			"Sign":            {signed(sign, func(v int64) int64 { return int64(cmp.Compare(v, 0)) }), 1, 1, 1},
			"Mod":             {makeMod, 2, 2, 1},
			"IsInf":           {makeIsInf, 1, 1, 1},
			"Abs":             {signed(magnitude, func(v int64) int64 { return max(v, -v) }), 1, 1, 1},
			"Neg":             {signed(func(x float32) float32 { return -x }, func(v int64) int64 { return -v }), 1, 1, 1},
			"Clip":            {makeClip, 1, 3, 1},
			"IsNaN":           {always(tested(func(x float32) bool { return x != x })), 1, 1, 1},
			"Not":             {always(not), 1, 1, 1},
			"And":             {logical(func(a, b bool) bool { return a && b }), 2, 2, 1},
			"Or":              {logical(func(a, b bool) bool { return a || b }), 2, 2, 1},
			"Xor":             {logical(func(a, b bool) bool { return a != b }), 2, 2, 1},
			"Equal":           {always(equal), 2, 2, 1},
			"Greater":         {ordered(func(a, b float32) bool { return a > b }, func(a, b int64) bool { return a > b }), 2, 2, 1},
			"GreaterOrEqual":  {ordered(func(a, b float32) bool { return a >= b }, func(a, b int64) bool { return a >= b }), 2, 2, 1},
			"Less":            {ordered(func(a, b float32) bool { return a < b }, func(a, b int64) bool { return a < b }), 2, 2, 1},
			"LessOrEqual":     {ordered(func(a, b float32) bool { return a <= b }, func(a, b int64) bool { return a <= b }), 2, 2, 1},
			"Where":           {always(where), 3, 3, 1},

			// along axes
			"ReduceSum":       {reduction(sumAll.run), 1, 2, 1},
			"ReduceMean":      {reduction(meanAll.run), 1, 2, 1},
			"ReduceMax":       {reduction(maxAll.run), 1, 2, 1},
			"ReduceMin":       {reduction(minAll.run), 1, 2, 1},
			"ReduceProd":      {reduction(prodAll.run), 1, 2, 1},
			"ReduceSumSquare": {reduction(sqAll.run), 1, 2, 1},
			"ReduceLogSum":    {reduction(logAll.run), 1, 2, 1},
			"ReduceLogSumExp": {reduction(logSumExp), 1, 2, 1},
			"CumSum":          {makeCumSum, 2, 2, 1},
			"ReduceL1":        {reduction(l1All.run), 1, 2, 1},
			"ReduceL2":        {reduction(l2All.run), 1, 2, 1},
			"ArgMax":          {argument(func(a, b float32) bool { return a > b }), 1, 1, 1},
			"ArgMin":          {argument(func(a, b float32) bool { return a < b }), 1, 1, 1},
			"TopK":            {makeTopK, 1, 2, 2},
			"Softmax":         {makeSoftmax(false), 1, 1, 1},
			"LogSoftmax":      {makeSoftmax(true), 1, 1, 1},

			// nets
			"MatMul":                {always(matMul), 2, 2, 1},
			"Gemm":                  {makeGemm, 2, 3, 1},
			"Conv":                  {makeConv, 2, 3, 1},
			"MaxPool":               {makePool(true), 1, 1, 1},
			"AveragePool":           {makePool(false), 1, 1, 1},
			"GlobalAveragePool":     {global(meanAll), 1, 1, 1},
			"GlobalMaxPool":         {global(maxAll), 1, 1, 1},
			"LayerNormalization":    {makeLayerNorm, 2, 3, 1},
			"InstanceNormalization": {makeInstanceNorm, 3, 3, 1},
			"GroupNormalization":    {makeGroupNorm, 3, 3, 1},
			"BatchNormalization":    {makeBatchNorm, 5, 5, 1},
			"GRU":                   {makeGRU, 3, 6, 2},
			"LSTM":                  {makeLSTM, 3, 7, 3},

			// text
			"TfIdfVectorizer":  {makeTfIdf, 1, 1, 1},
			"StringNormalizer": {makeStringNormalizer, 1, 1, 1},
		},
		onnx.Traditional: {
			"ArrayFeatureExtractor":  {always(extractFeatures), 2, 2, 1},
			"Binarizer":              {makeBinarizer, 1, 1, 1},
			"CategoryMapper":         {makeCategoryMapper, 1, 1, 1},
			"SVMRegressor":           {makeSVMRegressor, 1, 1, 1},
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
}
