package report_test

import (
	"strings"
	"testing"

	"godwit/shared/ml/tune"
	"godwit/shared/registry"
	"godwit/shared/report"
	"godwit/shared/training"
)

// network is the report of a network that was trained so often for so many
// epochs, and whose weights are stored in a byte each.
func network(trainings, epochs int) kept {
	best := tune.Candidate{Recipe: "shifted", Learner: "cnn", C: float64(epochs)}
	k := kept{Version: registry.Version{Model: "garments", Number: 2, Task: registry.ImageClassification, Algorithm: "cnn"}}
	k.Report = training.Report{
		Algorithm: "cnn", Metric: "accuracy", Chosen: best,
		Search:   []training.Searched{{Candidate: best, Value: .9, Folds: []float64{.9, .9, .9}, Share: 1}},
		Rounding: &training.Rounding{To: "int8", Before: .912, After: .909},
	}
	for i := range trainings {
		c := training.Course{Features: "shifted", Fold: i + 1}
		for e := range epochs {
			at := float64(e + 1)
			c.Epochs = append(c.Epochs, training.Epoch{Epoch: e + 1, Loss: 2 / at, Validation: 2/at + .25, Accuracy: 1 - .5/at - .0625*float64(i%8)})
		}
		k.Report.Courses = append(k.Report.Courses, c)
	}
	return k
}

func TestRender_courses(t *testing.T) {
	tests := []struct {
		name   string
		k      kept
		l      report.Language
		want   []string
		curves int // all lines of the three charts
		named  int // of these, with their own look and a name in the legend
		rows   int // of the table
	}{
		{"three trainings", network(3, 4), report.English, []string{
			"Loss of the rows learned from", "shifted, fold 2, epoch 4: 0.75", "validation accuracy", "epochs 4",
			"int8: of the held-out rows 91.2 % are answered right with whole weights, 90.9 % with these", "convolutional neural network",
		}, 9, 9, 12},
		{"in Chinese", network(3, 4), report.Chinese, []string{"训练数据的损失", "shifted，第 2 折，第 4 轮：0.75", "4 轮", "卷积神经网络"}, 9, 9, 12},
		{"a single one", network(1, 4), report.English, []string{"are best: 1. Each"}, 3, 0, 4},
		{"one epoch", network(2, 1), report.English, []string{"epochs 1"}, 0, 6, 2},
		{"more than looks", network(10, 4), report.English, []string{"shifted, fold 10"}, 30, 24, 40},
		{"more epochs than a table shows", network(2, 5000), report.English, []string{"At most 25 epochs", ">5\u202f000<"}, 6, 6, 50},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			page := render(t, tc.k, tc.l)
			for _, want := range tc.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
			section := sectionOf(page, "courses")
			if got := strings.Count(section, `<path class="curve`); got != tc.curves {
				t.Errorf("%d lines are drawn, want %d", got, tc.curves)
			}
			if got := strings.Count(section, `<line class="curve`); got != tc.named {
				t.Errorf("%d lines are named in legends, want %d", got, tc.named)
			}
			if got := strings.Count(section, `<th scope="row">`); got != tc.rows {
				t.Errorf("the table has %d rows, want %d", got, tc.rows)
			}
			if len(page) > 400_000 {
				t.Errorf("the page has %d bytes", len(page))
			}
			if strings.Contains(page, `id="search-t"`) {
				t.Error("epochs are drawn as a path of C")
			}
		})
	}
}

// TestRender_withoutCourses leaves the section out where no network was trained.
func TestRender_withoutCourses(t *testing.T) {
	for name, change := range map[string]func(*training.Report){
		"none":      func(r *training.Report) { r.Courses = nil },
		"no epochs": func(r *training.Report) { r.Courses = []training.Course{{Features: "gru", Fold: 1}} },
	} {
		k := network(1, 1)
		change(&k.Report)
		page, err := report.Render(k.Version, k.Report, report.English)
		if err != nil || strings.Contains(string(page), `id="courses"`) {
			t.Errorf("%s: the page tells of trainings, or %v", name, err)
		}
	}
}
