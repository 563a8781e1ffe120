package logistic_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"godwit/shared/ml/linear"
	"godwit/shared/ml/linear/lineartest"
	"godwit/shared/ml/linear/logistic"
	"godwit/shared/ml/sparse"
)

// precise makes optima comparable to six digits and more.
const precise = 1e-9

// train runs r, all classes at once or each against the rest.
func train(t testing.TB, r logistic.Regression, joint bool, x *sparse.Matrix, y []int32, weight []float32, classes, workers int) []linear.Solution {
	t.Helper()
	all, err := lineartest.Solutions(func(each func(linear.Solution) error) error {
		if joint {
			return r.Multinomial(t.Context(), x, y, weight, classes, workers, each)
		}
		return r.OneVsRest(t.Context(), x, y, weight, classes, workers, each)
	})
	if err != nil {
		t.Fatalf("train: %v", err)
	}
	return all
}

// objective computes what Regression documents from the solutions of one C.
func objective(x *sparse.Matrix, y []int32, weight []float32, ratio float64, joint bool, all []linear.Solution) float64 {
	sum := 0.0
	for _, s := range all {
		for _, w := range s.Weight {
			sum += (1-ratio)/2*float64(w)*float64(w) + ratio*math.Abs(float64(w))
		}
	}
	for i := range x.Rows {
		loss, total, truth := 0.0, 0.0, 0.0
		for _, s := range all {
			z := float64(s.Bias)
			index, value := x.Row(i)
			for k, j := range index {
				z += float64(s.Weight[j]) * float64(value[k])
			}
			total += math.Exp(z)
			is := int(y[i]) == s.Class
			if is {
				truth = z
			}
			if !joint {
				loss += math.Log1p(math.Exp(z))
				if is {
					loss -= z
				}
			}
		}
		if joint {
			loss = math.Log(total) - truth
		}
		if weight != nil {
			loss *= float64(weight[i])
		}
		sum += all[0].C * loss
	}
	return sum
}

// TestRegression_scikitLearn compares objectives with LogisticRegression of
// scikit-learn 1.2.1: lbfgs (tol 1e-10) without L1, saga (tol 1e-9) with it.
func TestRegression_scikitLearn(t *testing.T) {
	tests := []struct {
		classes  int
		joint    bool
		ratio, c float64
		want     []float64 // by class, or of all at once
	}{
		{2, false, 0, .1, []float64{25.3514854}},
		{2, false, .5, .1, []float64{27.518033}},
		{2, false, 0, 1, []float64{185.658963}},
		{2, false, .5, 1, []float64{205.928001}},
		{2, false, 1, 1, []float64{211.289165}},
		{2, false, 0, 10, []float64{1006.97579}},
		{2, false, .5, 10, []float64{1018.35009}},
		{2, false, 1, 10, []float64{881.6765}},
		{4, false, 0, .1, []float64{22.8362789, 20.5502401, 20.4695216, 20.5884309}},
		{4, true, 0, .1, []float64{50.250409}},
		{4, true, .5, .1, []float64{55.1007568}},
		{4, false, 0, 1, []float64{170.967516, 154.335252, 156.593728, 158.925398}},
		{4, false, .5, 1, []float64{191.250337, 175.864355, 174.235697, 178.253363}},
		{4, false, 1, 1, []float64{195.322438, 182.56997, 177.117615, 181.101591}},
		{4, true, 0, 1, []float64{339.970735}},
		{4, true, .5, 1, []float64{410.532297}},
		{4, true, 1, 1, []float64{426.594561}},
		{4, false, 0, 10, []float64{886.925062, 768.137794, 828.893415, 829.353295}},
		{4, false, 1, 10, []float64{710.961827, 634.058227, 692.477275, 687.458264}},
		{4, true, 0, 10, []float64{1443.09927}},
		{4, true, .5, 10, []float64{1571.3427}},
		{4, true, 1, 10, []float64{1346.17589}},
	}
	for _, tc := range tests {
		for _, epsilon := range []float64{0, precise} {
			t.Run(fmt.Sprintf("%d classes joint=%v L1=%v C=%v epsilon=%v", tc.classes, tc.joint, tc.ratio, tc.c, epsilon), func(t *testing.T) {
				x, y := lineartest.Zipf(400, 300, tc.classes, 1)
				r := logistic.Regression{C: []float64{tc.c}, L1Ratio: tc.ratio, Epsilon: epsilon, MaxIterations: 1000}
				all := train(t, r, tc.joint, x, y, nil, tc.classes, 2)
				// The peers themselves are within some 1e-7 of the minimum.
				tolerance := 1e-6
				if epsilon == 0 {
					tolerance = 1e-4
				}
				for k, want := range tc.want {
					if s := all[k]; !lineartest.Near(s.Objective, want, tolerance) || !s.Converged {
						t.Errorf("class %d: objective %v, converged %v, want %v", s.Class, s.Objective, s.Converged, want)
					}
				}
				got, sum := objective(x, y, nil, tc.ratio, tc.joint, all), 0.0
				for k := range tc.want {
					sum += all[k].Objective
				}
				if !lineartest.Near(sum, got, 1e-6) {
					t.Errorf("reported objectives %v, but the weights have %v", sum, got)
				}
			})
		}
	}
}

