package stage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"godwit/functions/local/gateway"
)

// How long requests under way may take when the stage closes.
const drainTimeout = 2 * time.Second

// listen binds the addresses of the API, DynamoDB and Step Functions, so that
// a port in use is found before anything else happens.
func (st *Stage) listen() error {
	for _, l := range []struct {
		variable, addr string
		to             *net.Listener
	}{
		{APIAddrVar, st.settings.APIAddr, &st.listeners.api},
		{DynamoDBAddrVar, st.settings.DynamoDBAddr, &st.listeners.tables},
		{StepFunctionsAddrVar, st.settings.StepFunctionsAddr, &st.listeners.machines},
	} {
		listener, err := gateway.Listen(l.addr)
		if err != nil {
			return listenError(err, l.variable, l.addr)
		}
		*l.to = listener
		st.onClose(func() error {
			// The server that took it over has closed it already.
			if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
				return err
			}
			return nil
		})
	}
	return nil
}

// listenError says which setting helps when addr cannot be listened on.
func listenError(err error, variable, addr string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use: stop the program that listens there or set %s to another address (port 0 picks a free one)", addr, variable)
	}
	return fmt.Errorf("%w: set %s to another address (port 0 picks a free one)", err, variable)
}

// urlOf returns the base URL of a listener.
func urlOf(l net.Listener) string { return "http://" + l.Addr().String() }

// serve answers on the listeners.
func (st *Stage) serve() error {
	api, err := st.gateway()
	if err != nil {
		return err
	}
	st.serveOn(st.listeners.machines, programsOnly(st.programs()))
	st.serveOn(st.listeners.api, api)
	return nil
}

// serveTables answers for DynamoDB longer than everything else: until the
// functions have ended, which write their last counts when they are told to.
func (st *Stage) serveTables() error {
	server := st.newServer(programsOnly(st.tables.Handler()))
	var running sync.WaitGroup
	running.Go(func() { st.answer(server, st.listeners.tables) })
	st.onClose(func() error {
		shutDown(server)
		running.Wait()
		return nil
	})
	return nil
}

// serveOn answers on one listener until the stage closes.
func (st *Stage) serveOn(l net.Listener, handler http.Handler) {
	server := st.newServer(handler)
	st.background.Go(func() { st.answer(server, l) })
	st.shutDownOnStop(server)
}

func (st *Stage) newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(st.log.Handler(), slog.LevelWarn),
	}
}

// answer serves until the server is shut down; any other end fails the stage.
func (st *Stage) answer(server *http.Server, l net.Listener) {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		select {
		case st.failed <- fmt.Errorf("%s: %w", l.Addr(), err):
		default: // another part failed first
		}
	}
}

// shutDownOnStop ends server when the stage's background work is to stop.
func (st *Stage) shutDownOnStop(server *http.Server) {
	st.background.Go(func() {
		<-st.stopped
		shutDown(server)
	})
}

// shutDown ends a server, at once when requests take too long.
func shutDown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close()
	}
}

// programsOnly refuses what a web page sends. DynamoDB and Step Functions of
// the stage check no signatures; a browser, which shows itself by these
// headers or by the name it knows the stage under, must not get at them.
func programsOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		ip := net.ParseIP(host)
		local := err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
		if !local || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
			http.Error(w, "only programs on this machine may call this endpoint", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
