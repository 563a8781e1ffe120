package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"godwit/shared/ml/export"
	"godwit/shared/ml/image"
	"godwit/shared/ml/network"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
)

// exported is a row of the file that other runtimes are compared by: what the
// model answers, what our own runner makes of the graph, and what goes in.
type exported struct {
	Raw    map[string]string `json:"raw"`    // cells by column; of a text model the document as "text"
	Inputs map[string]any    `json:"inputs"` // by input of the graph; an empty number is null
	Label  string            `json:"label"`
	Scores []float32         `json:"scores"` // of a regression the value
	Runner struct {
		Label  string    `json:"label"`
		Scores []float32 `json:"scores"`
	} `json:"runner"`
}

// exportModel trains on a file with algorithm auto and writes the model as ONNX
// with the rows of a test file and their answers.
func exportModel(ctx context.Context, args []string, out, notes io.Writer) error {
	flags := flagsOf("export", "FILE", notes)
	test := flags.String("test", "", "file of rows to answer for; empty: the training file")
	folder := flags.String("out", "", "folder for model.onnx, normal.js, info.json and rows.jsonl")
	target := flags.String("target", "label", "column to predict; the last one when there is none of that name")
	settings := flags.String("settings", `{"algorithm":"auto"}`, "of the training, as JSON")
	most := flags.Int("bytes", 0, "train on so many bytes of the file only, to the end of the line; 0 for all")
	answers := flags.Int("answers", 0, "answer for so many rows at most; 0 for all")
	if err := flags.Parse(args); err != nil {
		return err
	}
	data, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	if *most > 0 && *most < len(data) {
		end := *most + slices.Index(data[*most:], '\n') + 1
		data = data[:end]
	}
	p, err := newTrainer().trainAs(ctx, registry.Name("export"), flags.Arg(0), data, *settings)
	if err != nil {
		return err
	}
	if *test == "" {
		*test = flags.Arg(0)
	}
	rows, err := exampleRows(ctx, p.model, *test, *target, *answers)
	if err != nil {
		return err
	}
	graph, info, err := export.Export(p.model, export.Limits{})
	if err != nil {
		return err
	}
	lines, err := answerAll(ctx, p.model, graph, info, rows)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s by %s, %d inputs, graph of %s\n", flags.Arg(0), p.model.Task(), chosenOf(p.chosen), len(info.Inputs), megabytes(float64(info.Bytes)))
	return writeExport(*folder, graph, info, lines)
}

// exampleRows reads the rows of a file, or of an archive of images.
func exampleRows(ctx context.Context, m pipeline.Predictor, path, target string, most int) ([]pipeline.Input, error) {
	net, images := m.(*network.Image)
	if !images {
		return rowsOf(path, target, most)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	shape := net.Shape()
	set, err := image.Read(ctx, f, image.Options{Width: shape.Width, Height: shape.Height, Channels: shape.Channels})
	if err != nil {
		return nil, err
	}
	var rows []pipeline.Input
	for i := range set.Y {
		if most == 0 || i < most {
			rows = append(rows, pipeline.Input{Pixels: set.Pixels[i*shape.Size():][:shape.Size()]})
		}
	}
	return rows, nil
}

// rowsOf reads the rows of a file as a caller would send them.
func rowsOf(path, target string, most int) ([]pipeline.Input, error) {
	header, records, err := readRecords(path)
	if err != nil {
		return nil, err
	}
	at := slices.Index(header, target)
	if at < 0 {
		at = len(header) - 1
	}
	if most > 0 && most < len(records) {
		records = records[:most]
	}
	rows := make([]pipeline.Input, len(records))
	for i, record := range records {
		rows[i] = inputOf(header, record, at)
	}
	return rows, nil
}

// runnerBatch is how many rows our runner takes at a time.
const runnerBatch = 32

// answerAll answers for rows with the model and with the graph.
func answerAll(ctx context.Context, m pipeline.Predictor, graph []byte, info export.Info, rows []pipeline.Input) ([]exported, error) {
	decoded, err := onnx.Decode(graph, onnx.Limits{})
	if err != nil {
		return nil, err
	}
	program, err := runner.Compile(ctx, decoded, runner.Limits{})
	if err != nil {
		return nil, err
	}
	reader, err := export.NewReader(m)
	if err != nil {
		return nil, err
	}
	lines := make([]exported, len(rows))
	var scratch pipeline.Scratch
	for at := 0; at < len(rows); at += runnerBatch {
		part := rows[at:min(at+runnerBatch, len(rows))]
		inputs := reader.Tensors(part)
		outputs, err := program.Run(ctx, inputs)
		if err != nil {
			return nil, err
		}
		for i, in := range part {
			line := &lines[at+i]
			line.Raw, line.Inputs = in.Cells, make(map[string]any)
			for k, t := range inputs {
				if line.Inputs[info.Inputs[k].Name] = elementOf(t, i); in.Pixels != nil {
					line.Inputs[info.Inputs[k].Name] = t.Floats[i*len(in.Pixels):][:len(in.Pixels)]
				}
			}
			if m.Labels() == nil {
				line.Scores, line.Runner.Scores = []float32{float32(m.Value(&scratch, in))}, outputs[0].Floats[i:i+1]
				continue
			}
			line.Scores = slices.Clone(m.Scores(&scratch, in))
			line.Label = m.Labels()[top(line.Scores)]
			n := len(line.Scores)
			line.Runner.Label, line.Runner.Scores = outputs[0].Strings[i], outputs[1].Floats[i*n:(i+1)*n]
		}
	}
	return lines, nil
}

// elementOf returns an element of an input as JSON has it.
func elementOf(t *onnx.Tensor, i int) any {
	if t.Type == onnx.String {
		return t.Strings[i]
	}
	if v := t.Floats[i]; !math.IsNaN(float64(v)) {
		return v
	}
	return nil
}

// writeExport writes what the comparison with other runtimes reads.
func writeExport(folder string, graph []byte, info export.Info, lines []exported) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	about, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return err
	}
	var rows []byte
	for _, line := range lines {
		row, err := json.Marshal(line)
		if err != nil {
			return err
		}
		rows = append(append(rows, row...), '\n')
	}
	for name, data := range map[string][]byte{"model.onnx": graph, "info.json": about, "rows.jsonl": rows, "normal.js": []byte(export.NormalJS)} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