// TestRegression_interceptAlone has a penalty that leaves no weight: what is
// left are the frequencies of the classes, whose loss is known.
func TestRegression_interceptAlone(t *testing.T) {
	x, y := lineartest.Zipf(400, 300, 4, 1)
	count := make([]float64, 4)
	for _, class := range y {
		count[class]++
	}
	const c = .01
	r := logistic.Regression{L1Ratio: 1, C: []float64{c}, Epsilon: precise}
	cost := func(n float64) float64 { return -c * n * math.Log(n/400) }
	for _, s := range train(t, r, false, x, y, nil, 4, 1) {
		n := count[s.Class]
		if want := cost(n) + cost(400-n); !lineartest.Near(s.Objective, want, 1e-9) {
			t.Errorf("class %d against the rest: objective %v, want %v", s.Class, s.Objective, want)
		}
	}
	want := cost(count[0]) + cost(count[1]) + cost(count[2]) + cost(count[3])
	if s := train(t, r, true, x, y, nil, 4, 1)[0]; !lineartest.Near(s.Objective, want, 1e-9) {
		t.Errorf("all classes: objective %v, want %v", s.Objective, want)
	}
}

// TestRegression_liblinear compares with LIBLINEAR 2.3.0, train -B -1 -e 1e-8
// with -s 0 (L2) and -s 6 (L1): no bias, since it would penalise that.
func TestRegression_liblinear(t *testing.T) {
	tests := []struct{ ratio, c, want float64 }{
		{0, .1, 25.3931116}, {0, 1, 185.941157}, {0, 10, 1008.57947},
		{1, .1, 27.7258872}, {1, 1, 211.479868}, {1, 10, 881.75983},
	}
	for _, tc := range tests {
		t.Run(fmt.Sprintf("L1=%v C=%v", tc.ratio, tc.c), func(t *testing.T) {
			x, y := lineartest.Zipf(400, 300, 2, 1)
			r := logistic.Regression{C: []float64{tc.c}, L1Ratio: tc.ratio, Epsilon: precise, NoIntercept: true}
			s := train(t, r, false, x, y, nil, 2, 1)[0]
			if !lineartest.Near(s.Objective, tc.want, 1e-6) || s.Bias != 0 {
				t.Errorf("objective %v, bias %v, want %v and no bias", s.Objective, s.Bias, tc.want)
			}
		})
	}
}

// TestRegression_stationary checks by central differences, which need no
// formula of the gradient, that the L2 solution is a minimum: moving any
// weight changes nothing to first order.
func TestRegression_stationary(t *testing.T) {
	const h = 1e-3
	x, y := lineartest.Zipf(200, 150, 3, 2)
	weight := make([]float32, x.Rows)
	for i := range weight {
		weight[i] = float32(i%4) / 2
	}
	random := rand.New(rand.NewPCG(3, 0))
	for _, joint := range []bool{false, true} {
		all := train(t, logistic.Regression{Epsilon: 1e-12}, joint, x, y, weight, 3, 1)
		for range 60 {
			s := &all[random.IntN(len(all))]
			place := &s.Bias
			if j := random.IntN(x.Cols + 1); j < x.Cols {
				place = &s.Weight[j]
			}
			at := func(by float32) float64 {
				before := *place
				*place += by
				defer func() { *place = before }()
				return objective(x, y, weight, 0, joint, all)
			}
			if slope := (at(h) - at(-h)) / (2 * h); math.Abs(slope) > 1e-3 {
				t.Errorf("joint=%v: slope %v along a weight of class %d, want 0", joint, slope, s.Class)
			}
		}
	}
}

func TestRegression_laws(t *testing.T) {
	for _, joint := range []bool{false, true} {
		for _, ratio := range []float64{0, .5, 1} {
			t.Run(fmt.Sprintf("joint=%v L1=%v", joint, ratio), func(t *testing.T) {
				r := logistic.Regression{L1Ratio: ratio, Epsilon: 1e-10, MaxIterations: 2000}
				lineartest.Run(t, lineartest.Learner{Classes: 3, Fit: func(ctx context.Context, x *sparse.Matrix, y []float64, weight []float32, workers int) ([]lineartest.Output, error) {
					return lineartest.Collect(y, func(class []int32, each func(linear.Solution) error) error {
						if joint {
							return r.Multinomial(ctx, x, class, weight, 3, workers, each)
						}
						return r.OneVsRest(ctx, x, class, weight, 3, workers, each)
					})
				}})
			})
		}
	}
}

