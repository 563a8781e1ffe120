package gateway

import (
	"fmt"
	"net"
	"net/http"
)

// Listen opens a TCP listener on addr ("127.0.0.1:3000"; port 0 picks a free
// one) and refuses any address that is not loopback: the local tenant needs no
// key, so nobody else may reach it.
func Listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen on %q: the stage listens on loopback only, such as 127.0.0.1:3000", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err // names the address itself
	}
	// The name localhost may be made to mean another address.
	if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		l.Close()
		return nil, fmt.Errorf("listen on %q: it is %s, not loopback", addr, l.Addr())
	}
	return l, nil
}

// guard refuses a request that a web page made a browser send. A page can
// reach loopback in two ways: by a name it made resolve to 127.0.0.1 (DNS
// rebinding), which shows in Host, or by a cross-site request, which shows in
// Origin and Sec-Fetch-Site. Programs such as curl send neither.
func guard(r *http.Request) error {
	// The address of the connection, not a setting: it cannot be wrong.
	own, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !own.IP.IsLoopback() {
		return forbid("this listener is not on loopback")
	}
	if !isOwn(r.Host, own) {
		return forbid("Host %q is not this listener, %s or localhost with its port", r.Host, own)
	}
	for _, origin := range r.Header.Values("Origin") {
		// A page of ours has the very origin it calls; "null" is a stranger.
		if origin != "http://"+r.Host {
			return forbid("requests of a web page from %q are not allowed", origin)
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		// same-site is another port of this machine: another program's page.
		if site != "same-origin" && site != "none" {
			return forbid("%s requests of a web page are not allowed", site)
		}
	}
	return nil
}

// isOwn reports whether host names the address that the request came in on.
func isOwn(host string, own *net.TCPAddr) bool {
	name, port := splitHost(host)
	if port != fmt.Sprint(own.Port) {
		return false
	}
	// Browsers resolve localhost themselves (RFC 6761), so it cannot be rebound.
	return name == "localhost" || name == own.IP.String()
}

// forbid is AWS's 403 with a reason: whoever meets it is at this machine.
func forbid(format string, args ...any) *refusal {
	return &refusal{status: http.StatusForbidden, message: "Forbidden: " + fmt.Sprintf(format, args...)}
}
