package dynamodb_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"godwit/functions/local/dynamodb"
)

// childFile tells the test binary to be the process that gets killed.
const childFile = "GODWIT_TEST_DYNAMODB_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		fmt.Fprintln(os.Stderr, writeForever(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForever serves the file and writes to it with several clients, in
// transactions of two items, printing a line after each acknowledged one.
func writeForever(path string) error {
	db, err := dynamodb.Open(path, time.Now)
	if err != nil {
		return err
	}
	if err := db.EnsureTable(spec); err != nil {
		return err
	}
	client := newClient(httptest.NewServer(db.Handler()).URL)
	run := os.Getenv(childFile + "_RUN")
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := 0; err == nil; i++ {
				name := fmt.Sprintf("%s-%d-%06d", run, w, i)
				put := func(pk string) types.TransactWriteItem {
					it := key(pk, name)
					it["gsi1pk"], it["gsi1sk"] = text(pk), text(name)
					return types.TransactWriteItem{Put: &types.Put{TableName: &spec.Name, Item: it}}
				}
				_, err := client.TransactWriteItems(context.Background(), &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{put("left"), put("right")}})
				if err != nil {
					return
				}
				fmt.Println(name) // one write call, whole or not at all
			}
		})
	}
	wg.Wait()
	return fmt.Errorf("the writers stopped")
}

// A killed process loses no acknowledged write, keeps no half transaction, and
// its file opens again, several times over.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	acknowledged := map[string]bool{}
	for run := range 4 {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), childFile+"="+path, fmt.Sprintf("%s_RUN=%d", childFile, run))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			acknowledged[lines.Text()] = true
			if n == 150+37*run {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // killed: always an error
	}
	if len(acknowledged) < 4*150 {
		t.Fatalf("%d acknowledged writes, want at least %d: the child did not work", len(acknowledged), 4*150)
	}
	checkSurvivors(t, path, acknowledged)
}

func checkSurvivors(t *testing.T, path string, acknowledged map[string]bool) {
	db, err := dynamodb.Open(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(db.Handler())
	defer server.Close()
	defer db.Close()
	s := &stage{db: db, url: server.URL, client: newClient(server.URL)}
	left, right := s.sortKeys(t, "left"), s.sortKeys(t, "right")
	indexed := s.pages(t, &sdk.QueryInput{
		TableName: &spec.Name, IndexName: aws.String("gsi1"), KeyConditionExpression: aws.String("gsi1pk = :p"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": text("left")},
	}, "sk")
	if got := fmt.Sprint(right); got != fmt.Sprint(left) || got != fmt.Sprint(indexed[0]) {
		t.Errorf("the two items of a transaction and their index entries differ: %d left, %d right, %d indexed", len(left), len(right), len(indexed[0]))
	}
	for _, name := range left {
		delete(acknowledged, name)
	}
	for name := range acknowledged {
		t.Errorf("acknowledged write %s is lost", name)
	}
}
