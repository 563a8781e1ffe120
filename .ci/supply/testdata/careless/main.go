// Command careless trusts every certificate (G402): an analysis that says
// nothing of it is broken.
package main

import (
	"crypto/tls"
	"net/http"
)

func main() {
	http.DefaultTransport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
}
