package training

import (
	"slices"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/sparse"
)

// oneShard is a shard of three rows.
func oneShard() *shardRows {
	return &shardRows{
		texts:  texts{Text: []string{"pay the bill", "", "忘记密码"}, Line: []int64{2, 3, 5}, Record: []int64{1, 2, 3}},
		Number: []int32{0, 4, 8}, Y: []int32{0, 1, 0}, Weight: []float32{1, 1, 2}, Group: []uint64{7, 8, 9}, Role: []uint8{0, 1, 2},
	}
}

// tensorsOf are the files of one shard that have readers of their own.
func tensorsOf(t testing.TB) [][]byte {
	t.Helper()
	x := &sparse.Matrix{Rows: 2, Cols: 3, Start: []int64{0, 2, 3}, Index: []int32{0, 2, 1}, Value: []float32{.5, .5, 1}}
	matrix, err := artifact.Encode(map[string]string{"format": matrixFormat, "columns": "3"}, append(append(matrixTensors("train", x), matrixTensors("held", x)...),
		artifact.FromInt32s("train.class", nil, []int32{0, 1}), artifact.FromFloat32s("train.weight", nil, []float32{1, 1}),
		artifact.FromInt32s("held.row", nil, []int32{4, 5}), artifact.FromInt32s("held.class", nil, []int32{1, 0})))
	if err != nil {
		t.Fatal(err)
	}
	own, err := artifact.Encode(map[string]string{"format": ownFormat}, []artifact.Tensor{
		artifact.FromInt64s("end", nil, []int64{1, 3}), artifact.FromInt32s("column", nil, []int32{2, 0, 1}), artifact.FromFloat32s("weight", nil, []float32{1, -1, .5}),
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := oneShard().encode()
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{rows, matrix, own}
}

// What a step of a shard wrote another reads, and what was tampered with is refused.
func TestShardFiles(t *testing.T) {
	files := tensorsOf(t)
	got, err := decodeShard(files[0])
	if want := oneShard(); err != nil || !slices.Equal(got.Text, want.Text) || !slices.Equal(got.Number, want.Number) || !slices.Equal(got.Role, want.Role) || !slices.Equal(got.Line, want.Line) {
		t.Errorf("decodeShard = %+v, %v, want %+v", got, err, want)
	}
	f, err := artifact.Decode(files[1], artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := shardMatrixOf(f); err != nil || m.x.NonZeros() != 3 || m.held.Rows != 2 {
		t.Errorf("shardMatrixOf = %+v, %v, want both matrices", m, err)
	}
	if f, err = artifact.Decode(files[2], artifact.Limits{}); err != nil {
		t.Fatal(err)
	}
	o, err := ownOf(f, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if column, weight := o.of(1); !slices.Equal(column, []int32{0, 1}) || !slices.Equal(weight, []float32{-1, .5}) {
		t.Errorf("own weights of problem 1 = %v %v, want columns 0 and 1", column, weight)
	}
	for _, tc := range []struct{ problems, columns int }{{1, 3}, {3, 3}, {2, 2}} {
		if _, err := ownOf(f, tc.problems, tc.columns); err == nil {
			t.Errorf("ownOf(%d problems, %d columns) = nil, want an error", tc.problems, tc.columns)
		}
	}
	short := oneShard()
	short.Y = short.Y[:2]
	data, err := short.encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodeShard(data); err == nil {
		t.Error("a shard whose columns differ in length was read")
	}
	if _, err := decodeShard(files[1]); err == nil {
		t.Error("a matrix was read as a shard")
	}
}

// Every role is dealt out evenly, whatever the order of the rows.
func TestDeal(t *testing.T) {
	roles := slices.Concat(slices.Repeat([]role{learnRow}, 10), slices.Repeat([]role{heldRow}, 3), slices.Repeat([]role{testRow}, 4))
	shards := deal(roles, 3)
	var all []int32
	for k, rows := range shards {
		count := map[role]int{}
		for _, i := range rows {
			count[roles[i]]++
		}
		if count[learnRow] < 3 || count[heldRow] != 1 || count[testRow] < 1 || !slices.IsSorted(rows) {
			t.Errorf("shard %d has rows %v, %v of each role, want a third of each, ascending", k, rows, count)
		}
		all = append(all, rows...)
	}
	if slices.Sort(all); len(slices.Compact(all)) != len(roles) {
		t.Errorf("%d rows are dealt out, want %d", len(all), len(roles))
	}
}

// FuzzShardFiles gives the readers files that were tampered with.
func FuzzShardFiles(f *testing.F) {
	for _, data := range tensorsOf(f) {
		f.Add(data)
		f.Add(data[:len(data)-2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if x, err := decodeShard(data); err == nil && len(x.Text) != len(x.Role) {
			t.Errorf("a shard of %d texts and %d roles was read", len(x.Text), len(x.Role))
		}
		file, err := artifact.Decode(data, artifact.Limits{})
		if err != nil {
			return
		}
		if m, err := shardMatrixOf(file); err == nil && (m.x.Check() != nil || m.held.Check() != nil) {
			t.Error("a matrix that is none was read")
		}
		if o, err := ownOf(file, 2, 3); err == nil {
			for problem := range 2 {
				o.of(problem)
			}
		}
	})
}

// A fit is warned of when its gap is wider than what rounds go on for.
func TestDistributed_warnings(t *testing.T) {
	for _, tc := range []struct {
		name   string
		d      *Distributed
		want   []string
		closed bool // of the last cost
	}{
		{"not divided", nil, nil, false},
		{"by classes", &Distributed{Engine: engineClasses, Blocks: 4}, nil, false},
		{"closed", &Distributed{Costs: []RowsCost{{Phase: "search", C: 1, Rounds: 30, Gap: closedGap}}}, nil, true},
		{"one of two", &Distributed{Costs: []RowsCost{{Phase: "search", C: 1, Gap: .0002}, {Phase: "served", C: 3, Rounds: 300, Gap: .02}}},
			[]string{"training by rows was stopped after 300 rounds of served at C 3: the objective may be 0.02 above the least"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.d.warnings(); !slices.Equal(got, tc.want) {
				t.Errorf("warnings() = %q, want %q", got, tc.want)
			}
			if tc.d == nil || len(tc.d.Costs) == 0 {
				return
			}
			if last := tc.d.Costs[len(tc.d.Costs)-1]; last.Closed() != tc.closed {
				t.Errorf("Closed() of a gap of %v = %v, want %v", last.Gap, last.Closed(), tc.closed)
			}
		})
	}
}
