package main

import (
	"context"
	"errors"
	"io"
	"os"

	"godwit/shared/ml/image/imagetest"
)

// shapes writes an archive of drawn shapes, for trainings that need no data set.
func shapes(_ context.Context, args []string, _, notes io.Writer) error {
	flags := flagsOf("shapes", "FILE.zip", notes)
	side := flags.Int("side", 20, "pixels of a side")
	each := flags.Int("each", 40, "pictures of each of five shapes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *side < 8 || *side > 512 || *each < 1 {
		return errors.New("name one file, a side from 8 to 512 and at least one picture of each")
	}
	return os.WriteFile(flags.Arg(0), imagetest.Zip(*each, *side, 1), 0o644)
}
