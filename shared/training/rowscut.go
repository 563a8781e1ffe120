package training

import (
	"context"
	"fmt"
	"strings"

	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/dataset"
)

// role is what a row is for.
type role uint8

const (
	learnRow role = iota
	heldRow       // judged in the search, learnt from later
	testRow       // held out to the end
)

// roles returns what each row is for when a fold is held out.
func (r *rows) roles(fold int) []role {
	roles := make([]role, r.len())
	_, held := r.fold(fold)
	for _, i := range held {
		roles[i] = heldRow
	}
	for _, i := range r.Test {
		roles[i] = testRow
	}
	return roles
}

// shardRows are the rows of one shard as Prepare writes them.
type shardRows struct {
	texts
	Number []int32 // of each row among all
	Y      []int32
	Weight []float32
	Group  []uint64
	Role   []uint8 // as role
}

const shardFormat = "godwit-shard-1"

// encode lays the shard out as one safetensors file.
func (x *shardRows) encode() ([]byte, error) {
	return artifact.Encode(map[string]string{"format": shardFormat}, append(x.tensors(),
		artifact.FromInt32s("row.number", nil, x.Number),
		artifact.FromInt32s("row.class", nil, x.Y),
		artifact.FromFloat32s("row.weight", nil, x.Weight),
		artifact.FromUint64s("row.group", nil, x.Group),
		artifact.FromBytes("row.role", nil, x.Role),
	))
}

// decodeShard reads what encode wrote. The result aliases data.
func decodeShard(data []byte) (*shardRows, error) {
	f, err := openWork(data, shardFormat)
	if err != nil {
		return nil, err
	}
	x := &shardRows{}
	if err := x.read(f); err != nil {
		return nil, err
	}
	for _, read := range []error{
		view(f, "row.number", artifact.Int32s, &x.Number),
		view(f, "row.class", artifact.Int32s, &x.Y),
		view(f, "row.weight", artifact.Float32s, &x.Weight),
		view(f, "row.group", artifact.Uint64s, &x.Group),
		view(f, "row.role", artifact.Bytes, &x.Role),
	} {
		if read != nil {
			return nil, read
		}
	}
	for _, n := range []int{len(x.Text), len(x.Y), len(x.Weight), len(x.Group), len(x.Role)} {
		if n != len(x.Number) {
			return nil, fmt.Errorf("a shard of %d rows has a column of %d", len(x.Number), n)
		}
	}
	return x, nil
}

// openWork opens a work file of a format.
func openWork(data []byte, format string) (*artifact.File, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: workLimit})
	if err != nil {
		return nil, err
	}
	if got := f.Metadata["format"]; got != format {
		return nil, fmt.Errorf("a file of format %q, want %s", got, format)
	}
	return f, nil
}

// deal returns the rows of each shard, ascending. The rows of each role are dealt
// out one by one, so that every shard gets its share of them, and the order of
// the file, which may be that of the classes, does not make the shards.
func deal(roles []role, n int) [][]int32 {
	shard := make([][]int32, n)
	var next [testRow + 1]int
	for i, role := range roles {
		k := next[role] % n
		next[role]++
		shard[k] = append(shard[k], int32(i))
	}
	return shard
}

// item names a shard in the list that the state machine maps over.
type item struct {
	Shard int `json:"shard"`
}

// keepShards is keepRows of engine rows.
func (s *Steps) keepShards(ctx context.Context, job Job, in *input, r *rows, p *plan) (Next, error) {
	if err := s.twoClasses(ctx, job, r, p.Shards.Fold); err != nil {
		return Next{}, err
	}
	// Of weights by class the shards would each know a part only.
	p.balance(r)
	if err := s.keepLeaks(ctx, job, in, r, p); err != nil {
		return Next{}, err
	}
	return beginTurn(job).on(job), s.cutShards(ctx, job, in, r, p)
}

