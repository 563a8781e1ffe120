package stage

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"godwit/functions/local/host"
)

// optional is the function that the stage runs only when it has been built: it
// carries a library that make does not fetch by itself. The template knows it as
// optionalID, when the parameter optionalSwitch is "on".
const (
	optional       = "onnxruntime"
	optionalID     = "OnnxRuntimeFunction"
	optionalSwitch = "OnnxRuntime"
)

// hasOptional reports whether the optional function has been built.
func (st *Stage) hasOptional() bool {
	_, err := os.Stat(st.bootstrap(optional))
	return err == nil
}

// programs answers what functions ask of AWS besides S3 and DynamoDB: Step
// Functions, and the one operation of Lambda that a function makes.
func (st *Stage) programs() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", st.serveInvoke)
	mux.Handle("/", st.machines.Handler())
	return mux
}

// serveInvoke is Lambda's Invoke, synchronous:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (st *Stage) serveInvoke(w http.ResponseWriter, r *http.Request) {
	if kind := r.Header.Get("X-Amz-Invocation-Type"); kind != "" && kind != "RequestResponse" {
		refuseInvoke(w, http.StatusBadRequest, "InvalidParameterValueException", "the stage only makes synchronous calls")
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, host.MaxRequest))
	if err != nil {
		refuseInvoke(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", "the payload cannot be read, or is too large")
		return
	}
	result, err := st.host.Invoke(r.Context(), r.PathValue("name"), payload)
	switch {
	case errors.Is(err, host.ErrUnknown):
		refuseInvoke(w, http.StatusNotFound, "ResourceNotFoundException", "no such function")
		return
	case err != nil:
		refuseInvoke(w, http.StatusInternalServerError, "ServiceException", "the function was not called")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	if result.FunctionError != "" {
		w.Header().Set("X-Amz-Function-Error", result.FunctionError)
	}
	w.Write(result.Payload)
}

// refuseInvoke answers with an error of Lambda's own.
func refuseInvoke(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", kind)
	w.WriteHeader(status)
	io.WriteString(w, `{"Message":"`+strings.ReplaceAll(message, `"`, `'`)+`"}`)
}
