package dynamodb_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "with GODWIT_MOTO: write testdata/moto.jsonl anew")

// motoVariable names the moto_server executable to compare with, live. Without
// it the answers recorded in corpusFile stand for moto's.
const motoVariable = "GODWIT_MOTO"

const (
	corpusFile   = "testdata/moto.jsonl"
	corpusSeed   = 2
	corpusLength = 700
	liveSeeds    = 4 // further seeds in a live run
)

// exchange is one request and moto's answer to it.
type exchange struct {
	Operation string          `json:"op"`
	Request   json.RawMessage `json:"request"`
	Status    int             `json:"status"`
	Answer    json.RawMessage `json:"answer"`
}

// outcome is an answer in a form that can be compared: error type, or content
// with sets and batches in order.
type outcome struct {
	code    string
	message string // of an error; not compared, moto words its own
	content any
}

func (o outcome) String() string { return strings.TrimSpace(o.code + " " + toJSON(o.content)) }

func outcomeOf(t testing.TB, status int, answer []byte) outcome {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(answer, &v); err != nil {
		t.Fatalf("answer %s: %v", answer, err)
	}
	if status == http.StatusOK {
		delete(v, "ConsumedCapacity")
		delete(v, "ItemCollectionMetrics")
		if a, _ := v["Attributes"].(map[string]any); len(a) == 0 {
			delete(v, "Attributes") // none and empty are one to a client
		}
		return outcome{content: ordered(v)}
	}
	kind, _ := v["__type"].(string)
	content := map[string]any{}
	if item, ok := v["Item"]; ok {
		content["Item"] = ordered(item)
	}
	reasons, _ := v["CancellationReasons"].([]any)
	for _, r := range reasons {
		reason := r.(map[string]any)
		delete(reason, "Message")
		content["reasons"] = append(asList(content["reasons"]), ordered(reason))
	}
	message, _ := v["message"].(string)
	return outcome{code: kind[strings.LastIndexByte(kind, '#')+1:], message: message, content: content}
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

// ordered sorts sets and the responses of a batch.
func ordered(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			v[name] = ordered(e)
			list, isList := v[name].([]any)
			if isList && slices.Contains([]string{"SS", "NS", "BS", "things"}, name) {
				slices.SortFunc(list, func(a, b any) int { return strings.Compare(toJSON(a), toJSON(b)) })
			}
		}
	case []any:
		for i, e := range v {
			v[i] = ordered(e)
		}
	}
	return v
}

// TestDifferential holds this DynamoDB against moto: the recorded answers of
// moto to a seeded sequence of requests, or with GODWIT_MOTO moto itself. Every
// difference must be in knownDifferences.
func TestDifferential(t *testing.T) {
	if executable := os.Getenv(motoVariable); executable != "" {
		url := startMoto(t, executable)
		recorded := compareLive(t, url, corpusSeed)
		if *update {
			writeCorpus(t, recorded)
		}
		for seed := range uint64(liveSeeds) {
			resetMoto(t, url)
			compareLive(t, url, corpusSeed+1+seed)
		}
	}
	compareRecorded(t)
}

func compareRecorded(t *testing.T) {
	f, err := os.Open(corpusFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stage := open(t)
	seen := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
	for ; lines.Scan(); n++ {
		var e exchange
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s line %d: %v", corpusFile, n+1, err)
		}
		compareOne(t, stage, e, seen)
	}
	if n < corpusLength {
		t.Errorf("%s has %d exchanges, want at least %d", corpusFile, n, corpusLength)
	}
	for _, d := range knownDifferences {
		if !strings.HasPrefix(d.page, "https://docs.aws.amazon.com/") {
			t.Errorf("known difference %q cites %q, want a page of the AWS documentation", d.name, d.page)
		}
		if seen[d.name] == 0 {
			t.Errorf("known difference %q is not in the corpus any more: remove it", d.name)
		}
	}
	t.Logf("%d exchanges, known differences: %v", n, seen)
}

// compareOne runs one request here and reports whether the answers agree.
func compareOne(t *testing.T, s *stage, e exchange, seen map[string]int) bool {
	t.Helper()
	status, answer, err := send(t.Context(), s.url, e.Operation, string(e.Request))
	if err != nil {
		t.Fatal(err)
	}
	moto, here := outcomeOf(t, e.Status, e.Answer), outcomeOf(t, status, []byte(answer))
	if moto.String() == here.String() {
		s.failedUpdate = here.code != "" && e.Operation == "UpdateItem"
		return true
	}
	if s.failedUpdate && e.Operation == "GetItem" {
		e.Operation = "GetItem after failed UpdateItem"
	}
	s.failedUpdate = false
	for _, d := range knownDifferences {
		if d.applies(e, moto, here) {
			seen[d.name]++
			return false
		}
	}
	t.Errorf("%s %s\n  moto %d: %s\n  here %d: %s", e.Operation, e.Request, e.Status, e.Answer, status, answer)
	return false
}

