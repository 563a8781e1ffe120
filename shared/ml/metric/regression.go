package metric

import (
	"fmt"
	"math"
)

// Regression is the measured quality of predicted numbers on some rows.
// Errors are in the unit of the numbers, intervals are 95 % by bootstrap.
type Regression struct {
	Rows         int      `json:"rows"`
	MSE          float64  `json:"mse"`
	RMSE         float64  `json:"rmse"`
	RMSEInterval Interval `json:"rmse_interval"`
	MAE          float64  `json:"mae"`
	MAEInterval  Interval `json:"mae_interval"`
	R2           float64  `json:"r2"`
	R2Interval   Interval `json:"r2_interval"`
	Baseline     float64  `json:"baseline"` // RMSE of always answering the mean of the truth
}

// Headline returns the numbers people compare versions by.
func (r Regression) Headline() map[string]float64 {
	return map[string]float64{
		"rows": float64(r.Rows), "mse": r.MSE, "rmse": r.RMSE, "mae": r.MAE, "r2": r.R2, "baseline": r.Baseline,
		"rmse_low": r.RMSEInterval.Low, "rmse_high": r.RMSEInterval.High,
	}
}

// Regress measures predicted numbers against true ones, with intervals from
// resamples bootstrap resamples. It fails with an *InputError for fewer than
// two rows, lengths that differ, or numbers that are not finite or too great
// to be squared.
func Regress(truth, predicted []float64, resamples int, seed uint64) (Regression, error) {
	const greatest = 1e150 // the square of a difference is at most 4e300, and the sum of 4*10^7 of them finite
	if len(truth) < 2 || len(truth) != len(predicted) {
		return Regression{}, &InputError{-1, fmt.Sprintf("%d true numbers, %d predicted: want two or more of each", len(truth), len(predicted))}
	}
	mean := 0.0
	for i, t := range truth {
		if !(math.Abs(t) < greatest && math.Abs(predicted[i]) < greatest) {
			return Regression{}, &InputError{i, fmt.Sprintf("true %v, predicted %v: want finite numbers", t, predicted[i])}
		}
		mean += t / float64(len(truth))
	}
	r := Regression{
		Rows: len(truth),
		MSE:  MSE(truth, predicted), RMSE: RMSE(truth, predicted),
		MAE: MAE(truth, predicted), R2: R2(truth, predicted),
	}
	whole := errorsOf{mean: mean}
	for i, t := range truth {
		whole.add(t, predicted[i])
	}
	r.Baseline = math.Sqrt(whole.spread() / float64(len(truth)))
	r.resample(truth, predicted, mean, resamples, seed)
	return r, nil
}

// resample sets the intervals, all from the same resamples.
func (r *Regression) resample(truth, predicted []float64, mean float64, resamples int, seed uint64) {
	if resamples < 1 {
		return
	}
	rmse, mae, r2 := make([]float64, resamples), make([]float64, resamples), make([]float64, resamples)
	draw := newDraw(len(truth), seed)
	n := float64(len(truth))
	for k := range rmse {
		e := errorsOf{mean: mean}
		for range truth {
			i := draw.next()
			e.add(truth[i], predicted[i])
		}
		rmse[k], mae[k] = math.Sqrt(e.squares/n), e.sizes/n
		// The rule of R2 for a resample that has one number only.
		if spread := e.spread(); spread > 0 {
			r2[k] = 1 - e.squares/spread
		} else if e.squares == 0 {
			r2[k] = 1
		}
	}
	r.RMSEInterval, r.MAEInterval, r.R2Interval = percentiles(rmse), percentiles(mae), percentiles(r2)
}

// errorsOf sums what the measures of a regression are made of. The truth is
// taken relative to the mean of all rows, so that squares do not swamp it.
type errorsOf struct {
	mean                  float64
	rows                  float64
	squares, sizes        float64 // of the errors
	distance, distanceTwo float64 // of the truth from mean, and squared
}

func (e *errorsOf) add(truth, predicted float64) {
	d := predicted - truth
	e.rows++
	e.squares += d * d
	e.sizes += math.Abs(d)
	e.distance += truth - e.mean
	e.distanceTwo += (truth - e.mean) * (truth - e.mean)
}

// spread returns the sum of squared distances of the truth from its own mean,
//
//	sum of (t-mean)^2 - (sum of (t-mean))^2 / rows,
//
// which a resample has not for its mean but for that of all rows.
func (e *errorsOf) spread() float64 {
	return max(e.distanceTwo-e.distance*e.distance/e.rows, 0)
}
