package stage

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

// The environment variables of a stage.
const (
	APIAddrVar           = "GODWIT_API_ADDR"
	S3AddrVar            = "GODWIT_S3_ADDR"
	DynamoDBAddrVar      = "GODWIT_DYNAMODB_ADDR"
	StepFunctionsAddrVar = "GODWIT_SFN_ADDR"
	DataVar              = "GODWIT_DATA"
	ReadyFileVar         = "GODWIT_READY_FILE"
	AuthVar              = "GODWIT_AUTH"
)

// Settings say where a stage listens and where it keeps its data. Paths are
// absolute: the embedded S3 server changes the working directory.
type Settings struct {
	APIAddr           string // GODWIT_API_ADDR; 127.0.0.1:3000
	S3Addr            string // GODWIT_S3_ADDR; 127.0.0.1:9000
	DynamoDBAddr      string // GODWIT_DYNAMODB_ADDR; 127.0.0.1:8000
	StepFunctionsAddr string // GODWIT_SFN_ADDR; 127.0.0.1:8083
	Data              string // GODWIT_DATA; .godwit in the working directory
	ReadyFile         string // GODWIT_READY_FILE; empty: none is written
	RequireKey        bool   // GODWIT_AUTH is "key"; otherwise a request without a key is tenant local

	Root string // the repository, with template.yaml
	Bin  string // the built functions: <Bin>/<function>/bootstrap
}

// ReadSettings reads the environment through get, which is os.Getenv but in
// tests. Relative paths start at workDir. Root and Bin are left empty. The
// error names the variable to change.
func ReadSettings(get func(string) string, workDir string) (Settings, error) {
	s := Settings{Data: absolute(workDir, or(get(DataVar), ".godwit"))}
	for _, addr := range []struct {
		variable, standard string
		to                 *string
	}{
		{APIAddrVar, "127.0.0.1:3000", &s.APIAddr},
		{S3AddrVar, "127.0.0.1:9000", &s.S3Addr},
		{DynamoDBAddrVar, "127.0.0.1:8000", &s.DynamoDBAddr},
		{StepFunctionsAddrVar, "127.0.0.1:8083", &s.StepFunctionsAddr},
	} {
		value, err := loopback(or(get(addr.variable), addr.standard))
		if err != nil {
			return Settings{}, fmt.Errorf("%s: %w", addr.variable, err)
		}
		*addr.to = value
	}
	if file := get(ReadyFileVar); file != "" {
		s.ReadyFile = absolute(workDir, file)
	}
	switch mode := get(AuthVar); mode {
	case "", "local":
	case "key":
		s.RequireKey = true
	default:
		return Settings{}, fmt.Errorf("%s: %q is neither \"local\" (no key needed, the default) nor \"key\"", AuthVar, mode)
	}
	return s, nil
}

// loopback checks an address. A bare ":port" is taken for 127.0.0.1.
func loopback(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("%q is not HOST:PORT, such as 127.0.0.1:3000", addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("%q: the port must be a number up to 65535; 0 picks a free one", addr)
	}
	switch ip := net.ParseIP(host); {
	// Not resolved: a name may be made to mean anything.
	case host == "" || strings.EqualFold(host, "localhost"):
		host = "127.0.0.1"
	case ip == nil || !ip.IsLoopback():
		return "", fmt.Errorf("%q: the stage listens on loopback only, such as 127.0.0.1:%s", addr, port)
	}
	return net.JoinHostPort(host, port), nil
}

// absolute returns path as seen from workDir.
func absolute(workDir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(workDir, path)
}

// or returns value, or standard when it is empty.
func or(value, standard string) string {
	if value == "" {
		return standard
	}
	return value
}