func TestRegression_blocks(t *testing.T) {
	for _, ratio := range []float64{0, .5} {
		t.Run(fmt.Sprintf("L1 ratio %v", ratio), func(t *testing.T) {
			lineartest.Blocks(t, func(ctx context.Context, x *sparse.Matrix, y []int32, classes int, block linear.Range, workers int, each func(linear.Solution) error) error {
				r := logistic.Regression{C: []float64{.1, 1, 10}, L1Ratio: ratio, Classes: block}
				return r.OneVsRest(ctx, x, y, nil, classes, workers, each)
			})
		})
	}
}

// TestRegression_path shows that warm starts along C change where a solution
// starts, not where it ends, and save steps.
func TestRegression_path(t *testing.T) {
	cs := []float64{.1, .5, 2}
	x, y := lineartest.Zipf(200, 150, 3, 6)
	for _, joint := range []bool{false, true} {
		for _, ratio := range []float64{0, 1} {
			r := logistic.Regression{C: cs, L1Ratio: ratio, Epsilon: 1e-8, MaxIterations: 1000}
			path := train(t, r, joint, x, y, nil, 3, 2)
			warm, cold := 0, 0
			for step, c := range cs {
				r.C = cs[step : step+1]
				for class, alone := range train(t, r, joint, x, y, nil, 3, 1) {
					s := path[class*len(cs)+step]
					if s.Class != class || s.Step != step || s.C != c {
						t.Fatalf("class %d step %d: solution of class %d step %d C %v", class, step, s.Class, s.Step, s.C)
					}
					if !lineartest.Near(s.Objective, alone.Objective, 1e-6) {
						t.Errorf("joint=%v L1=%v class %d C=%v: objective %v on the path, %v alone", joint, ratio, class, c, s.Objective, alone.Objective)
					}
					warm, cold = warm+s.Iterations, cold+alone.Iterations
				}
			}
			if warm > cold {
				t.Errorf("joint=%v L1=%v: %d steps along the path, %d alone, want fewer", joint, ratio, warm, cold)
			}
		}
	}
}

// TestRegression_twoClasses holds the two ways of looking at two classes
// against each other: the softmax splits the weights evenly, so that half the
// squares pay for the same margins.
func TestRegression_twoClasses(t *testing.T) {
	x, y := lineartest.Zipf(200, 150, 2, 7)
	one := train(t, logistic.Regression{C: []float64{2}, Epsilon: 1e-12}, false, x, y, nil, 2, 1)[0]
	two := train(t, logistic.Regression{C: []float64{1}, Epsilon: 1e-12}, true, x, y, nil, 2, 1)
	if len(two) != 2 || !lineartest.Near(two[0].Objective, one.Objective/2, 1e-6) {
		t.Fatalf("softmax objective %v, want half of %v", two[0].Objective, one.Objective)
	}
	for j, w := range one.Weight {
		if math.Abs(float64(two[1].Weight[j]-two[0].Weight[j]-w)) > 1e-4 || math.Abs(float64(two[1].Weight[j]+two[0].Weight[j])) > 1e-4 {
			t.Fatalf("weights of column %d are %v and %v, want half of %v each way", j, two[0].Weight[j], two[1].Weight[j], w)
		}
	}
}

// TestRegression_sparsity shows what L1 is for.
func TestRegression_sparsity(t *testing.T) {
	x, y := lineartest.Zipf(400, 300, 2, 1)
	count := func(ratio float64) (n int) {
		for _, w := range train(t, logistic.Regression{L1Ratio: ratio}, false, x, y, nil, 2, 1)[0].Weight {
			if w != 0 {
				n++
			}
		}
		return n
	}
	all, half, few := count(0), count(.5), count(1)
	if all < 600 || half >= all/2 || few >= half {
		t.Errorf("%d weights under L2, %d under half L1, %d under L1, want ever fewer", all, half, few)
	}
}

func TestRegression_allocations(t *testing.T) {
	const few, many = 3, 53
	x, y := lineartest.Zipf(200, 100, few, 9)
	for _, ratio := range []float64{0, 1} {
		allocations := func(classes int) float64 {
			return testing.AllocsPerRun(3, func() {
				_ = logistic.Regression{L1Ratio: ratio}.OneVsRest(t.Context(), x, y, nil, classes, 1, func(linear.Solution) error { return nil })
			})
		}
		// Closures handed to the crew; none grows with rows or columns.
		if perClass := (allocations(many) - allocations(few)) / (many - few); perClass > 400 {
			t.Errorf("L1=%v: %v allocations a class, want at most 400 small ones", ratio, perClass)
		}
	}
}

