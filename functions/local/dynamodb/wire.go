package dynamodb

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxRequest is AWS's limit for a request body.
const maxRequest = 16 << 20

// targetPrefix is the service's name and version in X-Amz-Target.
const targetPrefix = "DynamoDB_20120810."

// operation reads a request's members and answers it.
type operation func(db *DB, m *members) (object, error)

// operations is everything this DynamoDB can do, with alterations.
var operations = map[string]operation{
	"BatchGetItem":       (*DB).batchGetItem,
	"BatchWriteItem":     (*DB).batchWriteItem,
	"DeleteItem":         (*DB).deleteItem,
	"DescribeTable":      (*DB).describeTable,
	"DescribeTimeToLive": (*DB).describeTimeToLive,
	"GetItem":            (*DB).getItem,
	"ListTables":         (*DB).listTables,
	"PutItem":            (*DB).putItem,
	"Query":              (*DB).query,
	"TransactWriteItems": (*DB).transactWriteItems,
	"UpdateItem":         (*DB).updateItem,
}

// alterations are the operations that change a table; each runs alone.
var alterations = map[string]operation{
	"CreateTable":      (*DB).createTable,
	"UpdateTimeToLive": (*DB).updateTimeToLive,
}

// Handler returns the HTTP side: POST / with the AWS JSON 1.0 protocol. GET
// answers a health line, as the service does. Safe for concurrent use.
func (db *DB) Handler() http.Handler { return http.HandlerFunc(db.serve) }

// serve answers one HTTP request: bytes in, bytes out; what is between is
// answer.
func (db *DB) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		_, _ = io.WriteString(w, "healthy: dynamodb "+r.Host+"\n")
		return
	}
	if r.Method != http.MethodPost {
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		http.Error(w, "request body over 16 MB", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		return // the client went away; nobody to answer
	}
	answer, err := db.answer(r.Header, data)
	status := http.StatusOK
	if err != nil {
		e := wireError(err)
		answer, status = e.body(), http.StatusBadRequest
		if e.status != 0 {
			status = e.status
		}
	}
	respond(w, status, answer)
}

// answer runs one request.
func (db *DB) answer(header http.Header, data []byte) (object, error) {
	name, ok := strings.CutPrefix(header.Get("X-Amz-Target"), targetPrefix)
	run, alters := alterations[name]
	if !alters {
		run = operations[name]
	}
	if !ok || run == nil {
		return nil, &apiError{code: "UnknownOperationException", msg: "the local stage has no operation " + strconv.Quote(name)}
	}
	if err := checkAuthorization(header.Get("Authorization")); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	// A float64 would lose digits of what DynamoDB keeps exactly.
	decoder.UseNumber()
	var body map[string]any
	if err := decoder.Decode(&body); err != nil {
		return nil, &apiError{code: "SerializationException", msg: "the body is not a JSON object"}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, &apiError{code: "SerializationException", msg: "the body goes on after its JSON object"}
	}
	if alters {
		db.mu.Lock()
		defer db.mu.Unlock()
	} else {
		db.mu.RLock()
		defer db.mu.RUnlock()
	}
	return run(db, newMembers(name, body))
}

// checkAuthorization wants a header that looks signed; the signature itself is
// not verified, because the stage has no secrets worth protecting.
func checkAuthorization(header string) error {
	if header == "" {
		return &apiError{code: "MissingAuthenticationTokenException", msg: "Request must contain either a valid (registered) AWS access key ID or X.509 certificate."}
	}
	for _, part := range []string{"AWS4-HMAC-SHA256", "Credential=", "SignedHeaders=", "Signature="} {
		if !strings.Contains(header, part) {
			return &apiError{code: "IncompleteSignatureException", msg: "Authorization header requires " + strings.TrimSuffix(part, "=")}
		}
	}
	return nil
}

// respond sends the answer with the checksum that the SDK compares. The body is
// complete before the first byte goes out, so an answer is never cut off.
func respond(w http.ResponseWriter, status int, answer object) {
	body, err := answer.appendJSON(nil)
	if err != nil {
		http.Error(w, "answer not encodable", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-amz-json-1.0")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	h.Set("X-Amzn-Requestid", requestID())
	w.WriteHeader(status)
	// The client may have left; nobody is there to tell.
	_, _ = w.Write(body)
}

// requestID returns 52 letters and digits, as AWS's ids are.
func requestID() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, it says
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])
}
