package settings_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/shared/settings"
)

// digest is the form of an admin key's SHA-256.
var digest = strings.Repeat("0af", 21) + "9"

// required is an environment with nothing but what has no default.
func required() map[string]string {
	return map[string]string{"GODWIT_TABLE": "godwit", "GODWIT_UPLOADS_BUCKET": "up", "GODWIT_MODELS_BUCKET": "mod"}
}

// read reads settings from an environment.
func read(env map[string]string) (settings.Settings, error) {
	return settings.Read(func(name string) string { return env[name] })
}

func TestRead_Defaults(t *testing.T) {
	got, err := read(required())
	if err != nil {
		t.Fatal(err)
	}
	if got.Build == "" {
		t.Error("Build is empty, want a revision or unknown")
	}
	want := settings.Settings{
		Stage: "dev", Table: "godwit", UploadsBucket: "up", ModelsBucket: "mod", AdminTenant: "main",
		MemoryBytes: 512 << 20, CacheBytes: 128 << 20, AliasTTL: 5 * time.Second, Build: got.Build, Region: "us-east-1",
	}
	if got != want {
		t.Errorf("Read = %+v, want %+v", got, want)
	}
}

func TestRead_Everything(t *testing.T) {
	got, err := read(map[string]string{
		"GODWIT_STAGE": "prod", "GODWIT_TABLE": "t", "GODWIT_UPLOADS_BUCKET": "u", "GODWIT_MODELS_BUCKET": "m",
		"GODWIT_STATE_MACHINE_ARN": "arn", "GODWIT_ONNX_RUNTIME_FUNCTION": "stack-onnxruntime", "AWS_ENDPOINT_URL_LAMBDA": "http://lambda", "GODWIT_ADMIN_KEY_SHA256": digest, "GODWIT_ADMIN_TENANT": "acme",
		"GODWIT_S3_PATH_STYLE": "true", "GODWIT_CACHE_BYTES": "7", "GODWIT_ALIAS_TTL": "1m", "GODWIT_BUILD": "v1",
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_S3": "http://s3", "AWS_ENDPOINT_URL_DYNAMODB": "http://ddb", "AWS_ENDPOINT_URL_SFN": "http://sfn",
		"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "k", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
	})
	want := settings.Settings{
		Stage: "prod", Table: "t", UploadsBucket: "u", ModelsBucket: "m", StateMachine: "arn", OnnxRuntime: "stack-onnxruntime", LambdaEndpoint: "http://lambda", AdminDigest: digest, AdminTenant: "acme",
		S3PathStyle: true, MemoryBytes: 1 << 30, CacheBytes: 7, AliasTTL: time.Minute, Build: "v1",
		Region: "eu-west-1", S3Endpoint: "http://s3", DDBEndpoint: "http://ddb", SFNEndpoint: "http://sfn",
		AccessKey: "a", SecretKey: "s", SessionToken: "k",
	}
	if err != nil || got != want {
		t.Errorf("Read = %+v, %v, want %+v", got, err, want)
	}
}

// A quarter of the function's memory is for models.
func TestRead_CacheBytes(t *testing.T) {
	env := required()
	env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "128"
	got, err := read(env)
	if err != nil || got.CacheBytes != 32<<20 {
		t.Errorf("CacheBytes = %d, %v, want 32 MiB of 128", got.CacheBytes, err)
	}
}

// Every wrong value is refused in one line that names its variable.
func TestRead_NamesWhatIsWrong(t *testing.T) {
	for _, tc := range []struct{ variable, value string }{
		{"GODWIT_TABLE", ""},
		{"GODWIT_UPLOADS_BUCKET", ""},
		{"GODWIT_MODELS_BUCKET", ""},
		{"GODWIT_ADMIN_KEY_SHA256", "secret"},
		{"GODWIT_ADMIN_KEY_SHA256", digest[1:]},
		{"GODWIT_ADMIN_KEY_SHA256", strings.ToUpper(digest)},
		{"GODWIT_ADMIN_TENANT", "Main"},
		{"GODWIT_ADMIN_TENANT", "../main"},
		{"GODWIT_ONNX_RUNTIME_FUNCTION", "arn:aws:lambda:eu-west-1:1:function:f"},
		{"GODWIT_S3_PATH_STYLE", "perhaps"},
		{"GODWIT_CACHE_BYTES", "64MB"},
		{"GODWIT_CACHE_BYTES", "0"},
		{"GODWIT_CACHE_BYTES", "-1"},
		{"GODWIT_CACHE_BYTES", "9223372036854775808"},
		{"GODWIT_ALIAS_TTL", "5"},
		{"GODWIT_ALIAS_TTL", "-5s"},
		{"GODWIT_ALIAS_TTL", "0s"},
		{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "much"},
		{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "-1"},
	} {
		t.Run(tc.variable+"="+tc.value, func(t *testing.T) {
			env := required()
			env[tc.variable] = tc.value
			_, err := read(env)
			if err == nil || !strings.Contains(err.Error(), tc.variable) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Read with %s=%q = %v, want one line that names it", tc.variable, tc.value, err)
			}
		})
	}
}

// TestRead_DocumentsWhatIsRequired holds the comments of Settings to the truth:
// the policy test of the template goes by them.
func TestRead_DocumentsWhatIsRequired(t *testing.T) {
	source, err := os.ReadFile("settings.go")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile(`// (GODWIT_\w+), required`).FindAllStringSubmatch(string(source), -1) {
		documented = append(documented, m[1])
	}
	slices.Sort(documented)
	if want := slices.Sorted(maps.Keys(required())); !slices.Equal(documented, want) {
		t.Errorf("documented as required: %q, want %q", documented, want)
	}
}

// FuzzRead: whatever the environment holds, settings are whole or refused.
func FuzzRead(f *testing.F) {
	f.Add("GODWIT_ALIAS_TTL", "5s")
	f.Add("GODWIT_CACHE_BYTES", "1e9")
	f.Add("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "9223372036854775807")
	f.Add("GODWIT_ADMIN_TENANT", "main\n")
	f.Fuzz(func(t *testing.T, name, value string) {
		env := required()
		env[name] = value
		s, err := read(env)
		if err == nil && (s.Table == "" || s.UploadsBucket == "" || s.ModelsBucket == "" || s.AdminTenant == "" || s.CacheBytes <= 0 || s.AliasTTL <= 0) {
			t.Errorf("Read with %s=%q = %+v", name, value, s)
		}
	})
}