func TestRegression_refuses(t *testing.T) {
	x := &sparse.Matrix{Rows: 2, Cols: 1, Start: []int64{0, 1, 2}, Index: []int32{0, 0}, Value: []float32{1, 2}}
	nan := math.NaN()
	tests := []struct {
		name    string
		r       logistic.Regression
		y       []int32
		classes int
	}{
		{"C zero", logistic.Regression{C: []float64{0}}, []int32{0, 1}, 2},
		{"C falls", logistic.Regression{C: []float64{1, .5}}, []int32{0, 1}, 2},
		{"C not a number", logistic.Regression{C: []float64{nan}}, []int32{0, 1}, 2},
		{"L1 ratio negative", logistic.Regression{L1Ratio: -.1}, []int32{0, 1}, 2},
		{"L1 ratio over 1", logistic.Regression{L1Ratio: 1.1}, []int32{0, 1}, 2},
		{"L1 ratio not a number", logistic.Regression{L1Ratio: nan}, []int32{0, 1}, 2},
		{"epsilon negative", logistic.Regression{Epsilon: -1}, []int32{0, 1}, 2},
		{"epsilon infinite", logistic.Regression{Epsilon: math.Inf(1)}, []int32{0, 1}, 2},
		{"iterations negative", logistic.Regression{MaxIterations: -1}, []int32{0, 1}, 2},
		{"classes beyond those there are", logistic.Regression{Classes: linear.Range{From: 1, To: 9}}, []int32{0, 1}, 2},
		{"class too great", logistic.Regression{}, []int32{0, 2}, 2},
		{"no classes", logistic.Regression{}, []int32{0, 0}, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			none := func(linear.Solution) error {
				t.Error("a solution of input that cannot be trained")
				return nil
			}
			for _, err := range []error{
				tc.r.OneVsRest(t.Context(), x, tc.y, nil, tc.classes, 1, none),
				tc.r.Multinomial(t.Context(), x, tc.y, nil, tc.classes, 1, none),
			} {
				if _, ok := errors.AsType[*linear.InputError](err); !ok {
					t.Errorf("train = %v, want an InputError", err)
				}
			}
		})
	}
}

func TestRegression_eachError(t *testing.T) {
	x, y := lineartest.Zipf(100, 80, 5, 10)
	stop := errors.New("enough")
	for _, ratio := range []float64{0, 1} {
		for _, joint := range []bool{false, true} {
			calls := 0
			each := func(s linear.Solution) error {
				if calls++; s.Class == 2 {
					return stop
				}
				return nil
			}
			r := logistic.Regression{L1Ratio: ratio}
			err := r.OneVsRest(t.Context(), x, y, nil, 5, 1, each)
			if joint {
				calls = 0
				err = r.Multinomial(t.Context(), x, y, nil, 5, 1, each)
			}
			if !errors.Is(err, stop) || calls != 3 {
				t.Errorf("joint=%v L1=%v: %v after %d calls, want the error of the third", joint, ratio, err, calls)
			}
		}
	}
}

func ExampleRegression_Multinomial() {
	// Columns: "card", "lost", "rate". Class 0 is cards, class 1 exchange.
	x := &sparse.Matrix{
		Rows: 4, Cols: 3,
		Start: []int64{0, 2, 3, 4, 6},
		Index: []int32{0, 1, 0, 2, 1, 2},
		Value: []float32{.7, .7, 1, 1, .3, .95},
	}
	y := []int32{0, 0, 1, 1}
	err := logistic.Regression{}.Multinomial(context.Background(), x, y, nil, 2, 1, func(s linear.Solution) error {
		fmt.Printf("class %d: card %.2f, lost %.2f, rate %.2f\n", s.Class, s.Weight[0], s.Weight[1], s.Weight[2])
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// scikit-learn 1.2.1, LogisticRegression(multi_class="multinomial"), class 1: -0.4701, -0.1161, 0.5427.
	// Output:
	// class 0: card 0.47, lost 0.12, rate -0.54
	// class 1: card -0.47, lost -0.12, rate 0.54
}

// BenchmarkRegression trains generated text-like rows on one worker.
func BenchmarkRegression(b *testing.B) {
	for _, size := range []struct{ rows, columns, classes int }{{2_000, 5_000, 20}, {10_000, 20_000, 77}} {
		for _, joint := range []bool{false, true} {
			for _, ratio := range []float64{0, 1} {
				b.Run(fmt.Sprintf("%dx%d/joint=%v/L1=%v", size.rows, size.classes, joint, ratio), func(b *testing.B) {
					x, y := lineartest.Zipf(size.rows, size.columns, size.classes, 1)
					b.ReportAllocs()
					for b.Loop() {
						train(b, logistic.Regression{L1Ratio: ratio}, joint, x, y, nil, size.classes, 1)
					}
				})
			}
		}
	}
}
