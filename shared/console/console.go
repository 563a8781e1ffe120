// Package console serves the web pages at /console.
//
// The pages are plain HTML, CSS and ES modules, embedded in the program and
// served as they are written: there is no build step and no framework. They
// are public and hold no data: a page load cannot carry an API key. What they
// show they fetch from the HTTP API with a key that stays in the memory of one
// tab.
//
// /console is the page. It names everything else by the hash of all files, as
// in /console/5f1c.../app.js, so that this may be kept for ever and the modules
// still import each other by plain relative names. The page itself is asked for
// anew each time, by ETag. Each page has the narrowest Content-Security-Policy
// it works with; frame.html, in which a model's report is shown, has one of its
// own, because a report brings its styles along.
//
// Addresses in the pages are relative: they work behind any prefix.
//
// The room does not know the API and decides nothing about access.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed assets
var embedded embed.FS

// What the pages are called among the files.
const (
	folder    = "assets"
	indexFile = "index.html"
	frameFile = "frame.html"
)

// version stands in index.html where the hash of all files belongs.
const version = "{version}"

// media are the types of what there is; those of the operating system differ.
var media = map[string]string{
	".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// Handler serves the console. It is safe for concurrent use.
type Handler struct {
	version string // hash of all files, 16 hex digits
	files   map[string]*file
}

// file is one file ready to be sent.
type file struct {
	plain  []byte
	packed func() []byte // by gzip when first asked for; nil where that does not pay
	media  string
	policy string // Content-Security-Policy
	tag    string // ETag of plain; packed has another
}

// New returns the console. uploads is the origin presigned uploads go to, such
// as https://bucket.s3.eu-west-1.amazonaws.com: pages may talk to it and to the
// origin they came from, and to nobody else. The error is a build's mistake.
func New(uploads string) (*Handler, error) {
	h := &Handler{files: map[string]*file{}}
	all := sha256.New()
	entries, err := fs.ReadDir(embedded, folder) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	for _, e := range entries {
		data, err := embedded.ReadFile(path.Join(folder, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		fmt.Fprintf(all, "%s %d\n", e.Name(), len(data))
		all.Write(data)
		h.files[e.Name()] = &file{plain: data}
	}
	h.version = hex.EncodeToString(all.Sum(nil)[:8])
	for name, f := range h.files {
		if name == indexFile {
			f.plain = bytes.ReplaceAll(f.plain, []byte(version), []byte(h.version))
		}
		if err := f.prepare(name, uploads); err != nil {
			return nil, fmt.Errorf("console: %s: %w", name, err)
		}
	}
	return h, nil
}

// prepare works out what is the same for every request. Packing waits for one
// that wants the file: all of them would be most of the time the function takes to
// start, and most of its starts are for the API.
func (f *file) prepare(name, uploads string) error {
	if f.media = media[path.Ext(name)]; f.media == "" {
		return fmt.Errorf("no media type for its ending")
	}
	sum := sha256.Sum256(f.plain)
	f.tag = hex.EncodeToString(sum[:8])
	switch name {
	case indexFile:
		f.policy = pagePolicy(uploads)
	case frameFile:
		f.policy = framePolicy(f.plain)
	default:
		f.policy = "default-src 'none'"
	}
	f.packed = sync.OnceValue(func() []byte { return pack(f.plain) })
	return nil
}

// pack returns data as gzip, nil where it would hardly be smaller.
func pack(data []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil { // no such level: the file goes out as it is
		return nil
	}
	_, err = w.Write(data)
	if err = errors.Join(err, w.Close()); err != nil || out.Len() >= len(data)*9/10 {
		return nil
	}
	return out.Bytes()
}

// pagePolicy lets the page run and load what is beside it, and talk to its own
// origin and the uploads bucket. blob: and data: are pictures of the user's own.
func pagePolicy(uploads string) string {
	return strings.TrimSpace("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; frame-src 'self'; " +
		"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; connect-src 'self' " + uploads)
}

// framePolicy lets the frame run its one script, which puts the report in, and
// the report use its own styles. Scripts of a report do not run.
func framePolicy(page []byte) string {
	_, rest, _ := bytes.Cut(page, []byte("<script>"))
	script, _, _ := bytes.Cut(rest, []byte("</script>"))
	sum := sha256.Sum256(script)
	return "default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; style-src 'unsafe-inline'; img-src data:; " +
		"form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-scripts"
}

// Before returns a handler that serves /console itself and leaves everything
// else to next, which also answers for paths below it that there are not.
func (h *Handler) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/console")
		if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		if name == "" || name == "/" {
			h.files[indexFile].serve(w, r, "no-cache")
			return
		}
		release, name, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
		f := h.files[name]
		switch {
		case f == nil || name == indexFile:
			next.ServeHTTP(w, r)
		case release == h.version:
			f.serve(w, r, "public, max-age=31536000, immutable")
		default:
			// A page of the release before: what it gets now it must not keep.
			f.serve(w, r, "no-store")
		}
	})
}

// serve answers with the file, packed for whoever takes that.
func (f *file) serve(w http.ResponseWriter, r *http.Request, keep string) {
	body, tag := f.plain, `"`+f.tag+`"`
	h := w.Header()
	if packed := f.packed(); packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			body, tag = packed, `"`+f.tag+`-gzip"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("Etag", tag)
	h.Set("Cache-Control", keep)
	h.Set("Content-Security-Policy", f.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if r.Header.Get("If-None-Match") == tag {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.media)
	// A client that went away is nobody to tell.
	_, _ = w.Write(body)
}

// acceptsGzip reports whether an Accept-Encoding header names gzip and does not
// refuse it.
func acceptsGzip(header string) bool {
	return slices.ContainsFunc(strings.Split(header, ","), func(coding string) bool {
		name, q, _ := strings.Cut(coding, ";")
		q = strings.ReplaceAll(q, " ", "")
		return strings.TrimSpace(name) == "gzip" && (q == "" || strings.Trim(strings.TrimPrefix(q, "q="), "0.") != "")
	})
}
