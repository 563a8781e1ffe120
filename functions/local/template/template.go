// Package template reads the repository's SAM template and says what the
// local stage has to run: functions with their environment, HTTP routes with
// their authorizer, event rules, the state machine, buckets and tables.
//
// The stage must do what AWS would do with the same file. So every construct
// is one of three kinds, in the tables of known.go: it is interpreted here; or
// it is known to have no meaning on one machine (roles, log groups, alarms,
// throttling) and skipped; or it is refused with file and line. Nothing is
// ignored because it was not known.
//
// Values are resolved as CloudFormation does, with Ref, Fn::Sub, Fn::GetAtt,
// Fn::If, Fn::Equals and Fn::Not in both spellings. Physical names, which AWS
// would make up, are the caller's; ARNs follow from them.
package template

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Options say what the template leaves open.
type Options struct {
	Parameters map[string]string // by name; default: the template's own defaults
	Physical   map[string]string // physical names by logical id; buckets and tables need one
	Handlers   map[string]string // folder below functions/ by the function's logical id; all need one
	Region     string            // default us-east-1
	AccountID  string            // default 000000000000
	StackName  string            // default godwit
}

// Stack is what a template describes. All lists are in the template's order.
type Stack struct {
	Functions   []Function
	Routes      []Route
	Authorizers []Authorizer
	Rules       []Rule
	Machines    []Machine
	Buckets     []Bucket
	Tables      []Table
}

// Function is an AWS::Serverless::Function.
type Function struct {
	LogicalID      string            // in the template
	Name           string            // physical
	ARN            string            // from the physical name
	Handler        string            // its folder, from Options.Handlers
	Timeout        time.Duration     // default 3 s
	MemoryMB       int               // default 128
	Environment    map[string]string // resolved, Globals included; never nil
	MaxConcurrency int               // ReservedConcurrentExecutions; 0 when not set
	Retries        int               // of an asynchronous event; default 2
	MaxEventAge    time.Duration     // of an asynchronous event; default 6 h
	OnFailure      string            // ARN that gets failed asynchronous events; "" for none
	LogFormat      string            // Text or JSON
	LogLevel       string            // ApplicationLogLevel; "" when not set
}

// Route is an HttpApi event.
type Route struct {
	Method     string        // GET, ..., or ANY; "" for $default
	Path       string        // such as /v1/models/{name}, or $default
	Function   string        // logical id
	Authorizer string        // name of one of Stack.Authorizers; "" is open to all
	Timeout    time.Duration // default 30 s
}

// Authorizer is a Lambda authorizer with simple responses, payload format 2.0.
type Authorizer struct {
	Name     string        // as routes give it
	Function string        // logical id
	Header   string        // the identity source
	TTL      time.Duration // of a cached answer; 0 is no cache
}

// Rule is an EventBridgeRule event.
type Rule struct {
	Name        string        // function's logical id and the event's name
	Function    string        // logical id
	Pattern     *Pattern      // never nil
	Retries     int           // default 185
	MaxEventAge time.Duration // default 24 h
	DeadLetter  string        // ARN; "" for none
}

// Machine is an AWS::Serverless::StateMachine.
type Machine struct {
	LogicalID     string
	Name          string            // physical
	ARN           string            // from the physical name
	Definition    string            // path of the definition file
	Substitutions map[string]string // for ${Name} in the definition
}

// Bucket is an AWS::S3::Bucket.
type Bucket struct {
	LogicalID   string
	Name        string // physical
	Versioned   bool   // keeps what is replaced or deleted
	EventBridge bool   // it announces its objects on the event bus
}

// Table is an AWS::DynamoDB::Table. Key types are S, N or B.
type Table struct {
	LogicalID    string
	Name         string    // physical
	Hash, Range  Attribute // Range.Name is "" when the key has one part
	Indexes      []Index
	TTLAttribute string // "" when items do not expire
}

// Attribute is a key attribute.
type Attribute struct{ Name, Type string }

