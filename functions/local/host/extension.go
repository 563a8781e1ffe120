package host

import (
	"io"
	"net/http"
)

// Lambda sends SIGTERM before the end only to functions with an extension, so
// the runtime registers an internal one, which asks for no events, for those
// that want it. The Host always sends it; these two answers let such functions
// start as they do on AWS.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html

// registerExtension takes an extension that wants no events.
func registerExtension(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get("Lambda-Extension-Name")
	if name == "" {
		refuse(w, http.StatusBadRequest, "Extension.InvalidExtensionName", "Lambda-Extension-Name is missing")
		return
	}
	w.Header().Set("Lambda-Extension-Identifier", name)
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{}`)
}

// nextExtensionEvent waits for an event that never comes: until the child ends.
func nextExtensionEvent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
