package neural

import (
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/parallel"
)

// advance takes one step: every shard of the batch through its replica, then
// the optimiser.
func (r *Run) advance(workers int) {
	batch := r.order[r.step*r.set.Batch:]
	batch = batch[:min(len(batch), r.set.Batch)]
	weight := 0.0
	for _, row := range batch {
		weight += float64(float64(r.loss.RowWeight(r.train.labels()[row])) * r.counts(row))
	}
	r.weight += weight
	if r.counted != nil {
		// Divided by what its rows count, a batch that counts little would move the
		// network as far as any. Over all rows they count 1 on average.
		weight = float64(len(batch))
	}
	now := r.now()
	for i, p := range r.replicas[0].params() {
		if p.Rows != nil {
			r.optimizer.CatchUp(now, i, r.train.tokens(batch, r.set.Text.Tokens))
		}
	}
	shards := len(r.replicas)
	losses := make([]float64, shards)
	chance := r.chance(partSteps).Split(uint64(r.epoch)).Split(uint64(r.step))
	parallel.Each(shards, workers, func(_, i int) {
		rows := batch[i*len(batch)/shards : (i+1)*len(batch)/shards]
		if len(rows) == 0 {
			return
		}
		n := r.replicas[i]
		margins := r.train.forward(n, rows, &layer.Pass{Train: true, Chance: chance.Split(uint64(i))})
		labels := labelsOf(r.train, rows)
		loss := r.loss
		loss.Rows = r.countsOf(rows)
		losses[i] = loss.Loss(margins, labels)
		loss.Gradient(margins, labels, float32(1/weight))
		n.backward(margins)
	})
	for _, loss := range losses {
		r.sum += loss
	}
	r.optimizer.Step(now, len(batch), workers)
	r.step++
}

// labelsOf returns the labels of rows.
func labelsOf(d Data, rows []int32) []int32 {
	labels := make([]int32, len(rows))
	for i, row := range rows {
		labels[i] = d.labels()[row]
	}
	return labels
}

// measureRows is how many rows are measured at a time.
const measureRows = 64

// measure runs the network on all rows of d. The sums go piece by piece in
// the order of the rows.
func (r *Run) measure(d Data, workers int) Measure {
	pieces := (d.Len() + measureRows - 1) / measureRows
	losses, right := make([]float64, pieces), make([]int, pieces)
	judges := r.judges(max(1, min(workers, len(r.replicas))))
	parallel.Each(pieces, len(judges), func(worker, i int) {
		var rows []int32
		for row := i * measureRows; row < min((i+1)*measureRows, d.Len()); row++ {
			rows = append(rows, int32(row))
		}
		scores := d.forward(judges[worker], rows, &layer.Pass{})
		labels := labelsOf(d, rows)
		classes := len(d.classes())
		for k, label := range labels {
			if argmax(scores[k*classes:][:classes]) == int(label) {
				right[i]++
			}
		}
		losses[i] = layer.CrossEntropy{}.Loss(scores, labels)
	})
	loss, correct := 0.0, 0
	for i := range pieces {
		loss += losses[i]
		correct += right[i]
	}
	n := float64(d.Len())
	return Measure{Loss: loss / n, Accuracy: float64(correct) / n}
}

// argmax returns the place of the largest number, of equal ones the first.
func argmax(s []float32) int {
	best := 0
	for i, v := range s {
		if v > s[best] {
			best = i
		}
	}
	return best
}
