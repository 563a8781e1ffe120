// Package states interprets Amazon States Language state machines as Step
// Functions does, for the constructs this repository uses.
//
// Task (lambda:invoke), Map, Choice, Pass, Succeed and Fail; Retry,
// Catch and timeouts; InputPath, Parameters, ItemSelector, ResultSelector,
// ResultPath and OutputPath with JSONPath reference paths and the context
// object. A Map is inline, or distributed over a JSON array in an object, by item
// or by batch, with child executions and their outcomes written back
// (distributed.go). Register
// refuses every other construct by name, so a definition that runs here is one
// that was understood whole.
//
// An Engine keeps each execution's and each child's last completed state on disk: after a
// restart, however it came, Resume goes on with the state that was under way.
// A status change is offered to Emit until Emit takes it. The wire is the AWS
// JSON 1.0 protocol, so the product's own client talks to it.
//
// Semantics: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
// and https://states-language.net.
package states
