// Package suite asks a running Godwit everything its API promises, from
// outside: it speaks HTTP, knows what shared/API.md says and nothing of the
// product's code, and imports the standard library alone.
//
// Run works against the local stage, a deployed stack or the functions in one
// process. It makes models, data sets and keys of its own, whose names begin
// with test-, and removes them at the end. Each call (session.do) is one check:
// the status, the form of errors, the headers, and the body against the OpenAPI
// document that the service itself serves (page.go, schema.go). What follows
// from that document alone, such as what every route answers to a bad key or a
// body that is not JSON, is swept over all its operations (sweep.go).
//
// It does not test speed, nor what needs a second tenant: a key reaches one.
package suite