// compareLive runs one seed against moto and here. Where the two differ the
// items concerned are deleted in both, so that one difference is not counted
// again and again.
func compareLive(t *testing.T, url string, seed uint64) (recorded []exchange) {
	stage, g := open(t), newGenerator(seed)
	seen := map[string]int{}
	ask := func(operation string, body map[string]any) bool {
		request := toJSON(body)
		status, answer, err := send(t.Context(), url, operation, request)
		if err != nil {
			t.Fatal(err)
		}
		e := exchange{operation, []byte(request), status, []byte(answer)}
		if !json.Valid(e.Answer) {
			e.Answer = []byte(`{"__type":"#NoJSON"}`) // a crash of moto answers HTML
		}
		recorded = append(recorded, e)
		return compareOne(t, stage, e, seen)
	}
	for i := range len(prologue) + corpusLength {
		var operation string
		var body map[string]any
		if i < len(prologue) {
			operation, body = prologue[i].operation, prologueBody(t, prologue[i].json)
		} else {
			operation, body = g.next()
		}
		same := ask(operation, body)
		for _, key := range keysOf(body) {
			if same {
				same = ask("GetItem", map[string]any{"TableName": "things", "Key": key, "ConsistentRead": true})
			}
		}
		for _, key := range keysOf(body) {
			if !same {
				ask("DeleteItem", map[string]any{"TableName": "things", "Key": key})
			}
		}
	}
	t.Logf("seed %d: %d exchanges, known differences: %v", seed, len(recorded), seen)
	return recorded
}

func writeCorpus(t *testing.T, recorded []exchange) {
	var out bytes.Buffer
	for _, e := range recorded {
		var compact bytes.Buffer
		if err := json.Compact(&compact, e.Answer); err != nil {
			t.Fatal(err)
		}
		e.Answer = compact.Bytes()
		out.WriteString(toJSON(e) + "\n")
	}
	if err := os.MkdirAll(filepath.Dir(corpusFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(corpusFile, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// startMoto runs moto_server on a free port until the test ends.
func startMoto(t *testing.T, executable string) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, executable, "-H", "127.0.0.1", "-p", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed: always an error
	})
	url = "http://127.0.0.1:" + port
	for range 150 {
		if status, _, err := send(t.Context(), url, "ListTables", "{}"); err == nil && status == http.StatusOK {
			createMotoTable(t, url)
			return url
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatalf("%s does not answer", executable)
	return ""
}

func resetMoto(t *testing.T, url string) {
	resp, err := http.Post(url+"/moto-api/reset", "", nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("reset of moto = %v, %v", resp, err)
	}
	resp.Body.Close()
	createMotoTable(t, url)
}

// createMotoTable makes the table of open.
func createMotoTable(t *testing.T, url string) {
	element := func(name, role string) any { return map[string]any{"AttributeName": name, "KeyType": role} }
	var definitions []any
	for _, name := range []string{"pk", "sk", "gsi1pk", "gsi1sk"} {
		definitions = append(definitions, map[string]any{"AttributeName": name, "AttributeType": "S"})
	}
	body := map[string]any{
		"TableName": "things", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": definitions,
		"KeySchema": []any{element("pk", "HASH"), element("sk", "RANGE")},
		"GlobalSecondaryIndexes": []any{
			map[string]any{"IndexName": "gsi1", "KeySchema": []any{element("gsi1pk", "HASH"), element("gsi1sk", "RANGE")}, "Projection": map[string]any{"ProjectionType": "ALL"}},
			map[string]any{"IndexName": "small", "KeySchema": []any{element("gsi1pk", "HASH")}, "Projection": map[string]any{"ProjectionType": "INCLUDE", "NonKeyAttributes": []string{"kept"}}},
		},
	}
	status, answer, err := send(t.Context(), url, "CreateTable", toJSON(body))
	if err != nil || status != http.StatusOK {
		t.Fatal(fmt.Errorf("CreateTable at moto = %d %s, %w", status, answer, err))
	}
}