// keepLeaks adds to the findings, while all texts are there, what inspect finds
// in those of other jobs.
func (s *Steps) keepLeaks(ctx context.Context, job Job, in *input, r *rows, p *plan) error {
	if p.Split != dataset.ByColumn {
		return nil
	}
	var issues Issues
	if err := s.getJSON(ctx, workKey(job, issuesFile), &issues); err != nil {
		return err
	}
	issues.addLeaks(in.set.Rows, r, p)
	return s.putJSON(ctx, workKey(job, issuesFile), issues)
}

// cutShards writes the shards, each in memory for as long as it is written, and
// the list of them.
func (s *Steps) cutShards(ctx context.Context, job Job, in *input, r *rows, p *plan) error {
	roles := r.roles(p.Shards.Fold)
	var items []item
	for k, some := range deal(roles, p.Shards.Count) {
		x := &shardRows{Number: some, Y: of(r.Y, some), Weight: of(r.Weight, some), Group: of(r.Group, some)}
		for _, i := range some {
			row := &in.set.Rows[i]
			x.Text, x.Line, x.Record = append(x.Text, row.Text), append(x.Line, row.Line), append(x.Record, row.Record)
			x.Role = append(x.Role, uint8(roles[i]))
		}
		data, err := x.encode()
		if err != nil {
			return fmt.Errorf("encode shard %d: %w", k, err)
		}
		if err := s.putWork(ctx, rowsKey(job, "rows", k), data); err != nil {
			return err
		}
		items = append(items, item{k})
	}
	return s.putJSON(ctx, itemsKey(job), items)
}

// loadShard reads the rows of a shard.
func (s *Steps) loadShard(ctx context.Context, job Job, k int) (*shardRows, error) {
	data, err := s.readWork(ctx, rowsKey(job, "rows", k))
	if err != nil {
		return nil, err
	}
	x, err := decodeShard(data)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the rows of shard %d cannot be read", k)
	}
	return x, nil
}

// gatherShards puts together what Finish needs of all rows: everything but the
// texts, and of these those of test rows whole, which the evaluation predicts as
// a caller would, and of held ones the beginnings, which findings show.
func (s *Steps) gatherShards(ctx context.Context, job Job, p *plan) (*rows, *texts, error) {
	n := p.Rows.Trained + p.Rows.HeldOut
	r := &rows{task: p.Settings.Task, Labels: p.Labels, Y: make([]int32, n), Weight: make([]float32, n), Group: make([]uint64, n), Forward: p.Forward}
	x := &texts{Text: make([]string, n), Line: make([]int64, n), Record: make([]int64, n)}
	roles := make([]role, n)
	for k := range p.Shards.Count {
		shard, err := s.loadShard(ctx, job, k)
		if err != nil {
			return nil, nil, err
		}
		// The shard's file goes with this pass: kept copies what is kept of its texts.
		for at, i := range shard.Number {
			if i < 0 || int64(i) >= n {
				return nil, nil, fault.New(fault.Internal, "shard %d has row %d of %d", k, i, n)
			}
			r.Y[i], r.Weight[i], r.Group[i], roles[i] = shard.Y[at], shard.Weight[at], shard.Group[at], role(shard.Role[at])
			x.Line[i], x.Record[i], x.Text[i] = shard.Line[at], shard.Record[at], kept(shard.Text[at], roles[i])
		}
	}
	for i, role := range roles {
		if role == testRow {
			r.Test = append(r.Test, int32(i))
		} else {
			r.Train = append(r.Train, int32(i))
		}
	}
	return r, x, nil
}

// kept is what Finish keeps of a row's text, a copy that does not hold the shard.
func kept(text string, role role) string {
	const beginning = 1000 // bytes; an excerpt is far shorter
	switch {
	case role == learnRow:
		return ""
	case role == heldRow && len(text) > beginning:
		text = text[:beginning]
	}
	return strings.Clone(text)
}

// keepTensors stores a work file of tensors.
func (s *Steps) keepTensors(ctx context.Context, key string, metadata map[string]string, tensors ...artifact.Tensor) error {
	data, err := artifact.Encode(metadata, tensors)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	return s.putWork(ctx, key, data)
}
