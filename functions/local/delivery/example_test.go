package delivery_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"godwit/functions/local/delivery"
)

func Example() {
	dir, err := os.MkdirTemp("", "delivery-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	done := make(chan bool)
	d, err := delivery.Open(delivery.Options{
		Dir:   dir,
		Rules: []delivery.Rule{{Name: "uploads", Function: "trigger", Match: func([]byte) bool { return true }}},
		Invoke: func(_ context.Context, function string, _ []byte) (string, error) {
			fmt.Println(function, "got the event")
			close(done)
			return "", nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	from := delivery.Source{Account: "123456789012", Region: "us-east-1"}
	event, err := from.ObjectCreated(delivery.Object{Bucket: "uploads", Key: "inbox/a.csv", VersionID: "1", Time: time.Unix(0, 0)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Offer(event), d.Offer(event)) // the second time it is known
	<-done
	// Unordered output:
	// <nil> <nil>
	// trigger got the event
}
