// Package stage puts the local stage together: S3, DynamoDB, Step Functions,
// events and the HTTP API on this machine, around the functions of the
// repository as they are deployed, wired as template.yaml says.
//
// Start brings everything up in the order in which it depends on each other
// and Close takes it down in the opposite order; in between the parts only
// meet here. What must outlive a killed process is in the data folder, which
// one stage has to itself.
package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"godwit/functions/local/dynamodb"
	"godwit/functions/local/host"
	"godwit/functions/local/objects"
	"godwit/functions/local/states"
	"godwit/functions/local/template"
)

// What things are called on a stage.
const (
	Tenant        = "local" // of requests without a key, and of the admin key
	uploadsBucket = "godwit-uploads"
	modelsBucket  = "godwit-models"
	tableName     = "godwit"
	stackName     = "godwit"
	account       = "000000000000"
)

// Stage is a running local stage. Its methods are safe for concurrent use.
type Stage struct {
	settings Settings
	folder   *folder
	log      *slog.Logger

	listeners struct{ api, tables, machines net.Listener }
	objects   *objects.Server
	stack     *template.Stack
	tables    *dynamodb.DB
	host      *host.Host
	machines  *states.Engine
	events    atomic.Pointer[announcer] // nil until events can be delivered

	ready  Ready
	failed chan error // a server that ended by itself

	background sync.WaitGroup // ends after stop
	stop       context.CancelFunc
	stopped    <-chan struct{} // closed by stop
	closers    []func() error  // of what is up, in the order it came up
	closing    sync.Once
}

// Start brings a stage up; ctx bounds the start only. The error is one line
// that names the setting to change, where one can help.
//
// Each step needs what stands above it. Ports are bound before the template is
// read, because the functions' environment names them; the tables answer before
// the host starts and, closed in the opposite order, until its functions have
// ended; events can be delivered before the API answers; executions resume and
// the buckets are swept when everything they may call is there; the ready file
// comes last.
func Start(ctx context.Context, settings Settings) (*Stage, error) {
	// The stage outlives the context of its start.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	st := &Stage{settings: settings, failed: make(chan error, 1), stop: stop, stopped: background.Done()}
	for _, step := range []func() error{
		// What a person can get wrong is found first, before anything is made.
		st.findFunctions,
		st.openFolder,
		st.listen,
		func() error { return st.startObjects(ctx) },
		st.readTemplate,
		st.openTables,
		st.serveTables,
		st.startHost,
		st.startMachines,
		st.startEvents,
		st.serve,
		func() error { return st.machines.Resume() },
		func() error { st.background.Go(func() { st.sweep(background) }); return nil },
		st.writeReady,
	} {
		if err := step(); err != nil {
			return nil, errors.Join(err, st.Close())
		}
	}
	return st, nil
}

// Ready tells how to reach the stage.
func (st *Stage) Ready() Ready { return st.ready }

// Log returns the path of the log of the stage and its functions.
func (st *Stage) Log() string { return st.folder.in(logFile) }

// Failed returns a channel that gets the error of a part that ended by itself.
func (st *Stage) Failed() <-chan error { return st.failed }

// Close takes the stage down: no more requests, no more events, no process
// left, every file closed. What was under way is resumed by the next stage on
// the same folder. Further calls do nothing.
func (st *Stage) Close() error {
	var failures []error
	st.closing.Do(func() {
		st.stop()
		st.background.Wait()
		for _, end := range slices.Backward(st.closers) {
			failures = append(failures, end())
		}
	})
	return errors.Join(failures...)
}

// onClose has end called when the stage closes, before what came up earlier.
func (st *Stage) onClose(end func() error) { st.closers = append(st.closers, end) }

// openFolder takes the data folder.
func (st *Stage) openFolder() error {
	f, err := openFolder(st.settings.Data)
	if err != nil {
		return err
	}
	st.folder = f
	st.log = slog.New(slog.NewTextHandler(f.log, nil))
	st.onClose(f.close)
	return nil
}

// startObjects starts S3.
func (st *Stage) startObjects(ctx context.Context) error {
	server, err := objects.Start(ctx, objects.Options{
		Dir: st.folder.in(objectsFolder), Addr: st.settings.S3Addr,
		AccessKey: st.folder.keys.AccessKey, SecretKey: st.folder.keys.SecretKey,
		Buckets: []string{uploadsBucket, modelsBucket}, AllowOrigins: st.origins(),
		OnCreated: st.announce,
	})
	if err != nil {
		return listenError(err, S3AddrVar, st.settings.S3Addr)
	}
	st.objects = server
	st.onClose(server.Close)
	return nil
}

// origins are the addresses a browser may have the console at.
func (st *Stage) origins() []string {
	origins := []string{urlOf(st.listeners.api)}
	if tcp, ok := st.listeners.api.Addr().(*net.TCPAddr); ok {
		origins = append(origins, fmt.Sprintf("http://localhost:%d", tcp.Port))
	}
	return origins
}

// openTables opens DynamoDB and makes the template's tables.
func (st *Stage) openTables() error {
	db, err := dynamodb.Open(st.folder.in(tablesFile), now)
	if err != nil {
		return fmt.Errorf("the tables: %w", err)
	}
	st.tables = db
	st.onClose(db.Close)
	for _, t := range st.stack.Tables {
		if err := db.EnsureTable(tableSpec(t)); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	return nil
}

// tableSpec translates what the template says of a table.
func tableSpec(t template.Table) dynamodb.TableSpec {
	spec := dynamodb.TableSpec{
		Name: t.Name, Hash: dynamodb.Attribute(t.Hash), Range: dynamodb.Attribute(t.Range), TTL: t.TTLAttribute,
	}
	for _, i := range t.Indexes {
		spec.Indexes = append(spec.Indexes, dynamodb.IndexSpec{
			Name: i.Name, Hash: dynamodb.Attribute(i.Hash), Range: dynamodb.Attribute(i.Range), Projection: i.Projection,
		})
	}
	return spec
}

// writeReady tells how to reach the stage, in memory and in the ready file.
func (st *Stage) writeReady() error {
	st.ready = Ready{
		API: urlOf(st.listeners.api), S3: st.objects.URL(), DynamoDB: urlOf(st.listeners.tables),
		StepFunctions: urlOf(st.listeners.machines), UploadsBucket: uploadsBucket, ModelsBucket: modelsBucket,
		AccessKey: st.folder.keys.AccessKey, SecretKey: st.folder.keys.SecretKey, APIKey: st.folder.keys.APIKey,
	}
	path := st.settings.ReadyFile
	if path == "" {
		return nil
	}
	if err := st.ready.write(path); err != nil {
		return err
	}
	st.onClose(func() error {
		// A file that is gone already tells nobody anything wrong.
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	return nil
}
