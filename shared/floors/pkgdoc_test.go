package floors

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// Every room says in one package comment, in one file, what it is for.
func TestEveryPackageHasOneComment(t *testing.T) {
	comments := map[string]int{}
	for _, file := range sources(t) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		if f.Doc != nil {
			n = 1
		}
		comments[filepath.Dir(file)] += n
	}
	for pkg, n := range comments {
		if n != 1 {
			t.Errorf("%s has %d package comments, want 1", pkg, n)
		}
	}
}
