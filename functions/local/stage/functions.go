package stage

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"godwit/functions/local/gateway"
	"godwit/functions/local/host"
	"godwit/functions/local/objects"
	"godwit/functions/local/states"
	"godwit/functions/local/template"
)

// handlers are the folders below functions/ by logical id in the template.
var handlers = map[string]string{
	"AuthorizerFunction":   "authorizer",
	"BatchFunction":        "batch",
	"PredictFunction":      "predict",
	"RegistryFunction":     "model-registry",
	"TrainTriggerFunction": "train-trigger",
	"TrainerFunction":      "trainer",
}

// busy are the functions that keep a processor busy for as long as they run; so
// many processes of each as there are processors are of use.
var busy = []string{"batch", "trainer", optional}

// findFunctions checks that the functions have been built.
func (st *Stage) findFunctions() error {
	for _, name := range slices.Sorted(maps.Values(handlers)) {
		if _, err := os.Stat(st.bootstrap(name)); err != nil {
			return fmt.Errorf("function %s is not built (%w): run make, or name the folder of the built functions with -bin", name, err)
		}
	}
	return nil
}

// bootstrap returns the executable of a function.
func (st *Stage) bootstrap(handler string) string {
	return filepath.Join(st.settings.Bin, handler, "bootstrap")
}

// readTemplate reads what the functions, routes and rules are.
func (st *Stage) readTemplate() error {
	physical := map[string]string{"UploadsBucket": uploadsBucket, "ModelsBucket": modelsBucket, "Table": tableName}
	folders, wanted := maps.Clone(handlers), "off"
	if st.hasOptional() {
		folders[optionalID], wanted = optional, "on"
	}
	for id, handler := range folders {
		physical[id] = stackName + "-" + handler
	}
	stack, err := template.Load(filepath.Join(st.settings.Root, templateFile), template.Options{
		Parameters: map[string]string{
			"S3EndpointUrl":       st.objects.URL(),
			"DynamoDbEndpointUrl": urlOf(st.listeners.tables),
			"SfnEndpointUrl":      urlOf(st.listeners.machines),
			"LambdaEndpointUrl":   urlOf(st.listeners.machines),
			optionalSwitch:        wanted,
			"AdminKeySha256":      st.folder.keys.apiKeyDigest(),
			"AdminTenant":         Tenant,
		},
		Physical: physical, Handlers: folders,
		Region: objects.Region, AccountID: account, StackName: stackName,
	})
	if err != nil {
		return fmt.Errorf("the template: %w", err)
	}
	st.stack = stack
	return nil
}

// startHost makes the functions known to the Runtime API host.
func (st *Stage) startHost() error {
	st.host = host.New(host.Options{Region: objects.Region, AccountID: account, Log: st.log})
	st.onClose(st.host.Close)
	for _, f := range st.stack.Functions {
		concurrency := f.MaxConcurrency
		if slices.Contains(busy, f.Handler) && concurrency == 0 {
			concurrency = runtime.NumCPU()
		}
		err := st.host.Add(host.Function{
			Name: f.Name, Bootstrap: st.bootstrap(f.Handler), Env: st.environment(f),
			Timeout: f.Timeout, MemoryMB: f.MemoryMB, MaxConcurrency: concurrency,
			LogFormat: f.LogFormat, LogLevel: f.LogLevel, Output: st.folder.log, Prefix: f.Handler + " ",
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// environment returns what a function finds in its environment: what the
// template says, the credentials Lambda would give it, and the one thing a
// real bucket does not need.
func (st *Stage) environment(f template.Function) map[string]string {
	env := maps.Clone(f.Environment)
	env["AWS_ACCESS_KEY_ID"] = st.folder.keys.AccessKey
	env["AWS_SECRET_ACCESS_KEY"] = st.folder.keys.SecretKey
	env["GODWIT_S3_PATH_STYLE"] = "true"
	return env
}

// invoke calls a function by physical name or ARN, for the gateway and the
// state machines.
func (st *Stage) invoke(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	result, err := st.host.Invoke(ctx, function, payload)
	return result.Payload, result.FunctionError, err
}

// startMachines registers the template's state machines.
func (st *Stage) startMachines() error {
	engine, err := states.New(states.Options{
		Dir: st.folder.in(statesFolder), Invoke: st.invoke, Emit: st.emit, Objects: st.bucketBytes(), Now: now, NewID: newID, Log: st.log,
	})
	if err != nil {
		return err
	}
	st.machines = engine
	st.onClose(engine.Close)
	for _, m := range st.stack.Machines {
		definition, err := os.ReadFile(m.Definition)
		if err != nil {
			return fmt.Errorf("state machine %s: %w", m.Name, err)
		}
		// As CloudFormation does with DefinitionSubstitutions.
		var pairs []string
		for name, value := range m.Substitutions {
			pairs = append(pairs, "${"+name+"}", value)
		}
		text := strings.NewReplacer(pairs...).Replace(string(definition))
		if err := st.machines.Register(m.Name, m.ARN, []byte(text)); err != nil {
			return fmt.Errorf("state machine %s: %w", m.Name, err)
		}
	}
	return nil
}

// gateway makes the HTTP API of the template's routes.
func (st *Stage) gateway() (*gateway.Gateway, error) {
	opts := gateway.Options{
		Invoke: st.invoke, Authorizers: map[string]gateway.Authorizer{}, LocalTenant: Tenant,
		Region: objects.Region, AccountID: account, Log: st.log,
	}
	if st.settings.RequireKey {
		opts.LocalTenant = ""
	}
	for _, a := range st.stack.Authorizers {
		opts.Authorizers[a.Name] = gateway.Authorizer{Function: st.name(a.Function), Header: a.Header, TTL: a.TTL}
	}
	for _, r := range st.stack.Routes {
		opts.Routes = append(opts.Routes, gateway.Route{
			Method: r.Method, Path: r.Path, Function: st.name(r.Function), Authorizer: r.Authorizer,
		})
	}
	return gateway.New(opts)
}

// name returns the physical name of a function of the template.
func (st *Stage) name(logicalID string) string {
	return st.stack.Functions[st.index(logicalID)].Name
}

// index returns where in the template's functions one stands. The template's
// reader has checked that every function named is there.
func (st *Stage) index(logicalID string) int {
	return slices.IndexFunc(st.stack.Functions, func(f template.Function) bool { return f.LogicalID == logicalID })
}
