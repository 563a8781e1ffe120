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
	"os"
	"os/signal"
	"runtime"

	"godwit/shared/ml/dataset"
	"godwit/shared/ml/doctor"
	"godwit/shared/ml/image"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: doctor FILE   (CSV, TSV or JSONL, also .gz; images in folders in a zip or tar.gz)")
		os.Exit(2)
	}
	trainable, err := examine(os.Args[1])
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "doctor:", err)
		os.Exit(2)
	case !trainable:
		os.Exit(1)
	}
}

func examine(name string) (trainable bool, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	const beginning = 4 << 10
	body := bufio.NewReaderSize(f, beginning)
	head, _ := body.Peek(beginning) // an error comes again with the reading
	look := doctor.Examine
	if image.Recognise(head) {
		look = doctor.ExamineImages
	}
	report, err := look(ctx, body, doctor.Options{
		Read:     dataset.Options{Filename: name},
		Workers:  runtime.GOMAXPROCS(0),
		Progress: func(stage string) { fmt.Fprintln(os.Stderr, stage) },
	})
	if err != nil {
		return false, err
	}
	return report.Trainable, report.WriteText(os.Stdout)
}
