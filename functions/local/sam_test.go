package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"godwit/functions/local/template"
)

// fakeSAM is a program that writes down how it was called, one argument a line.
const fakeSAM = "#!/bin/sh\nfor a in \"$@\"; do echo \"$a\" >>\"$SAID\"; done\n"

// runSAM runs .ci/sam with the named programs in place of the real ones and
// returns what these were called with, what the script printed, and its error.
func runSAM(t *testing.T, programs []string, env []string, args ...string) (called []string, printed string, err error) {
	t.Helper()
	bin, said := t.TempDir(), filepath.Join(t.TempDir(), "said")
	for _, name := range programs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(fakeSAM), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("bash", append([]string{"../../.ci/sam"}, args...)...)
	// The tools of the script, and no sam or docker that this machine may have.
	cmd.Env = append([]string{"PATH=" + bin + ":" + plainTools(t), "SAID=" + said}, env...)
	out, err := cmd.CombinedOutput()
	data, _ := os.ReadFile(said) // absent when nothing was called
	return strings.Fields(string(data)), string(out), err
}

// plainTools returns a folder with the ordinary programs the script uses.
func plainTools(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"awk", "bash", "cut", "dirname", "sha256sum", "sh", "tr", "uname"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A deployment says all of samconfig.toml and what the caller added.
func TestSAM_Deploy(t *testing.T) {
	const digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae" // sha256 of "foo", by sha256sum
	tests := []struct {
		name string
		env  []string
		want []string
	}{
		{"by default", nil, []string{
			"build", "--config-env", "default", "deploy", "--config-env", "default", "--parameter-overrides", "Stage=dev", "Architecture=arm64", "Alarms=off",
		}},
		{"production with a key", []string{"STAGE=prod", "KEY=foo"}, []string{
			"build", "--config-env", "prod", "deploy", "--config-env", "prod", "--parameter-overrides",
			"Stage=prod", "Architecture=arm64", "Alarms=on", "LogRetentionDays=90", "Rollout=Canary10Percent5Minutes", "AdminKeySha256=" + digest,
		}},
		{"another architecture and more", []string{"STAGE=dev", "LAMBDA_ARCH=x86_64", "PARAMETERS=Alarms=on AlarmEmail=a@example.com"}, []string{
			"build", "--config-env", "default", "deploy", "--config-env", "default", "--parameter-overrides",
			"Stage=dev", "Architecture=x86_64", "Alarms=on", "AlarmEmail=a@example.com",
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, printed, err := runSAM(t, []string{"sam"}, tc.env, "deploy")
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("sam was called with %q, %v\nwant %q\n%s", got, err, tc.want, printed)
			}
			if strings.Contains(printed, "foo") {
				t.Errorf("the key was printed: %s", printed)
			}
		})
	}
}

// Who lacks something is told what, and what to do without it.
func TestSAM_Refusals(t *testing.T) {
	tests := []struct {
		name     string
		programs []string
		env      []string
		args     []string
		want     string
	}{
		{"no SAM to deploy", nil, nil, []string{"deploy"}, "The SAM CLI is not on the PATH"},
		{"no SAM to delete", nil, nil, []string{"delete"}, "The SAM CLI is not on the PATH"},
		{"no SAM on this machine", []string{"docker"}, nil, []string{"local"}, "make run"},
		{"no Docker", []string{"sam"}, nil, []string{"local"}, "Docker does not answer"},
		{"an unknown stage", []string{"sam"}, []string{"STAGE=test"}, []string{"deploy"}, "neither dev nor prod"},
		{"nothing", []string{"sam"}, nil, nil, "usage"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			called, printed, err := runSAM(t, tc.programs, tc.env, tc.args...)
			if err == nil || !strings.Contains(printed, tc.want) || len(called) > 0 {
				t.Errorf("printed %q, %v after calling %q, want a failure with %q", printed, err, called, tc.want)
			}
		})
	}
}

func TestSAM_Delete(t *testing.T) {
	called, printed, err := runSAM(t, []string{"sam"}, []string{"STAGE=prod"}, "delete")
	if want := []string{"delete", "--config-env", "prod"}; err != nil || !slices.Equal(called, want) {
		t.Errorf("sam was called with %q, %v, want %q", called, err, want)
	}
	if !strings.Contains(printed, "Buckets and table stay") {
		t.Errorf("printed %q, want what stays", printed)
	}
}

// The README shows how each sample event is tried, with the function it is for.
func TestSAM_ReadmeListsEvents(t *testing.T) {
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^sam local invoke (\w+) +-e events/(\S+)$`).FindAllStringSubmatch(string(data), -1) {
		listed[m[2]] = cmp.Or(folders[m[1]], m[1])
	}
	want := map[string]string{optionalEvent: optionalFunction}
	for _, r := range rows {
		want[r.file] = r.function
	}
	if !maps.Equal(listed, want) {
		t.Errorf("the README lists %v, want %v", listed, want)
	}
}

// What is set for one function of events/env.local.json is declared for it, and
// names machines as the stage does.
func TestSAM_Environment(t *testing.T) {
	var file map[string]map[string]string
	if err := json.Unmarshal(sample(t, environment), &file); err != nil {
		t.Fatal(err)
	}
	stack, err := template.Load("../../template.yaml", template.Options{
		Handlers: folders, Physical: map[string]string{"UploadsBucket": "u", "ModelsBucket": "m", "Table": "t"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range stack.Functions {
		for _, name := range slices.Sorted(maps.Keys(f.Environment)) {
			// The template's defaults are the stage's names.
			if want := f.Environment[name]; strings.HasSuffix(name, "_MACHINE_ARN") && file[f.LogicalID][name] != want {
				t.Errorf("%s has %s = %q, want %q", f.LogicalID, name, file[f.LogicalID][name], want)
			}
		}
		for name := range file[f.LogicalID] {
			if _, declared := f.Environment[name]; !declared {
				t.Errorf("%s overrides %s of %s, which the template does not declare", environment, name, f.LogicalID)
			}
		}
		delete(file, f.LogicalID)
	}
	delete(file, "Parameters")
	if len(file) > 0 {
		t.Errorf("%s is also for %v, which are no functions", environment, slices.Sorted(maps.Keys(file)))
	}
}
