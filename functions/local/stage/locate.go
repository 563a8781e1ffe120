package stage

import (
	"fmt"
	"os"
	"path/filepath"
)

// templateFile marks the root of the repository.
const templateFile = "template.yaml"

// functionsFolder is where make puts the functions built for this machine,
// below the root.
const functionsFolder = ".build/host"

// Locate sets Root and Bin: to the given folders, seen from workDir, or where
// they are empty to the repository around workDir and to the folder make
// builds into. It fails when there is no template.yaml in the root.
func (s *Settings) Locate(workDir, root, bin string) error {
	if root == "" {
		found, err := repositoryAround(workDir)
		if err != nil {
			return err
		}
		root = found
	}
	s.Root = absolute(workDir, root)
	if _, err := os.Stat(filepath.Join(s.Root, templateFile)); err != nil {
		return fmt.Errorf("-root: %s is not the repository: %w", s.Root, err)
	}
	s.Bin = filepath.Join(s.Root, functionsFolder)
	if bin != "" {
		s.Bin = absolute(workDir, bin)
	}
	return nil
}

// repositoryAround returns the nearest folder upwards with a template.yaml.
func repositoryAround(dir string) (string, error) {
	for at := dir; ; {
		if _, err := os.Stat(filepath.Join(at, templateFile)); err == nil {
			return at, nil
		}
		up := filepath.Dir(at) // of the root itself: the root
		if up == at {
			return "", fmt.Errorf("no %s in %s or above: run it inside the repository or name that with -root", templateFile, dir)
		}
		at = up
	}
}
