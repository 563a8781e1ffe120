// Command doctor examines a labelled file as training would, without training:
// what is wrong, where, and how to fix it, and which labels look wrong.
//
//	make doctor FILE=train.csv
//
// It runs on the developer's machine only. It exits with 1 when the file cannot
// be trained and 2 when it cannot be read.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/doctor"
	"godwit/shared/ml/image"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: doctor FILE   (texts or a table in CSV, TSV or JSONL, also .gz; images in folders in a zip or tar.gz)")
		os.Exit(2)
	}
	trainable, err := examine(os.Args[1], os.Stdout, os.Stderr)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "doctor:", err)
		os.Exit(2)
	case !trainable:
		os.Exit(1)
	}
}

// examine writes what it finds in a file to out, and what it is at to progress.
func examine(name string, out, progress io.Writer) (trainable bool, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	body := bufio.NewReaderSize(f, dataset.Beginning)
	head, _ := body.Peek(dataset.Beginning) // an error comes again with the reading
	// As training decides when its settings name neither task nor columns.
	look := doctor.Examine
	if image.Recognise(head) {
		look = doctor.ExamineImages
	} else if table, _ := dataset.Recognise(ctx, head, name, ""); table {
		look = doctor.ExamineTable
	}
	report, err := look(ctx, body, doctor.Options{
		Read:     dataset.Options{Filename: name},
		Workers:  runtime.GOMAXPROCS(0),
		Progress: func(stage string) { fmt.Fprintln(progress, stage) },
	})
	if err != nil {
		return false, err
	}
	return report.Trainable, report.WriteText(out)
}
