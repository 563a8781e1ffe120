package settings_test

import (
	"testing"

	"godwit/shared/settings"
)

// The origins are those the SDK presigns for (its endpoint rules for S3).
func TestUploadsOrigin(t *testing.T) {
	for _, tc := range []struct {
		name string
		s    settings.Settings
		want string
	}{
		{"the real service", settings.Settings{UploadsBucket: "up", Region: "eu-west-1"}, "https://up.s3.eu-west-1.amazonaws.com"},
		{"in China", settings.Settings{UploadsBucket: "up", Region: "cn-north-1"}, "https://up.s3.cn-north-1.amazonaws.com.cn"},
		{"the bucket in the path", settings.Settings{UploadsBucket: "up", S3Endpoint: "http://127.0.0.1:9000", S3PathStyle: true}, "http://127.0.0.1:9000"},
		{"the bucket in the name", settings.Settings{UploadsBucket: "up", S3Endpoint: "https://s3.example:9443/x"}, "https://up.s3.example:9443"},
		{"no URL", settings.Settings{UploadsBucket: "up", S3Endpoint: "s3"}, ""},
		{"broken", settings.Settings{UploadsBucket: "up", S3Endpoint: "http://%zz"}, ""},
	} {
		if got := tc.s.UploadsOrigin(); got != tc.want {
			t.Errorf("%s: UploadsOrigin() = %q, want %q", tc.name, got, tc.want)
		}
	}
}
