package training

import (
	"context"

	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// censusBytes is how much of shards' counts is put together at one go. Each go
// numbers the terms of all before it again.
const censusBytes = 256 << 20

// census counts in how many of a shard's rows each term occurs. The first phase
// counts the texts, the others what it left.
func (s *Steps) census(ctx context.Context, job Job, d shardJob) error {
	x, err := s.loadShard(ctx, job, d.shard)
	if err != nil {
		return err
	}
	var corpus *text.Corpus
	if d.phase.fit != nil {
		// No text is tokenised twice: only which rows count is another question.
		corpus, err = s.loadCounted(ctx, job, d.shard)
	} else {
		recipe, _ := text.RecipeNamed(d.plan.Features[0])
		if corpus, err = text.Count(ctx, x.Text, []text.Recipe{recipe}, s.Workers, nil); err == nil {
			err = s.keepTensors(ctx, rowsKey(job, "counted", d.shard), nil, corpus.Tensors()...)
		}
	}
	if err != nil {
		return err
	}
	return s.keepTensors(ctx, censusKey(job, d.turn, d.shard), nil, corpus.Census(d.learnt(x)).Tensors()...)
}

// loadCounted reads the counted terms of a shard.
func (s *Steps) loadCounted(ctx context.Context, job Job, shard int) (*text.Corpus, error) {
	return loadTensors(ctx, s, rowsKey(job, "counted", shard), text.CorpusOf)
}

// vocabulary puts the counts of all shards together and chooses the floor with
// which the model may be served, as far as an estimate tells.
func (s *Steps) vocabulary(ctx context.Context, job Job, d shardJob) (Next, error) {
	var all *text.Census
	var some []*text.Census
	bytes := int64(0)
	join := func() (err error) {
		if all, err = text.Merge(some); err != nil {
			return fault.Wrap(fault.TooLarge, err, "the texts hold more different terms than one vocabulary can: choose params.features word")
		}
		some, bytes = []*text.Census{all}, 0
		return nil
	}
	// In the order of the shards: a term is numbered by where it is first met.
	for k := range d.plan.Shards.Count {
		data, err := s.readWork(ctx, censusKey(job, d.turn, k))
		if err != nil {
			return Next{}, err
		}
		c, err := censusOf(data)
		if err != nil {
			return Next{}, fault.Wrap(fault.Internal, err, "the counts of shard %d cannot be read", k)
		}
		some, bytes = append(some, c), bytes+int64(len(data))
		if bytes > censusBytes {
			if err := join(); err != nil {
				return Next{}, err
			}
		}
	}
	if err := join(); err != nil {
		return Next{}, err
	}
	if err := s.keepTensors(ctx, mergedKey(job, d.turn), nil, all.Tensors()...); err != nil {
		return Next{}, err
	}
	turn, err := s.servable(ctx, job, d, all)
	turn.Next = toEncode
	return turn.on(job), err
}

// censusOf reads the counts of a shard.
func censusOf(data []byte) (*text.Census, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: workLimit})
	if err != nil {
		return nil, err
	}
	return text.CensusOf(f)
}

// servable returns the turn with the least floor of document frequency at which a
// model is not estimated to be too large to serve.
func (s *Steps) servable(ctx context.Context, job Job, d shardJob, all *text.Census) (Turn, error) {
	best := d.plan.Best
	// The search measured how many weights a term keeps; before it nothing is known.
	if d.phase.fit != &evaluationFit || best.Pruning == nil {
		return d.turn, nil // both models have the floor of the first
	}
	each := float64(best.Pruning.Weights) / float64(max(best.Terms, 1))
	for {
		v, _ := d.variant()
		err := s.fitsCaps(pipeline.SizeOf(all.Vocabulary(v.features()), len(d.plan.Labels), each))
		if err == nil {
			return d.turn, nil
		}
		floor, err := s.raise(ctx, job, d.plan, d.turn.Floor, err)
		if err != nil {
			return d.turn, err
		}
		d.turn.Floor = floor.MinDocs
	}
}
