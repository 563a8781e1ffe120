package floors

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

func TestEveryImportGoesDown(t *testing.T) {
	rooms := map[string]bool{}
	for _, file := range sources(t) {
		pkg := filepath.ToSlash(filepath.Dir(file))
		rooms[pkg] = true
		if slices.Contains(testOnly, pkg) {
			continue
		}
		for _, imp := range imports(t, file) {
			if own, ok := strings.CutPrefix(imp, "godwit/"); ok {
				if slices.Contains(testOnly, own) {
					t.Errorf("%s imports %s, which is for tests", file, own)
				} else if !mayImport(pkg, own) {
					t.Errorf("%s imports %s: not below it in the plan", file, own)
				}
			} else if strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") && !mayUse(pkg, imp) {
				t.Errorf("%s imports %s: not allowed in this room", file, imp)
			}
		}
	}
	for pkg := range rooms {
		if _, _, ok := floorOf(pkg); !ok && !slices.Contains(testOnly, pkg) {
			t.Errorf("%s is not in the plan", pkg)
		}
	}
	for _, floor := range plan {
		for _, room := range floor {
			if !rooms[room] {
				t.Errorf("the plan has a room %s that is not in the tree", room)
			}
		}
	}
}

func TestMayImport(t *testing.T) {
	for _, tc := range []struct {
		name, from, to string
		want           bool
	}{
		{"down", "shared/api", "shared/registry", true},
		{"up", "shared/registry", "shared/api", false},
		{"sideways", "shared/training", "shared/serving", false},
		{"a helper and its room", "shared/registry/memory", "shared/registry", true},
		{"the library and the service", "shared/ml/pipeline", "shared/fault", false},
		{"an unknown room", "shared/util", "shared/fault", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := mayImport(tc.from, tc.to); got != tc.want {
				t.Errorf("mayImport(%q, %q) = %v, want %v", tc.from, tc.to, got, tc.want)
			}
		})
	}
}

// sources lists the non-test Go files of the product's module.
func sources(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, dir := range []string{"functions", "shared"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testdata" || path == filepath.Join(root, "functions", "local")) {
				return filepath.SkipDir
			}
			if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				rel, err := filepath.Rel(root, path)
				if err != nil {
					return err
				}
				files = append(files, rel)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}
