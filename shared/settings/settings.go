// Package settings reads the environment, once, at the start of a program.
//
// Nothing else reads it. What a variable means and what it is when unset is
// said at the field.
package settings

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"godwit/shared/registry"
)

// revision is the version control revision the program was built from; the
// Makefile has the linker set it, to nothing outside a repository.
var revision string

// Settings are the environment of one function.
type Settings struct {
	Stage         string          // GODWIT_STAGE, names the installation in metrics; "dev"
	Table         string          // GODWIT_TABLE, required
	UploadsBucket string          // GODWIT_UPLOADS_BUCKET, required
	ModelsBucket  string          // GODWIT_MODELS_BUCKET, required
	StateMachine  string          // GODWIT_STATE_MACHINE_ARN; empty where no job is started or followed
	BatchMachine  string          // GODWIT_BATCH_MACHINE_ARN; empty where no batch job is started or followed
	OnnxRuntime   string          // GODWIT_ONNX_RUNTIME_FUNCTION, the name of a function; empty: no graph runs there
	AdminDigest   string          // GODWIT_ADMIN_KEY_SHA256; empty: there is no first admin key
	AdminTenant   registry.Tenant // GODWIT_ADMIN_TENANT; "main"
	S3PathStyle   bool            // GODWIT_S3_PATH_STYLE; false: the bucket is in the host name
	MemoryBytes   int64           // AWS_LAMBDA_FUNCTION_MEMORY_SIZE, in MB there; 512 MB
	CacheBytes    int64           // GODWIT_CACHE_BYTES, of decoded models; a quarter of MemoryBytes
	AliasTTL      time.Duration   // GODWIT_ALIAS_TTL, within which a promotion is seen; 5 s
	Build         string          // GODWIT_BUILD; the version control revision it was built from, or "unknown"

	Region         string // AWS_REGION; us-east-1
	S3Endpoint     string // AWS_ENDPOINT_URL_S3; empty: the real service. The same for the next three
	DDBEndpoint    string // AWS_ENDPOINT_URL_DYNAMODB
	SFNEndpoint    string // AWS_ENDPOINT_URL_SFN
	LambdaEndpoint string // AWS_ENDPOINT_URL_LAMBDA

	AccessKey, SecretKey, SessionToken string // AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
}

// Read reads settings through get, which is os.Getenv but in tests. The error
// names the variable.
func Read(get func(string) string) (Settings, error) {
	s := Settings{
		Stage: cmp.Or(get("GODWIT_STAGE"), "dev"), Table: get("GODWIT_TABLE"),
		UploadsBucket: get("GODWIT_UPLOADS_BUCKET"), ModelsBucket: get("GODWIT_MODELS_BUCKET"),
		StateMachine: get("GODWIT_STATE_MACHINE_ARN"), BatchMachine: get("GODWIT_BATCH_MACHINE_ARN"),
		AdminDigest: get("GODWIT_ADMIN_KEY_SHA256"),
		Build:       cmp.Or(get("GODWIT_BUILD"), revision, "unknown"),
		Region:      cmp.Or(get("AWS_REGION"), "us-east-1"), S3Endpoint: get("AWS_ENDPOINT_URL_S3"),
		DDBEndpoint: get("AWS_ENDPOINT_URL_DYNAMODB"), SFNEndpoint: get("AWS_ENDPOINT_URL_SFN"),
		OnnxRuntime: get("GODWIT_ONNX_RUNTIME_FUNCTION"), LambdaEndpoint: get("AWS_ENDPOINT_URL_LAMBDA"),
		AccessKey: get("AWS_ACCESS_KEY_ID"), SecretKey: get("AWS_SECRET_ACCESS_KEY"), SessionToken: get("AWS_SESSION_TOKEN"),
	}
	for _, name := range []string{"GODWIT_TABLE", "GODWIT_UPLOADS_BUCKET", "GODWIT_MODELS_BUCKET"} {
		if get(name) == "" {
			return s, fmt.Errorf("%s is not set", name)
		}
	}
	if raw, err := hex.DecodeString(s.AdminDigest); s.AdminDigest != "" && (err != nil || len(raw) != sha256.Size || s.AdminDigest != strings.ToLower(s.AdminDigest)) {
		return s, errors.New("GODWIT_ADMIN_KEY_SHA256: not 64 lower-case hexadecimal digits")
	}
	if len(s.OnnxRuntime) > 64 || strings.ContainsFunc(s.OnnxRuntime, notOfName) {
		return s, errors.New("GODWIT_ONNX_RUNTIME_FUNCTION: not the name of a function, of letters, digits, - and _")
	}
	var err error
	if s.AdminTenant, err = registry.ParseTenant(cmp.Or(get("GODWIT_ADMIN_TENANT"), "main")); err != nil {
		return s, fmt.Errorf("GODWIT_ADMIN_TENANT: %w", err)
	}
	if s.S3PathStyle, err = strconv.ParseBool(cmp.Or(get("GODWIT_S3_PATH_STYLE"), "false")); err != nil {
		return s, fmt.Errorf("GODWIT_S3_PATH_STYLE: %w", err)
	}
	if s.AliasTTL, err = time.ParseDuration(cmp.Or(get("GODWIT_ALIAS_TTL"), "5s")); err != nil || s.AliasTTL <= 0 {
		return s, fmt.Errorf("GODWIT_ALIAS_TTL: %q is not a time above zero, such as 5s", get("GODWIT_ALIAS_TTL"))
	}
	mb, err := strconv.ParseInt(cmp.Or(get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "512"), 10, 32)
	if err != nil || mb <= 0 {
		return s, fmt.Errorf("AWS_LAMBDA_FUNCTION_MEMORY_SIZE: %q is not a number of megabytes", get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	}
	s.MemoryBytes = mb << 20
	s.CacheBytes = s.MemoryBytes / 4 // the rest is for everything else
	if v := get("GODWIT_CACHE_BYTES"); v != "" {
		if s.CacheBytes, err = strconv.ParseInt(v, 10, 64); err != nil || s.CacheBytes <= 0 {
			return s, fmt.Errorf("GODWIT_CACHE_BYTES: %q is not a number of bytes", v)
		}
	}
	return s, nil
}

// notOfName reports whether r may not be in the name of a Lambda function. A
// regular expression would cost every start the time to compile it, .2 ms.
func notOfName(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
}