// Index is a global secondary index.
type Index struct {
	Name        string
	Hash, Range Attribute
	Projection  string // ALL or KEYS_ONLY
}

// Error is a construct that was refused, or a mistake, with its place.
type Error struct {
	File         string // as Load or Parse was given it
	Line, Column int    // from 1
	Msg          string // what is wrong, or not supported
}

// Error returns file:line:column: message.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// Load reads the template at path. Paths in the Stack are joined to its
// folder. The error joins an *Error for each thing that was refused.
func Load(path string, opts Options) (*Stack, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	return Parse(path, data, opts)
}

// Parse is Load for a template in memory; file names it in errors and is what
// paths are relative to.
func Parse(file string, data []byte, opts Options) (*Stack, error) {
	opts.Region = cmp.Or(opts.Region, "us-east-1")
	opts.AccountID = cmp.Or(opts.AccountID, "000000000000")
	opts.StackName = cmp.Or(opts.StackName, "godwit")
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, &Error{File: file, Line: 1, Column: 1, Msg: err.Error()}
	}
	// A file of nothing but comments has no document.
	if len(document.Content) != 1 {
		return nil, &Error{File: file, Line: 1, Column: 1, Msg: "the template is empty"}
	}
	r := &reader{file: file, opts: opts, stack: &Stack{}, parameters: map[string]string{}, conditions: map[string]*yaml.Node{}, resources: map[string]resource{}}
	// Before anything is read: a key that stands twice has two meanings.
	if !r.sound(document.Content[0]) {
		return nil, r.err()
	}
	r.template(document.Content[0])
	if err := r.err(); err != nil {
		return nil, err
	}
	return r.stack, nil
}

// reader walks one template and collects what is wrong with it. It goes on after
// an error, with a zero value, so that one run names all there are. The order in
// which it reads (known.go) is that of what refers to what: parameters,
// conditions, the names of all resources, functions, then the rest, and routes
// and rules at the end.
type reader struct {
	file       string
	opts       Options
	stack      *Stack
	parameters map[string]string
	conditions map[string]*yaml.Node
	resources  map[string]resource
	resolving  []string // conditions and names being resolved, to find circles
	globals    *yaml.Node

	hasAPI            bool
	defaultAuthorizer string // of the API; "" for none

	errors []error
	seen   map[string]bool // errors by text: a shared node is read for each function
}

// resource is one entry of Resources that exists under the conditions.
type resource struct {
	id         string
	kind       string
	properties *yaml.Node // nil for none
	node       *yaml.Node
}

// fail notes an error at n.
func (r *reader) fail(n *yaml.Node, format string, args ...any) {
	e := &Error{File: r.file, Line: n.Line, Column: n.Column, Msg: fmt.Sprintf(format, args...)}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	if !r.seen[e.Error()] {
		r.seen[e.Error()] = true
		r.errors = append(r.errors, e)
	}
}

// err joins what was noted; nil when nothing was.
func (r *reader) err() error { return errors.Join(r.errors...) }

// path joins a path of the template to the template's folder.
func (r *reader) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(r.file), p)
}

// function returns the logical id of the function with this ARN.
func (r *reader) function(arn string) (string, bool) {
	for _, f := range r.stack.Functions {
		if f.ARN == arn {
			return f.LogicalID, true
		}
	}
	return "", false
}

// physical returns a resource's physical name: the caller's, or for what needs
// no real name the stack's and the logical id.
func (r *reader) physical(n *yaml.Node, id string) string {
	if name, ok := r.opts.Physical[id]; ok {
		return name
	}
	switch r.resources[id].kind {
	case "AWS::S3::Bucket", "AWS::DynamoDB::Table":
		r.fail(n, "%s needs a physical name", id)
	}
	return r.opts.StackName + "-" + id
}

// arn returns an ARN of this stack's region and account.
func (r *reader) arn(service, rest string) string {
	return strings.Join([]string{"arn", "aws", service, r.opts.Region, r.opts.AccountID, rest}, ":")
}
