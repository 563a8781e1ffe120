package stage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/functions/local/stage"
)

func TestReadSettings(t *testing.T) {
	standard := stage.Settings{
		APIAddr: "127.0.0.1:3000", S3Addr: "127.0.0.1:9000", DynamoDBAddr: "127.0.0.1:8000",
		StepFunctionsAddr: "127.0.0.1:8083", Data: "/work/here/.godwit",
	}
	with := func(change func(*stage.Settings)) stage.Settings {
		s := standard
		change(&s)
		return s
	}
	for _, tc := range []struct {
		name string
		env  map[string]string
		want stage.Settings
	}{
		{"nothing set", nil, standard},
		{"free port", map[string]string{"GODWIT_API_ADDR": "127.0.0.1:0"}, with(func(s *stage.Settings) { s.APIAddr = "127.0.0.1:0" })},
		{"port alone", map[string]string{"GODWIT_S3_ADDR": ":9100"}, with(func(s *stage.Settings) { s.S3Addr = "127.0.0.1:9100" })},
		{"localhost", map[string]string{"GODWIT_DYNAMODB_ADDR": "localhost:1"}, with(func(s *stage.Settings) { s.DynamoDBAddr = "127.0.0.1:1" })},
		{"version 6", map[string]string{"GODWIT_SFN_ADDR": "[::1]:5"}, with(func(s *stage.Settings) { s.StepFunctionsAddr = "[::1]:5" })},
		{"relative folder", map[string]string{"GODWIT_DATA": "../data"}, with(func(s *stage.Settings) { s.Data = "/work/data" })},
		{"absolute folder", map[string]string{"GODWIT_DATA": "/data"}, with(func(s *stage.Settings) { s.Data = "/data" })},
		{"ready file", map[string]string{"GODWIT_READY_FILE": "ready.json"}, with(func(s *stage.Settings) { s.ReadyFile = "/work/here/ready.json" })},
		{"keys needed", map[string]string{"GODWIT_AUTH": "key"}, with(func(s *stage.Settings) { s.RequireKey = true })},
		{"no keys needed", map[string]string{"GODWIT_AUTH": "local"}, standard},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := stage.ReadSettings(func(name string) string { return tc.env[name] }, "/work/here")
			if err != nil || got != tc.want {
				t.Errorf("ReadSettings(%v) = %+v, %v, want %+v", tc.env, got, err, tc.want)
			}
		})
	}
}

func TestReadSettings_NamesTheVariable(t *testing.T) {
	for _, tc := range []struct{ name, variable, value string }{
		{"all interfaces", "GODWIT_API_ADDR", "0.0.0.0:3000"},
		{"another machine", "GODWIT_S3_ADDR", "10.0.0.1:9000"},
		{"a name", "GODWIT_DYNAMODB_ADDR", "example.com:8000"},
		{"no port", "GODWIT_SFN_ADDR", "127.0.0.1"},
		{"a port that is none", "GODWIT_API_ADDR", "127.0.0.1:http"},
		{"a port too high", "GODWIT_API_ADDR", "127.0.0.1:70000"},
		{"an unknown mode", "GODWIT_AUTH", "off"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := stage.ReadSettings(func(name string) string {
				if name == tc.variable {
					return tc.value
				}
				return ""
			}, "/work")
			if err == nil || !strings.Contains(err.Error(), tc.variable) || strings.Contains(err.Error(), "\n") {
				t.Errorf("ReadSettings with %s=%s = %v, want one line that names %s", tc.variable, tc.value, err, tc.variable)
			}
		})
	}
}

func FuzzReadSettings(f *testing.F) {
	for _, addr := range []string{"127.0.0.1:0", ":1", "[::1]:2", "localhost:3", "0.0.0.0:4", "::", "a:b:c", "127.0.0.1:-1"} {
		f.Add(addr)
	}
	f.Fuzz(func(t *testing.T, addr string) {
		get := func(name string) string {
			if name == "GODWIT_API_ADDR" {
				return addr
			}
			return ""
		}
		s, err := stage.ReadSettings(get, "/work")
		if err != nil {
			return
		}
		// What is accepted is loopback, and stays as it is when read again.
		addr = s.APIAddr
		if again, err := stage.ReadSettings(get, "/work"); err != nil || again.APIAddr != addr {
			t.Errorf("ReadSettings(%q) = %q, %v, want the same", addr, again.APIAddr, err)
		}
		if !strings.HasPrefix(addr, "127.") && !strings.HasPrefix(addr, "[") {
			t.Errorf("address %q is accepted, want loopback only", addr)
		}
	})
}

func TestSettings_Locate(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "functions", "local")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "template.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, workDir, root, bin string
		wantBin                  string // empty: an error
	}{
		{"in the root", root, "", "", filepath.Join(root, ".build/host")},
		{"below the root", deep, "", "", filepath.Join(root, ".build/host")},
		{"root named", "/", root, "", filepath.Join(root, ".build/host")},
		{"root named from here", deep, "../..", "", filepath.Join(root, ".build/host")},
		{"functions named", root, "", "out", filepath.Join(root, "out")},
		{"outside", "/", "", "", ""},
		{"another folder named", root, "functions", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s stage.Settings
			err := s.Locate(tc.workDir, tc.root, tc.bin)
			if tc.wantBin == "" {
				if err == nil {
					t.Errorf("Locate = %+v, want an error", s)
				}
				return
			}
			if err != nil || s.Bin != tc.wantBin || s.Root != root {
				t.Errorf("Locate = root %q, bin %q, %v, want %q, %q", s.Root, s.Bin, err, root, tc.wantBin)
			}
		})
	}
}
