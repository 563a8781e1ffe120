package boot

import (
	"net/http"
	"time"

	"godwit/shared/lambdacall"
	"godwit/shared/ml/foreign"
	"godwit/shared/remote"
)

// engineTimeout is more than the timeout of the function with ONNX Runtime, so
// that an answer is waited for as long as there can be one.
const engineTimeout = 30 * time.Second

// engine returns what runs graphs that this process cannot, nil when the
// installation has none.
func (a *App) engine() foreign.Engine {
	if a.Settings.OnnxRuntime == "" {
		return nil // and not a nil client, which would be an engine
	}
	// The function answers when it has run the graph, later than other services.
	client := &http.Client{Timeout: engineTimeout, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer().DialContext,
		TLSHandshakeTimeout: dialTimeout, IdleConnTimeout: idleTimeout, MaxIdleConnsPerHost: 4,
	}}
	return &remote.Client{Function: &lambdacall.Function{
		Client: client, Credentials: a.AWS.Credentials, Now: a.Now,
		Region: a.Settings.Region, Endpoint: a.Settings.LambdaEndpoint, Name: a.Settings.OnnxRuntime,
	}}
}
