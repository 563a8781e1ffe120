package s3blob_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/stagetest"
)

// TestStore_presigned makes presigned requests as somebody without credentials
// would, and variations of them that must be refused. moto checks neither
// signatures nor bound headers, so the local stage alone is asked.
func TestStore_presigned(t *testing.T) {
	at := stagetest.Start(t)
	store := service{url: at.S3, accessKey: at.AccessKey, secretKey: at.SecretKey}.open(t, nil)
	text := "text,label\nwhere is my card,card_arrival\n"
	sign := func(t *testing.T) blob.Presigned {
		t.Helper()
		p, err := store.PresignPut(t.Context(), blob.PresignPut{
			Key: "datasets/acme/ds_1/训练.csv", Size: int64(len(text)), Digest: blob.DigestOf([]byte(text)), ContentType: "text/csv", TTL: time.Minute,
		})
		if err != nil {
			t.Fatalf("PresignPut = %v", err)
		}
		return p
	}
	for _, tc := range []struct {
		name   string
		body   string
		change func(*blob.Presigned)
		ok     bool
	}{
		{"other bytes", strings.ToUpper(text), nil, false},
		{"longer", text + "x", func(p *blob.Presigned) { p.Headers["content-length"] = strconv.Itoa(len(text) + 1) }, false},
		{"shorter", text[1:], func(p *blob.Presigned) { p.Headers["content-length"] = strconv.Itoa(len(text) - 1) }, false},
		{"other type", text, func(p *blob.Presigned) { p.Headers["content-type"] = "text/html" }, false},
		{"other digest", text, func(p *blob.Presigned) {
			p.Headers["x-amz-checksum-sha256"] = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
		}, false},
		{"no digest", strings.ToUpper(text), func(p *blob.Presigned) { delete(p.Headers, "x-amz-checksum-sha256") }, false},
		{"other key", text, func(p *blob.Presigned) { p.URL = strings.Replace(p.URL, "ds_1", "ds_2", 1) }, false},
		{"other folder", text, func(p *blob.Presigned) { p.URL = strings.Replace(p.URL, "ds_1", "%2e%2e", 1) }, false},
		{"other method", text, func(p *blob.Presigned) { p.Method = http.MethodDelete }, false},
		{"as signed", text, nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := sign(t)
			if tc.change != nil {
				tc.change(&p)
			}
			status := perform(t, p, tc.body)
			if (status == http.StatusOK) != tc.ok {
				t.Errorf("status %d, want success: %v", status, tc.ok)
			}
			got, err := blob.ReadAll(t.Context(), store, "datasets/acme/ds_1/训练.csv", 1000)
			if tc.ok && (err != nil || string(got) != text) || !tc.ok && !fault.Is(err, fault.NotFound) {
				t.Errorf("then the bucket holds %q, %v", got, err)
			}
		})
	}
	info, err := store.Stat(t.Context(), "datasets/acme/ds_1/训练.csv")
	if err != nil || info.ContentType != "text/csv" {
		t.Errorf("Stat of the upload = %+v, %v, want type text/csv", info, err)
	}

	get, err := store.PresignGet(t.Context(), "datasets/acme/ds_1/训练.csv", `模型 "1".csv`, time.Minute)
	if err != nil {
		t.Fatalf("PresignGet = %v", err)
	}
	resp := send(t, get, "")
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || string(data) != text {
		t.Errorf("the presigned GET = %d, %q, %v, want the upload", resp.StatusCode, data, err)
	}
	if got := resp.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename*=utf-8''%E6%A8%A1") {
		t.Errorf("Content-Disposition = %q, want the file name", got)
	}
}

// perform makes a presigned request and returns its status.
func perform(t *testing.T, p blob.Presigned, body string) int {
	t.Helper()
	resp := send(t, p, body)
	defer resp.Body.Close()
	return resp.StatusCode
}

func send(t *testing.T, p blob.Presigned, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), p.Method, p.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range p.Headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", p.Method, err)
	}
	return resp
}
