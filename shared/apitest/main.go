// Command apitest asks a running Godwit everything its API promises and prints
// a line for each check.
//
//	make test-api URL=http://127.0.0.1:3000 [KEY=gw_...]
//
// It runs on the developer's machine only, against the local stage or a
// deployed stack. What it makes there is called test-... and removed at the
// end. It exits with 1 when a check failed and 2 when it was not told whom to
// ask.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"godwit/shared/apitest/suite"
)

func main() {
	url := flag.String("url", "", "of the service, such as http://127.0.0.1:3000")
	patience := flag.Duration("patience", 0, "how long to wait for a job; default two minutes")
	flag.Parse()
	if *url == "" {
		fmt.Fprintln(os.Stderr, "apitest: name the service: make test-api URL=http://127.0.0.1:3000 [KEY=gw_...]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The key comes by the environment: an argument shows in the list of processes.
	target := suite.Target{URL: *url, Key: os.Getenv("GODWIT_KEY"), Patience: *patience}
	passed, failed := suite.Run(ctx, target, os.Stdout)
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
