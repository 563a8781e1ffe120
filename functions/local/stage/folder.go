package stage

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Names in the data folder.
const (
	lockFile       = "stage.lock"
	keysFile       = "keys.json"
	logFile        = "stage.log"
	tablesFile     = "dynamodb.db"
	objectsFolder  = "s3"
	deliveryFolder = "events"
	statesFolder   = "states"
)

// largestLog is the size past which a log is put aside at a start.
const largestLog = 16 << 20

// keys are the secrets of one data folder, made once.
type keys struct {
	AccessKey string `json:"access_key"` // of the stage's S3
	SecretKey string `json:"secret_key"`
	APIKey    string `json:"api_key"` // admin key of tenant local
}

// apiKeyDigest is what the authorizer knows of the API key.
func (k keys) apiKeyDigest() string {
	sum := sha256.Sum256([]byte(k.APIKey))
	return hex.EncodeToString(sum[:])
}

// folder is a data folder this process has to itself.
type folder struct {
	path string
	lock *os.File
	keys keys
	log  *os.File // of the stage and its functions
}

// openFolder makes the folder if needed, locks it, and reads or makes its keys.
func openFolder(path string) (*folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder cannot be made (%w): set %s to a folder you may write", err, DataVar)
	}
	lock, err := lockFileAt(filepath.Join(path, lockFile))
	switch {
	case errors.Is(err, errLocked):
		return nil, fmt.Errorf("the data folder %s is in use by another stage: stop it or set %s to another folder", path, DataVar)
	case err != nil:
		return nil, fmt.Errorf("the data folder cannot be written (%w): set %s to a folder you may write", err, DataVar)
	}
	f := &folder{path: path, lock: lock}
	if f.keys, err = readKeys(filepath.Join(path, keysFile)); err == nil {
		f.log, err = openLog(filepath.Join(path, logFile))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: repair it or set %s to another folder", err, DataVar), lock.Close())
	}
	return f, nil
}

// in returns the path of a name in the folder.
func (f *folder) in(name string) string { return filepath.Join(f.path, name) }

// close lets go of the folder. Closing the lock file releases the lock.
func (f *folder) close() error { return errors.Join(f.log.Close(), f.lock.Close()) }

// readKeys reads the keys at path, or makes and stores them.
func readKeys(path string) (keys, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeys(path)
	}
	if err != nil {
		return keys{}, fmt.Errorf("read the stage's keys: %w", err)
	}
	var k keys
	if err := json.Unmarshal(data, &k); err != nil || k.AccessKey == "" || k.SecretKey == "" || k.APIKey == "" {
		return keys{}, fmt.Errorf("%s does not hold the stage's keys", path)
	}
	return k, nil
}

// makeKeys stores new random keys at path, readable by the owner only.
func makeKeys(path string) (keys, error) {
	// rand.Text has 26 characters of base 32, 130 bits. S3's keys are as long as
	// AWS's, 20 and 40 characters, should a tool look at that.
	k := keys{AccessKey: "GW" + rand.Text()[:18], SecretKey: rand.Text() + rand.Text()[:14], APIKey: "gw_" + rand.Text() + rand.Text()}
	data, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return keys{}, err
	}
	if err := writeFile(path, append(data, '\n')); err != nil {
		return keys{}, fmt.Errorf("store the stage's keys: %w", err)
	}
	return k, nil
}

// writeFile stores data at path, readable by the owner only, in one step:
// nobody sees half a file.
func writeFile(path string, data []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// openLog opens the log at path for appending; a large one is put aside first.
func openLog(path string) (*os.File, error) {
	// One old log is kept, the one before it is lost: a log is for a look at what
	// has just happened.
	if info, err := os.Stat(path); err == nil && info.Size() > largestLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("put the log aside: %w", err)
		}
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return log, nil
}
